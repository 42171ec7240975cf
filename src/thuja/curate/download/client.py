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
from thuja.curate.download.room import Lease, Room
from thuja.curate.download.settings import DownloadSettings
from thuja.errors import ImageError
from thuja.images.fetching import is_packed, retry_after, timed_out, too_large_body, unpack_body, unpack_start

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_SAFE: Final = "%:/?#[]@!$&'()*+,;=-._~"
"""What stands in an URL as it is; the rest is written as %XX."""
_SMALL: Final = 2**20
"""Bodies of so many bytes are read without asking for room; `concurrency` bounds how many there are."""
_ROOM: Final = 512 * 2**20
"""Bytes of all larger bodies that are under way, until they are examined."""
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
    """What one request needs and finds: the host's pace, room for the body, and when the request went out."""

    pace: Pace
    lease: Lease
    ticket: Ticket | None = None


_SENDING: ContextVar[Sending] = ContextVar("sending")


class Client:
    """Requests over http and https, with connections kept; an async context."""

    def __init__(self, settings: DownloadSettings, *, room: int = _ROOM) -> None:
        self._settings = settings
        self.room = Room(max(room, 2 * settings.max_bytes))  # for one that is packed, at least
        self._guard = Guard(allow_private=settings.allow_private or settings.proxies)
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

    async def get(self, url: str, sending: Sending, *, largest: int, is_cut: bool = False) -> Answer:
        """Ask once. Raises ImageError, and ConnectError where there was no connection to ask on.

        A body of more than `largest` bytes is an error, or, with `is_cut`, its begin.
        """
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
                read = self._read_start if is_cut else self._read
                return Answer(status=200, body=await read(response, sending.lease, largest))

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

    async def _read(self, response: aiohttp.ClientResponse, lease: Lease, largest: int) -> bytes:
        """A whole body, unpacked, with the room that it takes."""
        declared = response.headers.get("Content-Length", "")
        is_told = declared.isdecimal() and len(declared) <= _DIGITS
        if is_told and int(declared) > largest:
            raise too_large_body(f"a body of {int(declared):,} bytes", self._settings.limits)
        packing = response.headers.get("Content-Encoding", "")
        body = await _more(response, bytearray(), min(_SMALL, largest))
        is_large = len(body) > min(_SMALL, largest)
        if is_large or is_packed(packing):
            rest = (int(declared) if is_told else largest) if is_large else 0
            await lease.take(rest + (largest if is_packed(packing) else 0))
        if is_large:
            body = await _more(response, body, largest)
        if len(body) > largest:
            raise too_large_body("a body without an end in sight", self._settings.limits)
        if not is_packed(packing):
            lease.keep(len(body))
            return bytes(body)
        unpacked = await asyncio.to_thread(unpack_body, bytes(body), packing, self._settings.limits)
        lease.keep(len(unpacked))
        return unpacked

    async def _read_start(self, response: aiohttp.ClientResponse, lease: Lease, largest: int) -> bytes:
        """The first bytes of a body, unpacked; a few, which need no room."""
        body = await _more(response, bytearray(), largest)
        if len(body) > largest:
            response.close()
        packing = response.headers.get("Content-Encoding", "")
        return await asyncio.to_thread(unpack_start, bytes(body[:largest]), packing, largest)


async def _more(response: aiohttp.ClientResponse, body: bytearray, most: int) -> bytearray:
    """Read on until the end, or until there are more than so many bytes."""
    async for part in response.content.iter_any():
        body += part
        if len(body) > most:
            break
    return body


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


def _why(error: BaseException) -> str:
    words = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return " ".join(words.split())[:160]


def has_moved(answer: Answer) -> bool:
    """Whether the answer is a redirect."""
    return answer.status in _MOVED
