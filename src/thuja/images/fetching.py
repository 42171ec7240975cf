"""Images from the web: one URL to bytes, within limits of time, size and patience, or an ImageError.

A server is a stranger: it may stall, redirect in circles, send without end, or send something else.
The bytes are as hostile as any file's until `decode` has had them.
"""

import re
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import exceptions as http

from thuja import __version__
from thuja.errors import ImageError, UsageError
from thuja.images.decoding import DEFAULT_LIMITS, Limits
from thuja.images.watching import Connect, Watch, watched

_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_PIECE: Final = 2**16
_HOSTS: Final = 64
_DIGITS: Final = 18
"""Of a declared length that is believed; Python reads no number of more than 4,300."""
_RAW: Final = re.compile("[\udc80-\udcff]")
"""How Python writes bytes that are no text."""
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_HEADERS: Final[Mapping[str, str]] = {
    "User-Agent": f"thuja/{__version__}",  # some hosts refuse a nameless one
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",  # an image is packed already
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a server is waited for, in seconds, and how often it is asked.

    `deadline` is for one try with all its redirects, however the server dawdles; `longest_wait` bounds the pause
    between two tries: a server that asks for a longer one is not asked again.
    """

    connect: float = 10.0
    read: float = 30.0
    deadline: float = 300.0
    tries: int = 4
    first_wait: float = 0.5
    longest_wait: float = 60.0
    redirects: int = 5

    def __post_init__(self) -> None:
        times = (self.connect, self.read, self.deadline, self.first_wait, self.longest_wait)
        if min(times) <= 0 or self.tries < 1 or self.redirects < 0:
            raise UsageError(f"patience is times above zero and at least one try, got {self}")


DEFAULT_PATIENCE = Patience()


def is_url(text: str) -> bool:
    """Whether this is an address that a Fetcher fetches: http or https."""
    return _URL.match(text) is not None


def has_other_scheme(text: str) -> bool:
    """Whether this is an address of a kind that is not fetched: `s3://`, `ftp://`, `file://`."""
    return _SCHEME.match(text) is not None and not is_url(text)


class _TryAgainError(Exception):
    """A failure that may pass; `after` is how long the server asked to wait, in seconds."""

    def __init__(self, error: ImageError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.after = error, after


class Fetcher:
    """Fetches images over http and https, from any number of threads; connections are kept.

    Follows the proxies that the environment names (HTTPS_PROXY, NO_PROXY), with the password in their address; but
    none where `connect` is handed in, which then makes every connection, those of redirects too.
    """

    def __init__(
        self,
        *,
        limits: Limits = DEFAULT_LIMITS,
        patience: Patience = DEFAULT_PATIENCE,
        threads: int = 16,
        connect: Connect | None = None,
    ) -> None:
        self._limits, self._patience = limits, patience
        self._threads = threads
        self._has_proxies = connect is None
        self._direct = watched(urllib3.PoolManager(num_pools=_HOSTS, maxsize=threads), connect)
        self._proxies: dict[str, urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def fetch(self, url: str) -> bytes:
        """The bytes at `url`; raises ImageError.

        Its reason is bad_url, unreachable, timeout, too_many_redirects, too_large_file, undecodable
        (a body that does not unpack) or `http_404` and its like.
        """
        tries = self._patience.tries
        for attempt in range(tries):
            try:
                return self._follow(url)
            except _TryAgainError as failure:
                wait = self._wait(attempt, failure.after)
                if attempt + 1 == tries or wait is None:
                    raise failure.error from failure
                time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Let go of the connections."""
        for pool in (self._direct, *self._proxies.values()):
            pool.clear()

    def _wait(self, attempt: int, asked: float | None) -> float | None:
        """Seconds before the next try: what the server asked for, or twice as long each time; None to give up."""
        if asked is not None:
            return asked if asked <= self._patience.longest_wait else None
        return min(self._patience.first_wait * 2.0**attempt, self._patience.longest_wait)

    def _follow(self, url: str) -> bytes:
        """One try, in no more time than the deadline, which is not tried again."""
        with Watch(self._patience.deadline) as watch:
            try:
                body = self._redirected(url)
            except (ImageError, _TryAgainError) as error:
                if watch.is_over:
                    raise timed_out(self._patience.deadline) from error
                raise
            if watch.is_over:  # a body without a length ends where its connection does
                raise timed_out(self._patience.deadline)
            return body

    def _redirected(self, url: str) -> bytes:
        for _ in range(self._patience.redirects + 1):
            response = self._open(url)
            try:
                if response.status not in _MOVED:
                    return self._read(response)
                target = response.headers.get("Location", "")
            finally:
                # A body that is not wanted is not drained: it may have no end.
                response.close()
            url = redirected_to(url, target)
        raise ImageError(f"more than {self._patience.redirects} redirects", reason="too_many_redirects")

    def _open(self, url: str) -> urllib3.BaseHTTPResponse:
        patience = self._patience
        try:
            return self._pool(url).request(
                "GET",
                url,
                headers=_HEADERS,
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=patience.connect, read=patience.read),
            )
        except ValueError as error:  # urllib3's own for addresses are ValueErrors too
            raise ImageError(f"not an address: {error}", reason="bad_url") from error
        except http.NameResolutionError as error:
            host = urlsplit(url).hostname
            raise _TryAgainError(ImageError(f'the host "{host}" is not known', reason="unreachable")) from error
        except http.NewConnectionError as error:  # refused; urllib3 counts it as a timeout
            raise _TryAgainError(_unreachable(error)) from error
        except http.TimeoutError as error:
            is_connecting = isinstance(error, http.ConnectTimeoutError)
            raise _TryAgainError(timed_out(patience.connect if is_connecting else patience.read)) from error
        except (http.HTTPError, OSError) as error:
            raise _TryAgainError(_unreachable(error)) from error

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        if response.status != 200:
            error = ImageError(
                f"the server answers {response.status} {response.reason or ''}".rstrip(),
                reason=f"http_{response.status}",
            )
            if response.status in _AGAIN:
                raise _TryAgainError(error, after=retry_after(response.headers.get("Retry-After", "")))
            raise error
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and len(declared) <= _DIGITS and int(declared) > self._limits.max_bytes:
            raise self._too_large(f"a body of {int(declared):,} bytes")
        parts, size = [], 0
        try:
            # Piece by piece as it comes: `read` would wait for all of a piece, byte after slow byte.
            while part := response.read1(_PIECE, decode_content=False):
                parts.append(part)
                size += len(part)
                if size > self._limits.max_bytes:
                    raise self._too_large("a body without an end in sight")
        except http.TimeoutError as error:
            raise _TryAgainError(timed_out(self._patience.read)) from error
        except (http.HTTPError, OSError) as error:
            raise _TryAgainError(ImageError(f"the answer broke off: {_why(error)}", reason="unreachable")) from error
        return unpack_body(b"".join(parts), response.headers.get("Content-Encoding", ""), self._limits)

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = getproxies().get(parts.scheme.lower()) if self._has_proxies else None
        if not proxy or proxy_bypass(parts.hostname or ""):
            return self._direct
        with self._lock:
            if proxy not in self._proxies:
                address = proxy if "://" in proxy else f"http://{proxy}"
                self._proxies[proxy] = watched(
                    urllib3.ProxyManager(
                        address, num_pools=_HOSTS, maxsize=self._threads, proxy_headers=_credentials(address)
                    )
                )
            return self._proxies[proxy]

    def _too_large(self, what: str) -> ImageError:
        return too_large_body(what, self._limits)


