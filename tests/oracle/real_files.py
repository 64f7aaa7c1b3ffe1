"""Real files of the vega-datasets package, queried by `velo run --final` and by DuckDB: the answers must be the same.

Usage: real_files.py [velo binary]. One dialect where both agree, two texts where they differ.
"""
import csv
import io
import math
import os
import subprocess
import sys
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent.parent
VELO = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("VELO_BIN", str(ROOT / "bin" / "velo"))
DATA = ROOT / "web" / "node_modules" / "vega-datasets" / "data"

# file, query with {f} for the source; a second query when DuckDB spells it otherwise.
CASES = [
    ("stocks.csv", "SELECT symbol, COUNT(*) AS n, AVG(price) AS a, MIN(price) AS lo, MAX(price) AS hi FROM {f} GROUP BY symbol"),
    ("stocks.csv", "SELECT symbol, STDDEV(price) AS s, VARIANCE(price) AS v FROM {f} GROUP BY symbol HAVING COUNT(*) > 70"),
    ("stocks.csv", "SELECT symbol, price FROM {f} WHERE symbol IN ('AAPL', 'MSFT') AND price BETWEEN 90 AND 120"),
    ("stocks.csv", "SELECT symbol, MAX(price) - MIN(price) AS spread FROM {f} GROUP BY symbol ORDER BY spread DESC LIMIT 3"),
    ("stocks.csv", "SELECT COUNT(DISTINCT symbol) AS symbols, SUM(price) AS total FROM {f}"),
    ("stocks.csv", "SELECT UPPER(SUBSTRING(date, 1, 3)) AS month, COUNT(*) AS n FROM {f} GROUP BY UPPER(SUBSTRING(date, 1, 3))"),
    ("seattle-weather.csv", "SELECT weather, COUNT(*) AS n, AVG(temp_max) AS t, SUM(precipitation) AS p FROM {f} GROUP BY weather"),
    ("seattle-weather.csv", "SELECT CASE WHEN temp_max >= 20 THEN 'warm' WHEN temp_max >= 10 THEN 'mild' ELSE 'cold' END AS band, COUNT(*) AS n, MAX(wind) AS w FROM {f} GROUP BY band"),
    ("seattle-weather.csv", "SELECT date, temp_max FROM {f} WHERE temp_max > 33 ORDER BY temp_max DESC, date LIMIT 5"),
    ("seattle-weather.csv", "SELECT EXTRACT(YEAR FROM date) AS y, EXTRACT(MONTH FROM date) AS m, AVG(temp_min) AS t FROM {f} GROUP BY y, m"),
    ("seattle-weather.csv", "SELECT weather, COUNT(*) AS n, AVG(wind) AS w FROM {f} GROUP BY weather WINDOW TUMBLING(date, INTERVAL '7' DAY)",
     "SELECT weather, COUNT(*) AS n, AVG(wind) AS w FROM {f} GROUP BY weather, (epoch(date)::BIGINT // 604800)"),
    ("seattle-weather.csv", "SELECT COUNT(*) AS rainy FROM {f} WHERE precipitation > 0 AND NOT weather = 'rain'"),
    ("airports.csv", "SELECT state, COUNT(*) AS n, AVG(latitude) AS lat FROM {f} GROUP BY state HAVING COUNT(*) >= 20"),
    ("airports.csv", "SELECT iata, name, city FROM {f} WHERE state = 'CA' AND city LIKE 'San%'"),
    ("airports.csv", "SELECT country, COUNT(DISTINCT state) AS states FROM {f} GROUP BY country"),
    ("airports.csv", "SELECT COUNT(*) AS n FROM {f} WHERE iata LIKE '0%'"),
    ("github.csv", "SELECT SUM(count) AS s, AVG(count) AS a, COUNT(*) AS n FROM {f}"),
    ("github.csv", "SELECT EXTRACT(HOUR FROM time) AS h, SUM(count) AS s FROM {f} GROUP BY h"),
    ("la-riots.csv", "SELECT race, gender, COUNT(*) AS n, AVG(age) AS a FROM {f} GROUP BY race, gender"),
    ("la-riots.csv", "SELECT first_name, last_name FROM {f} WHERE neighborhood IS NULL OR age IS NULL"),
    ("unemployment.tsv", "SELECT COUNT(*) AS n, AVG(rate) AS a, MAX(id) AS m FROM {f}"),
    ("birdstrikes.csv", 'SELECT "Wildlife Size" AS size, COUNT(*) AS n, SUM("Cost Repair") AS cost FROM {f} GROUP BY "Wildlife Size"'),
    ("birdstrikes.csv", 'SELECT "Origin State" AS state, AVG("Speed IAS in knots") AS speed FROM {f} GROUP BY "Origin State" ORDER BY speed DESC LIMIT 4'),
    ("zipcodes.csv", "SELECT state, COUNT(*) AS n, MIN(zip_code) AS lo FROM {f} GROUP BY state",
     "SELECT state, COUNT(*) AS n, MIN(zip_code) AS lo FROM read_csv({f}, types={{'zip_code': 'VARCHAR'}}) GROUP BY state"),
    ("windvectors.csv", "SELECT COUNT(*) AS n, AVG(speed) AS s, MIN(longitude) AS lo FROM {f}"),
    ("movies.json", "SELECT `MPAA Rating` AS rating, COUNT(*) AS n, SUM(`US Gross`) AS gross FROM {f} GROUP BY `MPAA Rating`",
     'SELECT "MPAA Rating" AS rating, COUNT(*) AS n, SUM("US Gross") AS gross FROM {f} GROUP BY "MPAA Rating"'),
    ("movies.json", "SELECT `Major Genre` AS genre, AVG(`IMDB Rating`) AS r, COUNT(`IMDB Rating`) AS n FROM {f} WHERE `IMDB Votes` > 1000 GROUP BY `Major Genre`",
     'SELECT "Major Genre" AS genre, AVG("IMDB Rating") AS r, COUNT("IMDB Rating") AS n FROM {f} WHERE "IMDB Votes" > 1000 GROUP BY "Major Genre"'),
    ("movies.json", "SELECT COUNT(*) AS n, COUNT(`Title`) AS titles, COUNT(`Director`) AS directors FROM {f}",
     """SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE "Title" IS NOT NULL AND "Title"::VARCHAR <> 'null') AS titles, COUNT("Director") AS directors FROM {f}"""),
    ("movies.json", "SELECT `Title` AS t FROM {f} WHERE `Title` IN ('300', '1776', 'Titanic', 'Avatar')",
     """SELECT "Title"->>'$' AS t FROM {f} WHERE ("Title"->>'$') IN ('300', '1776', 'Titanic', 'Avatar')"""),
    ("flights-2k.json", "SELECT origin, COUNT(*) AS n, AVG(delay) AS d, MAX(distance) AS far FROM {f} GROUP BY origin"),
    ("flights-200k.json", "SELECT CASE WHEN delay > 15 THEN 'late' ELSE 'fine' END AS kind, COUNT(*) AS n, AVG(distance) AS d FROM {f} GROUP BY kind"),
    ("flights-200k.arrow", "SELECT COUNT(*) AS n, SUM(delay) AS d, AVG(distance) AS a FROM {f}",
     "SELECT COUNT(*) AS n, SUM(delay) AS d, AVG(distance) AS a FROM '{folder}/flights-200k.json'"),
    ("flights-3m.parquet", "SELECT origin, COUNT(*) AS n, AVG(delay) AS d FROM {f} GROUP BY origin HAVING COUNT(*) > 50000"),
    ("flights-3m.parquet", "SELECT destination, SUM(distance) AS d FROM {f} WHERE delay < -30 GROUP BY destination ORDER BY d DESC LIMIT 10"),
    ("flights-3m.parquet", "SELECT COUNT(*) AS n FROM {f} WINDOW TUMBLING(date, INTERVAL '30' DAY)",
     "SELECT COUNT(*) AS n FROM {f} GROUP BY epoch(date)::BIGINT // 2592000"),
    ("cars.json", "SELECT Origin, Cylinders, COUNT(*) AS n, AVG(Horsepower) AS hp FROM {f} GROUP BY Origin, Cylinders"),
    ("penguins.json", "SELECT Species, Sex, COUNT(*) AS n, AVG(`Body Mass (g)`) AS mass FROM {f} GROUP BY Species, Sex",
     'SELECT Species, Sex, COUNT(*) AS n, AVG("Body Mass (g)") AS mass FROM {f} GROUP BY Species, Sex'),
    ("barley.json", "SELECT DISTINCT site, year FROM {f}"),
    ("jobs.json", "SELECT sex, year, SUM(count) AS n FROM {f} GROUP BY sex, year"),
    ("flights-*k.json", "SELECT COUNT(*) AS n, SUM(distance) AS d FROM {f}"),
]


