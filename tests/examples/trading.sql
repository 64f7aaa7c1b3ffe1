-- output: vwap
SELECT symbol, epoch_ms(time_bucket(INTERVAL 5 MINUTE, timestamp)) AS opened, sum(price * quantity) / sum(quantity) AS vwap,
       arg_min(price, (timestamp, arrival)) AS open, max(price) AS high, min(price) AS low,
       arg_max(price, (timestamp, arrival)) AS close, sum(quantity) AS volume
FROM trades GROUP BY ALL
-- output: volume_spikes
SELECT symbol, epoch_ms(time_bucket(INTERVAL 1 MINUTE, timestamp)) AS minute, sum(quantity) AS volume, count(*) AS trades
FROM trades GROUP BY ALL HAVING sum(quantity) > 3000
-- output: price_movements
SELECT symbol, timestamp, price, price - lag(price) OVER (PARTITION BY symbol ORDER BY arrival) AS change,
       avg(price) OVER (PARTITION BY symbol ORDER BY arrival ROWS 9 PRECEDING) AS average
FROM trades
-- output: top_movers
SELECT symbol, timestamp, abs(change) AS moved
FROM (SELECT *, price - lag(price) OVER (PARTITION BY symbol ORDER BY arrival) AS change FROM trades)
WHERE change IS NOT NULL ORDER BY moved DESC, timestamp LIMIT 5
-- output: sector_turnover
SELECT coalesce(sector, 'other') AS sector, sum(price * quantity) AS turnover, count(*) AS trades
FROM trades LEFT JOIN symbols USING (symbol) GROUP BY 1
