"""One request to one host: to an address that was checked, at the host's pace, within limits of time and size."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from thuja.curate.download.addresses import Guard, RefusedAddressError, is_public, refused
from thuja.curate.download.hosts import Pace, Ticket, host_of, is_address
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ImageError
from thuja.images.fetching import retry_after, too_large_body, unpack_body

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_SAFE: Final = "%:/?#[]@!$&'()*+,;=-._~"
"""What stands in an URL as it is; the rest is written as %XX."""
_LARGE: Final = 4 * 2**20
_LARGE_AT_ONCE: Final = 8
"""So many bodies of more than _LARGE bytes are read at once: what bounds the memory of all that is under way."""
_DIGITS: Final = 18
LONG_WAIT: Final = 5.0
"""Seconds that an open connection waits for its turn; for a longer pause it is given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said. `location` is where it sends us, "" where it does not; `after` the pause it asks for."""

    status: int
    body: bytes = b""
    location: str = ""
    after: float | None = None


class ConnectError(Exception):
    """No connection came about; the host may be down."""


class HeldOffError(Exception):
    """The host is to be left alone for longer than a connection is kept waiting: `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} seconds")
        self.seconds = seconds


@dataclass(slots=True)
class Sending:
    """What one request needs and finds: the host's pace, and when the request went out."""

    pace: Pace
    ticket: Ticket | None = None


_SENDING: ContextVar[Sending] = ContextVar("sending")


class Client:
    """Requests over http and https, with connections kept; an async context."""

    def __init__(self, settings: DownloadSettings) -> None:
        self._settings = settings
        self._guard = Guard(allow_private=settings.allow_private or settings.proxies)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)
        connector = aiohttp.TCPConnector(
            limit=0,
            resolver=self._guard,
            ttl_dns_cache=600,
            dns_cache_max_size=10_000,
            socket_factory=self._guard.socket_to,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=settings.proxies,
            request_class=_PacedRequest,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=settings.connect_timeout, sock_read=settings.read_timeout
            ),
            headers={
                "User-Agent": settings.user_agent,
                "Accept": "image/*,*/*;q=0.5",
                "Accept-Encoding": "identity",  # an image is packed already
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, url: str, sending: Sending, *, largest: int) -> Answer:
        """Ask once. Raises ImageError, and ConnectError where there was no connection to ask on."""
        target = self._checked(url)
        with _outcomes(self._settings, sending):
            _SENDING.set(sending)
            async with self._session.get(target, allow_redirects=False) as response:
                assert sending.ticket is not None, "every request is paced"
                sending.ticket.answered = time.monotonic()
                after = retry_after(response.headers.get("Retry-After", ""))
                if response.status in _MOVED:
                    location = response.headers.get("Location", "")
                    response.close()  # its body is not wanted, and may have no end
                    return Answer(status=response.status, location=location, after=after)
                if response.status != 200:
                    response.close()
                    return Answer(status=response.status, after=after)
                body = await self._read(response, largest)
                packing = response.headers.get("Content-Encoding", "")
                return Answer(status=200, body=unpack_body(body, packing, self._settings.limits))

    def _checked(self, url: str) -> URL:
        try:
            target = URL(quote(url, safe=_SAFE), encoded=True)
            host = urlsplit(url).hostname or ""
        except ValueError as error:
            raise ImageError(f"not an address: {error}", reason="bad_url") from error
        # Two readings of one URL are a trick; the pace and the check would be another host's.
        if not host or host_of(str(target)) != host_of(url):
            raise ImageError(f"not an address: {url!r:.120}", reason="bad_url")
        if is_address(host) and not (self._settings.allow_private or is_public(host)):
            raise refused(host)
        return target

    async def _read(self, response: aiohttp.ClientResponse, largest: int) -> bytes:
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and len(declared) <= _DIGITS and int(declared) > largest:
            raise too_large_body(f"a body of {int(declared):,} bytes", self._settings.limits)
        body = bytearray()
        async for part in response.content.iter_any():
            body += part
            if len(body) > min(_LARGE, largest):
                break
        else:
            return bytes(body)
        if len(body) > largest:
            raise too_large_body("a body without an end in sight", self._settings.limits)
        async with self._large:
            async for part in response.content.iter_any():
                body += part
                if len(body) > largest:
                    raise too_large_body("a body without an end in sight", self._settings.limits)
        return bytes(body)


class _PacedRequest(aiohttp.ClientRequest):
    """Waits for its host's token on the open connection, so that the pace is the one that the server sees."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        sending = _SENDING.get()
        while (wait := sending.pace.wait(time.monotonic())) > 0:
            if wait > LONG_WAIT:
                raise HeldOffError(wait)
            await asyncio.sleep(wait)
        sending.ticket = sending.pace.take(time.monotonic())
        return await super().send(conn)


@contextmanager
def _outcomes(settings: DownloadSettings, sending: Sending) -> Iterator[None]:
    """Turn what aiohttp raises into an ImageError that says what happened, the same words every time."""
    try:
        yield
    except aiohttp.InvalidURL as error:
        raise ImageError(f"not an address: {error}", reason="bad_url") from error
    except aiohttp.ConnectionTimeoutError as error:
        raise ConnectError(f"no connection within {settings.connect_timeout:g} seconds") from error
    except TimeoutError as error:  # aiohttp's own are TimeoutErrors too
        raise timed_out(settings.read_timeout) from error
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise ConnectError(f"cannot connect: {error}"[:200]) from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, RefusedAddressError):
            raise refused(str(error.os_error)) from error
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            raise ConnectError(f'the host "{error.host}" is not known') from error
        raise ConnectError(f"cannot connect: {_why(error.os_error)}") from error
    except RefusedAddressError as error:
        raise refused(str(error)) from error
    except aiohttp.ClientPayloadError as error:
        raise ImageError("the answer broke off", reason="truncated") from error
    except (aiohttp.ClientError, OSError) as error:
        if sending.ticket is None:
            raise ConnectError(f"cannot connect: {_why(error)}") from error
        raise ImageError("the connection broke off", reason="unreachable") from error
    except ValueError as error:
        raise ImageError(f"not an address: {error}"[:200], reason="bad_url") from error


def timed_out(seconds: float) -> ImageError:
    """The error of a server that dawdles."""
    return ImageError(f"no whole answer within {seconds:g} seconds", reason="timeout")


def _why(error: BaseException) -> str:
    words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join(words.split())[:160]


def has_moved(answer: Answer) -> bool:
    """Whether the answer is a redirect."""
    return answer.status in _MOVED
