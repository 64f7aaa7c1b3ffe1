#!/usr/bin/env python3
"""Interval joins of random Parquet files, with one lane and with two, beside DuckDB: many rows of few keys and few of many,
equal times, rows out of order, NULLs, empty files, several files, all kinds of joins.

Usage: interval_joins.py [--binary velo] [--seed N] [--count N].
"""
import argparse
import random
import subprocess
import sys
import tempfile

import duckdb

from random_queries import DEFAULT_BINARY, DEFAULT_SEED

VELO = str(DEFAULT_BINARY.parent / "bin" / "velo")
COUNT = 24
SHOWN = 5


class Side:
    """The files of one side, as both engines name them."""

    def __init__(self, choose, folder, name, connection):
        keys = choose.choice([1, 3, 50, 2000, 100_000])
        rows = choose.choice([0, 1, 300, 3000, 3000, 20_000, 20_000])
        if keys < 50:  # Every row may meet every other.
            rows = min(rows, 700 * keys)
        step, jitter = choose.choice([0, 1, 20, 1000]), choose.choice([0, 0, 0, 500, 100_000])
        files = choose.choice([1, 1, 2])

        def sometimes_null(value, salt):
            return f"CASE WHEN hash(i + {salt}) % 10 = 0 THEN NULL ELSE {value} END" if choose.random() < 0.3 else value

        columns = [sometimes_null(f"(hash(i * {choose.randrange(1, 99)}) % {keys})::BIGINT", 5) + " AS k",
                   sometimes_null(f"'x' || (hash(i * {choose.randrange(1, 99)}) % {keys})", 7) + " AS s",
                   sometimes_null(f"(i * {step} + hash(i * 31) % {jitter + 1})::BIGINT", 9) + " AS ts"]
        for part in range(files):
            connection.execute(
                f"COPY (SELECT {', '.join(columns)}, i AS id FROM range({rows * part // files}, {rows * (part + 1) // files}) t(i)) "
                f"TO '{folder}/{name}_{part}.parquet' (FORMAT parquet, ROW_GROUP_SIZE {choose.choice([2048, 4096, 122_880])})")
        self.path = f"{folder}/{name}_*.parquet" if files > 1 else f"{folder}/{name}_0.parquet"


def query(choose):
    """A join of {l} and {r}; DuckDB calls a semi join by another name."""
    kind = choose.choice(["INNER", "LEFT", "RIGHT", "FULL", "LEFT SEMI"])
    keys = choose.choice(["l.k = r.k", "l.k = r.k", "l.s = r.s", "l.k = r.k AND l.s = r.s"])
    lower = choose.choice([-10_000, -500, 0, 0, 100, -3])
    upper = lower + choose.choice([0, 1, 500, 20_000])
    on = f"{keys} AND r.ts BETWEEN l.ts {lower:+d} AND l.ts {upper:+d}"
    if choose.random() < 0.2:
        on += " AND l.id % 3 <> r.id % 3"
    shown = "COUNT(*) AS n, SUM(l.id) AS a, SUM(l.id * l.id % 1000003) AS b"
    if kind != "LEFT SEMI":
        shown += ", SUM(r.id) AS c, SUM(l.id * r.id % 1000003) AS d, COUNT(l.id) AS e, COUNT(r.id) AS f"
    return f"SELECT {shown} FROM '{{l}}' l {kind} JOIN '{{r}}' r ON {on}"


def answer_of(binary, sql, lanes):
    done = subprocess.run([binary, "run", "-e", sql, "--final", "--format", "csv", "--lanes", str(lanes)], capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr
    return [None if text == "" else int(text) for text in done.stdout.strip().splitlines()[-1].split(",")]


def run(binary, seed, count):
    connection = duckdb.connect()
    passed = failed = pairs = 0
    for number in range(count):
        choose = random.Random(f"{seed} {number}")
        with tempfile.TemporaryDirectory() as folder:
            left, right = Side(choose, folder, "l", connection), Side(choose, folder, "r", connection)
            sql = query(choose)
            theirs = connection.execute(sql.format(l=left.path, r=right.path).replace("LEFT SEMI", "SEMI")).fetchone()
            expected = [None if value is None else int(value) for value in theirs]
            ours = sql.format(l=f"file://{left.path}", r=f"file://{right.path}") + " WITH ('event.time.field' = 'ts')"
            answers = [answer_of(binary, ours, lanes) for lanes in (1, 2)]
        pairs += expected[0]
        if all(answer == expected for answer in answers):
            passed += 1
        else:
            failed += 1
            if failed <= SHOWN:
                print(f"FAILED seed {seed}, number {number}: {sql}\n    DuckDB {expected}\n    velo {answers}")
    print(f"interval joins: {passed} the same, {failed} not, {pairs} rows")
    if pairs < 1000:
        print("FAILED hardly a row met another: this proves nothing")
        failed += 1
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=VELO)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    arguments = parser.parse_args()
    passed, failed = run(arguments.binary, arguments.seed, arguments.count)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
