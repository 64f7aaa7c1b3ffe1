"""Writes bench/BASELINE.md from a result of bench/run.py."""
import datetime

import goals

PEER_NAMES = {"duckdb": "DuckDB", "polars": "Polars", "datafusion": "DataFusion", "chdb": "chDB"}


def million(rows, seconds):
    return f"{rows / seconds / 1e6:.1f}"


def beside_goal(measured, goal):
    """A figure and its goal, as "2.17 (1.5)"; a missed one is bold."""
    if measured is None:
        return "–"
    figure = f"{measured:.2f}" if goals.is_met(measured, goal) else f"**{measured:.2f}**"
    return f"{figure} ({goal:g})" if goal is not None else figure


def workload_table(result):
    peers = list(result["versions"])
    rows = ["| workload | format | velo | " + " | ".join(PEER_NAMES[name] for name in peers)
            + " | to the best peer (goal) | to the limit (goal) | velo MiB | leanest peer MiB |", "|---" * (len(peers) + 7) + "|"]
    for line in result["lines"]:
        engines = line["engines"]
        cells = [million(line["rows"], engines[name]["seconds"]) if "seconds" in engines.get(name, {}) else "–"
                 for name in ("velo", *peers)]
        memory = [engines[name]["mib"] for name in peers if "mib" in engines.get(name, {})]
        mine = engines.get("velo", {})
        place = (line["workload"], line["format"])
        ratio = beside_goal(line.get("ratio"), goals.TO_BEST_PEER.get(place))
        limit = beside_goal(goals.to_limit(line), goals.TO_LIMIT.get(place))
        rows.append(f"| {line['workload']} {line['about']} | {line['format']} | " + " | ".join(cells)
                    + f" | {ratio} | {limit} | {mine.get('mib', 0):.0f} | {min(memory, default=0):.0f} |")
    return rows


def lane_table(result):
    rows = ["| workload | one lane, s | two lanes, s | gain (goal) |", "|---|---|---|---|"]
    for line in result.get("lanes", []):
        gain = beside_goal(line["one"] / line["two"], goals.TWO_LANES.get(line["workload"]))
        rows.append(f"| {line['workload']} | {line['one']:.2f} | {line['two']:.2f} | {gain} |")
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


# The end of a figure's name says its unit, and what to multiply by.
UNITS = (
    ("rows_per_second", 1, "rows/s"),
    ("rows_per_processor_second", 1, "rows per processor second"),
    ("seconds", 1, "s"),
    ("share", 100, "%"),
    ("ms", 1, "ms"),
)


def rounded(value):
    """Three digits and never an exponent: 5.16 M, 35,400, 0.790; a count as it is."""
    if abs(value) >= 999_500:
        return f"{rounded(value / 1e6)} M"
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".") if abs(value) >= 0.001 else f"{value:.6f}"


def spoken_bytes(value):
    for unit in ("bytes", "KiB", "MiB"):
        if abs(value) < 1000 or unit == "MiB":
            return f"{rounded(value)} {unit}"
        value /= 1024


def spoken(key, value):
    """One figure of bench/engine: ("rows_per_second", 5163950) is "5.16 M rows/s"."""
    if key.endswith("_bytes"):
        return f"{key.removesuffix('_bytes').replace('_', ' ')} {spoken_bytes(value)}"
    if key.startswith("milliseconds_"):
        return f"{rounded(value)} ms {key.removeprefix('milliseconds_').replace('_', ' ')}"
    for ending, factor, unit in UNITS:
        if key == ending or key.endswith("_" + ending):
            return f"{key.removesuffix(ending).replace('_', ' ')}{rounded(value * factor)} {unit}"
    return f"{key.replace('_', ' ')} {rounded(value)}"


def figure_table(result):
    rows = ["| measure | figures |", "|---|---|"]
    for figure in result.get("engine", []):
        said = ", ".join(spoken(key, value) for key, value in figure.items() if key != "measure")
        rows.append(f"| {figure['measure']} | {said} |")
    return rows


def behind_table(result):
    rows = ["| what | measured | goal |", "|---|---|---|"]
    for what, measured, goal in goals.behind(result):
        rows.append(f"| {what} | {'no answer' if measured is None else f'{measured:.2f}'} | {goal:g} |")
    return rows


def baseline(result):
    versions = ", ".join(f"{PEER_NAMES[name]} {version}" for name, version in result["versions"].items())
    times = result.get("start_up_ms", {})
    start_up = ", ".join(f"`{name}` {value:.0f}" for name, value in times.items())
    alone = times.get("velo run -e 'SELECT 1'")
    text = [
        "# Baseline", "",
        f"Written by `make bench` on {datetime.date.today()}: {result['machine']}, {result['cores']} cores, "
        f"{result['memory_gib']:.0f} GiB; build {result['build']}; {versions}; best of {result['runs']}.", "",
        "velo as a whole process, start-up included"
        + (f" ({alone:.0f} ms of each of its times: the median of `velo run -e 'SELECT 1'`)" if alone else "")
        + "; peers inside their process, imports left out; engines in turn in one run; "
        "answers compared before any time is believed. Million rows a second; the limit is a program that only reads "
        "(bench/limits): Arrow's decoding, memchr and from_chars by hand, simdjson on demand, each in two threads. "
        "Bold: short of its goal (bench/goals.py). [What is known of the reasons](NOTES.md).", "",
        *workload_table(result), ""]
    if start_up:
        text += [f"Start-up in milliseconds, median of 20: {start_up}.", ""]
    for title, table in (("Behind its goal", behind_table), ("One lane and two", lane_table),
                         ("Growth with the input (JSON Lines, live windows)", scale_table),
                         ("Under a memory limit", limit_table),
                         ("Inside the engine (bench/engine)", figure_table)):
        lines = table(result)
        if len(lines) > 2:
            text += [f"## {title}", "", *lines, ""]
    return "\n".join(text).rstrip() + "\n"
