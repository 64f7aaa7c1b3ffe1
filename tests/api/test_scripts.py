"""Scripts: several statements, objects that later scripts of a thread read, places that may not be written."""
import os
import tempfile
import time

TOTALS = ("CREATE TABLE totals AS SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol;\n"
          "SELECT symbol, n FROM totals ORDER BY symbol")


def thread(studio):
    return studio.post("/api/threads", {}).json["thread"]["id"]


def run(studio, sql, thread_id="", status=200, artifact="", **options):
    body = {"sql": sql, "options": {"mode": "snapshot", **options}}
    if thread_id:
        body["thread_id"] = thread_id
    if artifact:
        body["artifact_id"] = artifact
    answer = studio.post("/api/execute", body)
    assert answer.status == status, answer.body
    return answer.json


def kinds(answer):
    return [(statement["kind"], statement["state"]) for statement in answer["statements"]]


def test_one_statement_reads_what_another_made(studio):
    answer = run(studio, TOTALS, thread(studio))
    assert answer["success"] and kinds(answer) == [("create_table", "done"), ("select", "done")], answer
    made, read = answer["statements"]
    assert made["message"].startswith("Table totals created · 2 columns"), made
    assert read["row_count"] == len(answer["rows"]) > 3
    assert answer["execution_id"] == read["execution_id"]
    assert read["span"]["line"] == 2


def test_a_later_script_of_the_thread_reads_it_and_other_threads_do_not(studio):
    mine, other = thread(studio), thread(studio)
    run(studio, TOTALS, mine)
    assert run(studio, "SELECT COUNT(*) AS n FROM totals", mine)["rows"][0]["n"] > 3
    checked = studio.post("/api/validate", {"sql": "SELECT n FROM totals", "thread_id": mine}).json
    assert checked["valid"], checked["errors"]
    refused = run(studio, "SELECT * FROM totals", other, status=404)
    assert "totals" in refused["error"]["message"]


def test_two_threads_have_tables_of_the_same_name(studio):
    first, second = thread(studio), thread(studio)
    run(studio, "CREATE TABLE t (k STRING, v INTEGER); INSERT INTO t VALUES ('a', 1)", first)
    run(studio, "CREATE TABLE t (k STRING, v INTEGER); INSERT INTO t VALUES ('b', 2), ('c', 3)", second)
    assert run(studio, "SELECT k FROM t", first)["rows"] == [{"k": "a"}]
    assert run(studio, "SELECT k FROM t ORDER BY k", second)["rows"] == [{"k": "b"}, {"k": "c"}]


def test_rows_are_changed_and_shown(studio):
    answer = run(studio, """
CREATE TABLE stock (item STRING PRIMARY KEY, n INTEGER);
INSERT INTO stock VALUES ('nut', 5), ('bolt', 7), ('gear', 1);
UPDATE stock SET n = n + 10 WHERE item = 'nut';
DELETE FROM stock WHERE n < 5;
SELECT item, n FROM stock ORDER BY item;
SHOW TABLES;
DESCRIBE stock;
EXPLAIN SELECT item FROM stock;
DROP TABLE stock;""", thread(studio))
    by_kind = {statement["kind"]: statement for statement in answer["statements"]}
    assert all(statement["state"] == "done" for statement in answer["statements"]), answer["statements"]
    assert by_kind["insert"]["message"] == "3 rows added to stock"
    assert by_kind["update"]["message"] == "1 row updated"
    assert by_kind["delete"]["message"] == "1 row deleted"
    rows = studio.get(f"/api/executions/{by_kind['select']['execution_id']}/rows").json["rows"]
    assert rows == [{"item": "bolt", "n": 7}, {"item": "nut", "n": 15}]
    shown = studio.get(f"/api/executions/{by_kind['show']['execution_id']}/rows").json["rows"]
    assert [row["name"] for row in shown] == ["stock"]
    fields = studio.get(f"/api/executions/{by_kind['describe']['execution_id']}/rows").json["rows"]
    assert [row["field"] for row in fields] == ["item", "n"]
    plan = studio.get(f"/api/executions/{by_kind['explain']['execution_id']}/rows").json["rows"]
    assert len(plan) > 1 and list(plan[0]) == ["plan"]


