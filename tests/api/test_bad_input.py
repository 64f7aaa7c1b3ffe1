"""Bad input of every kind gives a clear message and loses nothing."""
import os
import subprocess
import tempfile

from studio import Studio

FOLDER = tempfile.mkdtemp(prefix="velo-bad-")


def write(name, data):
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def connect(studio, path, **more):
    return studio.post("/api/connect", {"uri": f"file://{path}", **more})


def test_a_missing_file_is_named(studio):
    answer = connect(studio, os.path.join(FOLDER, "nothing.csv"))
    assert answer.status == 404 and answer.code == "SOURCE_NOT_FOUND" and answer.json["error"]["message"]


def test_devices_and_foreign_schemes_are_refused(studio):
    for path in ("/dev/zero", "/proc/self/environ"):
        assert connect(studio, path).status in (400, 403, 404), path
    answer = studio.post("/api/connect", {"uri": "kafka://localhost:9092"})
    assert answer.code == "UNSUPPORTED" and "file://" in answer.json["error"]["cure"]


def test_odd_files_are_told_not_crashed_on(studio):
    odd = {
        "empty.csv": b"", "binary.csv": bytes(range(256)) * 64, "ragged.csv": b"a,b\n1,2\n3\n4,5,6\n",
        "mixed.csv": b"a\n1\nx\n2.5\n", "huge.csv": b"a\n" + b"x" * (4 << 20) + b"\n", "latin.csv": b"a\n\xff\xfe\xe9\n",
        "deep.json": b"[" * 5000 + b"]" * 5000, "wrong.json": b"{\"a\": ", "half.jsonl": b"{\"a\":1}\n{\"a\":\n{\"a\":3}\n",
        "wrong.parquet": b"PAR1 not really", "wrong.csv.gz": b"not gzip at all",
    }
    for name, data in odd.items():
        path = write(name, data)
        answer = connect(studio, path)
        assert answer.status < 500 or answer.status in (502, 503), (name, answer.body[:300])
        if answer.status == 200:
            source = answer.json["source_id"]
            for what in ("schema", "preview"):
                seen = studio.get(f"/api/sources/{source}/{what}")
                assert seen.status < 500 or seen.status in (502, 503), (name, what, seen.body[:300])
        else:
            assert answer.json["error"]["message"], name
    assert studio.get("/healthz").status == 200


def test_malformed_bodies_are_told(studio):
    headers = {"Content-Type": "application/json"}
    for raw in ("", "{", "[]", "nul", "[" * 100000, '{"sql": 1}', '{"sqll": "SELECT 1"}'):
        answer = studio.call("POST", "/api/validate", raw=raw, headers=headers)
        assert answer.status == 400 and answer.code == "VALIDATION_ERROR", (raw[:20], answer.body[:200])
    unknown = studio.post("/api/validate", {"sql": "SELECT 1", "strct": True})
    assert unknown.json["error"]["details"] == {"unknown_fields": "strct", "closest": "strict"}


def test_ids_from_outside_are_only_looked_up(studio):
    for path in ("/api/threads/..%2f..%2fetc", "/api/artifacts/%00", "/api/executions/' OR 1=1 --".replace(" ", "%20")):
        assert studio.get(path).status in (400, 404), path


def test_a_second_studio_on_the_same_folder_says_so(studio):
    binary = os.environ.get("VELO_BIN", "bin/velo")
    second = subprocess.run([binary, "studio", "--port", "0", "--data-dir", studio.data_dir, "--no-open"],
                            capture_output=True, text=True, timeout=30)
    assert second.returncode == 6, (second.returncode, second.stdout, second.stderr)


def test_a_taken_port_is_named(studio):
    binary = os.environ.get("VELO_BIN", "bin/velo")
    with tempfile.TemporaryDirectory() as folder:
        second = subprocess.run([binary, "studio", "--port", str(studio.port), "--data-dir", folder, "--no-open"],
                                capture_output=True, text=True, timeout=30)
    assert second.returncode == 5 and str(studio.port) in second.stdout + second.stderr


def test_a_restart_loses_nothing(studio):
    folder = tempfile.mkdtemp(prefix="velo-again-")
    binary = os.environ.get("VELO_BIN", "bin/velo")
    first = Studio(binary, data_dir=folder)
    first.post("/api/tools/validate_sql", {"arguments": {"sql": "SELECT symbol FROM trades"}, "thread_id": "thr_keep"})
    execution = first.post("/api/execute", {"sql": "SELECT symbol FROM trades LIMIT 2", "thread_id": "thr_keep"}).json
    token = first.token
    first.stop(kill=True)
    second = Studio(binary, data_dir=folder)
    try:
        assert second.token == token
        assert second.get("/api/threads/thr_keep/artifacts").json["artifacts"]
        past = second.get(f"/api/executions/{execution['execution_id']}")
        assert past.status in (200, 404)
    finally:
        second.stop()
