-- @app: machine-room
-- @version: 1.0.0
-- @description: Temperatures, humidity and batteries of sensors

-- @name: climate
-- @description: Ten-minute averages every five minutes
-- @metric: average_temperature
-- @metric_type: gauge
-- @metric_labels: device_id
-- @metric_field: temperature
CREATE TABLE climate AS
SELECT device_id PRIMARY KEY, _window_start AS started, AVG(temperature) AS temperature, MAX(humidity) AS humidity,
       COUNT(battery) AS battery_reports
FROM readings
GROUP BY device_id
WINDOW SLIDING(reading_time, INTERVAL '10' MINUTE, INTERVAL '5' MINUTE)
EMIT FINAL
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'climate.type' = 'file_sink', 'climate.path' = './out/climate.jsonl');

-- @name: too-hot
-- @description: Readings above what the device is made for
-- @alert: excess > 5
-- @alert_severity: critical
CREATE STREAM too_hot AS
SELECT r.device_id, d.site, r.reading_time, r.temperature, r.temperature - d.max_temperature AS excess
FROM readings r
JOIN devices d ON r.device_id = d.device_id
WHERE r.temperature > d.max_temperature
EMIT CHANGES
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'devices.type' = 'file_source', 'devices.path' = './data/devices.csv',
      'too_hot.type' = 'file_sink', 'too_hot.path' = './out/too_hot.jsonl');

-- @name: activity
-- @description: Stretches in which a device reported at least every five minutes
CREATE TABLE activity AS
SELECT device_id PRIMARY KEY, _window_start AS started, SESSION_DURATION() / 1000 AS seconds, COUNT(*) AS readings
FROM readings
GROUP BY device_id
WINDOW SESSION(reading_time, INTERVAL '5' MINUTE)
EMIT FINAL
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'activity.type' = 'file_sink', 'activity.path' = './out/activity.jsonl');

-- @name: battery-drops
-- @description: Batteries that lost more than half of their charge from one report to the next
CREATE STREAM battery_drops AS
WITH levels AS (
  SELECT device_id, reading_time, battery,
         LAG(battery) OVER (PARTITION BY device_id) AS earlier
  FROM readings
  WHERE battery IS NOT NULL
)
SELECT device_id, reading_time, earlier, battery
FROM levels
WHERE battery < earlier * 0.5
WITH ('readings.type' = 'file_source', 'readings.path' = './data/readings.csv',
      'battery_drops.type' = 'file_sink', 'battery_drops.path' = './out/battery_drops.jsonl');