def test_an_editor_that_runs_again_makes_its_table_anew(studio):
    mine = thread(studio)
    for _ in range(2):
        answer = run(studio, "CREATE TABLE again (v INTEGER); INSERT INTO again VALUES (1); SELECT v FROM again",
                     mine, artifact="art_cell")
        assert answer["success"] and answer["rows"] == [{"v": 1}], answer
    taken = run(studio, "CREATE TABLE again (v INTEGER)", mine, status=400)
    assert taken["error"]["diagnostics"][0]["code"] == "E5003"


def test_a_statement_that_fails_is_named_and_the_rest_is_not_run(studio):
    answer = run(studio, "CREATE TABLE a (v INTEGER); DROP TABLE b; SELECT v FROM a", thread(studio))
    assert not answer["success"]
    assert kinds(answer) == [("create_table", "done"), ("drop_table", "failed"), ("select", "skipped")], answer["statements"]
    error = answer["statements"][1]["error"]
    assert error["diagnostics"][0]["code"] == "E2104" and error["diagnostics"][0]["offset"] > 20


def test_views_keep_their_meaning(studio):
    mine = thread(studio)
    run(studio, "CREATE VIEW big AS SELECT symbol, price FROM trades WHERE price > 1", mine)
    answer = run(studio, "SELECT COUNT(*) AS n FROM big", mine)
    assert answer["rows"][0]["n"] > 0


def test_a_live_stream_goes_on_and_a_second_script_reads_it(studio):
    mine = thread(studio)
    made = studio.post("/api/execute", {"sql": "CREATE STREAM cheap AS SELECT symbol, price FROM trades EMIT CHANGES",
                                        "thread_id": mine}).json
    statement = made["statements"][0]
    assert statement["is_streaming"] and statement["writes"] and statement["state"] == "running", statement
    assert statement["message"].endswith("2 columns · live")
    read = studio.post("/api/execute", {"sql": "SELECT symbol FROM cheap", "thread_id": mine}).json
    assert read["state"] == "running" and read["metadata"]["is_streaming"]
    deadline = time.time() + 10
    while time.time() < deadline:
        if studio.get(f"/api/executions/{read['execution_id']}").json["metadata"]["row_count"] > 0:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the second script got no rows of the stream of the first")
    stopped = studio.call("DELETE", f"/api/scripts/{made['script_id']}").json
    assert stopped["statements"][0]["state"] == "cancelled", stopped
    studio.call("DELETE", f"/api/threads/{mine}", None, {"If-Match": "*"})
    assert studio.get(f"/api/executions/{read['execution_id']}").json["state"] in ("cancelled", "finished")


def test_files_are_not_written(studio):
    place = os.path.join(tempfile.mkdtemp(), "out.csv")
    answer = run(studio, f"SELECT symbol, price FROM trades LIMIT 2 INTO 'file://{place}'")
    statement = answer["statements"][0]
    assert "Not written to file://" in statement["note"] and answer["metadata"]["sink_suppressed"]
    assert len(answer["rows"]) == 2 and not os.path.exists(place)
    refused = run(studio, f"SELECT symbol FROM trades LIMIT 2 INTO 'file://{place}'", status=400, write=True)
    assert refused["error"]["code"] == "UNSUPPORTED" and "approval" in refused["error"]["message"]


def test_bad_records_and_steps_are_told(studio):
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "events.jsonl")
    with open(path, "w") as out:
        out.write('{"k":"a","v":1}\n{"k":"b","v":2}\n{"k": broken\n')
    answer = run(studio, f"SELECT k, SUM(v) AS n FROM 'file://{path}' WHERE v > 1 GROUP BY k")
    execution = studio.get(f"/api/executions/{answer['execution_id']}").json
    step = execution["operators"][0]
    assert step["name"].startswith("WHERE v > 1") and (step["rows_in"], step["rows_filtered"]) == (2, 1), execution
    assert execution["bad_records"][0]["raw"].startswith('{"k": broken'), execution
    assert execution["bad_records"][0]["line"] == 3 and execution["late_records"] == [], execution
