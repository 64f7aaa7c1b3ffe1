"""How fast this machine could be at best: programs that only read, without an engine around them. Each workload names the
part of it that no engine can do without."""
import json
import subprocess
from pathlib import Path

# (workload, format) -> program and what it reads. Columns of a CSV file go by number: 2 price, 3 quantity, 6 ts.
LIMITS = {
    ("F1", "csv"): ("velo_limit_text", "csv", ["2", "3"]),
    ("F1", "jsonl"): ("velo_limit_text", "json", ["symbol", "price", "quantity"]),
    ("F1", "parquet"): ("velo_limit_columns", None, ["symbol", "price", "quantity"]),
    ("F2", "csv"): ("velo_limit_text", "csv", ["2", "3"]),
    ("F2", "jsonl"): ("velo_limit_text", "json", ["symbol", "price", "quantity"]),
    ("F2", "parquet"): ("velo_limit_columns", None, ["symbol", "price", "quantity"]),
    ("F3", "csv"): ("velo_limit_text", "csv", ["2", "3", "6"]),
    ("F3", "jsonl"): ("velo_limit_text", "json", ["symbol", "price", "quantity", "ts"]),
    ("F3", "parquet"): ("velo_limit_columns", None, ["symbol", "price", "quantity", "ts"]),
    ("F4", "parquet"): ("velo_limit_columns", None, ["symbol", "price", "quantity", "ts"]),
    ("F5", "parquet"): ("velo_limit_columns", None, ["symbol", "price"]),
    ("F10", "jsonl"): ("velo_limit_text", "json", ["symbol", "price", "quantity"]),
}


def seconds(build: Path, workload, kind, path, runs):
    """Best of `runs`; None when the workload has no limit or the program is not built."""
    if (workload, kind) not in LIMITS:
        return None
    program, mode, wanted = LIMITS[workload, kind]
    if not (build / program).exists():
        return None
    command = [str(build / program), *([mode] if mode else []), path, *wanted]
    return min(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["seconds"]
               for _ in range(runs))
