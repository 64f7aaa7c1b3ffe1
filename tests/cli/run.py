#!/usr/bin/env python3
"""Runs the command line as people and scripts do: applications, exit codes, formats. Standard library only."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VELO = os.environ.get("VELO_BIN", str(ROOT / "bin" / "velo"))

ORDERS = "id,region,total\n1,EU,10.50\n2,US,20.00\n3,EU,4.25\n4,US,1.00\n5,,3.00\n"


class Folder:
    """A folder of its own for one test, with orders.csv in it."""

    def __init__(self):
        self.place = tempfile.TemporaryDirectory(prefix="velo-cli-")
        self.path = Path(self.place.name)
        self.write("orders.csv", ORDERS)

    def write(self, name, text):
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("{dir}", str(self.path)))
        return target

    def read(self, name):
        return (self.path / name).read_text()

    def velo(self, *arguments, text=None):
        return subprocess.run([VELO, *map(str, arguments)], cwd=self.path, input=text, text=True, capture_output=True,
                              timeout=60, env={**os.environ, "VELO_DATA_DIR": str(self.path / "data")})


APPLICATION = """-- @app: shop
CREATE STREAM orders (id INTEGER, region STRING, total DECIMAL(12,2))
WITH ('orders.type' = 'file_source', 'orders.path' = '{dir}/orders.csv');

CREATE TABLE by_region AS
SELECT region, COUNT(*) AS orders, SUM(total) AS revenue FROM orders GROUP BY region
INTO 'file://{dir}/by_region.csv', 'file://{dir}/by_region.jsonl';

CREATE STREAM large AS SELECT id, total FROM orders WHERE total > 5;

