"""The chat stream: framing, order, persistence, stop, resume."""
from studio import parse_stream

ALLOWED = {
    "start": {"messageId", "messageMetadata"}, "start-step": set(), "finish-step": set(),
    "text-start": {"id"}, "text-delta": {"id", "delta"}, "text-end": {"id"},
    "reasoning-start": {"id"}, "reasoning-delta": {"id", "delta"}, "reasoning-end": {"id"},
    "tool-input-start": {"toolCallId", "toolName"}, "tool-input-available": {"toolCallId", "toolName", "input"},
    "tool-output-available": {"toolCallId", "output"}, "tool-output-error": {"toolCallId", "errorText"},
    "error": {"errorText"}, "abort": set(), "finish": {"finishReason"}, "message-metadata": {"messageMetadata"},
}


def say(thread, text):
    return {"id": thread, "message": {"role": "user", "parts": [{"type": "text", "text": text}]}}


def check_order(chunks):
    assert chunks[0]["type"] == "start" and chunks[-1] == "[DONE]"
    open_texts, tools = set(), set()
    for chunk in chunks[:-1]:
        kind = chunk["type"]
        if kind.startswith("data-"):
            assert set(chunk) <= {"type", "id", "data", "transient"}, chunk
            continue
        assert set(chunk) - {"type"} <= ALLOWED[kind], chunk
        if kind == "text-start":
            open_texts.add(chunk["id"])
        elif kind == "text-delta":
            assert chunk["id"] in open_texts
        elif kind == "text-end":
            open_texts.remove(chunk["id"])
        elif kind == "tool-input-start":
            tools.add(chunk["toolCallId"])
        elif kind.startswith("tool-"):
            assert chunk["toolCallId"] in tools
    assert not open_texts


def test_a_question_is_answered_in_the_stream_protocol(studio):
    answer, chunks = studio.chat(say("thr_chat", "What topics do I have?"))
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert answer.headers["content-type"].startswith("text/event-stream")
    check_order(chunks)
    kinds = [chunk["type"] for chunk in chunks[:-1]]
    assert "tool-output-available" in kinds and "data-artifact" in kinds and kinds[-1] == "finish", kinds
    artifact = next(chunk for chunk in chunks[:-1] if chunk["type"] == "data-artifact")
    assert artifact["data"]["type"] == "topic-list"
    stored = studio.get("/api/threads/thr_chat/messages").json["messages"]
    assert [message["content"]["role"] for message in stored] == ["user", "assistant"]
    assert stored[1]["state"] == "done" and stored[1]["parent_id"] == stored[0]["id"]
    assert stored[1]["id"] == chunks[0]["messageId"]
    assert any(part["type"] == "tool-list_topics" or part["type"] == "tool-list_sources"
               for part in stored[1]["content"]["parts"])
    assert studio.get("/api/threads/thr_chat").json["thread"]["title"] == "What topics do I have?"


def test_words_become_an_editor_then_an_edit_is_its_next_version(studio):
    _, chunks = studio.chat(say("thr_edit", "average price per symbol from trades"))
    check_order(chunks)
    first = [chunk for chunk in chunks[:-1] if chunk["type"] == "data-artifact" and chunk["data"]["type"] == "sql-editor"]
    assert first, chunks
    _, chunks = studio.chat(say("thr_edit", "make it 5-minute windows"))
    second = [chunk for chunk in chunks[:-1]
              if chunk["type"] == "data-artifact" and chunk["data"]["type"] == "sql-editor"]
    assert second and second[0]["id"] == first[0]["id"] and second[0]["data"]["version"] == 2
    assert "WINDOW" in second[0]["data"]["data"]["sql"]


def test_a_button_runs_its_tool_without_planning(studio):
    body = {"id": "thr_button", "message": {"role": "user", "parts": [
        {"type": "data-action", "data": {"tool": "peek_messages", "args": {"topic": "trades", "limit": 2}}}]}}
    _, chunks = studio.chat(body)
    check_order(chunks)
    tool = next(chunk for chunk in chunks[:-1] if chunk["type"] == "tool-input-available")
    assert tool["toolName"] == "peek_messages"


def test_an_ended_turn_is_replayed_by_its_stream_and_not_by_its_thread(studio):
    answer, chunks = studio.chat(say("thr_resume", "what topics do I have?"))
    stream = answer.headers["x-resumable-stream-id"]
    assert studio.get("/api/chat/thr_resume/stream").status == 204
    replay = studio.get(f"/api/chat/resume/{stream}")
    assert parse_stream(replay.body.decode()) == chunks
    assert studio.get("/api/chat/resume/strm_nothing").status == 204


def test_a_message_is_edited_and_answered_again(studio):
    body = say("thr_again", "what topics do I have?")
    body["message"]["id"] = "msg_mine"
    studio.chat(body)
    body["message"]["parts"][0]["text"] = "show me the last 3 messages of trades"
    studio.chat(body)
    stored = studio.get("/api/threads/thr_again/messages").json["messages"]
    assert len(stored) == 2 and "last 3" in stored[0]["content"]["parts"][0]["text"]
    _, chunks = studio.chat({"id": "thr_again", "trigger": "regenerate-message"})
    check_order(chunks)
    stored = studio.get("/api/threads/thr_again/messages").json["messages"]
    assert len(stored) == 2 and stored[1]["id"] == chunks[0]["messageId"]


def test_stopping_what_does_not_run_is_harmless(studio):
    assert studio.post("/api/chat/thr_chat/stop", {}).json == {"stopped": False, "message_id": None}


def test_wrong_posts_get_the_plain_error_shape(studio):
    assert studio.post("/api/chat", {"messages": []}).code == "VALIDATION_ERROR"
    assert studio.post("/api/chat", {"id": "thr_x"}).code == "VALIDATION_ERROR"
    assert studio.post("/api/chat", say("thr_x", "  ")).code == "VALIDATION_ERROR"
    assert studio.post("/api/chat", say("../etc", "hi")).code == "VALIDATION_ERROR"
    assert studio.post("/api/chat", say("thr_x", "x" * 17000)).status == 413
    assert studio.get("/api/chat").status == 405
