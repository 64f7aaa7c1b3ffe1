"""What the figures are held against: how many times as fast as the best peer, and as the limit (bench/limits), each
workload is meant to be. What falls short is listed in the baseline; nothing here fails a run."""

TO_BEST_PEER = {
    ("F1", "csv"): 1.5, ("F1", "jsonl"): 2.5, ("F1", "parquet"): 1.0,
    ("F2", "csv"): 1.5, ("F2", "jsonl"): 2.5, ("F2", "parquet"): 1.0,
    ("F3", "csv"): 2.0, ("F3", "jsonl"): 2.5, ("F3", "parquet"): 1.5,
    ("F4", "parquet"): 1.5,
    ("F5", "parquet"): 1.5,
    ("F6", "parquet"): 1.0,
    ("F7", "parquet"): 3.0,
    ("F8", "parquet"): 1.2,
    ("F9", "csv"): 1.2, ("F9", "parquet"): 1.2,
    ("F10", "jsonl"): 1.2,
}
TO_LIMIT = {
    ("F1", "csv"): 0.5, ("F1", "jsonl"): 0.5, ("F1", "parquet"): 1.0,
    ("F2", "csv"): 0.4, ("F2", "jsonl"): 0.45, ("F2", "parquet"): 1.0,
    ("F3", "csv"): 0.3, ("F3", "jsonl"): 0.4, ("F3", "parquet"): 1.0,
    ("F4", "parquet"): 1.0,
    ("F5", "parquet"): 0.5,
    ("F10", "jsonl"): 0.6,
}
TWO_LANES = {"F2": 1.8, "F3": 1.8, "F4": 1.8, "F5": 1.8}


def is_met(measured, goal):
    """Compares what a reader sees: two digits after the point."""
    return goal is None or measured is not None and round(measured, 2) >= goal


def to_limit(line):
    """Of a workload's line in the result: the share of the limit that velo reaches; None without either."""
    seconds = line["engines"].get("velo", {}).get("seconds")
    return line["limit_seconds"] / seconds if line.get("limit_seconds") and seconds else None


def behind(result):
    """(what, measured or None, goal) of every goal that is missed. A limit that is not built is no goal."""
    missed = []
    for line in result["lines"]:
        place = (line["workload"], line["format"])
        name = " ".join(place)
        if not is_met(line.get("ratio"), TO_BEST_PEER.get(place)):
            missed.append((f"{name}, to the best peer", line.get("ratio"), TO_BEST_PEER[place]))
        if line.get("limit_seconds") and not is_met(to_limit(line), TO_LIMIT.get(place)):
            missed.append((f"{name}, to the limit", to_limit(line), TO_LIMIT[place]))
    for line in result.get("lanes", []):
        gain, goal = line["one"] / line["two"], TWO_LANES.get(line["workload"])
        if not is_met(gain, goal):
            missed.append((f"{line['workload']}, two lanes to one", gain, goal))
    return missed
