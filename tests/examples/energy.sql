-- output: hourly_use
SELECT meter_id, epoch_ms(time_bucket(INTERVAL 1 HOUR, measured_at)) AS hour, sum(kwh) AS kwh, count(*) AS readings
FROM readings GROUP BY ALL
-- output: bills
SELECT meter_id, tariff, round(sum(kwh::DECIMAL(10, 3) * price_kwh::DECIMAL(8, 4)), 2) AS amount
FROM readings JOIN tariffs USING (meter_id) GROUP BY ALL
-- output: odd_readings
SELECT meter_id, measured_at, kwh FROM readings r
WHERE kwh > 4 * (SELECT avg(kwh) FROM readings a WHERE a.meter_id = r.meter_id)
-- output: running_total
SELECT meter_id, measured_at, sum(kwh) OVER w AS total, row_number() OVER w AS reading
FROM readings WINDOW w AS (PARTITION BY meter_id ORDER BY arrival)
