-- @app: clickstream
-- @version: 1.0.0
-- @description: What visitors of a shop do

-- @name: visits
-- @description: Visits end after fifteen minutes without a click
CREATE TABLE visits AS
SELECT user_id PRIMARY KEY, _window_start AS started, COUNT(*) AS clicks, COUNT(DISTINCT page) AS pages,
       BOOL_OR(event = 'purchase') AS bought
FROM events
GROUP BY user_id
WINDOW SESSION(ts, INTERVAL '15' MINUTE)
EMIT FINAL
WITH ('events.type' = 'file_source', 'events.path' = './data/events.jsonl',
      'visits.type' = 'file_sink', 'visits.path' = './out/visits.jsonl');

-- @name: funnel
-- @description: Steps towards a purchase, by device
-- @viz: bar
CREATE TABLE funnel AS
SELECT device.type AS device,
       COUNT(*) FILTER (WHERE event = 'view') AS views,
       COUNT(*) FILTER (WHERE event = 'add_to_cart') AS carts,
       COUNT(*) FILTER (WHERE event = 'checkout') AS checkouts,
       COUNT(*) FILTER (WHERE event = 'purchase') AS purchases
FROM events
GROUP BY device.type
EMIT FINAL
WITH ('events.type' = 'file_source', 'events.path' = './data/events.jsonl',
      'funnel.type' = 'file_sink', 'funnel.path' = './out/funnel.jsonl');

-- @name: buyers
-- @description: Visitors who bought something and never used a phone
CREATE STREAM buyers AS
SELECT DISTINCT e.user_id
FROM events e
WHERE e.event = 'purchase'
  AND NOT EXISTS (SELECT 1 FROM events p WHERE p.user_id = e.user_id AND p.device.type = 'phone')
WITH ('events.type' = 'file_source', 'events.path' = './data/events.jsonl',
      'buyers.type' = 'file_sink', 'buyers.path' = './out/buyers.jsonl');

-- @name: hot-pages
-- @description: The two most viewed pages of every half hour
CREATE TABLE hot_pages AS
SELECT page, started, views, place
FROM (
  SELECT page, started, views, RANK() OVER (PARTITION BY started ORDER BY views DESC, page) AS place
  FROM (
    SELECT page, _window_start AS started, COUNT(*) AS views
    FROM events
    WHERE event = 'view'
    GROUP BY page
    WINDOW TUMBLING(ts, INTERVAL '30' MINUTE)
    ORDER BY started, views DESC, page
  ) AS counted
) AS ranked
WHERE place <= 2
WITH ('events.type' = 'file_source', 'events.path' = './data/events.jsonl',
      'hot_pages.type' = 'file_sink', 'hot_pages.path' = './out/hot_pages.jsonl');
