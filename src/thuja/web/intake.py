"""One request at the door: how much of it, how fast, how long, and whether anybody still waits for the answer."""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thuja.web.metrics import Metrics
from thuja.web.problems import Busy, Refusal, TooLarge, TooSlow, error_response
from thuja.web.settings import Pace, RequestLimits

_SLOWEST: Final = 50_000
"""Bytes a second below which a body is taken for one that is never to end."""
_BODILESS: Final = frozenset({"GET", "HEAD"})
"""Methods whose bodies nobody reads: a body that never ends must not put off the time for an answer."""
_LINGER: Final = 1.0
"""Seconds that a cancelled request has to clear up, and that the rest of a refused body is listened to."""


class Intake:
    """Bounds each request's body and time, and all requests' bodies together; ends what nobody waits for.

    A refusal is answered as problem+json, whatever the application makes of the broken body.
    """

    def __init__(self, app: ASGIApp, *, limits: RequestLimits, pace: Pace, metrics: Metrics) -> None:
        self._app, self._limits, self._pace, self._metrics = app, limits, pace, metrics
        self._requests = self.bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(self, scope, receive=receive, send=send)
        self._requests += 1
        self._metrics.open.set(self._requests)
        try:
            if self._requests > self._pace.connections:
                await exchange.refuse(Busy("too many requests at once", hint="come again in a moment"))
            elif exchange.announced > exchange.most:
                await exchange.refuse(exchange.too_large())
            else:
                await self._serve(exchange, scope)
        finally:
            self._requests -= 1
            self.bytes -= exchange.received
            self._metrics.open.set(self._requests)

    async def _serve(self, exchange: "Exchange", scope: Scope) -> None:
        task = asyncio.ensure_future(self._app(scope, exchange.receive, exchange.send))
        ended = asyncio.ensure_future(exchange.ended(self._pace.answer))
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task
                return
            task.cancel()
            await asyncio.wait({task}, timeout=_LINGER)
            if not exchange.is_gone:
                told = Busy(
                    f"there was no answer within {self._pace.answer:g} s", hint="come again, or ask for less at once"
                )
                await exchange.refuse(told)
        finally:
            exchange.is_closed = True
            ended.cancel()
            task.cancel()

    def most(self, kind: str) -> int:
        """The most bytes of a body of a content type."""
        return self._limits.of_body(kind)

    def admit(self, more: int) -> Refusal | None:
        """Count `more` bytes of all bodies; a refusal where they are too many."""
        if self.bytes + more > self._pace.bytes:
            return Busy("too many pictures are being sent at once", hint="come again in a moment")
        self.bytes += more
        return None

    def deadline(self, received: int) -> float:
        """Seconds that a body may take until its next part, from its beginning."""
        return self._pace.body + received / _SLOWEST


class Exchange:
    """One request and its response: counts what comes in, and sends one response at most."""

    def __init__(self, intake: Intake, scope: Scope, *, receive: Receive, send: Send) -> None:
        self._intake, self._scope, self._receive, self._send = intake, scope, receive, send
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        self.announced = int(length) if length.isdigit() else 0
        self.most = intake.most(headers.get(b"content-type", b"").decode("latin-1").lower())
        self.received = 0
        self.is_gone = self.is_closed = self._has_started = False
        self._refusal: Refusal | None = None
        self._began = asyncio.get_running_loop().time()
        self._whole = asyncio.Event()
        self._gone = asyncio.Event()
        self._is_asking = b"expect" in headers
        has_body = bool(self.announced) or b"transfer-encoding" in headers
        self._is_begun = has_body and scope["method"] not in _BODILESS
        if not self._is_begun:
            self._whole.set()

    async def receive(self) -> Message:
        """The next part of the body, or that the client is gone; raises a Refusal."""
        if self._whole.is_set():
            if not self._is_begun:
                self._is_begun = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout_at(self._began + self._intake.deadline(self.received)):
                message = await self._receive()
        except TimeoutError:
            self._refusal = TooSlow("the body did not arrive in time", hint="send fewer or smaller pictures")
            raise self._refusal from None
        if message["type"] == "http.disconnect":
            self._leave()
            return message
        size = len(message.get("body", b""))
        if not message.get("more_body", False):
            self._whole.set()
        is_too_large = self.received + size > self.most
        self._refusal = self.too_large() if is_too_large else self._intake.admit(size)
        if self._refusal is not None:
            raise self._refusal
        self.received += size
        return message

    def too_large(self) -> Refusal:
        """What a body over the limit is told."""
        return TooLarge(f"a request is over the limit of {self.most:,} bytes", hint="send less at once")

    async def send(self, message: Message) -> None:
        """Pass the application's response on, unless the request was refused meanwhile."""
        if self.is_closed:
            return
        if self._refusal is not None and not self._has_started:
            await self.refuse(self._refusal)
        elif not self.is_closed:
            if not self._has_started and not self._whole.is_set():
                await self._pour_away()
            self._has_started = True
            await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal, where nothing has been answered yet; what is left of the body is not kept."""
        self.is_closed = True
        if self._has_started:
            return
        self._has_started = True
        response: Response = error_response(refusal)
        if not self._whole.is_set():
            await self._pour_away()
            response.headers["Connection"] = "close"
        await response(self._scope, self._receive, self._send)

    async def _pour_away(self) -> None:
        """Read on for a moment and keep nothing: who is cut off in the middle of sending does not read the answer."""
        if self._is_asking:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while (await self._receive()).get("more_body", False):
                    pass

    async def ended(self, seconds: float) -> None:
        """Returns when the client is gone, or so many seconds after its request was whole."""
        await self._whole.wait()
        if self.is_gone:
            return
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
            self._leave()
        except TimeoutError:
            return

    def _leave(self) -> None:
        self.is_gone = True
        self._gone.set()
        self._whole.set()
