"""Bodies are bounded while they are read, time is bounded, and nothing of a form lies on a disk."""

import asyncio
import http.client
import json
import logging
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from tests.web.conftest import jpeg
from tests.web.test_identify import ask

from thuja.predict import Predictor
from thuja.web.app import create_app
from thuja.web.intake import Intake
from thuja.web.metrics import Metrics
from thuja.web.served import Served
from thuja.web.settings import Pace, RequestLimits, ServeSettings

Live = Callable[[Served | None], str]


def small(predictor: Predictor, pace: Pace | None = None, **limits: int) -> Served:
    bounds = RequestLimits(**{"bytes": 20_000, "image_bytes": 10_000, "images": 3, **limits})
    return Served(ServeSettings(limits=bounds, pace=pace or Pace()), predictor=predictor)


@pytest.fixture
def client(predictor: Predictor) -> Iterator[TestClient]:
    with TestClient(create_app(small(predictor)), base_url="http://127.0.0.1:8080") as client:
        yield client


def test_a_body_that_says_it_is_too_large_is_refused_unread(client: TestClient) -> None:
    answer = client.post("/api/embed", content=b"x" * 20_001, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (413, "a request is over the limit of 20,000 bytes")


@pytest.mark.parametrize("path", ["/api/identify", "/api/embed", "/api/why", "/api/session"])
def test_a_body_of_unknown_length_is_cut_off_at_the_limit(predictor: Predictor, live: Live, path: str) -> None:
    """Whoever reads it, a JSON endpoint of the framework or a form of ours: nothing beyond the limit is kept."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\n'
        while sent < 2_000_000:
            sent += 1_000
            yield b"x" * 1_000

    address = live(small(predictor))
    kind = "application/json" if path == "/api/session" else "multipart/form-data; boundary=b"
    answer = httpx.post(address + path, content=endless(), headers={"Content-Type": kind}, timeout=20)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_a_picture_over_its_own_limit_is_refused_by_name(client: TestClient) -> None:
    answer = ask(client, b"x" * 10_001)
    assert answer.json()["detail"] == "the picture 0.jpg is over the limit of 10,000 bytes"
    assert answer.status_code == 413


def test_too_many_pictures_and_fields_are_refused(client: TestClient) -> None:
    assert ask(client, *[jpeg()] * 4).json()["detail"] == "more than 3 pictures at once"
    many = client.post("/api/identify", files=[(f"f{number}", (None, "x")) for number in range(17)])
    assert (many.status_code, many.json()["detail"]) == (413, "more than 16 fields in one form")
    same = client.post("/api/identify", files=[("question", (None, "{}")) for _ in range(17)])
    assert same.status_code == 413, "fields of one name were counted once, a million of them too"


def test_json_has_a_limit_of_its_own_also_where_a_form_may_be_larger(predictor: Predictor) -> None:
    """64 MiB of JSON were read on the thread that takes requests, into ten times the memory: without a key, too."""
    served = small(predictor, question_bytes=1_000)
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        for path in ("/api/session", "/api/embed", "/api/search"):
            for kind in ("application/json", "text/plain", ""):
                answer = client.post(path, content=b" " * 1_001, headers={"Content-Type": kind})
                assert answer.json()["detail"] == "a request is over the limit of 1,000 bytes", (path, kind)
        assert ask(client, jpeg() + b" " * 2_000).status_code == 200
    assert RequestLimits().of_body("application/json") == 2 * 2**20


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"x", 415),
        ("multipart/form-data", b"x", 415),
        ("multipart/form-data; boundary=b", b"x", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="images"\r\n\r\nx', 400),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"A: b\r\n" * 50 + b"\r\nx\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nA: " + b"b" * 9_000 + b"\r\n\r\nx\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=" + "b" * 1_000, b"x", 400),
        ("multipart/form-data; boundary=b",
         b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\n\xff\xfe\r\n--b--\r\n', 400),
    ],
)  # fmt: skip
def test_broken_forms_are_problems(client: TestClient, kind: str, body: bytes, status: int) -> None:
    answer = client.post("/api/identify", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_name_with_control_characters_comes_back_as_text_alone(client: TestClient) -> None:
    """A name such as this once split headers and logs in other servers."""
    name = b'../../a\\"<b>\x07%0d%0aSet-Cookie: x.jpg'
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="' + name + b'"\r\n\r\n'
    answer = client.post(
        "/api/identify",
        content=head + jpeg() + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    told = answer.json()["results"][0]["name"]
    assert told.isprintable()
    assert "/" not in told
    assert "set-cookie" not in answer.headers


def test_uploads_are_never_written_to_a_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework's own forms spool what is over a megabyte into a temporary file."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", forbidden)
    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", forbidden)
    assert ask(client, jpeg()).status_code == 200


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b'<!DOCTYPE s [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "unsupported"),
        (b"PK\x03\x04" + b"\0" * 200, "unsupported"),
        (b"\x1f\x8b\x08" + b"\0" * 200, "unsupported"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "unsupported"),
        (b"BM" + (1000).to_bytes(4, "little") + b"\0" * 4 + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
         + (60_000).to_bytes(4, "little") * 2 + b"\1\0\x18\0" + b"\0" * 24, "too_many_pixels"),
    ],
)  # fmt: skip
def test_bombs_are_refused_by_their_headers(client: TestClient, picture: bytes, reason: str) -> None:
    assert ask(client, picture).json()["results"][0]["reason"] == reason


def test_pixels_over_the_limit_are_refused(predictor: Predictor) -> None:
    served = small(predictor, pixels=100 * 100)
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        reasons = [one["reason"] for one in ask(client, jpeg(0, (100, 100)), jpeg(0, (101, 100))).json()["results"]]
    assert reasons == ["", "too_many_pixels"]


def test_a_body_that_does_not_arrive_is_given_up(predictor: Predictor, live: Live) -> None:
    address = live(small(predictor, Pace(body=0.2)))
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(b"POST /api/embed HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 100\r\n\r\n{")  # fmt: skip
        told = slow.recv(10_000)
    assert told.startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_arrive_cost_a_connection_no_longer_than_allowed(predictor: Predictor, live: Live) -> None:
    """A header every few seconds held a connection for ever (slowloris): uvicorn's own protocol has no such limit."""
    host, port = live(small(predictor, Pace(header=0.3))).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        assert slow.recv(100) == b""
    quick = http.client.HTTPConnection(host, int(port), timeout=10)
    for _ in range(3):  # a connection that is kept alive may rest between its requests
        quick.request("GET", "/healthz")
        assert quick.getresponse().read() == b'{"status":"ok"}'
        time.sleep(0.4)
    quick.close()


def test_a_body_that_goes_on_after_its_answer_is_not_listened_to_for_ever(predictor: Predictor, live: Live) -> None:
    """uvicorn reads what nobody wants any more for as long as it comes."""
    host, port = live(small(predictor, Pace(header=0.3))).removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sender:
        sender.sendall(b"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 19000\r\n\r\n")
        assert sender.recv(10_000).startswith(b"HTTP/1.1 405 ")
        assert 0.2 < seconds_until_closed(sender, patience=5) < 4


def seconds_until_closed(sender: socket.socket, *, patience: float) -> float:
    """For how long a connection takes byte after byte."""
    began = time.monotonic()
    with suppress(OSError):  # reset or broken, as the system has it
        while time.monotonic() - began < patience:
            sender.sendall(b"x")
            time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize(("path", "status"), [("/api/identify", 413), ("/api/search", 409), ("/nothing", 405)])
def test_who_sends_all_before_he_listens_hears_why_he_is_refused(
    predictor: Predictor, live: Live, path: str, status: int
) -> None:
    """Who wanted the connection closed behind the answer, as urllib does, was cut off while still sending."""
    begin = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n'
    address = urlsplit(live(small(predictor, bytes=2**24)))
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Connection": "close"}
    connection.request("POST", path, begin + b"x" * (2**24 - 1000), headers)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    connection.close()


def test_a_body_that_nobody_reads_does_not_put_off_the_time_for_an_answer() -> None:
    """A GET that announced a body and never sent it had all the time in the world."""
    sent: list[Message] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", b"10")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    intake = Intake(endless, limits=RequestLimits(), pace=Pace(answer=0.1), metrics=Metrics())
    asyncio.run(asyncio.wait_for(intake(scope, receive, send), 5))
    assert sent[0]["status"] == 503


def test_bodies_of_all_requests_together_are_bounded(predictor: Predictor) -> None:
    served = small(predictor, Pace(bytes=5_000))
    with TestClient(create_app(served), base_url="http://127.0.0.1:8080") as client:
        answer = ask(client, b"x" * 6_000)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert ask(client, jpeg()).status_code == 200


def test_a_log_line_tells_how_a_request_went_and_nothing_of_what_was_in_it(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "secret-name"
    with caplog.at_level(logging.INFO, "thuja.web.requests"):
        client.post(
            f"/api/identify?token={secret}",
            files={"images": (f"{secret}.jpg", jpeg())},
            data={"question": json.dumps({"labels": [secret, "other"]})},
            headers={"X-API-Key": secret},
        )
        client.get(f"/api/{secret}")
    lines = [record.told for record in caplog.records if hasattr(record, "told")]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", "/api/identify", 200),
        ("GET", "none", 404),
    ]
    assert lines[0]["bytes_in"] > len(jpeg())
    assert secret not in json.dumps(lines)


def test_metrics_count_requests_and_passes(client: TestClient) -> None:
    ask(client, jpeg(1), jpeg(2))
    text = client.get("/metrics").text
    assert 'thuja_requests_total{method="POST",path="/api/identify",status="200"} 1.0' in text
    assert 'thuja_batch_items_sum{work="look"} 2.0' in text
    assert "process_resident_memory_bytes" in text


def test_limits_of_a_request_are_those_that_about_tells(client: TestClient) -> None:
    told = client.get("/api/about").json()["limits"]
    assert (told["bytes"], told["image_bytes"], told["images"]) == (20_000, 10_000, 3)
    assert replace(RequestLimits(), images=3).images == told["images"]
