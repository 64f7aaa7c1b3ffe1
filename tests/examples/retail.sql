-- output: order_lines
SELECT order_id, ordered_at, item.sku, item.quantity, item.price::DECIMAL(10, 2) * item.quantity AS amount
FROM (SELECT *, unnest(items) AS item FROM orders)
-- output: best_sellers
SELECT item.sku, sum(item.quantity) AS sold, sum(item.price::DECIMAL(10, 2) * item.quantity) AS turnover
FROM (SELECT unnest(items) AS item FROM orders) GROUP BY 1 ORDER BY turnover DESC LIMIT 3
-- output: revenue
SELECT coalesce(region, 'guest') AS region, epoch_ms(time_bucket(INTERVAL 30 MINUTE, ordered_at)) AS started,
       count(*) AS order_count, sum(total::DECIMAL(12, 2)) AS revenue
FROM orders LEFT JOIN customers USING (customer_id) GROUP BY ALL
-- output: unpaid
SELECT order_id, total FROM orders o WHERE NOT EXISTS (
  SELECT 1 FROM payments p WHERE p.order_id = o.order_id
   AND p.paid_at BETWEEN o.ordered_at AND o.ordered_at + INTERVAL 20 MINUTE)
