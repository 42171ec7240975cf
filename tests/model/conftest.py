"""A hub of one's own: the few endpoints of huggingface.co that fetching and pushing a model call."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0" * 40
AT_ONCE = "import time; time.sleep = lambda seconds: None\n"
"""Before code to run: the hub's client waits for a second and more before it tries again."""


@dataclass
class Hub:
    """Repositories as files by name, what was asked, and how to go wrong.

    `cut` names a file whose bytes stop half-way; `refused` maps the beginning of a path to a status,
    or to 0 for a connection that breaks.
    """

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    cut: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    home: Path = Path()

    def put(self, repository: str, folder: Path) -> None:
        """Publish a folder's files."""
        self.repositories[repository] = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def run(self, code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python in a process of its own that takes this for the hub; its cache is empty at first."""
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={
                **kept,
                "HF_ENDPOINT": self.address,
                "HF_HOME": str(self.home),
                "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                **environment,
            },
        )

    def thuja(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return self.run("from thuja.cli.main import main; main()", *arguments, **environment)


def handler_of(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.resolve(is_head=True)

        def do_GET(self) -> None:
            if self.path.startswith("/api/"):
                self.answer(404, {}, {"X-Error-Code": "RepoNotFound"})
            else:
                self.resolve(is_head=False)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.split("?")[0]
            hub.asked.append(f"POST {path}")
            if self.is_refused(path):
                return
            if path == "/api/repos/create":
                self.create(json.loads(body))
            elif path == "/api/validate-yaml":
                self.answer(200, {"errors": [], "warnings": []})
            elif "/preupload/" in path:
                modes = [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(body)["files"]
                ]
                self.answer(200, {"files": modes})
            elif path.endswith("/info/lfs/objects/batch"):
                objects = [
                    {**one, "actions": {"upload": {"href": f"{hub.address}/lfs/{one['oid']}"}}}
                    for one in json.loads(body)["objects"]
                ]
                self.answer(200, {"transfer": "basic", "objects": objects})
            elif "/commit/" in path:
                self.commit("/".join(path.split("/")[3:5]), body)
            else:
                self.answer(404, {"error": path})

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.is_refused(self.path):
                return
            name = self.path.rsplit("/", 1)[1]
            assert hashlib.sha256(body).hexdigest() == name
            hub.blobs[name] = body
            self.answer(200, {})

        def is_refused(self, path: str) -> bool:
            """Answer with the status set for this path, if there is one; 0 hangs up."""
            for beginning, status in hub.refused.items():
                if path.startswith(beginning):
                    if status:  # and the connection stays: who hangs up first may cut off what was said
                        self.answer(status, {"error": "refused"})
                    else:
                        self.close_connection = True
                    return True
            return False

        def create(self, wanted: dict[str, str]) -> None:
            name = f"{wanted['organization']}/{wanted['name']}"
            hub.repositories.setdefault(name, {})
            if wanted.get("visibility") == "private" or wanted.get("private"):
                hub.private.add(name)
            self.answer(200, {"url": f"{hub.address}/{name}"})

        def commit(self, repository: str, body: bytes) -> None:
            files = hub.repositories[repository]
            for line in body.splitlines():
                said = json.loads(line)
                if said["key"] == "file":
                    files[said["value"]["path"]] = base64.b64decode(said["value"]["content"])
                elif said["key"] == "lfsFile":
                    files[said["value"]["path"]] = hub.blobs[said["value"]["oid"]]
            address = f"{hub.address}/{repository}/commit/{COMMIT}"
            self.answer(200, {"commitUrl": address, "commitOid": COMMIT, "success": True})

        def resolve(self, *, is_head: bool) -> None:
            kind, path = (
                ("datasets/", self.path[len("/datasets") :]) if self.path.startswith("/datasets/") else ("", self.path)
            )
            organization, name, _, _, file = path.strip("/").split("/", 4)
            hub.asked.append(f"{self.command} {file}")
            repository = hub.repositories.get(f"{kind}{organization}/{name}")
            if repository is None:
                self.answer(404, {}, {"X-Error-Code": "RepoNotFound"})
            elif file not in repository:
                self.answer(404, {}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            else:
                data = repository[file]
                headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
                is_cut = file == hub.cut and not is_head
                self.send(200, data, headers, sent=len(data) // 2 if is_cut else 0 if is_head else len(data))

        def answer(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
            data = json.dumps(value).encode()
            sent = 0 if self.command == "HEAD" else len(data)
            self.send(status, data, {"Content-Type": "application/json", **(headers or {})}, sent=sent)

        def send(self, status: int, data: bytes, headers: dict[str, str], *, sent: int) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(data[:sent])
            if self.command != "HEAD" and sent < len(data):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """An empty hub that listens on this machine alone."""
    made = Hub(home=tmp_path / "hf-home")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(made))
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()
