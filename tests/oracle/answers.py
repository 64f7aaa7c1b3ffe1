"""Whether two answers are the same: a bag of rows, numbers by value, floating point to the last few digits."""
import datetime
import decimal
import math

RELATIVE = 1e-9


def from_json(value, velo_type):
    """A value of velo's JSON (exact form) as DuckDB's module gives it."""
    if value is None:
        return None
    kind = velo_type.split("(")[0]
    if kind == "INTEGER":
        return int(value)
    if kind == "FLOAT":
        return float(value)
    if kind == "DECIMAL":
        return decimal.Decimal(value)
    if kind == "DATE":
        return datetime.date.fromisoformat(value)
    if kind == "TIMESTAMP":
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
    return value


def rows_of(answer):
    return [tuple(from_json(v, t) for v, t in zip(row, answer["types"])) for row in answer["rows"]]


def same_value(a, b):
    if a is None or b is None or isinstance(a, (str, bool)) or isinstance(b, (str, bool)):
        return a is b if a is None or b is None else a == b
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(float(a), float(b), rel_tol=RELATIVE, abs_tol=1e-12)
    return a == b


def place(value):
    """A key that sorts values of one column; floating point coarsely."""
    if value is None:
        return (0, "")
    if isinstance(value, float):
        return (1, f"{value:.6e}" if abs(value) > 1e-9 else "0")
    return (1, str(value.normalize()) if isinstance(value, decimal.Decimal) else str(value))


def same_rows(ours, theirs, ordered=False):
    if len(ours) != len(theirs):
        return False
    if not ordered:
        exact_first = lambda row: tuple(sorted(((isinstance(v, float), i, place(v)) for i, v in enumerate(row)), key=lambda k: k[:2]))  # noqa: E731
        ours, theirs = sorted(ours, key=exact_first), sorted(theirs, key=exact_first)
    if all(len(a) == len(b) and all(map(same_value, a, b)) for a, b in zip(ours, theirs)):
        return True
    # Numbers that differ in the last digits may have sorted otherwise.
    return not ordered and first_differences(ours, theirs) == ([], [])


def first_differences(ours, theirs, count=4):
    mine, other = list(ours), list(theirs)
    for row in list(mine):
        match = next((r for r in other if len(r) == len(row) and all(map(same_value, row, r))), None)
        if match is not None:
            mine.remove(row)
            other.remove(match)
    return mine[:count], other[:count]
