-- @app: web-shop
-- @version: 1.0.0
-- @description: Orders, items and payments of a shop

-- @name: order-lines
-- @description: One row for every item of an order
CREATE STREAM order_lines AS
SELECT o.order_id, o.ordered_at, i.value.sku AS sku, i.value.quantity AS quantity,
       CAST(i.value.price AS DECIMAL(10, 2)) * i.value.quantity AS amount
FROM orders o
CROSS JOIN UNNEST(o.items) AS i
WITH ('orders.type' = 'file_source', 'orders.path' = './data/orders.jsonl',
      'order_lines.type' = 'file_sink', 'order_lines.path' = './out/order_lines.jsonl');

-- @name: best-sellers
-- @description: The three items with the highest turnover
-- @viz: bar
CREATE TABLE best_sellers AS
SELECT sku PRIMARY KEY, SUM(quantity) AS sold, SUM(amount) AS turnover
FROM order_lines
GROUP BY sku
ORDER BY turnover DESC
LIMIT 3
WITH ('best_sellers.type' = 'file_sink', 'best_sellers.path' = './out/best_sellers.jsonl');

-- @name: revenue
-- @description: Revenue by region and half hour; unknown customers count as "guest"
-- @metric: revenue_by_region
-- @metric_type: gauge
-- @metric_labels: region
CREATE TABLE revenue AS
SELECT COALESCE(c.region, 'guest') AS region, _window_start AS started, COUNT(*) AS order_count,
       SUM(CAST(o.total AS DECIMAL(12, 2))) AS revenue
FROM orders o
LEFT JOIN customers c ON o.customer_id = c.customer_id
GROUP BY COALESCE(c.region, 'guest')
WINDOW TUMBLING(o.ordered_at, INTERVAL '30' MINUTE)
EMIT FINAL
WITH ('orders.type' = 'file_source', 'orders.path' = './data/orders.jsonl',
      'customers.type' = 'file_source', 'customers.path' = './data/customers.csv',
      'revenue.type' = 'file_sink', 'revenue.path' = './out/revenue.jsonl');

-- @name: unpaid
-- @description: Orders without a payment within twenty minutes
CREATE STREAM unpaid AS
SELECT o.order_id, o.total
FROM orders o
LEFT JOIN payments p ON o.order_id = p.order_id
                    AND p.paid_at BETWEEN o.ordered_at AND o.ordered_at + INTERVAL '20' MINUTE
WHERE p.order_id IS NULL
WITH ('orders.type' = 'file_source', 'orders.path' = './data/orders.jsonl',
      'orders.event.time.field' = 'ordered_at',
      'payments.type' = 'file_source', 'payments.path' = './data/payments.csv',
      'payments.event.time.field' = 'paid_at',
      'unpaid.type' = 'file_sink', 'unpaid.path' = './out/unpaid.jsonl');
