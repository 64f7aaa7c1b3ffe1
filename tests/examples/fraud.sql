-- output: velocity_alerts
SELECT user_id, epoch_ms(time_bucket(INTERVAL 5 MINUTE, timestamp)) AS minute, count(*) AS tx_count,
       sum(amount::DECIMAL(12, 2)) AS total_amount
FROM transactions GROUP BY ALL HAVING count(*) > 3
-- output: amount_alerts
SELECT transaction_id, user_id, amount, daily_limit
FROM transactions JOIN users USING (user_id) WHERE amount::DECIMAL(12, 2) > daily_limit
-- output: geo_alerts
SELECT a.user_id, a.location AS loc1, b.location AS loc2, a.transaction_id AS first_id, b.transaction_id AS second_id
FROM transactions a JOIN transactions b ON a.user_id = b.user_id
 AND b.timestamp BETWEEN a.timestamp AND a.timestamp + INTERVAL 10 MINUTE
WHERE a.location <> b.location
-- output: blocked
SELECT transaction_id, user_id, merchant_id FROM transactions SEMI JOIN blocked_merchants USING (merchant_id)
-- output: suspects
SELECT user_id, count(*) AS hits FROM (
  SELECT user_id FROM transactions JOIN users USING (user_id) WHERE amount::DECIMAL(12, 2) > daily_limit
  UNION ALL
  SELECT a.user_id FROM transactions a JOIN transactions b ON a.user_id = b.user_id
   AND b.timestamp BETWEEN a.timestamp AND a.timestamp + INTERVAL 10 MINUTE WHERE a.location <> b.location
  UNION ALL
  SELECT user_id FROM transactions SEMI JOIN blocked_merchants USING (merchant_id)) GROUP BY user_id
