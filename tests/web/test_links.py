"""Links: the open web and nothing else, whatever a name, a redirect or a server says."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from thuja.errors import ImageError
from thuja.images import Limits
from thuja.images.fetching import Patience
from thuja.web.links import LinkFetcher, dialled, is_public, resolved

PUBLIC = "93.184.216.34"
NAMES = {
    "photos.example": [PUBLIC],
    "six.example": ["2606:2800:220:1:248:1893:25c8:1946"],
    "inside.example": ["10.1.2.3"],
    "two.example": [PUBLIC, "127.0.0.1"],
    "127.0.0.1": ["127.0.0.1"],
    "2130706433": ["127.0.0.1"],
    "::1": ["::1"],
    "169.254.169.254": ["169.254.169.254"],
}
PRIVATE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.0.9", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "localhost", "",
)  # fmt: skip


class Site(BaseHTTPRequestHandler):
    """A site that answers by its path, and remembers what it was told."""

    heard: list[dict[str, str]]

    def do_GET(self) -> None:
        self.heard.append({"path": self.path, **dict(self.headers.items())})
        name = self.path.strip("/").partition("?")[0]
        if name.startswith("to=") or name == "round":
            self.send_response(302)
            self.send_header("Location", name.removeprefix("to=").replace("!", "/"))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"x" * 5000 if name == "large" else b"a picture"
        self.send_response(404 if name == "gone" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Web:
    """A web of one site: every public address is dialled to it."""

    port: int
    heard: list[dict[str, str]]
    asked: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int]] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=lambda: dict(NAMES))

    def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        if host not in self.names:
            raise socket.gaierror("unknown")
        return self.names[host]

    def dial(self, address: str, port: int, timeout: float | None) -> socket.socket:
        self.dialled.append((address, port))
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def fetcher(self) -> LinkFetcher:
        return LinkFetcher(
            limits=Limits(max_bytes=1000),
            patience=Patience(connect=2, read=1, deadline=3, tries=1, redirects=3),
            resolve=self.resolve,
            dial=self.dial,
        )


@pytest.fixture
def web() -> Iterator[Web]:
    heard: list[dict[str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Heard", (Site,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Web(port=server.server_address[1], heard=heard)
    server.shutdown()
    server.server_close()
    thread.join()


def reason(web: Web, url: str) -> str:
    fetcher = web.fetcher()
    with pytest.raises(ImageError) as caught:
        fetcher.fetch(url)
    fetcher.close()
    return caught.value.reason


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_open_web_is_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1", f"::ffff:{PUBLIC}", "64:ff9b::808:808"])
def test_an_address_of_the_open_web_is_told(address: str) -> None:
    assert is_public(address)


def test_a_picture_is_fetched_from_the_address_that_was_checked_under_its_hosts_name(web: Web) -> None:
    fetcher = web.fetcher()
    assert fetcher.fetch("http://photos.example/raven.jpg?size=2") == b"a picture"
    fetcher.close()
    assert web.dialled == [(PUBLIC, 80)]
    assert (web.heard[0]["path"], web.heard[0]["Host"]) == ("/raven.jpg?size=2", "photos.example")


def test_a_name_is_asked_for_once_so_that_it_cannot_be_bound_to_another_address_in_between(web: Web) -> None:
    """DNS rebinding: a public address for the check, a private one for the connection."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    def resolve(host: str) -> list[str]:
        return next(answers)

    fetcher = LinkFetcher(resolve=resolve, dial=web.dial)
    assert fetcher.fetch("http://photos.example/1") == b"a picture"
    assert web.dialled == [(PUBLIC, 80)]
    with pytest.raises(ImageError, match="open web"):
        fetcher.fetch("http://photos.example:443/2")  # another connection is another question, and is checked
    fetcher.close()
    assert len(web.dialled) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://inside.example/",
        "http://two.example/",
        "http://photos.example:8080/",
        "http://photos.example:22/",
        "http://user:secret@photos.example/",
        "http://@photos.example/",
    ],
)
def test_what_is_not_of_the_open_web_is_refused_before_a_connection_is_made(web: Web, url: str) -> None:
    assert reason(web, url) == "refused_link"
    assert web.dialled == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http:!!127.0.0.1!", "refused_link"),
        ("http:!!inside.example!", "refused_link"),
        ("http:!!photos.example:6379!", "refused_link"),
        ("file:!!!etc!passwd", "bad_url"),
        ("gopher:!!photos.example!", "bad_url"),
    ],
)
def test_a_redirect_is_held_to_the_same_rules(web: Web, target: str, expected: str) -> None:
    assert reason(web, f"http://photos.example/to={target}") == expected
    assert len(web.dialled) == 1


def test_a_redirect_to_another_host_of_the_web_is_followed_and_passes_nothing_on(web: Web) -> None:
    fetcher = web.fetcher()
    assert fetcher.fetch("http://photos.example/to=http:!!me:secret@six.example!raven") == b"a picture"
    fetcher.close()
    assert web.dialled == [(PUBLIC, 80), (NAMES["six.example"][0], 80)]
    assert not {"Authorization", "Cookie", "Referer"} & set(web.heard[1])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://photos.example/", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("javascript:alert(1)", "bad_url"),
        ("http://", "bad_url"),
        ("http://[::1", "bad_url"),
        ("http://photos.example/\r\nX-Evil: 1", "bad_url"),
        ("http://photos.example/" + "a" * 3000, "bad_url"),
        ("http://nowhere.example/", "unreachable"),
        ("http://" + "a" * 70 + ".example/", "unreachable"),
        ("http://photos.example/gone", "http_404"),
        ("http://photos.example/large", "too_large_file"),
        ("http://photos.example/round", "too_many_redirects"),
    ],
)
def test_a_link_that_gives_no_picture_says_why(web: Web, url: str, expected: str) -> None:
    assert reason(web, url) == expected


def test_a_secure_link_is_asked_for_under_its_hosts_name() -> None:
    """The name goes into TLS though the connection is made to an address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        hello: list[bytes] = []

        def listen() -> None:
            connection, _ = listening.accept()
            hello.append(connection.recv(4096))
            connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        fetcher = LinkFetcher(
            resolve=lambda host: [PUBLIC],
            dial=lambda address, port, timeout: socket.create_connection(listening.getsockname(), timeout),
        )
        with pytest.raises(ImageError) as caught:
            fetcher.fetch("https://photos.example/")
        thread.join()
        fetcher.close()
    assert caught.value.reason == "unreachable"
    assert b"photos.example" in hello[0]


def test_proxies_of_the_environment_are_not_followed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    fetcher = web.fetcher()
    assert fetcher.fetch("http://photos.example/") == b"a picture"
    fetcher.close()


def test_a_link_back_to_the_server_itself_is_refused() -> None:
    """A machine's own public address leads past the firewall that stands before it."""
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(ImageError, match="back to this server"):
        dialled("127.0.0.1", listening.getsockname()[1], 1.0)


def test_a_host_is_looked_up_by_the_system() -> None:
    assert "127.0.0.1" in resolved("127.0.0.1")
