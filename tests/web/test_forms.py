"""What a request asks, in a form or as JSON: it ends early, or is too much."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from thuja.web.asked import SearchShape
from thuja.web.forms import read_asked
from thuja.web.problems import Refusal, TooLarge
from thuja.web.settings import RequestLimits

FORM = "multipart/form-data; boundary=b"


def asked(kind: str, *parts: bytes, is_cut: bool = False) -> SearchShape:
    """What a search's body asks that comes in parts, after which its client leaves where it `is_cut`."""
    messages: Iterator[Message] = iter(
        [
            *({"type": "http.request", "body": part, "more_body": True} for part in parts),
            {"type": "http.disconnect"} if is_cut else {"type": "http.request", "body": b"", "more_body": False},
        ]
    )

    async def receive() -> Message:
        return next(messages)

    request = Request({"type": "http", "headers": [(b"content-type", kind.encode())]}, receive)
    told, _ = asyncio.run(
        read_asked(request, RequestLimits(), SearchShape, files="images", field="query", has_json=True)
    )
    return told


def form(query: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n' + query + b"\r\n--b--\r\n"


@pytest.mark.parametrize(("kind", "begun"), [("application/json", b'{"text"'), (FORM, form(b"{}")[:20])])
def test_a_body_that_ends_early_is_no_fault_of_the_server(kind: str, begun: bytes) -> None:
    """Whoever left in the middle of sending JSON was a traceback in the log, and a 500 in the metrics."""
    with pytest.raises(Refusal, match="the body ended early"):
        asked(kind, begun, is_cut=True)


def test_a_form_is_read_as_the_same_json_is() -> None:
    body = b'{"text": "a moth", "k": 3}'
    assert asked(FORM, form(body)) == asked("Application/JSON; charset=utf-8", body)


def test_the_json_of_a_search_is_no_longer_in_a_form() -> None:
    """A region of 8 MB in a form held up everybody for seconds: it is read where all requests are taken in."""
    body = b'{"vector": [' + b"0.5," * 2**19 + b"1]}"
    with pytest.raises(TooLarge, match="a field is over the limit of 2,097,152 bytes"):
        asked(FORM, form(body))
