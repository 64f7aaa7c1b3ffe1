#!/usr/bin/env python3
"""Measures GROUP BY over large files beside DuckDB, in turn, in one run on one machine, and compares the answers first.

Whole processes are timed (start-up included), each several times; the best of each side counts, because the machine is
shared. Nothing here asserts a time. Sizes: BENCH_BYTES (default 1 GB per file), BENCH_RUNS (default 3).
Prints a table and writes build/bench/result.json.
"""
import csv
import io
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
VELO = ROOT / "bin" / "velo"
DATA = ROOT / "build" / "bench"
BYTES = int(float(os.environ.get("BENCH_BYTES", "1e9")))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
THREADS = os.cpu_count()

ROW = """SELECT (['AAPL','MSFT','GOOG','AMZN','TSLA','NVDA','META','NFLX','INTC','AMD'])[1 + (hash(i) % 10)::INT] AS symbol,
 (['NYSE','NASDAQ','ARCA'])[1 + (hash(i + 7) % 3)::INT] AS exchange,
 round(50 + (hash(i * 31) % 45000) / 100.0, 2) AS price, 1 + (hash(i * 17) % 5000)::INT AS quantity,
 i AS trade_id, strftime(TIMESTAMP '2026-01-01' + INTERVAL (i * 20) MILLISECOND, '%Y-%m-%d %H:%M:%S.%g') AS ts
 FROM range({rows}) t(i)"""

WORKLOADS = {
    "filter_project": ("SELECT symbol, price, quantity FROM {source} WHERE price > 499.5 AND quantity > 4900", None),
    "group_by": (
        "SELECT symbol, COUNT(*) AS n, SUM(quantity) AS volume, AVG(price) AS avg_price, MIN(price) AS low, "
        "MAX(price) AS high, {stddev}(price) AS spread FROM {source} GROUP BY symbol", None),
}


def make_files():
    DATA.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    files = {}
    for kind, options, bytes_per_row in (("csv", "FORMAT csv, HEADER", 58), ("jsonl", "FORMAT json", 118),
                                         ("parquet", "FORMAT parquet", 58)):
        rows = BYTES // bytes_per_row
        path = DATA / f"trades_{rows}.{kind}"
        if not path.exists():
            print(f"writing {path.name} ...", file=sys.stderr)
            connection.execute(f"COPY ({ROW.format(rows=rows)}) TO '{path}.part' ({options})")
            Path(f"{path}.part").rename(path)
        files[kind] = (path, rows)
    return files


def timed(command):
    """Returns seconds, peak memory in MiB and standard output of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate()
    _ = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {err[-2000:]}")
    peak = 0.0
    for line in err.splitlines():
        if line.startswith("maxrss "):
            peak = int(line.split()[1]) / 1024
    return time.perf_counter() - started, peak, out


MEASURE = """import os, resource, subprocess, sys
p = subprocess.run(sys.argv[1:], stdout=sys.stdout, stderr=subprocess.DEVNULL)
print("maxrss", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(p.returncode)"""

DUCK = """import csv, duckdb, sys
c = duckdb.connect(); c.execute("SET threads TO %d" % int(sys.argv[2]))
w = csv.writer(sys.stdout); r = c.execute(sys.argv[1]); w.writerow([d[0] for d in r.description]); w.writerows(r.fetchall())"""


def velo_command(sql):
    return [sys.executable, "-c", MEASURE, str(VELO), "run", "-e", sql, "--final", "--format", "csv"]


def duckdb_command(sql):
    return [sys.executable, "-c", MEASURE, sys.executable, "-c", DUCK, sql, str(THREADS)]


def rows_of(text):
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return sorted([[f"{float(cell):.6g}" if cell.replace(".", "", 1).replace("-", "", 1).replace("e", "", 1).isdigit() else cell
                    for cell in row] for row in rows])


def main():
    files = make_files()
    results = []
    print(f"machine: {platform.processor() or platform.machine()}, {THREADS} cores; {BYTES / 1e9:.1f} GB per text file; "
          f"best of {RUNS}; DuckDB {duckdb.__version__}\n")
    print(f"{'workload':<16}{'format':<9}{'velo rows/s':>14}{'DuckDB rows/s':>15}{'ratio':>8}{'velo MiB':>10}{'DuckDB MiB':>12}")
    for kind, (path, rows) in files.items():
        for name, (sql, _) in WORKLOADS.items():
            ours = velo_command(sql.format(source=f"file://{path}", stddev="STDDEV"))
            theirs = duckdb_command(sql.format(source=f"'{path}'", stddev="stddev_samp"))
            mine, other = timed(ours), timed(theirs)
            if rows_of(mine[2]) != rows_of(other[2]):
                raise SystemExit(f"{name} over {kind}: the answers differ\n{mine[2][:800]}\n---\n{other[2][:800]}")
            best, best_other = mine, other
            for _ in range(RUNS - 1):
                best, best_other = min(best, timed(ours)), min(best_other, timed(theirs))
            ratio = best_other[0] / best[0]
            print(f"{name:<16}{kind:<9}{rows / best[0]:>14,.0f}{rows / best_other[0]:>15,.0f}{ratio:>8.2f}"
                  f"{best[1]:>10.0f}{best_other[1]:>12.0f}", flush=True)
            results.append({"workload": name, "format": kind, "rows": rows, "velo_seconds": best[0],
                            "duckdb_seconds": best_other[0], "ratio": ratio, "velo_mib": best[1],
                            "duckdb_mib": best_other[1]})
    (DATA / "result.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