def too_large_body(what: str, limits: Limits) -> ImageError:
    """The error of a body, described by `what`, that is over the limit."""
    return ImageError(f"{what}: over the limit of {limits.max_bytes:,}", reason="too_large_file")


def unpack_body(body: bytes, packing: str, limits: Limits) -> bytes:
    """The body of a server that packs it unasked; raises ImageError.

    Here, because not every HTTP library and Brotli unpack a bomb within the limit.
    """
    unpacked, is_whole = _unpacked(body, packing, limits.max_bytes + 1)
    if len(unpacked) > limits.max_bytes and is_packed(packing):
        raise too_large_body("a body that unpacks without an end in sight", limits)
    if not is_whole:
        raise ImageError("a body that does not unpack: its end is missing", reason="undecodable")
    return unpacked


def unpack_start(body: bytes, packing: str, size: int) -> bytes:
    """The first `size` bytes of a body that may be packed, and may be cut; raises ImageError."""
    return _unpacked(body, packing, size)[0][:size]


def is_packed(packing: str) -> bool:
    """Whether a Content-Encoding is one."""
    return packing.strip().lower() not in ("", "identity")


def _unpacked(body: bytes, packing: str, most: int) -> tuple[bytes, bool]:
    """At most so many bytes of what is packed, and whether that is all."""
    if not is_packed(packing):
        return body, True
    if packing.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        raise ImageError(f"a body that is packed by {packing!r:.60}, unasked", reason="undecodable")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        return unpacker.decompress(body, most), unpacker.eof
    except zlib.error as error:
        raise ImageError(f"a body that does not unpack: {error}", reason="undecodable") from error


def redirected_to(url: str, target: str) -> str:
    """Where a redirect leads; raises ImageError where that is not to the web.

    Bytes that are no UTF-8, which come as lone surrogates, are written as %XX; a host has none.
    """
    try:
        joined = urljoin(url, target)
        urlsplit(joined).netloc.encode()
        joined = _RAW.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", joined)
        joined.encode()
    except ValueError:
        joined = ""
    if not target or not is_url(joined):
        raise ImageError(f"redirected to no address of the web: {target!r:.120}", reason="bad_url")
    return joined


def _credentials(proxy: str) -> dict[str, str]:
    """The header for the user and password in a proxy's address."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def timed_out(seconds: float) -> ImageError:
    """The error of a server that dawdles."""
    return ImageError(f"no whole answer within {seconds:g} seconds", reason="timeout")


def _unreachable(error: BaseException) -> ImageError:
    return ImageError(f"cannot connect: {_why(error)}", reason="unreachable")


def retry_after(text: str) -> float | None:
    """Seconds from a Retry-After header, which holds a number or a date; None where it holds neither."""
    text = text.strip()
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # of years, hours and zones as large as one likes
        return None


def _why(error: BaseException) -> str:
    """The system's own words from the bottom of urllib3's wrapping, on one line."""
    while isinstance(inner := error.__cause__ or error.__context__, Exception):
        error = inner
    words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join(words.split())[:200]
