-- output: visits
SELECT user_id, epoch_ms(min(ts)) AS started, count(*) AS clicks, count(DISTINCT page) AS pages,
       bool_or(event = 'purchase') AS bought
FROM (SELECT *, sum(fresh) OVER (PARTITION BY user_id ORDER BY ts ROWS UNBOUNDED PRECEDING) AS visit FROM (
  SELECT *, CASE WHEN ts - lag(ts) OVER (PARTITION BY user_id ORDER BY ts) <= INTERVAL 15 MINUTE THEN 0 ELSE 1 END AS fresh
  FROM events))
GROUP BY user_id, visit
-- output: funnel
SELECT device.type AS device, count(*) FILTER (event = 'view') AS views, count(*) FILTER (event = 'add_to_cart') AS carts,
       count(*) FILTER (event = 'checkout') AS checkouts, count(*) FILTER (event = 'purchase') AS purchases
FROM events GROUP BY 1
-- output: buyers
SELECT DISTINCT user_id FROM events e WHERE event = 'purchase'
 AND NOT EXISTS (SELECT 1 FROM events p WHERE p.user_id = e.user_id AND p.device.type = 'phone')
-- output: hot_pages
SELECT * FROM (
  SELECT page, epoch_ms(time_bucket(INTERVAL 30 MINUTE, ts)) AS started, count(*) AS views,
         rank() OVER (PARTITION BY epoch_ms(time_bucket(INTERVAL 30 MINUTE, ts)) ORDER BY count(*) DESC, page) AS place
  FROM events WHERE event = 'view' GROUP BY 1, 2) WHERE place <= 2
