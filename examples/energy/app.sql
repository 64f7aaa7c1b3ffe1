-- @app: smart-meters
-- @version: 1.0.0
-- @description: Consumption, cost and odd readings of electricity meters

-- @name: hourly-use
-- @metric: kwh_per_hour
-- @metric_type: gauge
-- @metric_labels: meter_id
-- @metric_field: kwh
CREATE TABLE hourly_use AS
SELECT meter_id PRIMARY KEY, _window_start AS hour, SUM(kwh) AS kwh, COUNT(*) AS readings
FROM readings
GROUP BY meter_id
WINDOW TUMBLING(measured_at, INTERVAL '1' HOUR)
EMIT FINAL
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'hourly_use.type' = 'file_sink', 'hourly_use.path' = './out/hourly_use.jsonl');

-- @name: bills
-- @description: What every meter has to pay so far
CREATE TABLE bills AS
SELECT r.meter_id, t.tariff, ROUND(SUM(CAST(r.kwh AS DECIMAL(10, 3)) * CAST(t.price_kwh AS DECIMAL(8, 4))), 2) AS amount
FROM readings r
JOIN tariffs t ON t.meter_id = r.meter_id
GROUP BY r.meter_id, t.tariff
EMIT FINAL
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'tariffs.type' = 'file_source', 'tariffs.path' = './data/tariffs.csv',
      'bills.type' = 'file_sink', 'bills.path' = './out/bills.jsonl');

-- @name: odd-readings
-- @description: Readings more than four times the meter's own average
CREATE STREAM odd_readings AS
SELECT r.meter_id, r.measured_at, r.kwh
FROM readings r
WHERE r.kwh > 4 * (SELECT AVG(a.kwh) FROM readings a WHERE a.meter_id = r.meter_id)
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'odd_readings.type' = 'file_sink', 'odd_readings.path' = './out/odd_readings.jsonl');

-- @name: running-total
-- @description: The meter as it would stand after each reading
CREATE STREAM running_total AS
SELECT meter_id, measured_at, SUM(kwh) OVER (PARTITION BY meter_id) AS total,
       ROW_NUMBER() OVER (PARTITION BY meter_id) AS reading
FROM readings
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'running_total.type' = 'file_sink', 'running_total.path' = './out/running_total.jsonl');
