"""How long a row takes from its place in an embedded topic to a WebSocket frame in a client: the real Studio with its live
demo stream. Usage: stream_latency.py VELO [seconds]; prints one line of JSON."""
import json
import statistics
import sys
import time
from pathlib import Path

# _timestamp is in milliseconds, so is the answer.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "api"))

from studio import Studio  # noqa: E402
from websocket_client import WebSocket  # noqa: E402


def measure(velo, seconds):
    studio = Studio(velo, demo="on")
    try:
        sql = "SELECT symbol, price, _timestamp AS appended FROM trades"
        execution = studio.post("/api/execute", {"sql": sql, "options": {"mode": "live", "from": "latest"}}).json
        socket = WebSocket(studio.port, execution["stream_url"])
        millis, ends = [], time.time() + seconds
        while time.time() < ends:
            message = socket.receive()
            arrived = time.time()
            if message["type"] == "rows":
                millis += [arrived * 1000 - row["appended"] for row in message["data"]]
    finally:
        studio.stop()
    millis.sort()
    return {"measure": "topic to WebSocket frame, demo stream", "rows": len(millis), "rows_per_second": len(millis) / seconds,
            "p50_ms": statistics.median(millis), "p99_ms": millis[len(millis) * 99 // 100]}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 10)))
