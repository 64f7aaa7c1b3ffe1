"""Files put into the Studio piece by piece."""
PIECES = [b"city,visits\nRome,3\n", b"Paris,5\n"]
BYTES = {"Content-Type": "application/octet-stream", "X-Velo-Client": "test"}


def send(studio, raw, query):
    return studio.call("POST", "/api/uploads?" + query, raw=raw, headers=BYTES)


def test_a_file_arrives_in_pieces_and_can_be_read(studio):
    total = sum(len(piece) for piece in PIECES)
    first = send(studio, PIECES[0], f"name=visits.csv&total={total}").json
    assert first["received"] == len(PIECES[0]) and "path" not in first
    again = send(studio, PIECES[0], f"file_id={first['file_id']}&offset=0&total={total}")
    assert again.status == 409 and again.json["error"]["details"]["received"] == str(len(PIECES[0]))
    last = send(studio, PIECES[1], f"file_id={first['file_id']}&offset={first['received']}&total={total}").json
    assert last["name"] == "visits.csv" and last["size_bytes"] == total
    rows = studio.post("/api/execute", {"sql": f"SELECT SUM(visits) AS n FROM '{last['uri']}'"}).json["rows"]
    assert rows == [{"n": 8}]


def test_names_cannot_leave_the_folder_and_kinds_are_checked(studio):
    odd = send(studio, b"a\n1\n", "name=../../etc/x%20y.csv&total=4").json
    assert odd["name"] == "x_y.csv" and "/uploads/" in odd["path"] and ".." not in odd["path"]
    assert send(studio, b"MZ", "name=tool.exe&total=2").code == "UNSUPPORTED"
    assert send(studio, b"1", "file_id=../x&offset=0&total=4").status == 400
    assert send(studio, b"12345", "name=a.csv&total=2").status == 400
    assert send(studio, b"", f"name=a.csv&total={3 << 30}").status == 413
    assert studio.call("POST", "/api/uploads?name=a.csv&total=1", raw="1",
                       headers={"Content-Type": "text/plain", "X-Velo-Client": "test"}).status == 415