def velo(sql):
    process = subprocess.run([VELO, "run", "-e", sql, "--final", "--format", "csv"], capture_output=True, text=True, timeout=120)
    if process.returncode != 0:
        raise RuntimeError(process.stderr.strip())
    return [tuple(row) for row in list(csv.reader(io.StringIO(process.stdout)))[1:]]


def duck(sql):
    return [tuple("" if cell is None else str(cell) for cell in row) for row in duckdb.sql(sql).fetchall()]


def as_number(text):
    try:
        return float(text)
    except ValueError:
        return None


def same_cell(a, b):
    if a == b:
        return True
    x, y = as_number(a), as_number(b)
    return x is not None and y is not None and math.isclose(x, y, rel_tol=1e-9, abs_tol=1e-9)


def sort_key(row):
    return tuple(cell if as_number(cell) is None else f"{as_number(cell):.9e}" for cell in row)


def run():
    """(passed, failed); prints what fails."""
    passed = failed = 0
    for name, text, *other in CASES:
        path = DATA / name
        try:
            ours = sorted(velo(text.format(f=f"file://{path}")), key=sort_key)
            theirs = sorted(duck((other[0] if other else text).format(f=f"'{path}'", folder=DATA)), key=sort_key)
            same = len(ours) == len(theirs) and all(
                len(a) == len(b) and all(map(same_cell, a, b)) for a, b in zip(ours, theirs))
        except (RuntimeError, duckdb.Error, subprocess.TimeoutExpired) as error:
            print(f"FAILED {name}: {text}\n  {error}")
            failed += 1
            continue
        if same:
            passed += 1
        else:
            failed += 1
            differing = [(a, b) for a, b in zip(ours, theirs) if a != b][:3]
            print(f"FAILED {name}: {text}\n  {len(ours)} rows, DuckDB has {len(theirs)}; first differences: {differing or (ours[-2:], theirs[-2:])}")
    print(f"{passed} passed, {failed} failed", flush=True)
    return passed, failed


if __name__ == "__main__":
    sys.exit(1 if run()[1] else 0)
