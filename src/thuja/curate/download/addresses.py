"""Which addresses may be connected to: an URL in a catalog is a stranger's, and this machine's network is its own.

A name is looked up once, its public addresses are kept, and the connection goes to one of these: what is checked is
what is connected to, so that a name which answers otherwise the second time gains nothing. Numbers in any notation
(127.1, 0x7f000001, 017700000001) come out of the look-up as plain addresses, or are refused where the socket is made.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from thuja.errors import ImageError

REASON: Final = "refused_address"

_IN_LAST_BITS: Final = (
    IPv6Network("::/96"),  # IPv4-compatible
    IPv6Network("::ffff:0:0/96"),  # mapped
    IPv6Network("::ffff:0:0:0/96"),  # translated
    IPv6Network("64:ff9b::/96"),  # NAT64
)
"""IPv6 networks whose last 32 bits are an IPv4 address."""
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet's, for whatever it stands for: mapped, 6to4, Teredo, NAT64.

    >>> [is_public(address) for address in ("93.184.215.14", "127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::")]
    [True, False, False, False]
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(parsed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if any(address in network for network in _IN_LAST_BITS):
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address in _LOCAL_NAT64 or address.teredo is not None or address.is_site_local:
            return False
        if address.sixtofour is not None:
            return _is_public(address.sixtofour)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class RefusedAddressError(OSError):
    """A host that leads into a network that is not the internet's."""


def refused(what: str) -> ImageError:
    """The outcome of such an URL."""
    return ImageError(
        f"{what} is no address of the open internet", reason=REASON, hint="download.allow_private allows it"
    )


class Guard(AbstractResolver):
    """Looks names up, and hands out public addresses only."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._plain = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; raises RefusedAddressError where all are private, OSError where there is none."""
        found = await self._plain.resolve(host, port, family)
        if self._allow_private:
            return found
        public = [result for result in found if is_public(result["host"])]
        if found and not public:
            raise RefusedAddressError(f"{host} ({found[0]['host']})")
        return public

    def socket_to(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket to one address: the last gate, which an address that stands in the URL itself comes to as well."""
        family, kind, protocol, _, target = address
        if not self._allow_private and not is_public(str(target[0])):
            raise RefusedAddressError(str(target[0]))
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Nothing is held."""
        await self._plain.close()
