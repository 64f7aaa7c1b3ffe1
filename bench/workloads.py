"""What is measured: each workload in the words of every engine. {trades} and the like stand for the engine's way to name a
file. Times are INTEGER milliseconds in results, so that answers compare."""
from dataclasses import dataclass, field


@dataclass
class Workload:
    name: str
    about: str
    inputs: tuple          # the first one gives the format and the number of rows
    formats: tuple
    velo: str
    duckdb: str
    datafusion: str
    chdb: str
    polars: str            # an expression over LazyFrames named like the inputs; `pl` is polars
    skips: dict = field(default_factory=dict)  # engine -> why it does not take part


ALL = ("csv", "jsonl", "parquet")

WORKLOADS = [
    Workload(
        "F1", "filter + project", ("trades",), ALL,
        velo="SELECT symbol, price, quantity FROM {trades} WHERE price > 499.5 AND quantity > 4900",
        duckdb="SELECT symbol, price, quantity FROM {trades} WHERE price > 499.5 AND quantity > 4900",
        datafusion="SELECT symbol, price, quantity FROM trades WHERE price > 499.5 AND quantity > 4900",
        chdb="SELECT symbol, price, quantity FROM {trades} WHERE price > 499.5 AND quantity > 4900",
        polars="trades.filter((pl.col('price') > 499.5) & (pl.col('quantity') > 4900)).select('symbol', 'price', 'quantity')"),
    Workload(
        "F2", "GROUP BY (count, sum, avg, min, max, stddev)", ("trades",), ALL,
        velo="SELECT symbol, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS mean, MIN(price) AS low, "
             "MAX(price) AS high, STDDEV(price) AS spread FROM {trades} GROUP BY symbol",
        duckdb="SELECT symbol, count(*), sum(quantity), avg(price), min(price), max(price), stddev_samp(price) "
               "FROM {trades} GROUP BY symbol",
        datafusion="SELECT symbol, count(*), sum(quantity), avg(price), min(price), max(price), stddev(price) "
                   "FROM trades GROUP BY symbol",
        chdb="SELECT symbol, count(*), sum(quantity), avg(price), min(price), max(price), stddevSamp(price) "
             "FROM {trades} GROUP BY symbol",
        polars="trades.group_by('symbol').agg(pl.len().alias('n'), pl.col('quantity').sum(), "
               "pl.col('price').mean().alias('mean'), pl.col('price').min().alias('low'), "
               "pl.col('price').max().alias('high'), pl.col('price').std().alias('spread'))"),
    Workload(
        "F3", "tumbling 1 min x symbol (OHLC, volume, VWAP)", ("trades",), ALL,
        velo="SELECT symbol, _window_start AS minute, FIRST_VALUE(price) AS open, MAX(price) AS high, MIN(price) AS low, "
             "LAST_VALUE(price) AS close, SUM(quantity) AS volume, SUM(price * quantity) / SUM(quantity) AS vwap "
             "FROM {trades} GROUP BY symbol WINDOW TUMBLING(ts, INTERVAL '1' MINUTE)",
        duckdb="SELECT symbol, epoch_ms(ts::TIMESTAMP) // 60000 * 60000 AS minute, arg_min(price, trade_id), max(price), "
               "min(price), arg_max(price, trade_id), sum(quantity), sum(price * quantity) / sum(quantity) "
               "FROM {trades} GROUP BY ALL",
        datafusion="SELECT symbol, CAST(to_timestamp_millis(ts) AS BIGINT) / 60000 * 60000 AS minute, "
                   "first_value(price ORDER BY trade_id), max(price), min(price), last_value(price ORDER BY trade_id), "
                   "sum(quantity), sum(price * quantity) / sum(quantity) FROM trades GROUP BY 1, 2",
        chdb="SELECT symbol, intDiv(toUnixTimestamp64Milli(toDateTime64(ts, 3, 'UTC')), 60000) * 60000 AS minute, "
             "argMin(price, trade_id), max(price), min(price), argMax(price, trade_id), sum(quantity), "
             "sum(price * quantity) / sum(quantity) FROM {trades} GROUP BY symbol, minute",
        polars="trades.with_columns((TIME // 60000 * 60000).alias('minute')).group_by('symbol', 'minute').agg("
               "pl.col('price').first().alias('open'), pl.col('price').max().alias('high'), "
               "pl.col('price').min().alias('low'), pl.col('price').last().alias('close'), pl.col('quantity').sum(), "
               "((pl.col('price') * pl.col('quantity')).sum() / pl.col('quantity').sum()).alias('vwap'))"),
    Workload(
        "F4", "sliding 5 min / 1 min x symbol", ("trades",), ("parquet",),
        velo="SELECT symbol, _window_start AS minute, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS mean "
             "FROM {trades} GROUP BY symbol WINDOW SLIDING(ts, INTERVAL '5' MINUTE, INTERVAL '1' MINUTE)",
        duckdb="SELECT symbol, m - k * 60000 AS minute, sum(n), sum(volume), sum(total) / sum(n) FROM (SELECT symbol, "
               "epoch_ms(ts::TIMESTAMP) // 60000 * 60000 AS m, count(*) AS n, sum(quantity) AS volume, "
               "sum(price) AS total FROM {trades} GROUP BY ALL), range(5) r(k) GROUP BY 1, 2",
        datafusion="SELECT symbol, m - k * 60000 AS minute, sum(n), sum(volume), sum(total) / sum(n) FROM (SELECT symbol, "
                   "CAST(to_timestamp_millis(ts) AS BIGINT) / 60000 * 60000 AS m, count(*) AS n, "
                   "sum(quantity) AS volume, sum(price) AS total FROM trades GROUP BY 1, 2) a "
                   "CROSS JOIN (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) "
                   "r GROUP BY 1, 2",
        chdb="SELECT symbol, m - k * 60000 AS minute, sum(n), sum(volume), sum(total) / sum(n) FROM (SELECT symbol, "
             "intDiv(toUnixTimestamp64Milli(toDateTime64(ts, 3, 'UTC')), 60000) * 60000 AS m, count(*) AS n, "
             "sum(quantity) AS volume, sum(price) AS total FROM {trades} GROUP BY symbol, m) ARRAY JOIN range(5) AS k "
             "GROUP BY symbol, minute",
        polars="trades.with_columns((TIME // 60000 * 60000).alias('m')).group_by('symbol', 'm').agg(pl.len().alias('n'), "
               "pl.col('quantity').sum().alias('volume'), pl.col('price').sum().alias('total')).join("
               "pl.LazyFrame({'k': [0, 1, 2, 3, 4]}), how='cross').with_columns("
               "(pl.col('m') - pl.col('k') * 60000).alias('minute')).group_by('symbol', 'minute').agg("
               "pl.col('n').sum(), pl.col('volume').sum(), pl.col('total').sum()).select('symbol', 'minute', 'n', "
               "'volume', pl.col('total') / pl.col('n'))"),
    Workload(
        "F5", "ROWS window: mean of 100 rows and LAG, in arrival order", ("trades",), ("parquet",),
        velo="SELECT COUNT(*) AS n, SUM(mean) AS means, SUM(before) AS befores FROM (SELECT AVG(price) OVER (ROWS WINDOW "
             "BUFFER 100 ROWS PARTITION BY symbol EXPIRE AFTER NEVER) AS mean, LAG(price) OVER (PARTITION BY symbol) AS "
             "before FROM {trades}) AS w",
        duckdb="SELECT count(*), sum(mean), sum(before) FROM (SELECT avg(price) OVER (PARTITION BY symbol ORDER BY trade_id "
               "ROWS 99 PRECEDING) AS mean, lag(price) OVER (PARTITION BY symbol ORDER BY trade_id) AS before "
               "FROM {trades})",
        datafusion="SELECT count(*), sum(mean), sum(before) FROM (SELECT avg(price) OVER (PARTITION BY symbol ORDER BY "
                   "trade_id ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) AS mean, lag(price) OVER (PARTITION BY symbol "
                   "ORDER BY trade_id) AS before FROM trades) w",
        chdb="SELECT count(*), sum(mean), sum(before) FROM (SELECT avg(price) OVER (PARTITION BY symbol ORDER BY trade_id "
             "ROWS BETWEEN 99 PRECEDING AND CURRENT ROW) AS mean, lagInFrame(toNullable(price)) OVER (PARTITION BY symbol "
             "ORDER BY trade_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS before FROM {trades})",
        polars="trades.select(pl.col('price').rolling_mean(100, min_samples=1).over('symbol').alias('mean'), "
               "pl.col('price').shift(1).over('symbol').alias('before')).select(pl.len(), pl.col('mean').sum(), "
               "pl.col('before').sum())"),
    Workload(
        "F6", "stream-table join", ("trades", "symbols"), ("parquet",),
        velo="SELECT s.sector, COUNT(*) AS n, SUM(t.quantity * s.lot) AS lots FROM {trades} t JOIN {symbols} s "
             "ON t.symbol = s.symbol GROUP BY s.sector",
        duckdb="SELECT s.sector, count(*), sum(t.quantity * s.lot) FROM {trades} t JOIN {symbols} s "
               "ON t.symbol = s.symbol GROUP BY s.sector",
        datafusion="SELECT s.sector, count(*), sum(t.quantity * s.lot) FROM trades t JOIN symbols s "
                   "ON t.symbol = s.symbol GROUP BY s.sector",
        chdb="SELECT s.sector, count(*), sum(t.quantity * s.lot) FROM {trades} t JOIN {symbols} s "
             "ON t.symbol = s.symbol GROUP BY s.sector",
        polars="trades.join(symbols, on='symbol').group_by('sector').agg(pl.len().alias('n'), "
               "(pl.col('quantity') * pl.col('lot')).sum().alias('lots'))"),
    Workload(
        "F7", "interval join within 10 s", ("clicks", "orders"), ("parquet",),
        velo="SELECT COUNT(*) AS n, SUM(o.event_id - c.event_id) AS distance FROM {clicks} c JOIN {orders} o WITHIN 10s "
             "ON c.user_id = o.user_id WITH ('event.time.field' = 'ts')",
        duckdb="SELECT count(*), sum(o.event_id - c.event_id) FROM {clicks} c JOIN {orders} o ON c.user_id = o.user_id "
               "AND o.ts BETWEEN c.ts - 10000 AND c.ts + 10000",
        datafusion="SELECT count(*), sum(o.event_id - c.event_id) FROM clicks c JOIN orders o ON c.user_id = o.user_id "
                   "AND o.ts BETWEEN c.ts - 10000 AND c.ts + 10000",
        chdb="SELECT count(*), sum(o.event_id - c.event_id) FROM {clicks} c JOIN {orders} o ON c.user_id = o.user_id "
             "WHERE o.ts BETWEEN c.ts - 10000 AND c.ts + 10000",
        polars="clicks.join(orders, on='user_id', suffix='_o').filter((pl.col('ts_o') - pl.col('ts')).is_between(-10000, "
               "10000)).select(pl.len(), (pl.col('event_id_o') - pl.col('event_id')).sum())"),
    Workload(
        "F8", "COUNT(DISTINCT) and exact PERCENTILE_CONT by symbol", ("trades",), ("parquet",),
        velo="SELECT symbol, COUNT(DISTINCT trader) AS traders, PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY price) AS p95 "
             "FROM {trades} GROUP BY symbol",
        duckdb="SELECT symbol, count(DISTINCT trader), quantile_cont(price, 0.95) FROM {trades} GROUP BY symbol",
        datafusion="SELECT symbol, count(DISTINCT trader), percentile_cont(0.95) WITHIN GROUP (ORDER BY price) "
                   "FROM trades GROUP BY symbol",
        chdb="SELECT symbol, uniqExact(trader), quantileExactInclusive(0.95)(price) FROM {trades} GROUP BY symbol",
        polars="trades.group_by('symbol').agg(pl.col('trader').n_unique(), "
               "pl.col('price').quantile(0.95, interpolation='linear'))"),
    Workload(
        "F9", "GROUP BY of many keys", ("keys",), ("csv", "parquet"),
        velo="SELECT COUNT(*) AS groups, SUM(n) AS total, MAX(top) AS top FROM (SELECT key, COUNT(*) AS n, "
             "MAX(value) AS top FROM {keys} GROUP BY key EMIT FINAL) AS g",
        duckdb="SELECT count(*), sum(n), max(top) FROM (SELECT key, count(*) AS n, max(value) AS top FROM {keys} GROUP BY key)",
        datafusion="SELECT count(*), sum(n), max(top) FROM (SELECT key, count(*) AS n, max(value) AS top FROM keys "
                   "GROUP BY key) g",
        chdb="SELECT count(*), sum(n), max(top) FROM (SELECT key, count(*) AS n, max(value) AS top FROM {keys} GROUP BY key)",
        polars="keys.group_by('key').agg(pl.len().alias('n'), pl.col('value').max().alias('top')).select(pl.len(), "
               "pl.col('n').sum(), pl.col('top').max())"),
    Workload(
        "F10", "JSON of 50 fields, 3 of them read", ("wide",), ("jsonl",),
        velo="SELECT symbol, SUM(quantity) AS volume, MAX(price) AS high FROM {wide} GROUP BY symbol",
        duckdb="SELECT symbol, sum(quantity), max(price) FROM {wide} GROUP BY symbol",
        datafusion="SELECT symbol, sum(quantity), max(price) FROM wide GROUP BY symbol",
        chdb="SELECT symbol, sum(quantity), max(price) FROM {wide} GROUP BY symbol",
        polars="wide.group_by('symbol').agg(pl.col('quantity').sum(), pl.col('price').max())"),
]
