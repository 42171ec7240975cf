"""URLs to bytes: what servers do, and what it becomes."""

import base64
import gzip
import random
import socket
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from thuja.errors import ImageError, UsageError
from thuja.images import Limits, decode
from thuja.images.fetching import Fetcher, Patience, has_other_scheme, is_url, redirected_to, unpack_start

QUICK = Patience(connect=2, read=0.5, deadline=2.0, tries=3, first_wait=0.01, longest_wait=0.5, redirects=3)
LIMITS = Limits(max_bytes=1000)
BOMB = gzip.compress(b"0" * 5 * 10**7)


class Handler(BaseHTTPRequestHandler):
    """Answers `/NAME` by the function `serve_NAME`, and counts."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()
    agents: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        name = self.path.strip("/").partition("?")[0]
        Handler.asked[name] += 1
        Handler.agents.add(self.headers["User-Agent"])
        try:
            SERVED[name](self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(b"x" * 500)


def endless_redirect(handler: Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "/ok")
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(b"x" * 2**16)


def dripping(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def dripping_headers(handler: Handler) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def dripping_chunk_size(handler: Handler) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def cut(handler: Handler) -> None:
    handler.answer(200, b"half", content_length="900")
    handler.close_connection = True


def long_length(handler: Handler) -> None:
    handler.answer(200, b"image", content_length="0" * 4999 + "5")
    handler.close_connection = True


def silent(handler: Handler) -> None:
    time.sleep(1)
    handler.close_connection = True


def second_time(status: int, **headers: str) -> Callable[[Handler], None]:
    def serve(handler: Handler) -> None:
        name = handler.path.strip("/")
        if Handler.asked[name] == 1:
            handler.answer(status, b"wait", **headers)
        else:
            handler.answer(200, b"image")

    return serve


SERVED: dict[str, Callable[[Handler], None]] = {
    "ok": lambda handler: handler.answer(200, b"image"),
    "zipped": lambda handler: handler.answer(200, gzip.compress(b"image"), content_encoding="gzip"),
    "bomb": lambda handler: handler.answer(200, BOMB, content_encoding="gzip"),
    "cut_zip": lambda handler: handler.answer(200, gzip.compress(b"image")[:-3], content_encoding="gzip"),
    "rare_zip": lambda handler: handler.answer(200, b"image", content_encoding="br"),
    "unzippable": lambda handler: handler.answer(200, b"no gzip", content_encoding="gzip"),
    "html": lambda handler: handler.answer(200, b"<!DOCTYPE html><p>log in", content_type="text/html"),
    "gone": lambda handler: handler.answer(404, b"not here"),
    "refused": lambda handler: handler.answer(403),
    "busy": second_time(503),
    "limited": second_time(429, Retry_After="0"),
    "dated": second_time(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "garbled": second_time(429, Retry_After="soon"),
    "tomorrow": lambda handler: handler.answer(429, Retry_After="86400"),
    "broken": lambda handler: handler.answer(500),
    "moved": lambda handler: handler.answer(301, Location="/ok"),
    "loop": lambda handler: handler.answer(302, Location="/loop"),
    "to_file": lambda handler: handler.answer(302, Location="file:///etc/passwd"),
    "to_rubbish": lambda handler: handler.answer(302, Location="http://[::1/"),
    "to_nowhere": lambda handler: handler.answer(302),
    "endless_redirect": endless_redirect,
    "endless": endless,
    "large": lambda handler: handler.answer(200, b"", content_length=str(10**12)),
    "long_length": long_length,
    "dripping": dripping,
    "dripping_headers": dripping_headers,
    "dripping_chunk_size": dripping_chunk_size,
    "cut": cut,
    "silent": silent,
}


class Server(ThreadingHTTPServer):
    """Says nothing when a client hangs up, which is what is tested."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def fetcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetcher]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    Handler.asked.clear()
    fetcher = Fetcher(limits=LIMITS, patience=QUICK, threads=2)
    yield fetcher
    fetcher.close()


@pytest.mark.parametrize("name", ["ok", "zipped", "moved", "endless_redirect"])
def test_an_image_comes_as_its_bytes(server: str, fetcher: Fetcher, name: str) -> None:
    assert fetcher.fetch(f"{server}/{name}?size=large") == b"image"
    assert "thuja/0.1.0" in Handler.agents


