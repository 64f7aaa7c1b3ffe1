"""The data of the random queries: typed columns with NULLs, duplicates and extreme values, in memory and in files.

Every relation exists twice: for velo (a relation held in memory, or files of one format) and for DuckDB (a table with the
same rows). A file format that does not keep types (CSV, JSON) gives DuckDB a view with the types that velo infers, so that
inference is the one thing that is taken over instead of compared; dates and decimals of Parquet and memory are exact.
"""
import csv
import datetime
import decimal
import json
import random
from dataclasses import dataclass

import pyarrow
import pyarrow.parquet

WORDS = ["alpha", "beta", "Beta", "gamma", " pad ", "", "a_b", "100%", "it's", "Zoë", "ÜBER", "x,y", "12", "-7", "long " * 5]
GROUPS = ["red", "green", "blue", "red", "red"]
LARGE = [2**63 - 1, -(2**63 - 1), 2**53 + 1, -(2**53) - 1, 2**31, 0, 1]
FLOATS = [1.7e308, -1.7e308, 5e-324, 0.1, 1 / 3, -0.0, 0.0, 1e15 + 0.3, 123456.789]


@dataclass(frozen=True)
class Column:
    name: str
    kind: str  # The dialect's name of the type.
    size: float = 0  # Numbers: no value is larger.
    scale: int = 0  # DECIMAL: digits after the point.
    inexact: bool = False  # FLOAT: sums depend on the order of the rows.


COLUMNS = [
    Column("id", "INTEGER", 1000), Column("n", "INTEGER", 20), Column("large", "INTEGER", 2**63), Column("x", "FLOAT", 100),
    Column("y", "FLOAT", 1.8e308, inexact=True), Column("d", "DECIMAL", 1000, 2), Column("e", "DECIMAL", 10, 4),
    Column("s", "STRING"), Column("g", "STRING"), Column("b", "BOOLEAN"), Column("day", "DATE"), Column("seen", "TIMESTAMP"),
]
ARROW = {"INTEGER": pyarrow.int64(), "FLOAT": pyarrow.float64(), "STRING": pyarrow.string(), "BOOLEAN": pyarrow.bool_(),
         "DATE": pyarrow.date32(), "TIMESTAMP": pyarrow.timestamp("us", tz="UTC")}
DUCKDB = {"INTEGER": "BIGINT", "FLOAT": "DOUBLE", "STRING": "VARCHAR", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "TIMESTAMP": "TIMESTAMP"}


@dataclass(frozen=True)
class Relation:
    velo: str  # What stands in FROM.
    duck: str
    columns: tuple
    rows: int


def arrow_type(column):
    return pyarrow.decimal128(12, column.scale) if column.kind == "DECIMAL" else ARROW[column.kind]


def random_rows(random_, count, nulls=0.15):
    start = datetime.datetime(2024, 2, 28, tzinfo=datetime.timezone.utc)
    rows = []
    for i in range(count):
        seen = start + datetime.timedelta(milliseconds=random_.randrange(0, 4 * 86_400_000, 250))
        row = {
            "n": random_.randint(-20, 20), "large": random_.choice(LARGE), "x": random_.randint(-800, 800) / 8,
            "y": random_.choice(FLOATS), "d": decimal.Decimal(random_.choice([0, 1, -1, 5, 250, 99999, -99999, random_.randint(-5000, 5000)])).scaleb(-2),
            "e": decimal.Decimal(random_.choice([0, 5, -5, 5000, 15000, -25000, random_.randint(-99999, 99999)])).scaleb(-4),
            "s": random_.choice(WORDS), "g": random_.choice(GROUPS), "b": random_.random() < 0.5,
            "day": (start + datetime.timedelta(days=random_.randint(-400, 40))).date(), "seen": seen,
        }
        row = {name: None if random_.random() < nulls else value for name, value in row.items()}
        rows.append({"id": i, **row})
    random_.shuffle(rows)
    return rows


def nearly_sorted(random_, rows):
    """Sorted by event time, no row more than three hours late."""
    hours = datetime.timedelta(hours=1)
    return sorted(rows, key=lambda row: (row["seen"] or datetime.datetime.min.replace(tzinfo=datetime.timezone.utc) + hours) + random_.random() * 2.9 * hours)


