"""HTTP as a stranger may not abuse it: answers within a size and a time, no redirects, and the key blotted out."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final
from weakref import WeakSet

import httpx2

from thuja.captions.server.addresses import is_loopback
from thuja.captions.server.settings import Patience

_LARGEST: Final = 4 * 2**20
"""Bytes of an answer: a caption has some hundred."""
_SHORTEST_SECRET: Final = 8
"""Letters of a key that is looked for in answers: a shorter one, such as `none`, is a word."""
_DROPPED: Final = ("content-encoding", "content-length", "transfer-encoding")
_CONNECTED: Final = ("connect_tcp.complete", "start_tls.complete")


class BoundedHTTP(httpx2.Client):
    """A client of the `openai` package's kind, for any number of threads."""

    def __init__(self, address: str, key: str, patience: Patience, *, connections: int) -> None:
        is_local = is_loopback(address)
        super().__init__(
            # To read all certificates takes 20 ms, and this very machine is spoken to without.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_local and address.startswith("http://") else True,
            timeout=httpx2.Timeout(patience.timeout, connect=patience.connect),
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            trust_env=not is_local,  # a proxy in the environment is none for this machine
            follow_redirects=False,
        )
        self._seconds = patience.timeout
        self._secret = key.encode() if len(key) >= _SHORTEST_SECRET else b""
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()
        self._is_over = False

    def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,
        auth: Any = httpx2.USE_CLIENT_DEFAULT,
        follow_redirects: Any = False,
    ) -> httpx2.Response:
        """The whole answer; `stream` is not heeded."""
        until = time.monotonic() + self._seconds
        request.extensions = {**request.extensions, "trace": self._note}
        opened = super().send(request, stream=True, auth=auth, follow_redirects=follow_redirects)
        try:
            body = b"".join(_within(opened, until))
        finally:
            opened.close()
        body = body.replace(self._secret, b"[key]") if self._secret else body
        headers = [(name, value) for name, value in opened.headers.items() if name.lower() not in _DROPPED]
        return httpx2.Response(opened.status_code, headers=headers, content=body, request=request)

    def break_off(self) -> None:
        """End all connections, whoever reads from them: closing one wakes nobody, shutting it down does."""
        with self._lock:
            self._is_over = True
            held = list(self._sockets)
        for connection in held:
            _shut(connection)

    def _note(self, event: str, told: Mapping[str, Any]) -> None:
        """Remember a connection that has come about: httpx2 calls this for each step of a request."""
        if event.endswith(_CONNECTED):
            connection = told["return_value"].get_extra_info("socket")
            if isinstance(connection, socket.socket):
                with self._lock:
                    self._sockets.add(connection)
                    is_late = self._is_over
                if is_late:
                    _shut(connection)


def _within(response: httpx2.Response, until: float) -> Iterator[bytes]:
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > _LARGEST:
            raise httpx2.ReadError(f"an answer of more than {_LARGEST:,} bytes", request=response.request)
        if time.monotonic() > until:
            raise httpx2.ReadTimeout("the answer takes too long", request=response.request)
        yield part


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was first
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # and not TLS's own, which waits
