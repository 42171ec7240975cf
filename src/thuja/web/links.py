"""Images by link, for Identify: a stranger names the address, so it may lead to the open web and nowhere else.

A host's name is looked up once, every address that it has must be public, and the connection is made to such an
address itself: whoever answers a second question otherwise (DNS rebinding) is never asked one. Redirects go the
same way.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from thuja.errors import ImageError
from thuja.images.decoding import DEFAULT_LIMITS, Limits
from thuja.images.fetching import Fetcher, Patience, is_url

Resolve = Callable[[str], Sequence[str]]
"""The name of a host to all its addresses; raises OSError."""
Dial = Callable[[str, int, float | None], socket.socket]
"""An address, a port and a timeout to a connection; raises OSError."""

QUICK: Final = Patience(connect=5, read=10, deadline=20, tries=1, redirects=3)
PORTS: Final = (80, 443)
_LONGEST: Final = 2048

_IPv4, _IPv6 = ipaddress.IPv4Address, ipaddress.IPv6Address
_CLOSED: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
"""IANA's registries of special addresses, written out: what Python calls global has changed between its versions."""
_OPEN_6: Final = ipaddress.ip_network("2000::/3")
_HOLDING_4: Final = tuple(ipaddress.ip_network(text) for text in ("::ffff:0:0/96", "64:ff9b::/96"))
"""IPv6 addresses that lead to the IPv4 address in their last four bytes."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open web: not private, local, shared, multicast, reserved or a tunnel's.

    >>> is_public("93.184.216.34"), is_public("::ffff:127.0.0.1"), is_public("100.64.0.1")
    (True, False, False)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # also one with a scope that is no number
        return False
    if isinstance(found, _IPv6):
        if any(found in network for network in _HOLDING_4):
            found = _IPv4(found.packed[-4:])
        elif found not in _OPEN_6:
            return False
    return found.is_global and not any(found in network for network in _CLOSED)


def resolved(host: str) -> list[str]:
    """All addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def dialled(address: str, port: int, timeout: float | None) -> socket.socket:
    """A connection to an address, which is not this machine's own."""
    made = socket.create_connection((address, port), timeout)
    if made.getsockname()[0] == made.getpeername()[0]:
        made.close()
        raise _refused("the link leads back to this server")
    return made


class LinkFetcher:
    """Fetches images from the open web alone, from any number of threads.

    No proxy of the environment is followed: it would look the name up a second time.
    """

    def __init__(
        self,
        *,
        limits: Limits = DEFAULT_LIMITS,
        patience: Patience = QUICK,
        ports: Sequence[int] = PORTS,
        resolve: Resolve = resolved,
        dial: Dial = dialled,
    ) -> None:
        self._ports, self._resolve, self._dial = ports, resolve, dial
        self._fetcher = Fetcher(limits=limits, patience=patience, connect=self._connect)

    def fetch(self, url: str) -> bytes:
        """The bytes at a link, which `decode` must still be asked about; raises ImageError.

        Its reason is refused_link for what is not of the open web, else one of `Fetcher.fetch`.
        """
        _check(url)
        return self._fetcher.fetch(url)

    def close(self) -> None:
        """Let go of the connections."""
        self._fetcher.close()

    def _connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        if port not in self._ports:
            raise _refused(f"the link leads to port {port}", hint=f"one of {', '.join(map(str, self._ports))}")
        name = host.strip("[]")
        try:
            addresses = self._resolve(name)
        except (OSError, UnicodeError) as error:  # a label of more than 63 letters is a UnicodeError
            raise ImageError(f'the host "{name:.100}" is not known', reason="unreachable") from error
        # One private address among public ones is how a name is bound to two networks: none of them is tried.
        if not addresses or not all(is_public(address) for address in addresses):
            raise _refused("the link does not lead to the open web")
        return self._first(addresses, port, timeout)

    def _first(self, addresses: Sequence[str], port: int, timeout: float | None) -> socket.socket:
        failure: OSError | None = None
        for address in addresses:
            try:
                return self._dial(address, port, timeout)
            except OSError as error:
                failure = error
        raise ImageError("no connection to the host of the link", reason="unreachable") from failure


def _check(url: str) -> None:
    """Raise ImageError for what is no link that a person would paste."""
    if len(url) > _LONGEST:
        raise _bad(f"a link of {len(url):,} letters", hint=f"at most {_LONGEST:,}")
    if not is_url(url) or not url.isprintable() or " " in url:
        raise _bad(f"not a link to an image: {url!r:.120}", hint="it begins with https:// or http://")
    try:
        parts = urlsplit(url)
        has_user, host = "@" in parts.netloc, parts.hostname
    except ValueError as error:
        raise _bad(f"not a link to an image: {url!r:.120}") from error
    if not host:
        raise _bad(f"a link without a host: {url!r:.120}")
    if has_user:
        raise _refused("a link with a user or a password in it", hint="give one without")


def _bad(message: str, *, hint: str = "") -> ImageError:
    return ImageError(message, reason="bad_url", hint=hint)


def _refused(message: str, *, hint: str = "") -> ImageError:
    return ImageError(message, reason="refused_link", hint=hint)
