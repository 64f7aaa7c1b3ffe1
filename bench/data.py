"""Seeded input of the benchmark, written once per size by DuckDB; the same on every machine.

Usage: data.py FOLDER ROWS; prints {name: {format: path}}. A process of its own, so that the one that measures stays small.
"""
import json
import sys
from pathlib import Path

import duckdb

SYMBOLS = 100
START = "TIMESTAMP '2026-01-01'"

# A trade every 20 ms; prices with two digits.
TRADES = f"""SELECT 'S' || lpad((hash(i) % {SYMBOLS})::VARCHAR, 3, '0') AS symbol,
 (['NYSE','NASDAQ','ARCA'])[1 + (hash(i + 7) % 3)::INT] AS exchange,
 round(50 + (hash(i * 31) % 45000) / 100.0, 2) AS price, 1 + (hash(i * 17) % 5000)::INT AS quantity,
 (hash(i * 13) % 100000)::INT AS trader, i AS trade_id,
 strftime({START} + INTERVAL (i * 20) MILLISECOND, '%Y-%m-%d %H:%M:%S.%g') AS ts
 FROM range({{rows}}) t(i)"""

SYMBOL_TABLE = f"""SELECT 'S' || lpad(i::VARCHAR, 3, '0') AS symbol,
 (['tech','energy','health','retail'])[1 + i % 4] AS sector, 1 + i % 7 AS lot FROM range({SYMBOLS}) t(i)"""

# Two streams of one key space for the interval join: a visitor has about five events on each side.
SIDE = f"""SELECT (hash(i * {{factor}}) % {{users}})::BIGINT AS user_id, i AS event_id,
 epoch_ms({START} + INTERVAL (i * 20) MILLISECOND) AS ts FROM range({{rows}}) t(i)"""

KEYS = "SELECT (hash(i * 23) % {keys})::BIGINT AS key, (hash(i) % 1000)::INT AS value FROM range({rows}) t(i)"

WIDE = ("SELECT 'S' || lpad((hash(i) % 100)::VARCHAR, 3, '0') AS symbol, "
        + ", ".join(f"hash(i * {n}) % 1000000 AS field_{n:02d}" if n % 3 else
                    f"'text value ' || (hash(i * {n}) % 10000)::VARCHAR AS field_{n:02d}" for n in range(1, 25))
        + ", round(50 + (hash(i * 31) % 45000) / 100.0, 2) AS price, "
        + ", ".join(f"hash(i * {n}) % 1000000 AS field_{n:02d}" if n % 3 else
                    f"'text value ' || (hash(i * {n}) % 10000)::VARCHAR AS field_{n:02d}" for n in range(25, 48))
        + ", 1 + (hash(i * 17) % 5000)::INT AS quantity FROM range({rows}) t(i)")


def write(connection, folder, name, query, kinds):
    """Returns {format: path}; writes what is not there yet."""
    options = {"csv": "FORMAT csv, HEADER", "jsonl": "FORMAT json", "parquet": "FORMAT parquet"}
    paths = {}
    for kind in kinds:
        path = folder / f"{name}.{kind}"
        paths[kind] = str(path)
        if path.exists():
            continue
        print(f"writing {path.name} ...", file=sys.stderr)
        connection.execute(f"COPY ({query}) TO '{path}.part' ({options[kind]})")
        Path(f"{path}.part").rename(path)
    return paths


def make(root, rows):
    """Writes the inputs for `rows` trades under root/<rows> and returns {name: {format: path}}."""
    folder = root / str(rows)
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    half, users = rows // 2, max(1, rows // 10)
    return {
        "trades": write(connection, folder, "trades", TRADES.format(rows=rows), ("csv", "jsonl", "parquet")),
        "symbols": write(connection, folder, "symbols", SYMBOL_TABLE, ("csv", "parquet")),
        "clicks": write(connection, folder, "clicks", SIDE.format(rows=half, users=users, factor=41), ("parquet",)),
        "orders": write(connection, folder, "orders", SIDE.format(rows=half, users=users, factor=43), ("parquet",)),
        "keys": write(connection, folder, "keys", KEYS.format(rows=rows, keys=max(1, rows // 2)), ("csv", "parquet")),
        "wide": write(connection, folder, "wide", WIDE.format(rows=rows // 10), ("jsonl",)),
    }


if __name__ == "__main__":
    print(json.dumps(make(Path(sys.argv[1]), int(sys.argv[2]))))
