"""Run, follow, pause, resume, stop, export."""
import time

from websocket_client import Closed, WebSocket

WINDOWED = ("SELECT symbol, AVG(price) AS avg_price FROM trades GROUP BY symbol "
            "WINDOW TUMBLING(INTERVAL '1' MINUTE) EMIT CHANGES")


def live(studio, sql="SELECT symbol, price FROM trades", **options):
    answer = studio.post("/api/execute", {"sql": sql, "options": {"mode": "live", **options}})
    assert answer.status == 200, answer.body
    return answer.json


def stop(studio, execution):
    return studio.call("DELETE", f"/api/executions/{execution['execution_id']}")


def test_a_bounded_query_answers_with_its_rows(studio):
    answer = studio.post("/api/execute", {"sql": "SELECT symbol, price FROM trades LIMIT 3"}).json
    assert answer["state"] == "finished" and len(answer["rows"]) == 3 and answer["stream_url"] is None
    assert [column["name"] for column in answer["columns"] if not column["hidden"]] == ["symbol", "price"]
    assert list(answer["rows"][0]) == [column["name"] for column in answer["columns"]]


def test_a_snapshot_of_a_stream_ends(studio):
    answer = studio.post("/api/execute", {"sql": "SELECT COUNT(*) AS n FROM trades",
                                          "options": {"mode": "snapshot"}}).json
    topic = studio.get("/api/topics/trades").json
    assert answer["state"] == "finished" and answer["rows"][0]["n"] == topic["total_messages"]
    assert answer["viz"]["type"] == "gauge"


def test_windows_carry_a_hidden_time_axis(studio):
    answer = studio.post("/api/execute", {"sql": WINDOWED, "options": {"mode": "snapshot"}}).json
    hidden = [column["name"] for column in answer["columns"] if column["hidden"]]
    assert "_window_end" in hidden and "_window_start" in hidden
    assert answer["viz"] == {**answer["viz"], "type": "line", "x": "_window_end", "y": ["avg_price"],
                             "series": "symbol"}
    keys = [tuple(row[name] for name in answer["key_columns"]) for row in answer["rows"]]
    assert len(keys) == len(set(keys)) > 4, "one row per key"


def test_given_rows_replace_a_source(studio):
    answer = studio.post("/api/execute", {
        "sql": "SELECT symbol, SUM(quantity) AS q FROM trades GROUP BY symbol",
        "options": {"mode": "snapshot", "inputs": {"trades": [{"symbol": "X", "quantity": 2},
                                                              {"symbol": "X", "quantity": 3}]}}})
    assert answer.json["rows"] == [{"symbol": "X", "q": 5}], answer.json


def test_rows_are_limited_and_said_so(studio):
    answer = studio.post("/api/execute", {"sql": "SELECT symbol FROM trades",
                                          "options": {"mode": "snapshot", "max_rows": 7}}).json
    assert len(answer["rows"]) == 7 and answer["metadata"]["truncated"] and answer["state"] == "finished"


def test_a_stream_sends_rows_then_ends_when_stopped(studio):
    execution = live(studio, WINDOWED)
    socket = WebSocket(studio.port, execution["stream_url"] + "?ack=1")
    connected = socket.receive()
    assert connected["type"] == "connected" and connected["window"] == 16
    assert connected["viz"]["type"] == "line"
    snapshot = socket.until("snapshot")[-1]
    assert snapshot["data"] and snapshot["data"][0]["_window_end"]
    socket.send({"action": "ack", "batch_number": snapshot["batch_number"]})
    socket.send({"action": "ping", "id": 9})
    assert socket.until("pong")[-1]["id"] == 9
    started = time.perf_counter()
    stopped = stop(studio, execution).json
    assert time.perf_counter() - started < 1
    assert stopped["state"] == "cancelled" and stopped["confirmed_in_ms"] < 1000
    complete = socket.until("complete")[-1]
    accounting = complete["accounting"]
    assert accounting["in"] == sum(accounting[part] for part in ("used", "filtered", "late", "bad", "in_flight"))
    try:
        socket.receive()
        raise AssertionError("the socket stays open")
    except Closed as closed:
        assert closed.code == 1000


