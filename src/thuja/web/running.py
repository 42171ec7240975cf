"""A server that runs until it is told to stop, and then answers what it has taken."""

import asyncio
import ctypes
import errno
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from thuja.errors import UsageError
from thuja.web.app import create_app
from thuja.web.served import Served
from thuja.web.settings import ServeSettings

_TURN: Final = 0.0002
"""Seconds that a thread keeps the interpreter while another waits.

With Python's 5 ms the model's thread waits after each of its hundreds of operations for whatever takes requests in.
"""
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_ATTACH_FILTER, _RETURN = 26, 0x06
"""SO_ATTACH_FILTER of Linux, and the one instruction of a filter that lets no packet of a new connection through."""
_GLANCE: Final = 0.01
"""Seconds between two looks at who is still connected."""


def open_socket(settings: ServeSettings) -> socket.socket:
    """The socket that a server will listen on; raises UsageError for a port that is taken or an unknown address."""
    host, port = settings.host, settings.port
    try:
        [(family, kind, _, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = socket.socket(family, kind)
    except OSError as error:
        raise UsageError(f"there is no address {host} here", hint="such as --host 127.0.0.1") from error
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            hint = "stop what listens there, or choose another: --port 0 takes any that is free"
            raise UsageError(f"port {port} on {host} is taken", hint=hint) from error
        raise UsageError(f"cannot listen on port {port} of {host}: {error.strerror}", hint="--host, --port") from error
    found.setblocking(False)
    return found


def serve(served: Served, listening: socket.socket, *, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then answer what was taken and return; a second signal ends the process.

    `say` is told the address of the page.
    """
    sys.setswitchinterval(_TURN)
    port = listening.getsockname()[1]
    host = f"[{served.settings.host}]" if ":" in served.settings.host else served.settings.host
    Server(served, on_start=lambda: say(f"thuja serves http://{host}:{port}/")).run([listening])


class Server(uvicorn.Server):
    """uvicorn's, with a stop that loses nothing.

    Told to stop, it says so at /readyz and lets each answer be the last of its connection, but goes on taking
    connections for a moment: what was sent before anybody could know is answered too. Whoever is connected when that
    moment ends, in the system's queue too, has as long again to ask a last time.
    """

    def __init__(self, served: Served, *, on_start: Callable[[], None] = lambda: None) -> None:
        super().__init__(_config_of(served))
        self._on_start = on_start
        self._served = served
        self._stopping_since: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and only then say so."""
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; at once, if it has begun already."""
        if self._served.is_stopping:
            os._exit(128 + sig)
        self._served.is_stopping = True

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to leave."""
        if self._served.is_stopping:
            now = asyncio.get_running_loop().time()
            self._stopping_since = self._stopping_since or now
            self.should_exit = self.should_exit or now - self._stopping_since >= self._served.settings.pace.drain
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, answer those there are, and end."""
        accepted = [one for listening in sockets or [] for one in _last_of(listening)]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for one in accepted:
            await loop.connect_accepted_socket(self._protocol, one)
        until = loop.time() + self._served.settings.pace.drain
        while any(map(_may_ask, self.server_state.connections)) and loop.time() < until:
            await asyncio.sleep(_GLANCE)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        config = self.config
        made = config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals while it runs, and end well after one: uvicorn's own would send it again."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python hands signals to the main thread alone
            return
        before = {one: signal.signal(one, self.handle_exit) for one in _SIGNALS}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def _last_of(listening: socket.socket) -> Iterator[socket.socket]:
    """The connections that the system has made and the server has not taken up, after which it makes no more.

    A socket that is closed before these are taken resets them, though their clients may have sent a request.
    """
    with suppress(NotImplementedError):  # an event loop that takes connections in another way
        asyncio.get_running_loop().remove_reader(listening)
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
    with suppress(OSError):  # elsewhere than on Linux a connection of the next microseconds is lost
        listening.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(nothing)))
    while True:
        try:
            one, _ = listening.accept()
        except OSError:  # there is none left
            return
        one.setblocking(False)
        yield one


def _may_ask(connection: object) -> bool:
    """Whether a connection waits for a request that may be on its way."""
    assert isinstance(connection, H11Protocol)
    return connection.cycle is None or (connection.cycle.response_complete and not connection.transport.is_closing())


def _config_of(served: Served) -> uvicorn.Config:
    pace = served.settings.pace
    return uvicorn.Config(
        create_app(served),
        http=protocol_of(pace.header),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(pace.stop)),
    )


def protocol_of(patience: float) -> type[H11Protocol]:
    """HTTP/1.1 as uvicorn speaks it, for requests whose first lines are whole within so many seconds.

    Without it, a client that sends a header a minute holds its connection for ever (slowloris), and so does one that
    goes on sending a body after it was answered.
    """

    class Patient(H11Protocol):
        _hurry: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._rest()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            if self.conn.their_state is h11.SEND_BODY:  # answered before it was whole, and poured away from here on
                self.loop.call_later(patience, self._end_of, self.cycle)
            super().on_response_complete()
            self._rest()  # until the next request begins, uvicorn's own patience counts

        def _watch(self) -> None:
            if self.conn.their_state is not h11.IDLE:
                self._rest()
            elif self._hurry is None:
                self._hurry = self.loop.call_later(patience, self._end)

        def _rest(self) -> None:
            if self._hurry is not None:
                self._hurry.cancel()
                self._hurry = None

        def _end_of(self, cycle: RequestResponseCycle) -> None:
            if self.cycle is cycle and self.conn.their_state is h11.SEND_BODY:
                self._end()

        def _end(self) -> None:
            if not self.transport.is_closing():
                self.transport.close()

    return Patient
