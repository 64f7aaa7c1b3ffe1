-- @app: reconciliation
-- @version: 1.0.0
-- @description: The books beside the bank's statement, to the cent

-- @name: balances
-- @description: Balance of every account after each booking
CREATE STREAM balances AS
SELECT account, booked_at, amount, SUM(amount) OVER (PARTITION BY account) AS balance
FROM entries
WITH ('entries.type' = 'file_source', 'entries.path' = './data/entries.csv',
      'entries.schema.inference' = 'true',
      'balances.type' = 'file_sink', 'balances.path' = './out/balances.jsonl');

-- @name: differences
-- @description: What only one side knows, and amounts that differ
-- @metric: reconciliation_differences
-- @metric_type: counter
-- @metric_labels: kind
CREATE STREAM differences AS
SELECT COALESCE(e.reference, b.reference) AS reference,
       CASE WHEN b.reference IS NULL THEN 'missing at bank'
            WHEN e.reference IS NULL THEN 'missing in books'
            ELSE 'amount differs' END AS kind,
       CAST(e.amount AS DECIMAL(12, 2)) AS booked,
       CAST(b.amount AS DECIMAL(12, 2)) AS stated
FROM entries e
FULL JOIN bank b ON e.reference = b.reference
WHERE e.amount IS DISTINCT FROM b.amount
WITH ('entries.type' = 'file_source', 'entries.path' = './data/entries.csv',
      'bank.type' = 'file_source', 'bank.path' = './data/bank.csv',
      'differences.type' = 'file_sink', 'differences.path' = './out/differences.jsonl');

-- @name: summary
CREATE TABLE summary AS
SELECT kind PRIMARY KEY, COUNT(*) AS cases, SUM(COALESCE(booked, 0.00) - COALESCE(stated, 0.00)) AS difference
FROM differences
GROUP BY kind
EMIT FINAL
WITH ('summary.type' = 'file_sink', 'summary.path' = './out/summary.jsonl');
