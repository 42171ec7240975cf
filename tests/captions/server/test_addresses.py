"""Addresses are addresses, and a key goes to no host that it was not meant for."""

import pytest

from thuja.captions.server.addresses import api_address, is_loopback, key_for
from thuja.errors import UsageError

OPENAI = "https://api.openai.com/v1"
BOTH = {"THUJA_CAPTIONS_KEY": "ours-0123456789", "OPENAI_API_KEY": "theirs-0123456789"}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("https://host.example/v1/", "https://host.example/v1"),
        ("http://[::1]:8000/v1/chat/completions", "http://[::1]:8000/v1"),
        (" http://host:80 ", "http://host:80"),
    ],
)
def test_an_address_ends_where_the_api_begins(given: str, address: str) -> None:
    assert api_address(given) == address


@pytest.mark.parametrize(
    "given",
    [
        "",
        "host:8000",
        "ftp://host/v1",
        "http://",
        "file:///etc/passwd",
        "http://host:99999/v1",
        "http://h\nost/",
        "http://ho st/",
        "http://a..b/",
    ],
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="not the address of a server"):
        api_address(given)


@pytest.mark.parametrize(
    "given", ["https://user:secret-word@host/v1", "https://host/v1?key=secret-word", "https://host/v1#secret-word"]
)
def test_an_address_with_a_secret_in_it_is_refused_without_showing_it(given: str) -> None:
    with pytest.raises(UsageError) as told:
        api_address(given)
    assert "secret-word" not in str(told.value)
    assert "THUJA_CAPTIONS_KEY" in told.value.hint


def test_loopback_is_this_machine() -> None:
    assert is_loopback("http://127.8.8.8:1/v1")
    assert is_loopback("http://[::1]/v1")
    assert not is_loopback("http://10.0.0.1/v1")
    assert not is_loopback("http://localhost.example.com/v1")


def test_openais_key_goes_to_openai_alone_and_ours_comes_first() -> None:
    theirs = {"OPENAI_API_KEY": BOTH["OPENAI_API_KEY"]}
    assert key_for(OPENAI, theirs) == "theirs-0123456789"
    assert key_for("http://api.openai.com/v1", theirs) == ""  # in the clear
    assert key_for("https://openai.com.example.org/v1", theirs) == ""
    assert key_for("http://127.0.0.1:8000/v1", theirs) == ""
    assert key_for(OPENAI, BOTH) == "ours-0123456789"
    assert key_for("http://127.0.0.1:8000/v1", BOTH) == "ours-0123456789"
    assert key_for(OPENAI, {}) == ""


def test_a_key_that_no_header_can_hold_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError) as told:
        key_for("http://host/v1", {"THUJA_CAPTIONS_KEY": "sk-secret\nword"})
    assert "secret" not in str(told.value)
    assert key_for("http://host/v1", {"THUJA_CAPTIONS_KEY": "sk-secret\n"}) == "sk-secret"
