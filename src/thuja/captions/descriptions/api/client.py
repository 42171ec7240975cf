"""Questions to a MediaWiki API, asked as its owners wish: one at a time, saying who asks, giving way when it is busy.

The rules are those of https://www.mediawiki.org/wiki/API:Etiquette: requests in series, a User-Agent with a contact,
`maxlag`, Retry-After heeded, compressed answers.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions as http

from thuja import __version__
from thuja.errors import ThujaError, UsageError
from thuja.images.fetching import Patience, is_url, retry_after
from thuja.images.watching import Watch, watched

API_PATIENCE: Final = Patience(read=60.0, deadline=300.0, tries=8, first_wait=1.0, longest_wait=600.0)
MAX_LAG: Final = 5
"""Seconds that the wiki's copies may be behind before it answers "later"; the etiquette's number."""
_BUSY_WAIT: Final = 5.0
_TOLD_WAIT: Final = 4.0
"""A wait of so many seconds is said."""
_LARGEST: Final = 128 * 2**20
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_BUSY: Final = ("maxlag", "ratelimited", "readonly", "internal_api_error")
_CONTACT: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|https?://\S+")

Json = dict[str, Any]

logger = logging.getLogger(__name__)


class _LaterError(Exception):
    """A failure that may pass; `after` is how long to wait, in seconds, where the server says so."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.what, self.after = what, after


class ApiClient:
    """Asks one API, one question at a time. Not for several threads at once: a wiki wants one connection of us."""

    def __init__(
        self, url: str, *, contact: str, patience: Patience = API_PATIENCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`contact` is a mail address or a page of whoever asks. Raises UsageError."""
        if not is_url(url):
            raise UsageError(f'"{url}" is no address of an API', hint="such as https://en.wikipedia.org/w/api.php")
        if not _CONTACT.fullmatch(contact.strip()):
            raise UsageError(
                f'a wiki wants to know whom it can write to, got "{contact}"',
                hint="a mail address of yours, or a page that says who you are",
            )
        self.url = url.strip()
        self._patience, self._sleep = patience, sleep
        self._headers = {
            "User-Agent": f"thuja/{__version__} ({contact.strip()})",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        self._pool = watched(_pool_to(self.url))

    def ask(self, question: Mapping[str, str]) -> Json:
        """The answer to one `action=query`; raises ThujaError when the API stays silent or refuses."""
        asked = {"action": "query", "format": "json", "formatversion": "2", "maxlag": str(MAX_LAG), **question}
        address = f"{self.url}?{urlencode(asked)}"
        patience = self._patience
        for attempt in range(patience.tries):
            try:
                return self._once(address)
            except _LaterError as failure:
                wait = min(patience.first_wait * 2.0**attempt, patience.longest_wait)
                if failure.after is not None:
                    wait = max(failure.after, patience.first_wait)
                if attempt + 1 == patience.tries or wait > patience.longest_wait:
                    raise ThujaError(
                        f"{self.url} gives no answer: {failure.what}",
                        hint="what was had is kept: the same command goes on from there",
                    ) from failure
                if wait >= _TOLD_WAIT:
                    logger.warning("%s: %s; it is asked again in %.0f s", self.url, failure.what, wait)
                self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.clear()

    def _once(self, address: str) -> Json:
        status, headers, body = self._read(address)
        after = retry_after(headers.get("Retry-After", ""))
        if status in _AGAIN:
            raise _LaterError(f"the server says {status}", after)
        if status != 200:
            hint = "is its address right? it ends in api.php"
            if status in (401, 403):
                hint = "it lets nobody in, or not you: is the contact right?"
            raise ThujaError(f"{self.url} answers {status}", hint=hint)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _LaterError("what it says is no JSON", after) from error
        if not isinstance(answer, dict):
            raise _LaterError("what it says is no answer of a MediaWiki API", after)
        if answer.get("error"):
            self._refuse(answer["error"], after)
        return answer

    def _refuse(self, error: object, after: float | None) -> None:
        """Raise what an API's own error means."""
        told = error if isinstance(error, dict) else {}
        code, info = str(told.get("code") or "error"), " ".join(str(told.get("info") or error).split())[:200]
        if code.startswith(_BUSY):
            raise _LaterError(f"{code}: {info}", _BUSY_WAIT if after is None else after)
        raise ThujaError(f"{self.url} refuses: {code}: {info}", hint="is it the API of a wiki that you may read?")

    def _read(self, address: str) -> tuple[int, Mapping[str, str], bytes]:
        patience = self._patience
        with Watch(patience.deadline) as watch:
            try:
                response = self._pool.request(
                    "GET",
                    address,
                    headers=self._headers,
                    retries=False,
                    redirect=False,
                    preload_content=False,
                    timeout=urllib3.Timeout(connect=patience.connect, read=patience.read),
                )
                body = response.read(_LARGEST + 1, decode_content=True)
                if len(body) > _LARGEST:
                    response.close()
                    raise ThujaError(f"{self.url} sends more than {_LARGEST:,} bytes", hint="is it the API of a wiki?")
                response.release_conn()
            except (http.HTTPError, OSError) as error:
                late = isinstance(error, http.TimeoutError) or watch.is_over
                is_refused = isinstance(error, http.NewConnectionError)
                what = "it takes too long" if late and not is_refused else f"the connection fails ({_why(error)})"
                raise _LaterError(what) from error
        return response.status, response.headers, body


def _pool_to(url: str) -> urllib3.PoolManager:
    """One connection, through the proxy that the environment names."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme.lower())
    if not proxy or proxy_bypass(parts.hostname or ""):
        return urllib3.PoolManager(num_pools=1, maxsize=1, block=True)
    return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}", num_pools=1, maxsize=1, block=True)


def _why(error: BaseException) -> str:
    """The system's own words from the bottom of urllib3's wrapping."""
    while isinstance(inner := error.__cause__ or error.__context__, Exception):
        error = inner
    words = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return " ".join(words.split())[:120]
