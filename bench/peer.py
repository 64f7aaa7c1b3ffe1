#!/usr/bin/env python3
"""Runs one workload in one peer and prints JSON: seconds (imports left out) and the rows of the answer.

Usage: peer.py ENGINE WORKLOAD FORMAT name=path...
"""
import json
import sys
import time

from workloads import WORKLOADS

THREADS = 2


def plain(rows):
    return [[value if isinstance(value, (int, str, type(None))) else float(value) for value in row] for row in rows]


def duckdb(work, kind, paths):
    import duckdb
    connection = duckdb.connect()
    connection.execute(f"SET threads TO {THREADS}")
    sql = work.duckdb.format(**{name: f"'{path}'" for name, path in paths.items()})
    return lambda: connection.execute(sql).fetchall()


def datafusion(work, kind, paths):
    from datafusion import SessionConfig, SessionContext
    context = SessionContext(SessionConfig().with_target_partitions(THREADS))

    def run():
        for name, path in paths.items():
            if kind == "csv":
                context.register_csv(name, path)
            elif kind == "jsonl":
                context.register_json(name, path, file_extension=".jsonl")
            else:
                context.register_parquet(name, path)
        batches = context.sql(work.datafusion).collect()
        return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
    return run


def chdb(work, kind, paths):
    import chdb
    names = {"csv": "CSVWithNames", "jsonl": "JSONEachRow", "parquet": "Parquet"}
    sql = work.chdb.format(**{name: f"file('{path}', {names[kind]})" for name, path in paths.items()})
    sql += f" SETTINGS max_threads = {THREADS}"
    return lambda: [json.loads(line) for line in
                    str(chdb.query(sql, "JSONCompactEachRow")).splitlines() if line]


def polars(work, kind, paths):
    import os
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    import polars as pl
    scan = {"csv": pl.scan_csv, "jsonl": pl.scan_ndjson, "parquet": pl.scan_parquet}[kind]

    def run():
        frames = {name: scan(path) for name, path in paths.items()}
        moment = pl.col("ts").str.to_datetime("%Y-%m-%d %H:%M:%S%.3f").dt.epoch("ms")
        return eval(work.polars, {"pl": pl, "TIME": moment, **frames}).collect(engine="streaming").rows()
    return run


def main():
    engine, name, kind = sys.argv[1:4]
    work = next(work for work in WORKLOADS if work.name == name)
    paths = dict(argument.split("=", 1) for argument in sys.argv[4:])
    run = {"duckdb": duckdb, "datafusion": datafusion, "chdb": chdb, "polars": polars}[engine](work, kind, paths)
    started = time.perf_counter()
    rows = run()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "rows": plain(rows)}))


if __name__ == "__main__":
    main()
