#!/usr/bin/env python3
"""Measures streaming SQL on this engine and on its peers, in turn, in one run on one machine.

velo is timed as a whole process, start-up included; peers inside their process, imports left out: to their advantage.
Answers are compared before any time is believed. Best of BENCH_RUNS (default 3). Sizes: BENCH_ROWS trades (default
10,000,000). Nothing here asserts a time. Usage: bench/run.py [--only F1,F2] [--formats csv] [--peers duckdb,polars]
[--build build/release] [--baseline]. Prints tables and writes build/bench/result.json; --baseline also writes
bench/BASELINE.md with what is behind its goal (bench/goals.py); peers come from PyPI into build/bench/venv.
"""
import argparse
import csv
import io
import json
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import goals
import limits
import memory
import report
from workloads import WORKLOADS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VELO = ROOT / "bin" / "velo"
FOLDER = ROOT / "build" / "bench"
VENV = FOLDER / "venv"
PEERS = {"duckdb": "2.0.0", "polars": "2.1.0", "datafusion": "55.0.0", "chdb": "4.4.0"}
ROWS = int(float(os.environ.get("BENCH_ROWS", "1e7")))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = 600


def into_venv():
    """Goes on inside the virtual environment that holds the peers, made on first use."""
    python = VENV / "bin" / "python"
    wanted = " ".join(f"{name}=={version}" for name, version in PEERS.items()) + " pyarrow==26.0.1 tzdata"
    if not (VENV / "installed").exists() or (VENV / "installed").read_text() != wanted:
        print(f"installing the peers from PyPI: {wanted}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted.split()],
                       check=True)
        (VENV / "installed").write_text(wanted)
    if Path(sys.prefix) != VENV:
        os.execv(str(python), [str(python), str(Path(__file__).resolve()), *sys.argv[1:]])


# A process counts the memory of the one that started it as its own, so a small one stands between.
LAUNCHER = """import resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
seconds = time.perf_counter() - started
print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)"""


def measure(command):
    """Seconds, peak memory in MiB and standard output of one process."""
    process = subprocess.run([sys.executable, "-c", LAUNCHER, *command], capture_output=True, text=True)
    *said, figures = process.stderr.splitlines()
    if process.returncode != 0:
        raise RuntimeError("\n".join(said)[-600:] or f"ended with {process.returncode}")
    seconds, peak = figures.split()
    return {"seconds": float(seconds), "mib": int(peak) / 1024, "out": process.stdout}


def velo(work, kind, paths, *options):
    sql = work.velo.format(**{name: f"file://{path}" for name, path in paths.items()})
    result = measure([str(VELO), "run", "-e", sql, "--final", "--format", "csv", *options])
    result["rows"] = [[number(cell) for cell in row] for row in list(csv.reader(io.StringIO(result.pop("out"))))[1:]]
    return result


def number(cell):
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            pass
    return cell or None


def peer(engine, work, kind, paths):
    arguments = [f"{name}={path}" for name, path in paths.items()]
    measured = measure([sys.executable, str(HERE / "peer.py"), engine, work.name, kind, *arguments])
    return {**json.loads(measured["out"]), "mib": measured["mib"]}


def same(left, right):
    """Whether two answers are equal: as many rows, equal texts, numbers that agree to one part in 100,000."""
    def key(row):
        return [f"{cell:.3g}" if isinstance(cell, (int, float)) else str(cell) for cell in row]

    def agree(a, b):
        numbers = isinstance(a, (int, float)) and isinstance(b, (int, float))
        return math.isclose(a, b, rel_tol=1e-5) if numbers else a == b
    if len(left) != len(right):
        return False
    left = [[number(cell) if isinstance(cell, str) else cell for cell in row] for row in left]
    right = [[number(cell) if isinstance(cell, str) else cell for cell in row] for row in right]
    if all(agree(a, b) for x, y in zip(sorted(left, key=str), sorted(right, key=str)) for a, b in zip(x, y)):
        return True
    return all(agree(a, b) for x, y in zip(sorted(left, key=key), sorted(right, key=key)) for a, b in zip(x, y))


