"""What velo keeps in memory: over more rows of one stream, and under a limit."""
import os

# Windows are given out as the watermark passes them, as a query that never ends would do it.
LIVE = (" EMIT FINAL WITH ('event.time.field' = 'ts', 'watermark.strategy' = 'bounded_out_of_orderness', "
        "'watermark.max_out_of_orderness' = '10s')")
STREAMS = {
    "F1": "SELECT symbol, price, quantity FROM {trades} WHERE price > 499.5 AND quantity > 4900",
    "F2": "SELECT symbol, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS mean, MIN(price) AS low, MAX(price) AS high, "
          "STDDEV(price) AS spread FROM {trades} GROUP BY symbol EMIT FINAL",
    "F3": "SELECT symbol, _window_start AS minute, FIRST_VALUE(price) AS open, MAX(price) AS high, MIN(price) AS low, "
          "LAST_VALUE(price) AS close, SUM(quantity) AS volume FROM {trades} GROUP BY symbol "
          "WINDOW TUMBLING(ts, INTERVAL '1' MINUTE)" + LIVE,
    "F4": "SELECT symbol, _window_start AS minute, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS mean FROM {trades} "
          "GROUP BY symbol WINDOW SLIDING(ts, INTERVAL '5' MINUTE, INTERVAL '1' MINUTE)" + LIVE,
}
MANY_KEYS = ("SELECT COUNT(*) AS groups, SUM(n) AS total, MAX(top) AS top FROM (SELECT key, COUNT(*) AS n, MAX(value) AS top "
             "FROM {keys} GROUP BY key EMIT FINAL) AS g")


def query(sql, files, kind):
    names = {name: f"file://{paths[kind]}" for name, paths in files.items() if kind in paths}
    return ["-e", sql.format(**names), "--format", "csv"]


def growth(velo, inputs, quarter, rows, runs):
    """Seconds and MiB over a quarter of the rows and over all of them."""
    print("\ngrowth with the input: rows, seconds, MiB")
    result = []
    for name, sql in STREAMS.items():
        sizes = []
        for files, count in ((quarter, rows // 4), (inputs, rows)):
            best = min((velo(*query(sql, files, "jsonl")) for _ in range(runs)), key=lambda run: run["seconds"])
            sizes.append({"rows": count, "seconds": best["seconds"], "mib": best["mib"]})
            print(f"  {name:<5}{count:>12,}{best['seconds']:>8.2f}{best['mib']:>7.0f}")
        result.append({"workload": name, "sizes": sizes})
    return result


def under_limit(velo, inputs):
    """MiB at most with a memory limit of a tenth of the file, and of many groups with a quarter of what they take otherwise."""
    print("\nunder a memory limit: MiB of the file, of the limit, at most used; seconds")
    result = []
    for name, sql, source, kind in [*((name, sql, "trades", "jsonl") for name, sql in STREAMS.items()),
                                    ("F9", MANY_KEYS, "keys", "csv")]:
        size = os.path.getsize(inputs[source][kind]) // 2**20
        limit = max(64, size // 10) if source == "trades" else max(64, size)
        run = velo(*query(sql, inputs, kind), "--memory-limit", f"{limit}MB")
        result.append({"workload": name, "file": size, "limit": limit, "mib": run["mib"], "seconds": run["seconds"]})
        print(f"  {name:<5}{size:>7}{limit:>7}{run['mib']:>7.0f}{run['seconds']:>8.2f}")
    return result
