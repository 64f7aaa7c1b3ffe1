#!/usr/bin/env python3
"""Runs every example application on generated data and compares each of its outputs with DuckDB's answer.

Usage: tests/examples/run.py [name...]. For each application of examples/, data is made with another seed than the one
checked in, `velo run app.sql` runs in a copy of its folder, and tests/examples/<name>.sql says, per output, which rows a
batch engine finds in the same input: a block that begins with "-- output: NAME" and holds one query.
Ends with "N passed, N failed".
"""
import datetime
import decimal
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VELO = ROOT / "bin" / "velo"
ROWS = int(os.environ.get("EXAMPLE_ROWS", "3000"))
SEED = int(os.environ.get("EXAMPLE_SEED", "7"))
SECONDS = 120


def checks(name):
    """Yields (output, query) of one application."""
    output, lines = None, []
    for line in (HERE / f"{name}.sql").read_text().splitlines():
        if line.startswith("-- output: "):
            if output:
                yield output, "\n".join(lines)
            output, lines = line.removeprefix("-- output: ").strip(), []
        else:
            lines.append(line)
    yield output, "\n".join(lines)


def plain(value):
    """A cell such that equal values of both engines compare equal."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (datetime.datetime, datetime.date)):
        return datetime.datetime.fromisoformat(str(value)).isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, (int, float, decimal.Decimal)):
        return float(f"{float(value):.9g}")
    text = str(value)
    try:
        return float(f"{float(text):.9g}")
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text).isoformat(sep=" ", timespec="milliseconds")
    except ValueError:
        return text


def rows_of(columns, records):
    rows = [tuple(plain(record[column]) for column in columns) for record in records]
    return sorted(rows, key=lambda row: [str(cell) for cell in row])


def expected_rows(folder, query):
    connection = duckdb.connect()
    for path in sorted((folder / "data").iterdir()):
        reader = "read_csv" if path.suffix == ".csv" else "read_json"
        connection.execute(f"CREATE VIEW {path.stem} AS SELECT row_number() OVER () AS arrival, * FROM {reader}('{path}')")
    result = connection.execute(query)
    columns = [column[0] for column in result.description]
    return columns, rows_of(columns, [dict(zip(columns, row)) for row in result.fetchall()])


def run_application(name, folder):
    """Returns None, or why the application did not run."""
    (folder / "app.sql").write_text((ROOT / "examples" / name / "app.sql").read_text())
    done = subprocess.run([str(VELO), "run", "app.sql"], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    return None if done.returncode == 0 else f"velo run ended with {done.returncode}: {done.stderr.strip()[-1500:]}"


def check_output(folder, output, query):
    """Returns None, or how the output differs."""
    path = folder / "out" / f"{output}.jsonl"
    if not path.exists():
        return "the output file is missing"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    columns, expected = expected_rows(folder, query)
    if not expected:
        return "the check expects no rows at all, so it proves nothing"
    missing = [column for column in columns if records and column not in records[0]]
    if missing:
        return f"columns {missing} are missing; there are {list(records[0])}"
    actual = rows_of(columns, records)
    if actual == expected:
        return None
    only_actual = [row for row in actual if row not in expected][:3]
    only_expected = [row for row in expected if row not in actual][:3]
    return f"{len(actual)} rows, expected {len(expected)}; only here {only_actual}; only expected {only_expected}"


def main():
    names = sys.argv[1:] or sorted(path.parent.name for path in (ROOT / "examples").glob("*/app.sql"))
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, str(ROOT / "examples" / "make_data.py"), "--rows", str(ROWS), "--seed", str(SEED),
                        "--out", scratch, *names], check=True)
        for name in names:
            folder = Path(scratch) / name
            problem = run_application(name, folder)
            for output, query in checks(name):
                trouble = problem or check_output(folder, output, query)
                passed, failed = passed + (trouble is None), failed + (trouble is not None)
                if trouble:
                    print(f"FAILED {name}/{output}: {trouble}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
