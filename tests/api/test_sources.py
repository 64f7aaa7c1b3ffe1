"""Connect, list, inspect, peek, measure; topics; the catalogue."""
import gzip
import json
import os
import tempfile

FOLDER = tempfile.mkdtemp(prefix="velo-files-")


def write(name, text):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def test_topics_of_the_demo_are_there(studio):
    answer = studio.get("/api/topics").json
    names = [topic["name"] for topic in answer["topics"]]
    for name in ("trades", "orders", "customer-events", "payments", "sensor-readings", "api-requests", "page-views",
                 "app-logs", "agent-decisions"):
        assert name in names, names
    assert answer["total"] == len(names)
    trades = next(topic for topic in answer["topics"] if topic["name"] == "trades")
    assert trades["total_messages"] == sum(part["message_count"] for part in trades["partitions"]) > 0


def test_topics_are_filtered_and_paged(studio):
    assert [topic["name"] for topic in studio.get("/api/topics?filter=TRAD").json["topics"]] == ["trades"]
    assert studio.get("/api/topics?filter=*-events").json["total"] == 1
    first = studio.get("/api/topics?limit=2").json
    second = studio.get(f"/api/topics?limit=2&cursor={first['next_cursor']}").json
    assert len(second["topics"]) == 2 and second["topics"][0]["name"] > first["topics"][1]["name"]
    assert studio.get("/api/topics?cursor=zzz").code == "CURSOR_EXPIRED"
    assert studio.get("/api/topics?limit=0").code == "VALIDATION_ERROR"


def test_a_topic_tells_its_schema_and_messages(studio):
    schema = studio.get("/api/topics/trades/schema").json
    assert schema["topic"] == "trades"
    assert ["symbol", "String"] in schema["fields"]
    messages = studio.get("/api/topics/trades/messages?limit=5").json
    assert messages["kind"] == "messages" and len(messages["messages"]) == 5
    assert json.loads(messages["messages"][0]["value"]) == messages["messages"][0]["decoded"]
    filtered = studio.get("/api/topics/trades/messages?limit=5&filter=symbol%20%3D%20%27AAPL%27").json
    assert filtered["messages"] and all(message["decoded"]["symbol"] == "AAPL" for message in filtered["messages"])
    bad = studio.get("/api/topics/trades/messages?filter=symbl%20%3D%201")
    assert bad.status == 400 and bad.json["error"]["diagnostics"][0]["code"] == "E2102"


def test_an_unknown_topic_names_the_nearest(studio):
    answer = studio.get("/api/topics/trade/schema")
    assert answer.status == 404 and answer.code == "TOPIC_NOT_FOUND"
    assert "trades" in json.dumps(answer.json["error"])


def test_an_offset_outside_the_log_is_told(studio):
    answer = studio.get("/api/topics/trades/messages?start_offset=999999999")
    assert answer.status == 400 and "high_offset" in answer.json["error"]["details"]


