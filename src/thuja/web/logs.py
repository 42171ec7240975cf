"""A line of JSON for each request: what was asked and how it went, never what was in it."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Final, TextIO
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thuja.web.served import Served

REQUESTS: Final = logging.getLogger("thuja.web.requests")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
_GONE: Final = 499
"""The status, as proxies have it, of a request whose client left before its answer."""


class RequestLog:
    """Numbers each request, logs it and counts it. A path is told as its template: ids and names stay out.

    While the server is stopping, each answer is the last of its connection.
    """

    def __init__(self, app: ASGIApp, *, served: Served) -> None:
        self._app, self._served, self._metrics = app, served, served.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, name = time.perf_counter(), uuid4().hex[:16]
        status, came, went = _GONE, 0, 0

        async def counted_receive() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            return message

        async def counted_send(message: Message) -> None:
            nonlocal status, went
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = name
                if self._served.is_stopping:
                    headers["Connection"] = "close"
            else:
                went += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, counted_receive, counted_send)
        finally:
            seconds = time.perf_counter() - began
            method = scope["method"] if scope["method"] in _METHODS else "other"
            path = template_of(scope)
            self._metrics.requests.labels(method, path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(seconds)
            told = {
                "id": name,
                "method": method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "bytes_in": came,
                "bytes_out": went,
            }
            REQUESTS.info("request", extra={"told": told})


def template_of(scope: Scope) -> str:
    """The path as the endpoint has it, such as `/api/records/{id}`; `page` for its files, `none` for what is not."""
    path = getattr(scope.get("route"), "path_format", None)
    if isinstance(path, str) and path:
        return path
    return "none" if scope["path"].startswith("/api/") else "page"


class JsonLines(logging.Formatter):
    """A log record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"time": when, "level": record.levelname.lower(), "message": record.getMessage()}
        told = getattr(record, "told", None)
        if isinstance(told, dict):
            line |= told
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as_json(stream: TextIO = sys.stderr) -> None:
    """Send all that this process logs to a stream, a line of JSON each: of requests each, of all else warnings."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers = [handler]
    logging.captureWarnings(True)
    for name, level in (("thuja.web", logging.INFO), ("uvicorn", logging.WARNING)):
        logging.getLogger(name).setLevel(level)
