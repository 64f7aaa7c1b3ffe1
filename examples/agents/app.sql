-- @app: agent-costs
-- @version: 1.0.0
-- @description: What AI agents spend, and where they run in circles

-- @name: calls-with-cost
-- @description: The price of every model call
CREATE STREAM priced_calls AS
SELECT c.call_id, c.agent, c.model, c.tool, c.status, c.ts,
       (c.tokens_in + c.tokens_out) * m.price_per_1k / 1000 AS cost
FROM calls c
JOIN models m ON c.model = m.model
WITH ('calls.type' = 'file_source', 'calls.path' = './data/calls.jsonl',
      'models.type' = 'file_source', 'models.path' = './data/models.csv',
      'priced_calls.type' = 'file_sink', 'priced_calls.path' = './out/priced_calls.jsonl');

-- @name: hourly-cost
-- @metric: agent_cost
-- @metric_type: gauge
-- @metric_labels: agent
-- @metric_field: cost
CREATE TABLE hourly_cost AS
SELECT agent, _window_start AS hour, COUNT(*) AS calls, SUM(cost) AS cost
FROM priced_calls
GROUP BY agent
WINDOW TUMBLING(ts, INTERVAL '1' HOUR)
EMIT FINAL
WITH ('hourly_cost.type' = 'file_sink', 'hourly_cost.path' = './out/hourly_cost.jsonl');

-- @name: over-budget
-- @description: Agents that spent more than they may, or have no budget at all
-- @alert: spent > 1
-- @alert_severity: warning
CREATE TABLE over_budget AS
SELECT s.agent, s.spent, b.budget
FROM (SELECT agent, SUM(cost) AS spent FROM priced_calls GROUP BY agent) AS s
LEFT JOIN budgets b ON s.agent = b.agent
WHERE b.budget IS NULL OR s.spent > b.budget
WITH ('budgets.type' = 'file_source', 'budgets.path' = './data/budgets.csv',
      'over_budget.type' = 'file_sink', 'over_budget.path' = './out/over_budget.jsonl');

-- @name: loops
-- @description: The same tool three times in a row by one agent
CREATE STREAM loops AS
SELECT agent, ts, tool
FROM (
  SELECT agent, ts, tool,
         LAG(tool) OVER w AS one_before,
         LAG(tool, 2) OVER w AS two_before
  FROM calls
  WINDOW w AS (PARTITION BY agent)
) AS history
WHERE tool = one_before AND tool = two_before
WITH ('calls.type' = 'file_source', 'calls.path' = './data/calls.jsonl',
      'loops.type' = 'file_sink', 'loops.path' = './out/loops.jsonl');