def to_arrow(rows):
    return pyarrow.table({c.name: pyarrow.array([row[c.name] for row in rows], type=arrow_type(c)) for c in COLUMNS})


def plain(value):
    """The value as JSON and CSV files hold it."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    if isinstance(value, (datetime.date, decimal.Decimal)):
        return str(value)
    return value


def write_jsonl(rows, path):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps({name: plain(value) for name, value in row.items()}, ensure_ascii=False) + "\n")


def write_csv(rows, path):
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([c.name for c in COLUMNS])
        for row in rows:
            values = [plain(row[c.name]) for c in COLUMNS]
            writer.writerow(["" if v is None else str(v).lower() if isinstance(v, bool) else repr(v) if isinstance(v, float) else v for v in values])


def duck_type(velo_type):
    # As few digits as the values have: DuckDB's widening rules cut digits after the point of wide decimals.
    return f"DECIMAL(12,{velo_type.split(',')[1]}" if velo_type.startswith("DECIMAL") else DUCKDB[velo_type]


def column_of(name, velo_type):
    original = next(c for c in COLUMNS if c.name == name)
    kind = velo_type.split("(")[0]
    if kind == original.kind:
        return original
    # A text column of numbers or dates, or decimals read as FLOAT.
    return Column(name, kind, original.size, inexact=True)


class Data:
    """Writes the files into `folder`, makes the tables in `duck`, and asks `describe(from_item)` for inferred types."""

    def __init__(self, seed, folder, duck):
        random_ = random.Random(seed)
        self.folder = folder
        self.duck = duck
        self.sources = []
        self.relations = []
        tables = {"t": random_rows(random_, 60), "u": random_rows(random_, 25), "empty": []}
        tables["ordered"] = sorted(tables["t"], key=lambda row: row["id"])
        tables["nearly_sorted"] = nearly_sorted(random_, tables["t"])
        for name, rows in tables.items():
            table = to_arrow(rows)
            path = folder / f"{name}.parquet"
            pyarrow.parquet.write_table(table, path, row_group_size=16)
            duck.execute(f"CREATE TABLE {name} AS SELECT * REPLACE (CAST(seen AT TIME ZONE 'UTC' AS TIMESTAMP) AS seen) FROM '{path}'")
            self.sources.append((name, path))
            if name != "nearly_sorted":  # Has the rows of t; only laws.py reads it.
                self.relations.append(Relation(name, name, tuple(COLUMNS), len(rows)))
        self.rows = tables["t"]
        self.relations.append(Relation(f"'file://{folder}/t.parquet'", "t", tuple(COLUMNS), 60))
        half = len(self.rows) // 2
        for i, part in enumerate((self.rows[:half], self.rows[half:])):
            pyarrow.parquet.write_table(to_arrow(part), folder / f"part-{i}.parquet")
            write_jsonl(part, folder / f"part-{i}.jsonl")
        write_csv(self.rows, folder / "t.csv")

    def add_inferred(self, describe):
        for name, pattern in (("from_jsonl", "part-*.jsonl"), ("from_csv", "t.csv"), ("from_parts", "part-*.parquet")):
            item = f"'file://{self.folder}/{pattern}'"
            types = describe(item)
            columns = tuple(column_of(c.name, t) for c, t in zip(COLUMNS, types))
            text = ", ".join(self.cast(c, t, name) for c, t in zip(COLUMNS, types))
            self.duck.execute(f"CREATE TABLE {name} AS SELECT {text} FROM t")
            self.relations.append(Relation(item, name, columns, 60))

    @staticmethod
    def cast(column, velo_type, source):
        value = column.name
        if column.kind == "TIMESTAMP" and velo_type == "STRING":
            value = f"strftime({value}, '%Y-%m-%d %H:%M:%S.%g')"
        if column.kind == "STRING" and source == "from_csv":
            value = f"NULLIF({value}, '')"  # An empty cell is NULL.
        return f"CAST({value} AS {duck_type(velo_type)}) AS {column.name}"