def test_a_viewer_can_stop_the_query(studio):
    execution = live(studio)
    socket = WebSocket(studio.port, execution["stream_url"])
    socket.send({"action": "cancel"})
    socket.until("complete")
    assert studio.get(f"/api/executions/{execution['execution_id']}").json["state"] == "cancelled"


def test_a_stream_resumes_where_it_was(studio):
    execution = live(studio)
    socket = WebSocket(studio.port, execution["stream_url"])
    number = socket.until("snapshot")[-1]["batch_number"]
    socket.close()
    again = WebSocket(studio.port, execution["stream_url"] + f"?after={number}")
    assert again.receive()["resumed_from"] == number
    again.close()
    stop(studio, execution)


def test_a_paused_viewer_gets_the_rest_when_it_goes_on(studio):
    execution = live(studio)
    socket = WebSocket(studio.port, execution["stream_url"])
    socket.until("snapshot")
    socket.send({"action": "pause"})
    socket.send({"action": "resume"})
    socket.send({"action": "ping", "id": 1})
    socket.until("pong")
    socket.close()
    stop(studio, execution)


def test_bad_messages_and_unknown_streams_are_refused(studio):
    assert WebSocket(studio.port, "/api/stream/exec_nothing").status == 404
    execution = live(studio)
    socket = WebSocket(studio.port, execution["stream_url"])
    socket.send("[[[not json")
    try:
        socket.until("complete")
        raise AssertionError("a bad message was taken")
    except Closed as closed:
        assert closed.code == 4400
    stop(studio, execution)


def test_a_killed_tab_leaves_the_query_running(studio):
    execution = live(studio)
    socket = WebSocket(studio.port, execution["stream_url"])
    socket.until("snapshot")
    socket.socket.close()
    assert studio.get(f"/api/executions/{execution['execution_id']}").json["state"] == "running"
    stop(studio, execution)


def test_results_export_in_every_form(studio):
    execution = studio.post("/api/execute", {
        "sql": "SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol", "options": {"mode": "snapshot"}}).json
    path = f"/api/executions/{execution['execution_id']}/rows"
    assert studio.get(path).json["rows"] == execution["rows"]
    page = studio.get(path + "?limit=1").json
    assert len(page["rows"]) == 1 and page["next_cursor"] == "1"
    csv = studio.get(path + "?format=csv&download=true")
    assert csv.body.startswith(b"symbol,n\r\n") and "attachment" in csv.headers["content-disposition"]
    assert studio.get(path + "?format=jsonl").body.count(b"\n") == len(execution["rows"])
    assert studio.get(path + "?format=markdown").body.startswith(b"| symbol | n |")
    assert studio.get(path + "?format=parquet").code == "VALIDATION_ERROR"


def test_empty_results_say_why(studio):
    execution = live(studio, "SELECT symbol FROM trades WHERE symbol = 'NOSUCH'")
    diagnosis = studio.get(f"/api/executions/{execution['execution_id']}").json["diagnosis"]
    assert diagnosis and diagnosis["kind"] in ("all_filtered", "no_input", "source_idle"), diagnosis
    stop(studio, execution)


def test_wrong_queries_do_not_run(studio):
    for sql in ("SELECT nope FROM trades", "", "-- nothing"):
        answer = studio.post("/api/execute", {"sql": sql})
        assert answer.status == 400 and answer.code == "VALIDATION_ERROR", (sql, answer.body)
    outside = {"sql": "SELECT symbol FROM trades LIMIT 1 INTO 'file:///tmp/never.csv'", "options": {"write": True}}
    assert studio.post("/api/execute", outside).code == "UNSUPPORTED"
    assert studio.post("/api/execute", {"sql": "SELECT symbol FROM trades",
                                        "options": {"from": "yesterday-ish"}}).code == "VALIDATION_ERROR"


def test_queries_by_the_other_name(studio):
    execution = live(studio)
    assert studio.get(f"/api/queries/{execution['execution_id']}").json["state"] == "running"
    assert any(entry["execution_id"] == execution["execution_id"]
               for entry in studio.get("/api/executions").json["executions"])
    stop(studio, execution)