SELECT region, revenue FROM by_region WHERE revenue > 10 ORDER BY revenue DESC;
"""


def test_a_name_can_stand_for_a_file_beside_the_script(folder):
    script = folder.write("count.sql", "SELECT COUNT(*) AS n FROM o WHERE region = 'EU'")
    for arguments in (("--source", "o=orders.csv", script), (script, "--source", "o=orders.csv")):
        done = folder.velo("run", "--format", "csv", "--final", *arguments)
        assert done.stdout == "n\n2\n", done.stderr
    wrong = folder.velo("run", "--source", "orders.csv", script)
    assert wrong.returncode == 1 and "not a named source" in wrong.stderr, wrong.stderr


def test_an_application_runs_from_end_to_end(folder):
    app = folder.write("app.sql", APPLICATION)
    done = folder.velo("run", app)
    assert done.returncode == 0, done.stderr
    assert folder.read("by_region.csv") == "region,orders,revenue\nEU,2,14.75\nUS,2,21.00\n,1,3.00\n"
    rows = [json.loads(line) for line in folder.read("by_region.jsonl").splitlines()]
    assert rows[0] == {"region": "EU", "orders": 2, "revenue": "14.75"}
    assert "-- large" in done.stdout and "-- query" in done.stdout, done.stdout
    assert done.stdout.index("US") < done.stdout.rindex("EU")
    assert "by_region: 3 rows to" in done.stderr, done.stderr


def test_machine_formats_carry_the_last_result(folder):
    app = folder.write("app.sql", APPLICATION)
    done = folder.velo("run", app, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == [{"region": "US", "revenue": "21.00"}, {"region": "EU", "revenue": "14.75"}]


def test_statements_come_from_standard_input(folder):
    done = folder.velo("run", "-", "--format", "csv", text="CREATE STREAM a AS SELECT 1 AS x; SELECT x + 1 AS y FROM a")
    assert (done.returncode, done.stdout) == (0, "y\n2\n"), done.stderr


def test_one_query_prints_rows(folder):
    done = folder.velo("run", "-e", f"SELECT id FROM file://{folder.path}/orders.csv WHERE id < 3", "--format", "csv")
    assert (done.returncode, done.stdout) == (0, "id\n1\n2\n"), done.stderr


def test_a_path_in_from_is_a_file(folder):
    (folder.path / "in").mkdir()
    folder.write("in/more.csv", "id,region,total\n6,EU,1.00\n")
    for name, rows in (("'orders.csv'", "5"), ("orders.csv", "5"), ("'in/more.csv'", "1"), ("'in/*.csv'", "1"),
                       (f"'{folder.path}/orders.csv'", "5")):
        done = folder.velo("run", "-e", f"SELECT COUNT(*) AS n FROM {name}", "--format", "csv", "--final")
        assert (done.returncode, done.stdout) == (0, f"n\n{rows}\n"), (name, done.stderr)
    wrong = folder.velo("run", "-e", "SELECT * FROM 'order.csv'")
    assert wrong.returncode == 3 and "order.csv" in wrong.stderr and "topic" not in wrong.stderr, wrong.stderr
    wrong = folder.velo("validate", "-", text="SELECT regio FROM 'orders.csv'")
    assert wrong.returncode == 1 and "region" in wrong.stdout + wrong.stderr, wrong.stdout + wrong.stderr
    assert not (folder.path / "data").exists(), "no data folder is made for files"


def test_no_command_says_what_there_is(folder):
    done = folder.velo()
    assert done.returncode == 2 and "velo studio" in done.stdout and "run" in done.stdout, done.stdout


def test_final_prints_one_row_per_key(folder):
    done = folder.velo("run", "--final", "--format", "csv", "-e",
                       f"SELECT region, COUNT(*) AS n FROM file://{folder.path}/orders.csv GROUP BY region")
    assert done.stdout == "region,n\nEU,2\nUS,2\n,1\n", done.stdout + done.stderr


def waits(folder, sql, *flags):
    """What --explain-wait says of a query."""
    done = folder.velo("run", "--explain-wait", *flags, "-e", sql.replace("{dir}", str(folder.path)))
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_silence_is_explained_in_the_reader_s_words(folder):
    folder.write("none.csv", "id,region,total\n")
    folder.write("others.csv", "id,name\n77,x\n")
    orders = f"file://{folder.path}/orders.csv"
    said = waits(folder, f"SELECT id FROM {orders} WHERE total > 100")
    assert "no rows: All 5 rows were read, and none passed the filter: total > 100 removed 5 rows." in said, said
    assert "  WHERE total > 100: 5 in, 0 out, 5 left out\n" in said, said
    said = waits(folder, "SELECT id FROM file://{dir}/none.csv")
    assert "none.csv has no rows." in said, said
    said = waits(folder, "SELECT id FROM file://{dir}/none.csv WHERE id > 3")
    assert "none.csv has no rows, or none that could pass the filter: id > 3." in said, said
    for part in ("part_1.csv", "part_2.csv"):
        folder.write(part, "id\n1\n2\n")
    said = waits(folder, "SELECT id FROM file://{dir}/part_*.csv WHERE id > 3", "--lanes", "2", "--final")
    assert "All 4 rows were read, and none passed the filter: id > 3 removed 4 rows." in said, said
    said = waits(folder, f"SELECT region FROM {orders} GROUP BY region HAVING COUNT(*) > 9", "--final")
    assert "5 rows read, but no result row passed: COUNT(*) > 9 removed 3 rows." in said, said
    said = waits(folder, f"SELECT a.id FROM {orders} a JOIN file://{{dir}}/others.csv b ON a.id = b.id")
    assert "None of the 5 rows on the left and the 1 row on the right" in said and "a key of the left is 1, of the right 77" in said, said
    said = waits(folder, f"SELECT a.id FROM {orders} a JOIN file://{{dir}}/none.csv b ON a.region = b.region")
    assert "No row has reached the right side of the inner join" in said and "the other side has given 5 rows" in said, said
    said = waits(folder, f"SELECT id FROM {orders}, UNNEST(SPLIT(NULLIF(region, region), ',')) AS r(x)")
    assert "reached UNNEST gave no result" in said, said
    said = waits(folder, f"SELECT CAST(region AS INTEGER) AS r FROM {orders} WHERE region = 'EU'", "--final")
    assert "2 records could not be used and were set aside:" in said and "cannot cast 'EU' to INTEGER" in said, said


def test_a_query_that_waits_says_what_for(folder):
    fill = folder.velo("run", "-e", "CREATE STREAM visits AS SELECT page, CAST(seen AS TIMESTAMP) AS seen FROM file://"
                       f"{folder.write('v.csv', 'page,seen' + chr(10) + 'home,2026-01-01 10:00:07' + chr(10))} "
                       "WITH ('visits.type' = 'kafka_sink')")
    assert fill.returncode == 0, fill.stderr
    window = "SELECT page, COUNT(*) AS n FROM visits GROUP BY page WINDOW TUMBLING(seen, 1m)"
    said = waits(folder, window, "--for", "2s")
    assert "no rows yet: The first window closes at 2026-01-01T10:01:00.000Z" in said, said
    assert "event time (the watermark) is at 2026-01-01T10:00:07.000Z" in said and "EMIT CHANGES" in said, said
    assert said.count("no rows yet:") == 1, said
    final = folder.velo("run", "--final", "--format", "csv", "-e", window)
    assert final.stdout == "page,n\nhome,1\n", final.stdout + final.stderr
    said = waits(folder, "SELECT page FROM visits WHERE page = 'nowhere'", "--for", "2s")
    assert "no rows yet: All 1 row were read" not in said and "page = 'nowhere' removed 1 row" in said, said


def test_final_writes_where_the_query_says(folder):
    done = folder.velo("run", "--final", "-e", f"SELECT region, COUNT(*) AS n FROM file://{folder.path}/orders.csv GROUP BY region "
                                               f"INTO 'file://{folder.path}/counts.csv'")
    assert done.returncode == 0, done.stderr
    assert folder.read("counts.csv").startswith("region,n\n"), folder.read("counts.csv")


def test_a_limit_stops(folder):
    done = folder.velo("run", "--limit", "2", "--format", "csv", "-e", f"SELECT id FROM file://{folder.path}/orders.csv")
    assert done.stdout == "id\n1\n2\n", done.stdout + done.stderr


def test_topics_hold_what_an_application_wrote(folder):
    written = folder.velo("run", "-e", f"CREATE STREAM kept AS SELECT id, region FROM file://{folder.path}/orders.csv "
                                       "WHERE id > 3 WITH ('kept.type' = 'kafka_sink')")
    assert written.returncode == 0, written.stderr
    read = folder.velo("run", "--for", "2s", "--limit", "2", "--format", "csv", "-e", "SELECT id FROM kept")
    assert read.stdout == "id\n4\n5\n", read.stdout + read.stderr
    shown = folder.velo("run", "--format", "csv", "-e", "SHOW TOPICS")
    assert shown.stdout == "name,partitions,messages\nkept,1,2\n", shown.stdout + shown.stderr


def test_show_and_explain_answer_with_rows(folder):
    done = folder.velo("run", "--format", "json", "-e", "SHOW FUNCTIONS LIKE 'UPPER'")
    assert json.loads(done.stdout)["rows"][0]["name"] == "UPPER", done.stderr
    done = folder.velo("run", "--format", "csv", "-e", f"EXPLAIN SELECT id FROM file://{folder.path}/orders.csv")
    assert done.stdout.startswith("plan\n") and "Source" in done.stdout, done.stdout


def test_explain_analyze_runs_and_measures(folder):
    done = folder.velo("run", "--format", "json", "-e",
                       f"EXPLAIN ANALYZE SELECT region, COUNT(*) AS n FROM file://{folder.path}/orders.csv WHERE total > 2 GROUP BY region "
                       f"EMIT FINAL INTO 'file://{folder.path}/never.csv'")
    lines = [row["plan"] for row in json.loads(done.stdout)["rows"]]
    time_taken = r"\d+(\.\d+)? ms"
    assert any(re.fullmatch(rf"Ran in {time_taken}: 5 rows read \(\d+ bytes\), 3 rows out, state \d+ bytes", line) for line in lines), lines
    assert any(re.fullmatch(rf"  GROUP BY region: 4 rows in, 3 out", line) for line in lines), lines
    assert any(re.fullmatch(rf"  WHERE total > 2: 5 rows in, 4 out, 1 left out", line) for line in lines), lines
    assert not (folder.path / "never.csv").exists()


def test_a_wrong_statement_stops_the_script_before_it_starts(folder):
    done = folder.velo("run", "-e", "CREATE STREAM a AS SELECT 1 AS x INTO 'file:///tmp/never_written.csv'; SELECT wrong FROM a")
    assert done.returncode == 1 and "E2102" in done.stderr, done.stderr
    assert not os.path.exists("/tmp/never_written.csv")


def test_a_missing_file_says_so(folder):
    done = folder.velo("run", "-e", "SELECT * FROM file:///no/such/file.csv")
    assert done.returncode == 3 and "E3022" in done.stderr + done.stdout or "SOURCE_NOT_FOUND" in done.stderr, done.stderr


def test_validate_answers_with_its_exit_code(folder):
    good, bad = folder.write("good.sql", "SELECT 1 AS x;\n"), folder.write("bad.sql", "SELECT;\n")
    assert folder.velo("validate", good).returncode == 0
    assert folder.velo("validate", bad).returncode == 1
    assert folder.velo("validate", good, bad).returncode == 1
    assert folder.velo("validate", folder.path / "missing.sql").returncode == 2
    assert folder.velo("validate", "--no-such-flag").returncode == 2


def test_validate_speaks_json_and_github(folder):
    bad = folder.write("bad.sql", "SELECT a\nFROM t\nWHERE;\n")
    answer = json.loads(folder.velo("validate", bad, "--format", "json").stdout)[0]
    error = answer["errors"][0]
    assert answer["valid"] is False and error["code"] == "E1005" and error["line"] == 3, answer
    assert error["context"] == "WHERE;"
    shown = folder.velo("validate", bad, "--format", "github").stdout
    assert shown.startswith("::error file=") and ",line=3,col=" in shown, shown


def test_strict_makes_readiness_count(folder):
    loose = folder.write("loose.sql", "CREATE STREAM s AS SELECT a FROM nowhere_known WHERE a > 1;\n")
    assert folder.velo("validate", loose).returncode == 0
    strict = folder.velo("validate", "--strict", loose)
    assert strict.returncode == 1 and "error[E3001]" in strict.stdout and "error[E3002]" in strict.stdout, strict.stdout


def test_config_files_must_be_there(folder):
    app = folder.write("app.sql", "SELECT a FROM t WITH ('t.config_file' = 'conf/t.yaml');\n")
    assert "E3006" in folder.velo("validate", app).stdout
    folder.write("conf/t.yaml", "topic: t\n")
    assert "E3006" not in folder.velo("validate", app).stdout


def test_config_files_fill_in_what_the_statement_leaves_out(folder):
    folder.write("data/semi.txt", "id;region\n1;EU\n2;US\n")
    folder.write("conf/base.yaml", "file:\n  delimiter: ','   # overridden\n  has_headers: true\nformat: csv\n")
    folder.write("conf/orders.yaml", "extends: base.yaml\ndatasource:\n  path: {dir}/data/semi.txt\n  delimiter: \";\"\n"
                                     "datasink:\n  path: {dir}/never.csv\n")
    app = folder.write("app.sql", "SELECT id, region FROM orders WITH ('orders.config_file' = 'conf/orders.yaml', 'orders.type' = 'file_source');\n")
    done = folder.velo("run", app, "--format", "csv")
    assert done.stdout == "id,region\n1,EU\n2,US\n", done.stdout + done.stderr
    # What WITH says wins over the file.
    folder.write("data/comma.csv", "id,region\n7,EU\n")
    app = folder.write("app.sql", "SELECT id FROM orders WITH ('orders.config_file' = 'conf/orders.yaml', 'orders.type' = 'file_source', "
                                  "'path' = '{dir}/data/comma.csv', 'delimiter' = ',');\n")
    done = folder.velo("run", app, "--format", "csv")
    assert done.stdout == "id\n7\n", done.stdout + done.stderr
    folder.write("conf/sink.properties", "# where results go\nsink.path = {dir}/out.csv\nsink.type: file_sink\n")
    app = folder.write("app.sql", "CREATE STREAM large AS SELECT id FROM file://{dir}/orders.csv WHERE total > 5 "
                                  "WITH ('sink_config' = 'conf/sink.properties', 'large.type' = 'file_sink');\n")
    done = folder.velo("run", app)
    assert folder.read("out.csv") == "id\n1\n2\n", done.stdout + done.stderr


def test_config_files_are_faulted_by_file_and_line(folder):
    app = folder.write("app.sql", "SELECT region FROM file://{dir}/orders.csv WITH ('config_file' = 'conf/job.yaml');\n")
    missing = folder.velo("run", app)
    assert missing.returncode == 1 and "error[E3006]: the config file conf/job.yaml is not there" in missing.stderr, missing.stderr
    folder.write("conf/job.yaml", "max:\n  groups: many\nbatch_sise: 5\n")
    said = folder.velo("validate", app).stdout
    assert "E3010" in said and "conf/job.yaml line 2: 'many' is no value for 'max.groups'" in said, said
    assert "W3011" in said and "conf/job.yaml line 3: unknown property 'batch_sise'" in said and "did you mean 'batch.size'" in said, said
    folder.write("conf/job.yaml", "max.groups: 3\n\tformat: csv\n")
    said = folder.velo("validate", app).stdout
    assert "E3006" in said and "conf/job.yaml line 2: a tab in the indentation" in said, said
    folder.write("conf/job.yaml", "extends: job.yaml\n")
    assert "extends itself" in folder.velo("validate", app).stdout
    folder.write("secret.txt", "password: x\n")
    said = folder.velo("validate", "-", text="SELECT 1 AS x WITH ('config_file' = 'secret.txt')").stdout
    assert "no known ending" in said and "password" not in said, said


def test_several_findings_come_at_once(folder):
    app = folder.write("app.sql", "SELECT;\nSELECT 1 FORM x;\nSELECT UPPER(1, 2);\n")
    shown = folder.velo("validate", app).stdout
    assert shown.count("error[") >= 3, shown


def test_a_large_application_validates_quickly(folder):
    lines = []
    for number in range(100):
        lines += [f"-- @name: step_{number}", f"CREATE STREAM s{number} AS SELECT id, region, total * {number} AS total",
                  f"FROM {'orders' if number == 0 else f's{number - 1}'}", f"WHERE id > {number}",
                  f"WITH ('s{number}.type' = 'kafka_sink');"]
    app = folder.write("large.sql", "\n".join(["CREATE STREAM orders (id INTEGER, region STRING, total DECIMAL(12,2));"] + lines))
    best = 60.0
    for _ in range(5):
        started = time.time()
        done = folder.velo("validate", app, "--format", "json")
        best = min(best, time.time() - started)
        assert done.returncode == 0, done.stdout[:500]
    # The start of the process is part of it; the analysis itself is measured by the benchmark.
    assert best < 1.0, f"{best * 1000:.0f} ms"


def test_a_killed_application_goes_on_where_it_stood(folder):
    folder.write("in.csv", "id,v\n" + "".join(f"{i},{i * 7919 % 101}\n" for i in range(400_000)))
    made = folder.velo("run", "-e", "CREATE STREAM e AS SELECT id, v FROM file://in.csv INTO 'topic://events'"
                       .replace("file://", f"file://{folder.path}/"))
    assert made.returncode == 0, made.stderr
    script = folder.write("app.sql", """CREATE STREAM kept AS SELECT id, v FROM events WHERE v > 20
