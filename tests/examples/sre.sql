-- output: golden_signals
SELECT service, epoch_ms(time_bucket(INTERVAL 5 MINUTE, ts)) AS minute, count(*) AS requests,
       count(*) FILTER (status >= 500) / count(*) AS error_rate, quantile_cont(latency_ms, 0.5) AS p50,
       quantile_cont(latency_ms, 0.95) AS p95
FROM requests GROUP BY ALL
-- output: suspect_deploys
SELECT d.service, d.version, r.ts, r.status, r.endpoint
FROM deploys d JOIN requests r ON r.service = d.service AND r.ts BETWEEN d.deployed_at AND d.deployed_at + INTERVAL 10 MINUTE
WHERE r.status >= 500
-- output: slow_endpoints
SELECT service, endpoint, avg(latency_ms) AS average, count(*) AS requests
FROM requests GROUP BY ALL HAVING avg(latency_ms) > (SELECT avg(latency_ms) FROM requests)
-- output: error_bursts
SELECT service, ts, errors FROM (
  SELECT service, ts, sum((status >= 500)::INT) OVER (PARTITION BY service ORDER BY arrival ROWS 2 PRECEDING) AS errors
  FROM requests) WHERE errors = 3
