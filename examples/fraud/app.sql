-- @app: fraud-detection
-- @version: 1.0.0
-- @description: Card transactions that need a second look

-- @name: velocity-check
-- @description: Users with more than three transactions in a minute
-- @metric: transaction_velocity
-- @metric_type: gauge
-- @metric_labels: user_id
-- @alert: tx_count > 4
-- @alert_severity: warning
CREATE STREAM velocity_alerts AS
SELECT user_id, _window_start AS minute, COUNT(*) AS tx_count, SUM(CAST(amount AS DECIMAL(12, 2))) AS total_amount
FROM transactions
GROUP BY user_id
WINDOW TUMBLING(timestamp, INTERVAL '5' MINUTE)
HAVING COUNT(*) > 3
EMIT FINAL
WITH ('transactions.type' = 'file_source', 'transactions.path' = './data/transactions.jsonl',
      'velocity_alerts.type' = 'file_sink', 'velocity_alerts.path' = './out/velocity_alerts.jsonl');

-- @name: amount-anomaly
-- @description: Transactions above the user's own daily limit
-- @metric: large_transaction_count
-- @metric_type: counter
CREATE STREAM amount_alerts AS
SELECT t.transaction_id, t.user_id, t.amount, u.daily_limit
FROM transactions t
JOIN users u ON t.user_id = u.user_id
WHERE CAST(t.amount AS DECIMAL(12, 2)) > u.daily_limit
EMIT CHANGES
WITH ('transactions.type' = 'file_source', 'transactions.path' = './data/transactions.jsonl',
      'users.type' = 'file_source', 'users.path' = './data/users.csv',
      'amount_alerts.type' = 'file_sink', 'amount_alerts.path' = './out/amount_alerts.jsonl');

-- @name: geo-velocity
-- @description: One user in two places within ten minutes
-- @metric: geo_anomaly_count
-- @metric_type: counter
CREATE STREAM geo_alerts AS
SELECT t1.user_id, t1.location AS loc1, t2.location AS loc2, t1.transaction_id AS first_id, t2.transaction_id AS second_id
FROM transactions t1
JOIN transactions t2 WITHIN (0s, 10m) ON t1.user_id = t2.user_id
WHERE t1.location <> t2.location
EMIT CHANGES
WITH ('transactions.type' = 'file_source', 'transactions.path' = './data/transactions.jsonl',
      'event.time.field' = 'timestamp',
      'geo_alerts.type' = 'file_sink', 'geo_alerts.path' = './out/geo_alerts.jsonl');

-- @name: blocked-merchants
-- @description: Payments to merchants on the block list
CREATE STREAM blocked AS
SELECT transaction_id, user_id, merchant_id
FROM transactions
WHERE merchant_id IN (SELECT merchant_id FROM blocked_merchants)
EMIT CHANGES
WITH ('transactions.type' = 'file_source', 'transactions.path' = './data/transactions.jsonl',
      'blocked_merchants.type' = 'file_source', 'blocked_merchants.path' = './data/blocked_merchants.csv',
      'blocked.type' = 'file_sink', 'blocked.path' = './out/blocked.jsonl');

-- @name: suspects
-- @description: How often each user shows up in any of the checks
CREATE TABLE suspects AS
WITH hits AS (
  SELECT user_id FROM amount_alerts
  UNION ALL
  SELECT user_id FROM geo_alerts
  UNION ALL
  SELECT user_id FROM blocked
)
SELECT user_id PRIMARY KEY, COUNT(*) AS hits
FROM hits
GROUP BY user_id
EMIT FINAL
WITH ('suspects.type' = 'file_sink', 'suspects.path' = './out/suspects.jsonl');