def run_workload(work, kind, inputs, engines):
    paths = {name: inputs[name].get(kind) or inputs[name]["parquet"] for name in work.inputs}
    rows = ROWS // 10 if work.name == "F10" else ROWS
    line = {"workload": work.name, "about": work.about, "format": kind, "rows": rows, "engines": {}}
    answer = None
    for engine in engines:
        if engine in work.skips:
            line["engines"][engine] = {"skipped": work.skips[engine]}
            continue
        call = (lambda: velo(work, kind, paths)) if engine == "velo" else (lambda: peer(engine, work, kind, paths))
        try:
            first = call()
            if answer is None:
                answer = (engine, first["rows"])
            elif not same(answer[1], first["rows"]):
                raise RuntimeError(f"the answer differs from {answer[0]}'s: {len(answer[1])} rows {sorted(answer[1], key=str)[:2]}"
                                   f" beside {len(first['rows'])} rows {sorted(first['rows'], key=str)[:2]}")
            fastest = min([first] + [call() for _ in range(RUNS - 1)], key=lambda result: result["seconds"])
            line["engines"][engine] = {"seconds": fastest["seconds"], "mib": fastest["mib"]}
        except RuntimeError as error:
            line["engines"][engine] = {"failed": str(error)[-400:]}
    return line


def print_line(line, engines):
    cells = [f"{line['workload']:<5}{line['format']:<9}"]
    mine = line["engines"].get("velo", {}).get("seconds")
    fastest = None
    for engine in engines:
        result = line["engines"][engine]
        if "seconds" not in result:
            cells.append(f"{'-':>12}{'':>6}")
            continue
        cells.append(f"{line['rows'] / result['seconds'] / 1e6:>11.2f}M{result['mib']:>6.0f}")
        if engine != "velo" and (fastest is None or result["seconds"] < fastest):
            fastest = result["seconds"]
    line["ratio"] = fastest / mine if fastest and mine else None
    cells.append(f"{line['ratio']:>7.2f}" if line["ratio"] else f"{'-':>7}")
    share = goals.to_limit(line)
    cells.append(f"{share:>7.2f}" if share else f"{'-':>7}")
    print("".join(cells), flush=True)
    for engine in engines:
        if "failed" in line["engines"][engine]:
            print(f"      {engine}: {line['engines'][engine]['failed']}")


def lane_gain(works, inputs):
    """Seconds with one lane and with two, best of BENCH_RUNS."""
    print("\none lane and two, seconds")
    result = []
    for work in works:
        if work.name not in ("F2", "F3", "F4", "F5"):
            continue
        paths = {name: inputs[name]["parquet"] for name in work.inputs}
        one, two = (min(velo(work, "parquet", paths, "--lanes", lanes)["seconds"] for _ in range(RUNS)) for lanes in "12")
        result.append({"workload": work.name, "one": one, "two": two})
        print(f"  {work.name:<5}{one:>8.2f}{two:>8.2f}  {one / two:.2f}x")
    return result


def engine_figures(build):
    """What velo_engine_bench says, when it is built, and how long a row takes to a client of the Studio."""
    program = build / "velo_engine_bench"
    if not program.exists():
        return []
    said = subprocess.run([str(program), "--rows", str(ROWS)], capture_output=True, text=True, check=True).stdout
    said += subprocess.run([sys.executable, str(HERE / "stream_latency.py"), str(VELO)], capture_output=True, text=True,
                           check=True).stdout
    figures = [json.loads(line) for line in said.splitlines()]
    print("\ninside the engine")
    for line in report.figure_table({"engine": figures})[2:]:
        print("  " + line.strip("| ").replace(" | ", ": "))
    return figures


