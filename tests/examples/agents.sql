-- output: priced_calls
SELECT call_id, agent, model, tool, status, ts, (tokens_in + tokens_out) * price_per_1k / 1000 AS cost
FROM calls JOIN models USING (model)
-- output: hourly_cost
SELECT agent, epoch_ms(time_bucket(INTERVAL 1 HOUR, ts)) AS hour, count(*) AS calls,
       sum((tokens_in + tokens_out) * price_per_1k / 1000) AS cost
FROM calls JOIN models USING (model) GROUP BY ALL
-- output: over_budget
SELECT agent, spent, budget FROM (
  SELECT agent, sum((tokens_in + tokens_out) * price_per_1k / 1000) AS spent FROM calls JOIN models USING (model) GROUP BY 1)
LEFT JOIN budgets USING (agent) WHERE budget IS NULL OR spent > budget
-- output: loops
SELECT agent, ts, tool FROM (
  SELECT *, lag(tool) OVER w AS one, lag(tool, 2) OVER w AS two FROM calls WINDOW w AS (PARTITION BY agent ORDER BY arrival))
WHERE tool = one AND tool = two
