"""Random typed queries: velo's answers beside DuckDB's, and velo's answers beside each other (laws.py).

Usage: random_queries.py [--binary PATH] [--count N] [--seed N] [--minutes N] [--folder PATH]. The seed is printed; the same
seed makes the same data and queries. With --minutes rounds of --count queries follow each other, the seed growing by one. A
failing query is printed with both answers, in the smallest form that still fails.
"""
import argparse
import pathlib
import random
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb

import answers
import expressions
import laws
from engines import Velo, open_duckdb
from queries import DUCK, VELO, QueryGenerator
from tables import Data

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEFAULT_BINARY = ROOT / "build" / "dev" / "velo_sql_tests"
DEFAULT_SEED = 20250404
DEFAULT_COUNT = 5000
PROBES = {
    "join": "SELECT l.id FROM t l JOIN u r ON l.id = r.id",
    "time_bounds": "SELECT l.id FROM t l JOIN u r ON l.id = r.id AND r.seen BETWEEN l.seen AND l.seen",
    "subquery": "SELECT id FROM t WHERE n IN (SELECT n FROM u)",
    "over": "SELECT LAG(n) OVER (ORDER BY id) AS p FROM ordered",
}
# What a run must hold of each, in parts of a hundred queries: a generator that has stopped making joins proves nothing about
# them. A query counts for everything that is in it; files are those of the formats.
LEAST = {"inner join": 2, "left join": 2, "right join": 1, "full join": 1, "semi join": 1, "cross join": 1, "three relations": 1,
         "IN subquery": 2, "EXISTS subquery": 2, "quantified subquery": 2, "scalar subquery": 2, "OVER aggregate": 2, "OVER rank": 1,
         "OVER neighbour": 1, "window": 5, "groups": 20, "union": 5, "derived table": 10, "distinct": 3, "csv": 2, "jsonl": 2, "parquet": 5}
SIGNS = {
    "inner join": r" INNER JOIN ", "left join": r" LEFT JOIN ", "right join": r" RIGHT JOIN ", "full join": r" FULL JOIN ",
    "semi join": r" LEFT SEMI JOIN ", "cross join": r" CROSS JOIN ", "three relations": r" JOIN .* JOIN ",
    "IN subquery": r" IN \(SELECT ", "EXISTS subquery": r"EXISTS \(SELECT ", "quantified subquery": r" (ALL|ANY) \(SELECT ",
    "scalar subquery": r"\(SELECT (COUNT\(\*\)|MAX\(i|MIN\(i)", "OVER aggregate": r"(SUM|MIN|MAX|AVG|COUNT)\([^O]*\) OVER \(",
    "OVER rank": r"(RANK|ROW_NUMBER|NTILE|CUME_DIST)\(\d*\) OVER \(", "OVER neighbour": r"(LAG|LEAD|FIRST_VALUE|LAST_VALUE|NTH_VALUE)\([^O]*\) OVER \(",
    "window": r" WINDOW (TUMBLING|SLIDING|SESSION)\(", "groups": r" GROUP BY ", "union": r" UNION ", "derived table": r"FROM \(SELECT ", "distinct": r"SELECT DISTINCT ",
    "csv": r"\.csv'", "jsonl": r"\.jsonl'", "parquet": r"\.parquet'",
}
SHRUNK = 6  # Failures that are made smaller; the others are only counted.


class Comparison:
    """Both engines over the same data."""

    def __init__(self, velo, duck):
        self.velo = velo
        self.duck = duck

    def ask_duckdb(self, text):
        try:
            return self.duck.execute(text).fetchall()
        except duckdb.Error as error:
            return error

    def verdict(self, query, answer, expected):
        """Why the answers differ; empty when they do not; None when DuckDB has no answer."""
        if isinstance(expected, Exception):
            return None
        if "error" in answer:
            return f"velo: {answer['error']}"
        if answer["bad"]:
            return f"velo rejects {answer['bad']} records"
        kinds = [t.split("(")[0] for t in answer["types"]]
        wanted = [item.kind for _, item in query.outputs()]
        if kinds[:len(wanted)] != wanted:
            return f"types {kinds}, expected {wanted}"
        ours = answers.rows_of(answer)
        if not answers.same_rows(ours, expected, query.ordered):
            mine, other = answers.first_differences(ours, expected)
            return f"{len(ours)} rows, DuckDB has {len(expected)}\n    only velo:   {mine}\n    only DuckDB: {other}"
        for variant in answer.get("variants", []):
            if "error" in variant:
                return f"{variant['how']}: {variant['error']}"
            other = answers.rows_of({"types": answer["types"], "rows": variant["rows"]})
            same = answers.rows_of({"types": answer["types"], "rows": variant["expected"]})
            if not answers.same_rows(same, other, False):
                mine, theirs = answers.first_differences(same, other)
                return f"another answer {variant['how']}\n    usual: {mine}\n    other: {theirs}"
        return ""

    def shrink(self, query, variants, patience=40):
        """The smallest query found that still fails."""
        for _ in range(patience):
            candidates = []
            seen = set()
            for less in query.smaller(expressions.smaller):
                text = less.text(VELO)
                if len(text) < len(query.text(VELO)) and text not in seen:
                    seen.add(text)
                    candidates.append(less)
                if len(candidates) >= 60:
                    break
            if not candidates:
                break
            found = self.velo.run([(str(i), q.text(VELO), variants) for i, q in enumerate(candidates)])
            failing = [q for i, q in enumerate(candidates) if self.verdict(q, found[str(i)], self.ask_duckdb(q.text(DUCK)))]
            if not failing:
                break
            query = min(failing, key=lambda q: len(q.text(VELO)))
        return query

    def report(self, query, variants):
        query = self.shrink(query, variants)
        answer = self.velo.run([("0", query.text(VELO), variants)])["0"]
        why = self.verdict(query, answer, self.ask_duckdb(query.text(DUCK)))
        print(f"FAILED {query.text(VELO)}\n    DuckDB: {query.text(DUCK)}\n    {why}", flush=True)