def start_up():
    """Milliseconds of the commands people run all day, beside the DuckDB library's start."""
    small = FOLDER / "small.sql"
    small.write_text("SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol WINDOW TUMBLING(INTERVAL '1' MINUTE);\n")
    statement = ("CREATE STREAM out_{n} AS\nSELECT symbol, COUNT(*) AS n, AVG(price) AS mean\nFROM trades\n"
                 "WHERE price > {n}\nGROUP BY symbol\nWINDOW TUMBLING(INTERVAL '1' MINUTE)\nEMIT CHANGES;\n")
    large = FOLDER / "large.sql"
    large.write_text("".join(statement.format(n=n) for n in range(72)))
    commands = {"velo --version": [str(VELO), "--version"], "velo validate, one query": [str(VELO), "validate", str(small)],
                "velo validate, 504 lines": [str(VELO), "validate", str(large)],
                "velo run -e 'SELECT 1'": [str(VELO), "run", "-e", "SELECT 1 AS one"],
                "duckdb, SELECT 1 (Python)": [sys.executable, "-c", "import duckdb; duckdb.sql('SELECT 1').fetchall()"]}
    print("\nstart-up, milliseconds (median of 20)")
    result = {}
    for name, command in commands.items():
        times = []
        for _ in range(20):
            started = time.perf_counter()
            subprocess.run(command, capture_output=True)
            times.append(time.perf_counter() - started)
        result[name] = statistics.median(times) * 1000
        print(f"  {name:<28}{result[name]:>8.1f}")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--formats", default="")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--build", default=str(VELO.resolve().parent.parent), help="folder of the programs beside velo")
    parser.add_argument("--baseline", action="store_true", help="write bench/BASELINE.md")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    into_venv()
    build = Path(options.build)
    inputs = json.loads(measure([sys.executable, str(HERE / "data.py"), str(FOLDER), str(ROWS)])["out"])
    engines = ["velo", *[name for name in options.peers.split(",") if name]]
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, {ROWS:,} rows, best of {RUNS}; million rows a second and "
          "peak MiB; ratio to the best peer and to the limit\n")
    print(f"{'':<14}" + "".join(f"{engine:>12}{'':>6}" for engine in engines) + f"{'ratio':>7}{'limit':>7}")
    lines = []
    for work in WORKLOADS:
        if options.only and work.name not in options.only.split(","):
            continue
        for kind in work.formats:
            if options.formats and kind not in options.formats.split(","):
                continue
            line = run_workload(work, kind, inputs, engines)
            first = inputs[work.inputs[0]]
            line["limit_seconds"] = limits.seconds(build, work.name, kind, first.get(kind) or first["parquet"], RUNS)
            print_line(line, engines)
            lines.append(line)
    result = {"rows": ROWS, "cores": os.cpu_count(), "machine": f"{platform.machine()}, {platform.system()}",
              "memory_gib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, "build": build.name,
              "runs": RUNS, "versions": {name: PEERS[name] for name in engines[1:]}, "lines": lines}
    if not options.only:
        quarter = json.loads(measure([sys.executable, str(HERE / "data.py"), str(FOLDER), str(ROWS // 4)])["out"])
        result["lanes"] = lane_gain(WORKLOADS, inputs)
        result["scale"] = memory.growth(lambda *options: measure([str(VELO), "run", *options]), inputs, quarter, ROWS, RUNS)
        result["limited"] = memory.under_limit(lambda *options: measure([str(VELO), "run", *options]), inputs)
        result["start_up_ms"] = start_up()
        result["engine"] = engine_figures(build)
    for what, measured, goal in goals.behind(result):
        print(f"behind: {what}: {'no answer' if measured is None else f'{measured:.2f}'}, the goal is {goal:g}")
    (FOLDER / "result.json").write_text(json.dumps(result, indent=1))
    if options.baseline:
        (HERE / "BASELINE.md").write_text(report.baseline(result))


if __name__ == "__main__":
    main()
