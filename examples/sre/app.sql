-- @app: service-health
-- @version: 1.0.0
-- @description: Errors, latency and deployments of web services
-- @sla.latency.p99: 800ms

-- @name: golden-signals
-- @description: Traffic, errors and latency of every service, by the minute
-- @metric: error_rate
-- @metric_type: gauge
-- @metric_labels: service
-- @metric_field: error_rate
-- @metric: request_p95
-- @metric_type: gauge
-- @metric_labels: service
-- @metric_field: p95
-- @alert: error_rate > 5%
-- @alert_severity: critical
CREATE TABLE golden_signals AS
SELECT service PRIMARY KEY,
       _window_start AS minute,
       COUNT(*) AS requests,
       COUNT(*) FILTER (WHERE status >= 500) / COUNT(*) AS error_rate,
       PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50,
       PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95
FROM requests
GROUP BY service
WINDOW TUMBLING(ts, INTERVAL '5' MINUTE)
EMIT FINAL
WITH ('requests.type' = 'file_source', 'requests.path' = './data/requests.jsonl',
      'golden_signals.type' = 'file_sink', 'golden_signals.path' = './out/golden_signals.jsonl');

-- @name: suspect-deploys
-- @description: Server errors of a service within ten minutes after one of its deployments
CREATE STREAM suspect_deploys AS
SELECT d.service, d.version, r.ts, r.status, r.endpoint
FROM deploys d
JOIN requests r ON r.service = d.service
               AND r.ts BETWEEN d.deployed_at AND d.deployed_at + INTERVAL '10' MINUTE
WHERE r.status >= 500
WITH ('requests.type' = 'file_source', 'requests.path' = './data/requests.jsonl',
      'requests.event.time.field' = 'ts',
      'deploys.type' = 'file_source', 'deploys.path' = './data/deploys.csv',
      'deploys.event.time.field' = 'deployed_at',
      'suspect_deploys.type' = 'file_sink', 'suspect_deploys.path' = './out/suspect_deploys.jsonl');

-- @name: slow-endpoints
-- @description: Endpoints slower than the whole site
CREATE TABLE slow_endpoints AS
SELECT service, endpoint, AVG(latency_ms) AS average, COUNT(*) AS requests
FROM requests
GROUP BY service, endpoint
HAVING AVG(latency_ms) > (SELECT AVG(latency_ms) FROM requests)
EMIT FINAL
WITH ('requests.type' = 'file_source', 'requests.path' = './data/requests.jsonl',
      'slow_endpoints.type' = 'file_sink', 'slow_endpoints.path' = './out/slow_endpoints.jsonl');

-- @name: error-bursts
-- @description: Three server errors in a row from one service
CREATE STREAM error_bursts AS
SELECT service, ts, errors
FROM (
  SELECT service, ts,
         SUM(CASE WHEN status >= 500 THEN 1 ELSE 0 END) OVER (ROWS WINDOW BUFFER 3 ROWS PARTITION BY service EXPIRE AFTER NEVER) AS errors
  FROM requests
) AS recent
WHERE errors = 3
WITH ('requests.type' = 'file_source', 'requests.path' = './data/requests.jsonl',
      'error_bursts.type' = 'file_sink', 'error_bursts.path' = './out/error_bursts.jsonl');
