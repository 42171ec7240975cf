"""A server that is told to stop loses nothing that it has taken."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx
import pytest
from tests.web.conftest import TAXA, jpeg

from thuja.encode import build_labels
from thuja.errors import UsageError
from thuja.model import Model
from thuja.predict import Predictor
from thuja.web.running import Server, open_socket
from thuja.web.served import Served
from thuja.web.settings import Pace, ServeSettings

Live = Callable[[Served | None], str]
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
BODY = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n' + jpeg() + b"\r\n--b--\r\n"


@dataclass
class Load:
    """Clients that ask again and again until the server takes no connection any more.

    `lost` are requests that were sent on a connection that the server had taken, and got no answer.
    """

    host: str
    port: int
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, clients: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        return threads

    def _ask(self) -> None:
        while True:
            connection = HTTPConnection(self.host, self.port, timeout=60)
            try:
                connection.connect()
            except OSError:
                return
            try:
                while connection.sock is not None:
                    connection.request(
                        "POST", "/api/identify", BODY, {"Content-Type": "multipart/form-data; boundary=b"}
                    )
                    answer = connection.getresponse()
                    answer.read()
                    with self._lock:
                        self.answered += 1
                        self.statuses.add(answer.status)
            except (OSError, HTTPException) as error:
                with self._lock:
                    self.lost.append(repr(error))
            finally:
                connection.close()


def test_stopping_under_load_loses_no_request(predictor: Predictor, live: Live) -> None:
    served = Served(ServeSettings(pace=Pace(drain=0.3)), predictor=predictor)
    host, port = live(served).removeprefix("http://").split(":")
    load = Load(host, int(port))
    threads = load.start(8)
    while load.answered < 40:
        time.sleep(0.01)
    served.is_stopping = True
    for thread in threads:
        thread.join(30)
    assert load.lost == []
    assert load.statuses == {200}


def test_whoever_connected_before_the_server_closed_its_door_is_answered(predictor: Predictor) -> None:
    """Connections in the system's queue were reset when the socket was closed, and those that had sent nothing cut."""
    early: list[HTTPConnection] = []

    class Blocked(Server):
        async def on_tick(self, counter: int) -> bool:
            if not self._served.is_stopping:
                return await super().on_tick(counter)
            for number in range(3):  # between this and the end of the server no connection is taken up
                connection = HTTPConnection("127.0.0.1", port, timeout=10)
                connection.connect()
                if number:
                    connection.request("GET", "/healthz")
                early.append(connection)
            return True

    served = Served(ServeSettings(port=0, pace=Pace(drain=2.0)), predictor=predictor)
    listening = open_socket(served.settings)
    port = listening.getsockname()[1]
    server = Blocked(served)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    served.is_stopping = True
    while len(early) < 3:
        time.sleep(0.01)
    time.sleep(0.2)
    with pytest.raises(OSError, match=r"refused|timed out"):
        socket.create_connection(("127.0.0.1", port), timeout=0.5)
    early[0].request("GET", "/healthz")
    answers = [connection.getresponse() for connection in early]
    assert [(one.status, one.getheader("connection")) for one in answers] == [(200, "close")] * 3
    for connection in early:
        connection.close()
    thread.join(20)
    assert not thread.is_alive()


def test_a_server_that_stops_is_not_ready_and_ends_its_connections(predictor: Predictor, live: Live) -> None:
    served = Served(ServeSettings(pace=Pace(drain=5.0)), predictor=predictor)
    address = live(served)
    with httpx.Client() as client:
        assert "connection" not in client.get(f"{address}/readyz").headers
        served.is_stopping = True
        told = client.get(f"{address}/readyz")
    assert (told.status_code, told.headers["connection"]) == (503, "close")


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} on 127.0.0.1 is taken") as told:
            open_socket(ServeSettings(port=port))
    assert "--port 0" in told.value.hint


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.77"])
def test_an_address_that_is_none_is_one_sentence(host: str) -> None:
    with pytest.raises(UsageError, match=r"there is no address|cannot listen"):
        open_socket(ServeSettings(host=host, port=0))


@pytest.fixture(scope="module")
def run(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder with labels of TAXA beside it."""
    folder = tmp_path_factory.mktemp("serve") / "run"
    predictor.model.save(folder)
    model = Model.load(folder)
    build_labels(model, TAXA).save(folder / "labels")
    return folder


@pytest.fixture
def command(run: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """`thuja serve` as a process of its own, ready: with host and port. Its log is a file: nobody empties a pipe."""
    log = (tmp_path / "log.jsonl").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "thuja", "serve", "--model", str(run), "--port", "0", "--precision", "fp32"],
        stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    address = line.strip().removeprefix("thuja serves http://").strip("/")
    host, _, port = address.partition(":")
    try:
        while True:
            try:
                httpx.get(f"http://{address}/readyz").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield process, host, int(port)
    finally:
        process.kill()
        process.communicate()
        log.close()


@pytest.mark.slow
def test_sigterm_under_load_answers_what_was_taken_and_exits_well(
    command: tuple[subprocess.Popen[str], str, int], tmp_path: Path
) -> None:
    process, host, port = command
    load = Load(host, port)
    threads = load.start(16)
    while load.answered < 200:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(60)
    assert process.wait(60) == 0
    assert load.lost == []
    assert load.statuses == {200}
    told = (tmp_path / "log.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in told if line.startswith("{")]
    assert sum(line.get("path") == "/api/identify" for line in lines) == load.answered
    assert all(line["level"] == "info" for line in lines)


@pytest.mark.slow
def test_a_second_signal_ends_it_at_once(command: tuple[subprocess.Popen[str], str, int]) -> None:
    process, _, _ = command
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 128 + signal.SIGTERM
