-- output: climate
SELECT device_id, epoch_ms(started) AS started, avg(temperature) AS temperature, max(humidity) AS humidity,
       count(battery) AS battery_reports
FROM (SELECT *, unnest([time_bucket(INTERVAL 5 MINUTE, reading_time),
                        time_bucket(INTERVAL 5 MINUTE, reading_time) - INTERVAL 5 MINUTE]) AS started FROM readings)
GROUP BY device_id, started
-- output: too_hot
SELECT device_id, site, reading_time, temperature, temperature - max_temperature AS excess
FROM readings JOIN devices USING (device_id) WHERE temperature > max_temperature
-- output: activity
SELECT device_id, epoch_ms(min(reading_time)) AS started,
       epoch_ms(max(reading_time)) / 1000 - epoch_ms(min(reading_time)) / 1000 AS seconds, count(*) AS readings
FROM (SELECT *, sum(fresh) OVER (PARTITION BY device_id ORDER BY reading_time ROWS UNBOUNDED PRECEDING) AS stretch FROM (
  SELECT *, CASE WHEN reading_time - lag(reading_time) OVER (PARTITION BY device_id ORDER BY reading_time)
                      <= INTERVAL 5 MINUTE THEN 0 ELSE 1 END AS fresh FROM readings))
GROUP BY device_id, stretch
-- output: battery_drops
SELECT device_id, reading_time, earlier, battery FROM (
  SELECT *, lag(battery) OVER (PARTITION BY device_id ORDER BY arrival) AS earlier FROM readings WHERE battery IS NOT NULL)
WHERE battery < earlier * 0.5
