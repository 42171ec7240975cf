"""Who may ask: names, origins, keys."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from thuja.errors import UsageError
from thuja.predict import Predictor
from thuja.web.app import create_app
from thuja.web.keys import digest_of, read_keys
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

KEY = "a-key-of-more-than-sixteen"
Ask = Callable[..., TestClient]


@pytest.fixture
def asking(predictor: Predictor) -> Ask:
    def ask(**settings: object) -> TestClient:
        served = Served(replace(ServeSettings(), **settings), predictor=predictor)
        return TestClient(create_app(served), base_url="http://127.0.0.1:8080", raise_server_exceptions=False)

    return ask


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("[::1]:80", 200),
        ("10.1.2.3", 200),
        ("names.example", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("evil.example@127.0.0.1", 403),
        ("", 403),
        ("a b", 403),
        ("[", 403),
    ],
)
def test_a_name_that_is_not_the_servers_own_is_refused(asking: Ask, host: str, status: int) -> None:
    """A name that was rebound to 127.0.0.1 stands in the Host header; an address can not be rebound."""
    client = asking(hosts=("names.example",))
    assert client.get("/api/about", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 200),
        ({"Origin": "https://127.0.0.1:8080"}, 200),
        ({"Origin": "http://127.0.0.1:9090"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_pages_of_other_origins_can_not_post(asking: Ask, headers: dict[str, str], status: int) -> None:
    answer = asking().post("/api/embed", json={"texts": ["raven"]}, headers=headers)
    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers


def test_an_origin_that_was_named_may_ask_and_no_other(asking: Ask) -> None:
    friend = "https://friend.example"
    with asking(cors=(friend,)) as client:
        before = {"Origin": friend, "Access-Control-Request-Method": "POST"}
        assert client.options("/api/embed", headers=before).status_code == 204
        answer = client.post("/api/embed", json={"texts": ["raven"]}, headers={"Origin": friend})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, friend)
        assert "Origin" in answer.headers["vary"]
        other = client.get("/api/about", headers={"Origin": "https://friend.example.evil"})
        assert "access-control-allow-origin" not in other.headers


def test_with_keys_only_who_has_one_is_answered(asking: Ask) -> None:
    with asking(keys=frozenset({digest_of(KEY)})) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 200
        for path in ("/api/about", "/metrics", "/api/openapi.json", "/api/nothing"):
            refused = client.get(path)
            assert refused.status_code == 401, path
            assert refused.headers["www-authenticate"] == "Bearer"
        assert client.get("/api/about", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
        assert client.get("/api/about", headers={"X-API-Key": KEY}).status_code == 200
        for wrong in ("", KEY[:-1], KEY + "x", "ключ", KEY.upper()):
            assert client.get("/api/about", headers={"X-API-Key": wrong.encode()}).status_code == 401


def test_a_browser_shows_its_key_once(asking: Ask) -> None:
    with asking(keys=frozenset({digest_of(KEY)})) as client:
        assert client.post("/api/session", json={"key": "wrong"}).status_code == 401
        shown = client.post("/api/session", json={"key": KEY})
        assert shown.status_code == 204
        assert "HttpOnly" in shown.headers["set-cookie"]
        assert "samesite=strict" in shown.headers["set-cookie"].lower()
        assert KEY not in shown.headers["set-cookie"]
        assert client.get("/api/about").status_code == 200
        client.cookies.clear()
        assert client.get("/api/about", headers={"Cookie": "thuja_session=0"}).status_code == 401


def test_a_session_holds_beside_the_cookies_of_other_servers_of_the_host(asking: Ask) -> None:
    """A browser sends them to every port: one with a value in JSON hid the session."""
    with asking(keys=frozenset({digest_of(KEY)})) as client:
        shown = client.post("/api/session", json={"key": KEY}).headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        for others in ('prefs={"a": 1, "b": 2}', "_xsrf=2|a|b", "a=[x", "=", "thuja_sessions=0"):
            assert client.get("/api/about", headers={"Cookie": f"{others}; {shown}"}).status_code == 200, others


@pytest.mark.parametrize("key", [b'"\\ud800"', b'"\\u0000"', b"null", b"[" * 50_000])
def test_a_key_that_is_no_text_is_a_problem(asking: Ask, key: bytes) -> None:
    with asking(keys=frozenset({digest_of(KEY)})) as client:
        answer = client.post(
            "/api/session", content=b'{"key": ' + key + b"}", headers={"Content-Type": "application/json"}
        )
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_keys_are_read_without_remarks_and_kept_as_hashes(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n{KEY}\n\n")
    assert read_keys(file) == {digest_of(KEY)}
    assert KEY.encode() not in next(iter(read_keys(file)))


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", "with a blank in it, so no key\n"])
def test_a_file_without_good_keys_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(UsageError):
        read_keys(file)
