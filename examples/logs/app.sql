-- @app: log-watch
-- @version: 1.0.0
-- @description: Errors and slow work out of log lines

-- @name: levels
-- @description: Lines by service and level, by the quarter of an hour
-- @metric: log_lines
-- @metric_type: counter
-- @metric_labels: service, level
-- @metric_field: lines
CREATE TABLE levels AS
SELECT service, level, _window_start AS started, COUNT(*) AS lines
FROM logs
GROUP BY service, level
WINDOW TUMBLING(ts, INTERVAL '15' MINUTE)
EMIT FINAL
WITH ('logs.type' = 'file_source', 'logs.path' = './data/logs.jsonl',
      'levels.type' = 'file_sink', 'levels.path' = './out/levels.jsonl');

-- @name: slow-work
-- @description: Durations found in messages
CREATE STREAM slow_work AS
SELECT ts, service, CAST(REGEXP_EXTRACT(message, '(\d+) ms') AS INTEGER) AS took_ms
FROM logs
WHERE message REGEXP '\d+ ms'
WITH ('logs.type' = 'file_source', 'logs.path' = './data/logs.jsonl',
      'slow_work.type' = 'file_sink', 'slow_work.path' = './out/slow_work.jsonl');

-- @name: error-kinds
-- @description: Errors with the numbers taken out, so that like ones count together
-- @viz: bar
CREATE TABLE error_kinds AS
SELECT REGEXP_REPLACE(message, '\d+', '#', 'g') AS kind PRIMARY KEY, COUNT(*) AS times, COUNT(DISTINCT host) AS hosts,
       MIN(ts) AS first_seen, MAX(ts) AS last_seen
FROM logs
WHERE level = 'ERROR'
GROUP BY REGEXP_REPLACE(message, '\d+', '#', 'g')
EMIT FINAL
WITH ('logs.type' = 'file_source', 'logs.path' = './data/logs.jsonl',
      'error_kinds.type' = 'file_sink', 'error_kinds.path' = './out/error_kinds.jsonl');

-- @name: shaky-hosts
-- @description: Hosts that log more errors than the average host
CREATE TABLE shaky_hosts AS
WITH errors AS (SELECT host, COUNT(*) AS n FROM logs WHERE level = 'ERROR' GROUP BY host)
SELECT host, n
FROM errors
WHERE n > (SELECT AVG(n) FROM errors)
EMIT FINAL
WITH ('logs.type' = 'file_source', 'logs.path' = './data/logs.jsonl',
      'shaky_hosts.type' = 'file_sink', 'shaky_hosts.path' = './out/shaky_hosts.jsonl');
