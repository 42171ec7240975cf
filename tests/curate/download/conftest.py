"""A web server of faulty images on loopback addresses, and a table of its URLs."""

import socket
from collections.abc import Iterator

import pytest

from curate_download import Site, serving


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def site() -> Iterator[Site]:
    """Twenty hosts that nobody has asked yet."""
    with serving(20, _free_port()) as running:
        yield running
