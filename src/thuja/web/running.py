"""A server that runs until it is told to stop, and then answers what it has taken."""

import asyncio
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    connections for a moment: what was sent before anybody could know is answered too.
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
