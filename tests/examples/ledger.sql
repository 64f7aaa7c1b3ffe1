-- output: balances
SELECT account, booked_at, amount, sum(amount::DECIMAL(12, 2)) OVER (PARTITION BY account ORDER BY arrival) AS balance
FROM entries
-- output: differences
SELECT reference, CASE WHEN b.amount IS NULL THEN 'missing at bank' WHEN e.amount IS NULL THEN 'missing in books'
                       ELSE 'amount differs' END AS kind, e.amount AS booked, b.amount AS stated
FROM entries e FULL JOIN bank b USING (reference) WHERE e.amount IS DISTINCT FROM b.amount
-- output: summary
SELECT kind, count(*) AS cases, sum(booked::DECIMAL(12, 2) - stated::DECIMAL(12, 2)) AS difference FROM (
  SELECT CASE WHEN b.amount IS NULL THEN 'missing at bank' WHEN e.amount IS NULL THEN 'missing in books'
              ELSE 'amount differs' END AS kind, coalesce(e.amount, 0) AS booked, coalesce(b.amount, 0) AS stated
  FROM entries e FULL JOIN bank b USING (reference) WHERE e.amount IS DISTINCT FROM b.amount) GROUP BY kind
