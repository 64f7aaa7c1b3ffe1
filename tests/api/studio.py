"""Starts the real Studio for tests and talks to it."""
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


class Studio:
    def __init__(self, binary, demo="frozen", data_dir=None, arguments=()):
        self.own_folder = data_dir is None
        self.data_dir = data_dir or tempfile.mkdtemp(prefix="velo-api-")
        self.process = subprocess.Popen(
            [binary, "studio", "--port", "0", "--data-dir", self.data_dir, "--demo", demo, "--no-open", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.output = ""
        for line in self.process.stdout:
            self.output += line
            found = re.search(r"http://[^/]*:(\d+)/\?token=(\w+)", line)
            if found:
                self.port, self.token = int(found.group(1)), found.group(2)
                return
        raise RuntimeError(f"the Studio did not start:\n{self.output}")

    def stop(self, kill=False):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGINT)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        if self.own_folder:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def call(self, method, path, body=None, headers=None, raw=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        all_headers = dict(headers or {})
        data = raw
        if body is not None:
            data = json.dumps(body)
            all_headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body=data, headers=all_headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return answer

    def get(self, path, **headers):
        return self.call("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path, body, headers=None):
        return self.call("POST", path, body=body, headers=headers)

    def chat(self, body):
        """Chunks of one turn, the head of the response, and the raw text."""
        answer = self.post("/api/chat", body)
        if answer.status != 200:
            return answer, []
        return answer, parse_stream(answer.body.decode())


def parse_stream(text):
    chunks = []
    for frame in text.split("\n\n"):
        if not frame.startswith("data: "):
            continue
        chunks.append("[DONE]" if frame[6:] == "[DONE]" else json.loads(frame[6:]))
    return chunks


def repository():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
