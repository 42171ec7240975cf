"""Where a server is, and which key it is shown: a key goes to no host that it was not meant for."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from thuja.errors import UsageError

KEY_VARIABLE: Final = "THUJA_CAPTIONS_KEY"
OPENAI_VARIABLE: Final = "OPENAI_API_KEY"
_OPENAI_HOST: Final = "openai.com"


def api_address(text: str) -> str:
    """The address of an API, without a slash at its end; raises UsageError where it is none.

    >>> api_address("http://127.0.0.1:8000/v1/")
    'http://127.0.0.1:8000/v1'
    """
    hint = "an address such as http://127.0.0.1:8000/v1"
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        (parts.hostname or "").encode("idna")  # what looking it up does, and raises UnicodeError
    except ValueError as error:
        raise UsageError(f"not the address of a server: {error}", hint=hint) from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"the address of the server at {parts.hostname} holds more than an address",
            hint=f"no password and nothing behind ? or #: a key belongs in {KEY_VARIABLE}",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not _is_plain(text):
        raise UsageError(f"not the address of a server: {text!r:.120}", hint=hint)
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_plain(text: str) -> bool:
    return text.isprintable() and " " not in text.strip()


def is_loopback(address: str) -> bool:
    """Whether an address is of this very machine, which no proxy stands before.

    >>> is_loopback("http://localhost:8000/v1"), is_loopback("https://api.openai.com/v1")
    (True, False)
    """
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_openai(address: str) -> bool:
    """Whether an address is OpenAI's own."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.scheme == "https" and (host == _OPENAI_HOST or host.endswith(f".{_OPENAI_HOST}"))


def key_for(address: str, environment: Mapping[str, str] | None = None) -> str:
    """The key for a server, "" for none: THUJA_CAPTIONS_KEY for any, OPENAI_API_KEY for OpenAI's own alone.

    Raises UsageError for what can be no key.
    """
    known = os.environ if environment is None else environment
    variable = OPENAI_VARIABLE if is_openai(address) and not known.get(KEY_VARIABLE) else KEY_VARIABLE
    key = known.get(variable, "").strip()
    if not all("!" <= letter <= "~" for letter in key):
        raise UsageError(f"the key in {variable} has spaces or letters that no key has", hint="set it anew")
    return key
