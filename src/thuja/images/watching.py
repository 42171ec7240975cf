"""Connections that end when time is up, wherever their server is dawdling.

A timeout of a socket is for one read: a server that sends a byte of its headers now and then never
meets it. A `Watch` shuts the connection down from another thread, and whatever waits on it returns.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

Connect = Callable[[str, int, float | None], socket.socket]
"""A host, a port and a timeout in seconds to a connection."""

_HERE = threading.local()
"""Its `watch` is the one that the thread has entered."""


class Watch:
    """Within it, the thread's connections of a `watched` pool live for so many seconds; then it `is_over`.

    Looking up the host and knocking at each of its addresses is bounded by their own timeouts alone.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._held: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _HERE.watch = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _HERE.watch = None
        with self._lock:
            self._release()

    def hold(self, connection: socket.socket) -> None:
        """Watch this connection, and the one before it no more."""
        with self._lock:
            self._release()
            self._held = connection.dup()  # lives on where urllib3 closes its own before the body is read
            if self.is_over:
                _shut(self._held)

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            if self._held is not None:
                _shut(self._held)


def watched(pool: urllib3.PoolManager, connect: Connect | None = None) -> urllib3.PoolManager:
    """The same pool, of connections that a Watch can end; `connect` makes them in place of the system's own way."""
    if connect is None:
        pool.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return pool

    def made(connection: _Connection) -> socket.socket:
        seconds = connection.timeout if isinstance(connection.timeout, int | float) else None
        return connect(connection.host, connection.port, seconds)

    class Plain(_Connection):
        _made = made

    class Secure(_SecureConnection):
        _made = made

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pool.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return pool


class _Connection(HTTPConnection):
    """Keeps a twin of its socket: TLS takes the socket itself away while hands are shaken."""

    _twin: socket.socket | None = None

    def _made(self) -> socket.socket:
        return super()._new_conn()

    def _new_conn(self) -> socket.socket:
        made = self._made()
        self._close_twin()
        self._twin = made.dup()
        self._be_held()
        return made

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        self._be_held()  # a connection that was kept from another request
        super().putrequest(method, url, skip_host, skip_accept_encoding)

    def close(self) -> None:
        self._close_twin()
        super().close()

    def _be_held(self) -> None:
        watch: Watch | None = getattr(_HERE, "watch", None)
        if watch is not None and self._twin is not None:
            watch.hold(self._twin)

    def _close_twin(self) -> None:
        if self._twin is not None:
            self._twin.close()
            self._twin = None


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was first
        connection.shutdown(socket.SHUT_RDWR)