@pytest.mark.parametrize(
    ("name", "reason", "tries"),
    [
        ("gone", "http_404", 1),
        ("refused", "http_403", 1),
        ("broken", "http_500", 3),
        ("tomorrow", "http_429", 1),
        ("loop", "too_many_redirects", 4),
        ("to_file", "bad_url", 1),
        ("to_nowhere", "bad_url", 1),
        ("to_rubbish", "bad_url", 1),
        ("endless", "too_large_file", 1),
        ("large", "too_large_file", 1),
        ("bomb", "too_large_file", 1),
        ("unzippable", "undecodable", 1),
        ("dripping", "timeout", 1),
        ("cut_zip", "undecodable", 1),
        ("rare_zip", "undecodable", 1),
        ("silent", "timeout", 3),
        ("cut", "unreachable", 3),
    ],
)
def test_what_a_bad_server_does_has_its_reason(
    server: str, fetcher: Fetcher, name: str, reason: str, tries: int
) -> None:
    started = time.monotonic()
    with pytest.raises(ImageError) as caught:
        fetcher.fetch(f"{server}/{name}")
    assert (caught.value.reason, Handler.asked[name]) == (reason, tries)
    assert "\n" not in caught.value.message
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", ["dripping_headers", "dripping_chunk_size"])
def test_the_deadline_holds_wherever_the_server_dawdles(server: str, fetcher: Fetcher, name: str) -> None:
    """It was looked at between the pieces of a body: headers that came byte by byte held a thread for 10 s here."""
    assert fetcher.fetch(f"{server}/ok") == b"image"  # and this connection is used again
    started = time.monotonic()
    with pytest.raises(ImageError, match="within 2 seconds") as caught:
        fetcher.fetch(f"{server}/{name}")
    assert caught.value.reason == "timeout"
    assert 1.9 < time.monotonic() - started < 6
    assert fetcher.fetch(f"{server}/ok") == b"image"


def test_the_deadline_holds_while_hands_are_shaken(fetcher: Fetcher) -> None:
    """The shake of TLS has a timeout for each read only, and takes the socket away from urllib3 meanwhile."""

    def drip() -> None:
        with listener.accept()[0] as connection:
            connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KB is to come
            try:
                for _ in range(100):
                    connection.sendall(b"x")
                    time.sleep(0.1)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=drip, daemon=True)
        server.start()
        started = time.monotonic()
        with pytest.raises(ImageError, match="within 2 seconds"):
            fetcher.fetch(f"https://127.0.0.1:{listener.getsockname()[1]}/a.jpg")
        assert time.monotonic() - started < 6
        server.join(5)


def test_a_length_of_thousands_of_digits_is_not_believed(server: str, fetcher: Fetcher) -> None:
    """`int` raises ValueError for more than 4,300 digits, which ended the whole run."""
    assert fetcher.fetch(f"{server}/long_length") == b"image"


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 21 Oct 99999999999999999999 07:28:00 GMT",
        f"Wed, 21 Oct 2015 {'9' * 23}:28:00 GMT",
        "Wed, 21 Oct 2015 07:28:00 +99999999999999",
        "Wed, 21 Oct 2015 07:28:00 -2399",
        "9" * 5000,
    ],
)
def test_a_date_beyond_all_calendars_is_one_images_error(
    server: str, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch, date: str
) -> None:
    """OverflowError came out of the date of a Retry-After header, and ended the whole run."""
    monkeypatch.setitem(SERVED, "far", lambda handler: handler.answer(429, Retry_After=date))
    with pytest.raises(ImageError) as caught:
        fetcher.fetch(f"{server}/far")
    assert caught.value.reason == "http_429"


def test_a_bomb_is_not_unpacked_beyond_the_limit(server: str, fetcher: Fetcher) -> None:
    """It was left to urllib3, which before 2.6 unpacked all of what it had read, a thousand times the limit."""
    tracemalloc.start()
    with pytest.raises(ImageError, match="over the limit of 200,000"):
        Fetcher(limits=Limits(max_bytes=200_000), patience=QUICK).fetch(f"{server}/bomb")
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["busy", "limited", "dated", "garbled"])
def test_what_may_pass_is_tried_again(server: str, fetcher: Fetcher, name: str) -> None:
    assert fetcher.fetch(f"{server}/{name}") == b"image"
    assert Handler.asked[name] == 2


