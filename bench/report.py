"""Writes bench/BASELINE.md from a result of bench/run.py."""
import datetime

PEER_NAMES = {"duckdb": "DuckDB", "polars": "Polars", "datafusion": "DataFusion", "chdb": "chDB"}


def million(rows, seconds):
    return f"{rows / seconds / 1e6:.1f}"


def workload_table(result):
    peers = list(result["versions"])
    rows = ["| workload | format | velo | " + " | ".join(PEER_NAMES[name] for name in peers)
            + " | to the best peer | to the limit | velo MiB | leanest peer MiB |", "|---" * (len(peers) + 7) + "|"]
    for line in result["lines"]:
        engines = line["engines"]
        cells = [million(line["rows"], engines[name]["seconds"]) if "seconds" in engines.get(name, {}) else "–"
                 for name in ("velo", *peers)]
        memory = [engines[name]["mib"] for name in peers if "mib" in engines.get(name, {})]
        mine = engines.get("velo", {})
        limit = f"{line['limit_seconds'] / mine['seconds']:.2f}" if line.get("limit_seconds") and "seconds" in mine else "–"
        ratio = f"{line['ratio']:.2f}" if line.get("ratio") else "–"
        rows.append(f"| {line['workload']} {line['about']} | {line['format']} | " + " | ".join(cells)
                    + f" | {ratio} | {limit} | {mine.get('mib', 0):.0f} | {min(memory, default=0):.0f} |")
    return rows


def lane_table(result):
    rows = ["| workload | one lane, s | two lanes, s | gain |", "|---|---|---|---|"]
    for line in result.get("lanes", []):
        rows.append(f"| {line['workload']} | {line['one']:.2f} | {line['two']:.2f} | {line['one'] / line['two']:.2f} |")
    return rows


def scale_table(result):
    rows = ["| workload | rows | seconds | MiB |", "|---|---|---|---|"]
    for line in result.get("scale", []):
        for size in line["sizes"]:
            rows.append(f"| {line['workload']} | {size['rows']:,} | {size['seconds']:.2f} | {size['mib']:.0f} |")
    return rows


def limit_table(result):
    rows = ["| workload | file, MiB | limit, MiB | at most used, MiB | seconds |", "|---|---|---|---|---|"]
    for line in result.get("limited", []):
        rows.append(f"| {line['workload']} | {line['file']} | {line['limit']} | {line['mib']:.0f} | {line['seconds']:.2f} |")
    return rows


def figure_table(result):
    rows = ["| measure | figures |", "|---|---|"]
    for figure in result.get("engine", []):
        said = ", ".join(f"{key} {value:,.6g}" for key, value in figure.items() if key != "measure")
        rows.append(f"| {figure['measure']} | {said} |")
    return rows


def baseline(result):
    versions = ", ".join(f"{PEER_NAMES[name]} {version}" for name, version in result["versions"].items())
    start_up = ", ".join(f"`{name}` {value:.0f}" for name, value in result.get("start_up_ms", {}).items())
    text = [
        "# Baseline", "",
        f"Written by `make bench` on {datetime.date.today()}: {result['machine']}, {result['cores']} cores, "
        f"{result['memory_gib']:.0f} GiB; build {result['build']}; {versions}; best of {result['runs']}.", "",
        "velo as a whole process, start-up included; peers inside their process, imports left out; engines in turn in one run; "
        "answers compared before any time is believed. Million rows a second; the limit is a program that only reads "
        "(bench/limits): Arrow's decoding, memchr and from_chars by hand, simdjson on demand, each in two threads.", "",
        *workload_table(result), ""]
    if start_up:
        text += [f"Start-up in milliseconds: {start_up}.", ""]
    for title, table in (("One lane and two", lane_table), ("Growth with the input (JSON Lines, live windows)", scale_table),
                         ("Under a memory limit", limit_table),
                         ("Inside the engine (bench/engine)", figure_table)):
        lines = table(result)
        if len(lines) > 2:
            text += [f"## {title}", "", *lines, ""]
    return "\n".join(text).rstrip() + "\n"
