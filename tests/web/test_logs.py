"""What a server logs can be read by a machine, line by line."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from thuja.web.logs import log_as_json


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Takes the log; gives the loggers back as they were."""
    root = logging.getLogger()
    names = ("thuja.web", "uvicorn")
    before = root.handlers, [logging.getLogger(name).level for name in names]
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers = before[0]
    for name, level in zip(names, before[1], strict=True):
        logging.getLogger(name).setLevel(level)


def test_every_line_is_json_whoever_says_it(stream: io.StringIO) -> None:
    """What asyncio, warnings and the model said stood between the lines as plain text."""
    logging.getLogger("asyncio").error("Task exception was never retrieved\nforged")
    logging.getLogger("thuja.encode").warning("slow")
    logging.getLogger("thuja.web.requests").info("request", extra={"told": {"path": "/healthz"}})
    logging.getLogger("uvicorn.error").info("not told")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["error", "warning", "info", "warning"]
    assert lines[0]["message"] == "Task exception was never retrieved\nforged"
    assert lines[2]["path"] == "/healthz"