INTO 'file://{dir}/kept.csv', 'topic://kept';
CREATE STREAM sums AS SELECT v, COUNT(*) AS n, SUM(id) AS s FROM events GROUP BY v EMIT CHANGES INTO 'topic://sums';
""")
    command = [VELO, "run", script, "--checkpoint-dir", "state", "--checkpoint-interval", "5ms"]
    environment = {**os.environ, "VELO_DATA_DIR": str(folder.path / "data")}
    def newest():
        return max((file.name for file in (folder.path / "state").glob("*.checkpoint")), default="")
    for delay in (0, 0.02, 0.05, 0.1):
        known, started = newest(), time.monotonic()
        killed = subprocess.Popen(command, cwd=folder.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env=environment)
        while newest() == known and time.monotonic() < started + 20:
            time.sleep(0.002)
        time.sleep(delay)
        killed.kill()
        killed.wait()
    last = folder.velo(*command[1:], "--for", "4s", "--explain-wait")
    assert last.returncode == 0, last.stderr
    assert "goes on from the checkpoint of" in last.stderr and "checkpoints: " in last.stderr, last.stderr
    rows = [(i, i * 7919 % 101) for i in range(400_000)]
    wanted = "id,v\n" + "".join(f"{i},{v}\n" for i, v in rows if v > 20)
    assert folder.read("kept.csv") == wanted
    topic = folder.velo("run", "-e", "SELECT id, v FROM kept", "--format", "csv", "--for", "3s", "--limit",
                        str(wanted.count("\n") - 1))
    assert topic.stdout == wanted, topic.stderr
    sums, expected = {}, []
    for i, v in rows:
        n, s = sums.get(v, (0, 0))
        sums[v] = (n + 1, s + i)
        expected.append(f"{v},{n + 1},{s + i}\n")
    given = folder.velo("run", "-e", "SELECT v, n, s FROM sums", "--format", "csv", "--for", "3s", "--limit", "400000")
    assert given.stdout == "v,n,s\n" + "".join(expected), given.stderr[-500:]


def test_checkpoints_are_refused_where_they_keep_nothing(folder):
    for arguments, what in ((("-e", "SELECT * FROM file://orders.csv"), "nothing to keep"),
                            (("-e", "SELECT 1 AS a INTO 'file://{dir}/a.csv'", "--checkpoint-interval", "soon"),
                             "does not understand"),
                            (("-e", "SELECT 1 AS a INTO 'file://{dir}/a.parquet'"), "cannot be taken up again")):
        done = folder.velo("run", *(a.replace("{dir}", str(folder.path)).replace("//orders", f"//{folder.path}/orders")
                                    for a in arguments), "--checkpoint-dir", "state")
        assert done.returncode != 0 and what in done.stderr, done.stderr


# By way of a small process, because what a process had at its peak counts as that of those it starts.
PEAK = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(code)"""


