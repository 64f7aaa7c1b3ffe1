#!/usr/bin/env python3
"""The oracles: real files (real_files.py), random queries (random_queries.py) and interval joins of random files
(interval_joins.py) beside DuckDB, and the laws of laws.py.

Usage: run.py. Ends with "N passed, N failed".
"""
import pathlib
import sys
import tempfile

import interval_joins
import random_queries
import real_files


def main():
    print("-- real files", flush=True)
    passed, failed = real_files.run()
    print("-- random queries", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        counts = random_queries.run(str(random_queries.DEFAULT_BINARY), random_queries.DEFAULT_SEED, random_queries.DEFAULT_COUNT, pathlib.Path(folder))
    passed, failed = passed + counts[0], failed + counts[1]
    print("-- interval joins", flush=True)
    counts = interval_joins.run(interval_joins.VELO, random_queries.DEFAULT_SEED, interval_joins.COUNT)
    passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
