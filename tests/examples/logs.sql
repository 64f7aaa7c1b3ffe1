-- output: levels
SELECT service, level, epoch_ms(time_bucket(INTERVAL 15 MINUTE, ts)) AS started, count(*) AS lines FROM logs GROUP BY ALL
-- output: slow_work
SELECT ts, service, regexp_extract(message, '(\d+) ms', 1)::INT AS took_ms FROM logs WHERE regexp_matches(message, '\d+ ms')
-- output: error_kinds
SELECT regexp_replace(message, '\d+', '#', 'g') AS kind, count(*) AS times, count(DISTINCT host) AS hosts,
       min(ts) AS first_seen, max(ts) AS last_seen
FROM logs WHERE level = 'ERROR' GROUP BY 1
-- output: shaky_hosts
WITH errors AS (SELECT host, count(*) AS n FROM logs WHERE level = 'ERROR' GROUP BY host)
SELECT host, n FROM errors WHERE n > (SELECT avg(n) FROM errors)
