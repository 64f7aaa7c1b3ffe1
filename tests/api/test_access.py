"""Who may call: Host, Origin, token and cookie; limits of requests; static files."""
import re
import socket

from websocket_client import WebSocket


def test_local_programs_need_no_credential(studio):
    answer = studio.get("/api/system/info")
    assert answer.status == 200
    assert answer.headers["velo-api-version"] == "1"
    assert answer.json["name"] == "velo"


def test_foreign_hosts_are_refused(studio):
    for host in ("evil.example", f"evil.example:{studio.port}", "localhost.evil.example"):
        assert studio.get("/api/topics", Host=host).code == "HOST_NOT_ALLOWED"
        assert studio.get("/", Host=host).status == 421
    assert studio.get("/healthz", Host=f"localhost:{studio.port}").status == 200


def test_foreign_origins_are_refused(studio):
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{studio.port}", "http://127.0.0.1:1"):
        assert studio.get("/api/topics", Origin=origin).code == "ORIGIN_NOT_ALLOWED"


def test_browsers_need_the_session(studio):
    own = f"http://127.0.0.1:{studio.port}"
    assert studio.get("/api/topics", Origin=own).code == "UNAUTHORIZED"
    assert studio.get("/api/topics", Sec_Fetch_Site="same-origin").status == 401
    assert studio.get("/api/topics", Cookie="velo_session=guess").status == 401


def session_cookie(studio):
    answer = studio.get(f"/?token={studio.token}")
    assert answer.status == 302 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    return cookie.split(";")[0]


def test_the_printed_address_gives_the_session(studio):
    cookie = session_cookie(studio)
    own = f"http://127.0.0.1:{studio.port}"
    assert studio.get("/api/topics", Origin=own, Cookie=cookie).status == 200
    assert studio.get("/?token=wrong").status == 401


def test_a_typed_address_gets_the_session_and_a_foreign_link_does_not(studio):
    typed = studio.get("/", Sec_Fetch_Site="none", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document")
    assert "velo_session" in typed.headers["set-cookie"]
    linked = studio.get("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document")
    assert linked.status == 401 and "set-cookie" not in linked.headers


def test_a_token_is_exchanged_for_the_cookie(studio):
    good = studio.post("/api/auth/session", {"token": studio.token})
    assert good.status == 204 and "velo_session" in good.headers["set-cookie"]
    assert studio.post("/api/auth/session", {"token": "no"}).status == 401


def test_websockets_are_checked_too(studio):
    execution = studio.post("/api/execute", {"sql": "SELECT symbol FROM trades", "options": {"mode": "live"}}).json
    path = execution["stream_url"]
    for headers in ({"Origin": "http://evil.example"}, {"Origin": f"http://127.0.0.1:{studio.port}"}):
        socket_ = WebSocket(studio.port, path, headers)
        assert socket_.status in (401, 403)
        socket_.close()
    allowed = WebSocket(studio.port, path, {"Origin": f"http://127.0.0.1:{studio.port}",
                                            "Cookie": session_cookie(studio)})
    assert allowed.status == 101
    allowed.close()
    studio.call("DELETE", f"/api/executions/{execution['execution_id']}")


def test_every_answer_carries_the_policy_and_an_id(studio):
    answer = studio.get("/api/topics", X_Request_Id="my-id_7")
    assert answer.headers["x-request-id"] == "my-id_7"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert studio.get("/api/topics", X_Request_Id="bad id").headers["x-request-id"] != "bad id"


def test_bodies_headers_and_types_are_limited(studio):
    big = studio.call("POST", "/api/validate", raw="x" * (1 << 20) + "y",
                      headers={"Content-Type": "application/json"})
    assert big.status == 413 and big.code == "PAYLOAD_TOO_LARGE"
    assert studio.get("/api/topics", X_Filler="x" * 20000).status == 431
    assert studio.call("POST", "/api/validate", raw="sql=1",
                       headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415
    assert studio.call("POST", "/api/threads/thr_x/title").status == 415
    assert studio.post("/api/topics", {}).status == 405
    assert studio.post("/api/topics", {}).headers["allow"] == "GET"
    assert studio.get("/api/nothing").code == "NOT_FOUND"


def test_what_is_not_http_is_told_so(studio):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=5) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")


def test_files_are_served_with_tags_and_never_from_outside(studio):
    home = studio.get("/")
    if home.status == 503:
        assert b"web app" in home.body
        return
    assert "text/html" in home.headers["content-type"]
    assert studio.get("/t/thr_1?a=art_2").body == home.body
    assert studio.get("/", If_None_Match=home.headers["etag"]).status == 304
    script = re.search(rb'src="(/assets/[^"]+\.js)"', home.body).group(1).decode()
    zipped = studio.get(script, Accept_Encoding="gzip")
    assert zipped.status == 200 and zipped.headers["content-encoding"] == "gzip"
    assert "immutable" in zipped.headers["cache-control"]
    assert studio.get("/assets/nothing.js").status == 404
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2f..%2fetc%2fpasswd", "/.git/config"):
        assert b"root:" not in studio.get(path).body
