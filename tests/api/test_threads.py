"""Threads, messages, artifacts and their versions, settings, tools."""


def test_threads_are_made_renamed_and_deleted(studio):
    made = studio.post("/api/threads", {"id": "thr_crud", "title": "Prices"})
    assert made.status == 201 and made.json["thread"]["title"] == "Prices"
    assert studio.post("/api/threads", {"id": "thr_crud"}).status == 200
    renamed = studio.call("PATCH", "/api/threads/thr_crud", {"title": "Better prices"})
    assert renamed.json["thread"]["title"] == "Better prices" and renamed.json["thread"]["version"] == 2
    stale = studio.call("PATCH", "/api/threads/thr_crud", {"title": "x"}, {"If-Match": '"v1"'})
    assert stale.status == 412
    assert any(thread["id"] == "thr_crud" for thread in studio.get("/api/threads?q=better").json["threads"])
    studio.call("PATCH", "/api/threads/thr_crud", {"status": "archived"})
    assert any(thread["id"] == "thr_crud" for thread in studio.get("/api/threads?status=archived").json["threads"])
    assert studio.call("DELETE", "/api/threads/thr_crud").json["deleted"]
    assert studio.get("/api/threads/thr_crud").code == "THREAD_NOT_FOUND"
    assert studio.call("DELETE", "/api/threads/thr_crud").status == 404


def test_unchanged_threads_are_not_sent_again(studio):
    studio.post("/api/threads", {"id": "thr_tag"})
    first = studio.get("/api/threads/thr_tag")
    assert studio.get("/api/threads/thr_tag", If_None_Match=first.headers["etag"]).status == 304


def test_messages_are_kept_in_order(studio):
    studio.post("/api/threads", {"id": "thr_msgs"})
    for number in range(3):
        body = {"id": f"msg_{number}", "format": "ai-sdk/v6", "parent_id": f"msg_{number - 1}" if number else "",
                "content": {"role": "user", "parts": [{"type": "text", "text": f"hello {number}"}]}}
        assert studio.post("/api/threads/thr_msgs/messages", body).status == 200
    answer = studio.get("/api/threads/thr_msgs/messages").json
    assert [message["id"] for message in answer["messages"]] == ["msg_0", "msg_1", "msg_2"]
    assert answer["head_id"] == "msg_2"
    assert studio.post("/api/threads/thr_msgs/title", {}).json["title"] == "hello 0"
    studio.call("DELETE", "/api/threads/thr_msgs/messages/msg_1")
    assert studio.get("/api/threads/thr_msgs/messages").json["total"] == 1


def test_tools_make_artifacts_that_keep_their_versions(studio):
    call = studio.post("/api/tools/validate_sql", {"arguments": {"sql": "SELECT symbol FROM trades"},
                                                   "thread_id": "thr_art"}).json
    assert call["ok"] and call["artifact"]["type"] == "sql-editor"
    artifact = studio.get(f"/api/artifacts/{call['artifact']['id']}")
    envelope = artifact.json["artifact"]
    assert envelope["version"] == 1 and envelope["data"]["validation"]["valid"] and envelope["editable"]
    labels = [action["label"] for action in envelope["actions"]]
    assert "Run" in labels and "Deploy" not in labels and "Test" not in labels
    path = f"/api/artifacts/{envelope['id']}"
    assert studio.call("PUT", path, {"data": {"sql": "SELECT 1"}}).status == 428
    edited = studio.call("PUT", path, {"data": {"sql": "SELECT nope FROM trades"}},
                         {"If-Match": artifact.headers["etag"]})
    assert edited.json["artifact"]["version"] == 2
    assert not edited.json["artifact"]["data"]["validation"]["valid"]
    assert studio.call("PUT", path, {"data": {"sql": "SELECT 2"}}, {"If-Match": '"v1"'}).status == 412
    assert studio.get(path + "?version=1").json["artifact"]["data"]["sql"] == "SELECT symbol FROM trades"
    assert len(studio.get(path + "/versions").json["versions"]) == 2
    listed = studio.get("/api/threads/thr_art/artifacts").json["artifacts"]
    assert [(item["id"], item["version"]) for item in listed] == [(envelope["id"], 2)]
    context = studio.get("/api/threads/thr_art/context").json
    assert context["focus"]["sql"] == "SELECT nope FROM trades"


def test_every_tool_answers_in_the_common_shape(studio):
    call = studio.post("/api/tools/list_topics", {"arguments": {"filter": "trades"}, "thread_id": "thr_shape"}).json
    assert call["summary"] == "1 topic" and call["result"]["total"] == 1 and call["call_id"].startswith("call_")
    assert call["artifacts"][0]["data"]["items"][0]["name"] == "trades"
    assert studio.post("/api/tools/list_topic", {"arguments": {}}).code == "NOT_FOUND"
    wrong = studio.post("/api/tools/list_topics", {"arguments": {"filtre": "x"}})
    assert wrong.code == "VALIDATION_ERROR" and wrong.json["error"]["details"]["closest"] == "filter"


def test_settings_are_guarded(studio):
    before = studio.get("/api/settings")
    assert before.json["settings"]["ui"]["theme"] in ("system", "dark", "light")
    assert studio.call("PATCH", "/api/settings", {"ui": {"theme": "dark"}}).status == 428
    after = studio.call("PATCH", "/api/settings", {"ui": {"theme": "dark"}}, {"If-Match": before.headers["etag"]})
    assert after.json["settings"]["ui"]["theme"] == "dark" and after.json["settings"]["ui"]["density"] == "comfortable"
    assert studio.call("PATCH", "/api/settings", {"ui": {"theme": "pink"}}, {"If-Match": "*"}).status == 400


def test_repeated_requests_with_one_key_are_one(studio):
    headers = {"Idempotency-Key": "key-1"}
    first = studio.post("/api/threads", {"title": "Once"}, headers)
    again = studio.post("/api/threads", {"title": "Once"}, headers)
    assert again.json == first.json and again.headers["idempotency-replayed"] == "true"
    assert studio.post("/api/threads", {"title": "Twice"}, headers).status == 409


def test_a_conversation_is_exported_with_its_sql_and_rows(studio):
    thread = studio.post("/api/threads", {"title": "Prices"}).json["thread"]["id"]
    for text in ("trades where price > 100", "run it"):
        studio.chat({"id": thread, "message": {"id": f"msg_{len(text)}_{thread[-6:]}", "role": "user",
                                               "parts": [{"type": "text", "text": text}]}})
    document = studio.get(f"/api/threads/{thread}/export")
    text = document.body.decode()
    assert document.headers["content-type"].startswith("text/markdown"), document.headers
    assert "## trades where price > 100" in text and "```sql\nSELECT" in text and "| symbol |" in text, text
    sql = studio.get(f"/api/threads/{thread}/export?format=sql").body.decode()
    assert "price > 100" in sql and sql.rstrip().endswith(";")
    assert studio.get("/api/threads/thr_none/export").status == 404


def test_probes_answer(studio):
    assert studio.get("/healthz").json == {"status": "ok"}
    assert studio.get("/readyz").json["status"] == "ready"
    assert studio.get("/api/v1/system/info").json["api"] == "1"
