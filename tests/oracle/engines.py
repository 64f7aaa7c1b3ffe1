"""Runs many queries at once: in velo through `velo_sql_tests --batch`, in DuckDB through its Python module."""
import json
import subprocess
import tempfile

import duckdb

from expressions import QUOTIENT_MACROS

TIMEOUT_SECONDS = 900


class Velo:
    def __init__(self, binary, sources):
        self.binary = binary
        self.sources = sources

    def run(self, queries):
        """{id: answer} for [(id, sql, variants)], variants being a word of query_batch.h or empty; an answer is the line of query_batch.h, or {"error": ...}. A crash is the
        answer of the query that it happened in, and the rest is run in another process."""
        answers = {}
        rest = list(queries)
        while rest:
            with tempfile.NamedTemporaryFile("w", suffix=".queries", encoding="utf-8") as batch:
                for name, path in self.sources:
                    batch.write(f"source {name} {path}\n")
                for key, sql, variants in rest:
                    batch.write(f"query {key} {variants}\n{sql}\nend\n")
                batch.flush()
                done = subprocess.run([self.binary, "--batch", batch.name], capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
            for line in done.stdout.splitlines():
                answer = json.loads(line)
                answers[answer["id"]] = answer
            left = [q for q in rest if q[0] not in answers]
            if done.returncode == 0 and left:
                raise RuntimeError(f"no answer to {left[0]}")
            if done.returncode != 0 and not left:
                raise RuntimeError(f"velo_sql_tests ended with {done.returncode}: {done.stderr[-2000:]}")
            if left:
                answers[left[0][0]] = {"error": f"CRASH ({done.returncode}): {done.stderr[-2000:]}"}
            rest = left[1:]
        return answers


def open_duckdb():
    duck = duckdb.connect()
    # One thread: rows keep their order, so that what depends on it (STRING_AGG) is the same.
    duck.execute("SET threads = 1; SET TimeZone = 'UTC'")
    # Its optimizer has been caught with a wrong answer (CONTAINS over CASE above a UNION); plain plans are what is wanted.
    duck.execute("PRAGMA disable_optimizer")
    for macro in QUOTIENT_MACROS:
        duck.execute(macro)
    return duck