def features_of(velo):
    found = velo.run([(name, sql, "") for name, sql in PROBES.items()])
    return {name for name in PROBES if "error" not in found[name]}


def shapes_of(texts):
    """How many queries hold each thing of SIGNS."""
    return {name: sum(1 for text in texts if re.search(sign, text)) for name, sign in SIGNS.items()}


def missing_shapes(shapes, count):
    """What there is too little of, in words; small runs are for looking at single failures and prove nothing by themselves."""
    if count < 1000:
        return []
    return [f"only {shapes[name]} of {count} queries have: {name}" for name, least in LEAST.items() if shapes[name] * 100 < least * count]


def generate(random_, relations, features, count):
    generator = QueryGenerator(random_, relations, features)
    queries = []
    while len(queries) < count:
        try:
            query = generator.query()
            variants = "variants" if query.takes_rows_back else "variants+changes"
            queries.append((query, variants if random_.random() < 0.2 else ""))
        except expressions.Unfit:
            continue
    return queries


def run(binary, seed, count, folder):
    started = time.monotonic()
    duck = open_duckdb()
    data = Data(seed, folder, duck)
    velo = Velo(binary, data.sources)
    data.add_inferred(lambda item: velo.run([("0", f"SELECT * FROM {item} LIMIT 1", "")])["0"]["types"])
    features = features_of(velo)
    print(f"seed {seed}, {count} queries, features: {', '.join(sorted(features)) or 'none'}", flush=True)
    queries = generate(random.Random(seed), data.relations, features, count)
    shapes = shapes_of([query.text(VELO) for query, _ in queries])
    print("queries with " + ", ".join(f"{name}: {number}" for name, number in shapes.items()), flush=True)
    comparison = Comparison(velo, duck)
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(velo.run, [(str(i), q.text(VELO), v) for i, (q, v) in enumerate(queries)])
        theirs = [comparison.ask_duckdb(q.text(DUCK)) for q, _ in queries]
        ours = ours.result()
    passed = unanswered = 0
    failing = []
    for i, (query, variants) in enumerate(queries):
        verdict = comparison.verdict(query, ours[str(i)], theirs[i])
        if verdict is None:
            unanswered += 1
            if unanswered <= 3:
                print(f"DuckDB has no answer: {query.text(DUCK)}\n    {theirs[i]}")
        elif verdict:
            failing.append((query, variants))
        else:
            passed += 1
    for query, variants in failing[:SHRUNK]:
        comparison.report(query, variants)
    failed = len(failing)
    # A generator whose queries DuckDB refuses proves nothing.
    if unanswered > count // 50:
        print(f"FAILED DuckDB answered only {count - unanswered} of {count} queries")
        failed += 1
    print(f"compared with DuckDB: {passed} the same, {len(failing)} not, {unanswered} without an answer; {time.monotonic() - started:.0f} s", flush=True)
    for problem in [f"this build does not run: {PROBES[name]}" for name in PROBES if name not in features] + missing_shapes(shapes, count):
        print(f"FAILED {problem}")
        failed += 1
    laws_passed, laws_failed = laws.check(random.Random(seed + 1), velo, data.relations, features, count // 5)
    print(f"{passed + laws_passed} passed, {failed + laws_failed} failed; {time.monotonic() - started:.0f} s", flush=True)
    return passed + laws_passed, failed + laws_failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(DEFAULT_BINARY))
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--minutes", type=float, default=0, help="goes on with the next seeds that long")
    parser.add_argument("--folder", type=pathlib.Path, help="keeps the data files there")
    arguments = parser.parse_args()
    end = time.monotonic() + arguments.minutes * 60
    seed, passed, failed = arguments.seed, 0, 0
    while True:
        with tempfile.TemporaryDirectory() as temporary:
            folder = arguments.folder or pathlib.Path(temporary)
            folder.mkdir(exist_ok=True)
            counts = run(arguments.binary, seed, arguments.count, folder)
        passed, failed, seed = passed + counts[0], failed + counts[1], seed + 1
        if time.monotonic() >= end:
            break
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