def test_csv_files_connect_by_glob(studio):
    write("trades/a.csv", "symbol,price,quantity\nAAPL,10.5,100\nMSFT,20.25,50\n")
    write("trades/b.csv", "symbol,price,quantity\nAAPL,11.5,300\n")
    uri = f"file://{FOLDER}/trades/*.csv"
    answer = studio.post("/api/connect", {"uri": uri, "thread_id": "thr_files"}).json
    assert answer["connected"] and answer["details"]["files_matched"] == 2 and answer["format"] == "csv"
    assert answer["alias"] == "trades_csv", "a topic has the name trades"
    again = studio.post("/api/connect", {"uri": uri, "thread_id": "thr_files"}).json
    assert again["reused"] and again["source_id"] == answer["source_id"]
    source = answer["source_id"]
    schema = studio.get(f"/api/sources/{source}/schema").json
    assert schema["fields"] == [["symbol", "String"], ["price", "Float"], ["quantity", "Integer"]], schema["fields"]
    rows = studio.get(f"/api/sources/{source}/preview?limit=2").json
    assert rows["kind"] == "rows" and rows["records"][0] == {"symbol": "AAPL", "price": 10.5, "quantity": 100}
    filtered = studio.get(f"/api/sources/{source}/preview?filter=quantity%20%3E%2060").json
    assert [row["quantity"] for row in filtered["records"]] == [100, 300]
    columns = studio.get(f"/api/sources/{source}/preview?columns=price").json
    assert columns["records"][0] == {"price": 10.5}
    assert studio.get(f"/api/sources?source_id={source}").json["total"] == 2
    assert studio.get(f"/api/sources/{source}/stats?profile=true").json["profile"][0]["name"] == "symbol"
    by_alias = studio.post("/api/execute", {"sql": "SELECT SUM(quantity) AS q FROM trades_csv", "thread_id": "thr_files"})
    assert by_alias.json["rows"][0]["q"] == 450, by_alias.json
    by_uri = studio.post("/api/execute", {"sql": f"SELECT SUM(quantity) AS q FROM {uri}"})
    assert by_uri.json["rows"][0]["q"] == 450, by_uri.json


def test_a_bare_path_is_taken_as_a_file_and_said_so(studio):
    path = write("one/people.jsonl", '{"name":"Ada","age":36}\n{"name":"Bob","age":null}\n')
    answer = studio.post("/api/connect", {"uri": path}).json
    assert answer["assumptions"] and answer["format"] == "jsonl" and answer["alias"] == "people"
    schema = studio.get(f"/api/sources/{answer['source_id']}/schema").json
    age = next(column for column in schema["columns"] if column["name"] == "age")
    assert age["nullable"] and age["type"] == "Integer"


def test_compressed_json_arrays_read(studio):
    path = os.path.join(FOLDER, "packed.json.gz")
    with gzip.open(path, "wt") as file:
        json.dump([{"a": 1}, {"a": 2}], file)
    answer = studio.post("/api/execute", {"sql": f"SELECT SUM(a) AS s FROM file://{path}"})
    assert answer.json["rows"][0]["s"] == 3, answer.json


def test_sources_are_renamed_and_forgotten(studio):
    path = write("two/things.csv", "a\n1\n")
    source = studio.post("/api/connect", {"uri": path}).json["source_id"]
    shown = studio.get(f"/api/sources/{source}")
    refused = studio.call("PATCH", f"/api/sources/{source}", {"alias": "stuff"})
    assert refused.status == 428
    changed = studio.call("PATCH", f"/api/sources/{source}", {"alias": "stuff"}, {"If-Match": shown.headers["etag"]})
    assert changed.json["connection"]["alias"] == "stuff"
    stale = studio.call("PATCH", f"/api/sources/{source}", {"alias": "x"}, {"If-Match": shown.headers["etag"]})
    assert stale.status == 412 and stale.code == "VERSION_CONFLICT"
    assert studio.call("DELETE", f"/api/sources/{source}").json["deleted"]
    assert studio.get(f"/api/sources/{source}").code == "SOURCE_NOT_FOUND"


def test_the_catalogue_has_tables_and_functions(studio):
    answer = studio.get("/api/schema").json
    trades = next(table for table in answer["tables"] if table["name"] == "trades")
    assert trades["type"] == "stream" and trades["source"]["topic"] == "trades"
    assert any(function["name"] == "AVG" and function["type"] == "aggregate" for function in answer["functions"])
    assert studio.get("/api/schema/trades").json["columns"]
    assert "trades" in json.dumps(studio.get("/api/schema/trade").json)


def test_prompts_for_the_first_page_come_from_the_schemas(studio):
    prompts = studio.get("/api/prompts?limit=4").json["prompts"]
    assert 1 <= len(prompts) <= 4 and all(prompt["label"] and prompt["prompt"] for prompt in prompts)
