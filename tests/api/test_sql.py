"""Validate, format, explain, complete, words to SQL."""
import statistics
import time


def test_valid_sql_tells_its_columns_and_meaning(studio):
    answer = studio.post("/api/validate", {
        "sql": "SELECT symbol, AVG(price) AS avg_price FROM trades GROUP BY symbol "
               "WINDOW TUMBLING(INTERVAL '5' MINUTE) EMIT CHANGES"}).json
    assert answer["valid"], answer["errors"]
    assert [column["name"] for column in answer["output_columns"]] == ["symbol", "avg_price"]
    assert answer["ast"]["window"] == {"type": "tumbling", "size_ms": 300000, "advance_ms": None}
    assert answer["ast"]["group_by"] == ["symbol"] and answer["ast"]["sources"] == ["trades"]
    assert answer["summary"]


def test_wrong_columns_are_marked_with_a_cure(studio):
    answer = studio.post("/api/validate", {"sql": "SELECT prise FROM trades"}).json
    error = answer["error"]
    assert not answer["valid"] and error["code"] == "E2102"
    assert (error["line"], error["column"], error["offset"], error["length"]) == (1, 8, 7, 5)
    assert "price" in error["hint"] + str(error["fixes"])


def test_nonsense_is_an_answer_not_a_failure(studio):
    for sql in ("SELEC * FORM trades", "", ";;;", "SELECT", "\u0000", "🙂" * 50, "(" * 300):
        answer = studio.post("/api/validate", {"sql": sql})
        assert answer.status == 200 or (sql == "" and answer.status == 400), (sql[:20], answer.body[:200])


def test_schemas_of_the_request_come_first(studio):
    answer = studio.post("/api/validate", {
        "sql": "SELECT temperature FROM readings",
        "context": {"schemas": {"readings": {"fields": [["temperature", "Float"], ["at", "DateTime"]]}}}}).json
    assert answer["valid"] and answer["output_columns"][0]["type"] == "Float", answer
    wrong = studio.post("/api/validate", {"sql": "SELECT 1", "context": {"schemas": {"r": {"columns": [{"name": "a",
                                                                                          "type": "Strng"}]}}}})
    assert wrong.status == 400 and "STRING" in wrong.json["error"]["cure"]


def test_strict_makes_warnings_errors(studio):
    sql = "SELECT symbol, price FROM trades ORDER BY price"
    relaxed = studio.post("/api/validate", {"sql": sql}).json
    if relaxed["warnings"]:
        assert relaxed["valid"]
        assert not studio.post("/api/validate", {"sql": sql, "strict": True}).json["valid"]


def test_validation_is_quick(studio):
    sql = "SELECT symbol, AVG(price) AS p FROM trades GROUP BY symbol WINDOW TUMBLING(INTERVAL '1' MINUTE)"
    times = []
    for _ in range(50):
        started = time.perf_counter()
        assert studio.post("/api/validate", {"sql": sql}).status == 200
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    print(f"validate: p50 {statistics.median(times):.1f} ms, p99 {times[48]:.1f} ms")
    assert statistics.median(times) < 50


def test_formatting_is_idempotent_and_leaves_broken_text(studio):
    once = studio.post("/api/format", {"sql": "select symbol,price from trades where price>10 -- dear"}).json
    assert once["changed"] and "SELECT symbol" in once["sql"] and "-- dear" in once["sql"]
    assert studio.post("/api/format", {"sql": once["sql"]}).json["changed"] is False
    broken = studio.post("/api/format", {"sql": "SELECT FROM WHERE"}).json
    assert broken["sql"] == "SELECT FROM WHERE" and broken["diagnostics"]


def test_explain_never_runs(studio):
    answer = studio.post("/api/explain", {"sql": "SELECT symbol, COUNT(*) AS n FROM trades GROUP BY symbol"}).json
    assert answer["summary"] and answer["steps"] and answer["plan_text"]
    assert studio.post("/api/explain", {"sql": "SELECT nope FROM trades"}).code == "VALIDATION_ERROR"


def test_completions_know_columns_and_broken_text(studio):
    answer = studio.post("/api/completions", {"prefix": "SELECT pri", "suffix": " FROM trades", "mode": "list"}).json
    texts = [item["text"] for item in answer["completions"]]
    assert "price" in texts, texts
    item = answer["completions"][texts.index("price")]
    assert item["replace"] == {"offset": 7, "length": 3} and item["kind"] == "column"
    alias = studio.post("/api/sql/complete", {"text": "SELECT  FROM trades", "offset": 7}).json
    assert any(found["text"] == "symbol" for found in alias["completions"])


def test_hover_signature_and_colours(studio):
    sql = "SELECT ROUND(price, 2) FROM trades"
    assert studio.post("/api/sql/hover", {"sql": sql, "offset": 14}).json["name"] == "price"
    assert studio.post("/api/sql/hover", {"sql": sql, "offset": 0}).status == 200
    help_ = studio.post("/api/sql/signature", {"sql": sql, "offset": 20}).json
    assert help_["signatures"] and help_["parameter"] == 1
    tokens = studio.post("/api/sql/tokens", {"sql": sql}).json
    assert [0, 6, "keyword"] in tokens["tokens"] and tokens["statements"]


def test_words_become_checked_sql(studio):
    answer = studio.post("/api/nl-to-sql", {"prompt": "average price per symbol from trades"})
    assert answer.status == 200, answer.body
    found = answer.json
    assert "AVG(price)" in found["sql"] and found["validation"]["valid"]
    assert found["understood"] and found["sample"]["rows"], found["sample"]


def test_nonsense_words_are_not_understood(studio):
    answer = studio.post("/api/nl-to-sql", {"prompt": "blorp the frobnicator sideways"})
    assert answer.status == 422 and answer.code in ("NOT_UNDERSTOOD", "NEEDS_INPUT"), answer.body


def test_the_interface_describes_itself(studio):
    document = studio.get("/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert document["paths"]["/api/validate"]["post"]["operationId"] == "validate_sql"
    tools = {tool["name"]: tool for tool in studio.get("/api/tools").json["tools"]}
    for name in ("connect_source", "list_sources", "inspect_source", "peek_source", "list_topics", "inspect_topic",
                 "peek_messages", "generate_sql", "validate_sql", "execute_query", "explain_sql"):
        assert name in tools, name
    assert tools["execute_query"]["parameters"]["required"] == ["sql"]
    assert all(len(tool["description"]) <= 300 for tool in tools.values())