def peak_mib(*arguments):
    done = subprocess.run([sys.executable, "-c", PEAK, VELO, "run", *arguments], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_a_memory_limit_is_kept_by_the_whole_process(folder):
    with (folder.path / "keys.csv").open("w") as keys:
        keys.write("key\n")
        keys.writelines(f"{row * 7919}\n" for row in range(3_000_000))
    groups = f"SELECT key, COUNT(*) AS c FROM 'file://{folder.path}/keys.csv' GROUP BY key EMIT FINAL"
    query = ("-e", f"SELECT COUNT(*) AS n, MAX(c) AS most FROM ({groups}) AS g", "--final", "--format", "csv")
    base = peak_mib("-e", "SELECT 1 AS one")
    limited, free = peak_mib(*query, "--memory-limit", "64MB"), peak_mib(*query)
    assert limited - base < 1.5 * 64 < free - base, (base, limited, free)
    answer = folder.velo("run", *query, "--memory-limit", "64MB")
    assert answer.stdout == "n,most\n3000000,1\n", answer


def test_properties_are_listed(folder):
    listed = json.loads(folder.velo("properties", "--format", "json").stdout)
    names = [entry["name"] for entry in listed]
    assert len(names) > 200 and "watermark.strategy" in names and len(names) == len(set(names))


def main():
    passed, failed = 0, []
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (sys.argv[1:] and not any(word in name for word in sys.argv[1:])):
            continue
        folder = Folder()
        try:
            test(folder)
            passed += 1
        except Exception:
            failed.append(name)
            print(f"FAILED {name}\n{traceback.format_exc(limit=-2)}", flush=True)
        finally:
            folder.place.cleanup()
    print(f"cli: {passed} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