def test_as_long_is_waited_as_the_server_asks(server: str, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SERVED, "later", second_time(429, Retry_After="1"))
    patient = Fetcher(patience=Patience(first_wait=0.01, longest_wait=2))
    started = time.monotonic()
    assert patient.fetch(f"{server}/later") == b"image"
    assert time.monotonic() - started >= 1
    patient.close()


def test_a_page_instead_of_an_image_is_told_by_its_bytes(server: str, fetcher: Fetcher) -> None:
    data = fetcher.fetch(f"{server}/html")
    with pytest.raises(ImageError, match="DOCTYPE") as caught:
        decode(data)
    assert caught.value.reason == "unsupported"


def test_a_server_that_is_not_there_is_unreachable(fetcher: Fetcher) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/a.jpg"
    with pytest.raises(ImageError, match="Connection refused") as caught:
        fetcher.fetch(address)
    assert caught.value.reason == "unreachable"
    with pytest.raises(ImageError, match=r'the host "nowhere\.invalid" is not known'):
        # Asking for a name may take a while, which is no fault of the fetcher's.
        Fetcher(limits=LIMITS, patience=replace(QUICK, deadline=60)).fetch("http://nowhere.invalid/a.jpg")


@pytest.mark.parametrize("url", ["http://", "http://[::1/a.jpg", "http://a:port/b", "http://" + "a" * 300 + "/"])
def test_what_is_no_address_is_said(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(ImageError) as caught:
        fetcher.fetch(url)
    assert caught.value.reason in ("bad_url", "unreachable")


def test_the_proxy_of_the_environment_is_used(server: str, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked for the whole address, which the server here takes for a path."""
    monkeypatch.setenv("http_proxy", server.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setitem(SERVED, "http://example.invalid/a.jpg", lambda handler: handler.answer(200, b"by proxy"))
    assert fetcher.fetch("http://example.invalid/a.jpg") == b"by proxy"
    assert fetcher.fetch(f"{server}/ok") == b"image"


def test_a_proxy_gets_the_password_in_its_address(
    server: str, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not sent: every URL was 407 behind a proxy that asks for one."""
    monkeypatch.setenv("http_proxy", f"http://ann:p%40ss%C3%A9@{server.removeprefix('http://')}")
    sent: list[str] = []

    def serve(handler: Handler) -> None:
        sent.append(handler.headers["Proxy-Authorization"])
        handler.answer(200, b"by proxy")

    monkeypatch.setitem(SERVED, "http://example.invalid/a.jpg", serve)
    assert fetcher.fetch("http://example.invalid/a.jpg") == b"by proxy"
    assert sent == ["Basic " + base64.b64encode("ann:p@ssé".encode()).decode()]


def test_only_the_web_is_fetched() -> None:
    assert is_url("HTTPS://example.org/a.jpg")
    assert is_url("http://example.org")
    assert not is_url("photos/http://a.jpg")
    assert has_other_scheme("s3://bucket/a.jpg")
    assert not has_other_scheme("https://example.org")
    assert not has_other_scheme("C:/photos/a.jpg")


def test_patience_without_a_try_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one try"):
        Patience(tries=0)


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        ("http://b.example/\udcff.jpg", "http://b.example/%FF.jpg"),
        ("/\udcc3é", "http://a.example/%C3é"),
        ("//b.example/ü", "http://b.example/ü"),
    ],
)
def test_raw_bytes_of_a_redirect_are_encoded(target: str, reached: str) -> None:
    """They came through as lone surrogates, which no table can hold."""
    assert redirected_to("http://a.example/x", target) == reached


@pytest.mark.parametrize("target", ["http://b\udcff.example/", "/\ud800", ""])
def test_a_redirect_to_what_is_no_text_is_refused(target: str) -> None:
    with pytest.raises(ImageError, match="no address of the web") as raised:
        redirected_to("http://a.example/x", target)
    str(raised.value).encode()


@pytest.mark.parametrize("packing", ["", "gzip"])
def test_the_start_of_a_body_is_had_though_it_is_cut(packing: str) -> None:
    body = random.Random(0).randbytes(5000)
    sent = gzip.compress(body) if packing else body
    assert unpack_start(sent[:-1000], packing, 3000) == body[:3000]
