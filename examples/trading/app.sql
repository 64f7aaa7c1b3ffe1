-- @app: trading-analytics
-- @version: 1.0.0
-- @description: Prices, volumes and movers of a stream of trades
-- @observability.metrics.enabled: true

-- @name: vwap
-- @description: Volume-weighted average price and candles of five minutes
-- @metric: vwap_per_symbol
-- @metric_type: gauge
-- @metric_labels: symbol
-- @metric_field: vwap
-- @viz: candlestick
CREATE TABLE vwap AS
SELECT symbol PRIMARY KEY,
       _window_start AS opened,
       SUM(price * quantity) / SUM(quantity) AS vwap,
       FIRST_VALUE(price) AS open,
       MAX(price) AS high,
       MIN(price) AS low,
       LAST_VALUE(price) AS close,
       SUM(quantity) AS volume
FROM trades
GROUP BY symbol
WINDOW TUMBLING(timestamp, INTERVAL '5' MINUTE)
EMIT FINAL
WITH ('trades.type' = 'file_source', 'trades.path' = './data/trades.csv',
      'vwap.type' = 'file_sink', 'vwap.path' = './out/vwap.jsonl');

-- @name: volume-spikes
-- @description: Minutes in which one symbol traded more than 3,000 shares
-- @metric: volume_spike_count
-- @metric_type: counter
-- @alert: volume > 5K
-- @alert_severity: warning
CREATE STREAM volume_spikes AS
SELECT symbol, _window_start AS minute, SUM(quantity) AS volume, COUNT(*) AS trades
FROM trades
GROUP BY symbol
WINDOW TUMBLING(timestamp, INTERVAL '1' MINUTE)
HAVING SUM(quantity) > 3000
EMIT FINAL
WITH ('trades.type' = 'file_source', 'trades.path' = './data/trades.csv',
      'volume_spikes.type' = 'file_sink', 'volume_spikes.path' = './out/volume_spikes.jsonl');

-- @name: price-movements
-- @description: Change of the price from trade to trade, and its average over the last ten trades
CREATE STREAM price-movements AS
SELECT t.symbol,
       t.timestamp,
       t.price,
       t.price - LAG(t.price) OVER recent AS change,
       AVG(t.price) OVER (ROWS WINDOW BUFFER 10 ROWS PARTITION BY t.symbol EXPIRE AFTER NEVER) AS average
FROM trades t
WINDOW recent AS (PARTITION BY t.symbol)
EMIT CHANGES
WITH ('trades.type' = 'file_source', 'trades.path' = './data/trades.csv',
      'price-movements.type' = 'file_sink', 'price-movements.path' = './out/price_movements.jsonl');

-- @name: top-movers
-- @description: The five largest moves so far
CREATE TABLE top_movers AS
SELECT symbol, timestamp, ABS(change) AS moved
FROM price-movements
WHERE change IS NOT NULL
ORDER BY moved DESC, timestamp
LIMIT 5
WITH ('top_movers.type' = 'file_sink', 'top_movers.path' = './out/top_movers.jsonl');

-- @name: sector-turnover
-- @description: Turnover by sector; symbols that are not listed count as "other"
-- @viz: bar
CREATE TABLE sector_turnover AS
SELECT COALESCE(s.sector, 'other') AS sector, SUM(t.price * t.quantity) AS turnover, COUNT(*) AS trades
FROM trades t
LEFT JOIN symbols s ON t.symbol = s.symbol
GROUP BY COALESCE(s.sector, 'other')
EMIT FINAL
WITH ('trades.type' = 'file_source', 'trades.path' = './data/trades.csv',
      'symbols.type' = 'file_source', 'symbols.path' = './data/symbols.csv',
      'sector_turnover.type' = 'file_sink', 'sector_turnover.path' = './out/sector_turnover.jsonl');
