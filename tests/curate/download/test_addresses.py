"""Which addresses are connected to, however they are written."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.download.addresses import Guard, RefusedAddressError, is_public

REFUSED = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::10.0.0.1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:1::1", "2001:db8::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1", "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
NUMBERS = [
    "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0", "0x0", "10.1",
    "0xa9fea9fe", "2852039166",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_of_the_open_internet_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_none_of_these(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_a_private_address_is_refused_in_every_wrapping(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    wrapped = [
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::",
    ]
    assert not any(is_public(text) for text in (str(address), *wrapped))


async def looked_up(host: str, *, allow_private: bool) -> set[str]:
    return {result["host"] for result in await Guard(allow_private=allow_private).resolve(host, 80)}


async def socket_made(address: str, *, allow_private: bool) -> None:
    target = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 80))
    Guard(allow_private=allow_private).socket_to(target).close()


@pytest.mark.parametrize("host", [*NUMBERS, "localhost"])
def test_a_name_that_leads_inside_is_refused_where_it_is_looked_up(host: str) -> None:
    """The system reads `0x7f.1` as 127.0.0.1."""
    with pytest.raises(RefusedAddressError):
        asyncio.run(looked_up(host, allow_private=False))


def test_a_private_name_is_looked_up_where_that_is_allowed() -> None:
    assert asyncio.run(looked_up("127.1", allow_private=True)) == {"127.0.0.1"}


def test_no_socket_is_made_to_a_private_address() -> None:
    with pytest.raises(RefusedAddressError):
        asyncio.run(socket_made("10.0.0.1", allow_private=False))
    asyncio.run(socket_made("10.0.0.1", allow_private=True))
