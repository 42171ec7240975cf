"""How a captioner is opened in whatever process works: servers, or a function of the user's own."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Final

from thuja.captions.captioner import Captioner, CaptionerStopped
from thuja.captions.make.settings import Portion
from thuja.captions.server import ServerCaptioner, ServerSettings, check_servers
from thuja.errors import UsageError

REST: Final = 6.0
"""Seconds without a request that make up for what a killed process sent: it began with a burst of a twentieth of the
rate, as this one does (`server.rates`), which together are 6.1 of the 61 seconds that the rate is spread over."""


def open_servers(
    portion: Portion, settings: ServerSettings, *, sleep: Callable[[float], None] = time.sleep
) -> Captioner:
    """A captioner that asks servers, with this process's part of the rates and of what is left of the budget.

    Each server is asked one small picture first: raises CaptionerStopped where none does its work. After a process that
    was killed it waits until both together keep the rates.
    """
    shared = settings.share(portion.parts) if portion.parts > 1 else settings
    rates = shared.rates
    if (rates.requests_per_minute or rates.tokens_per_minute) and portion.rest < REST:
        sleep(REST - portion.rest)
    captioner = ServerCaptioner(shared, spent=portion.spent / portion.parts)
    try:
        check_servers(captioner)
    except CaptionerStopped:
        captioner.close()
        raise
    return captioner


@contextmanager
def opened(captioner: Captioner) -> Iterator[Captioner]:
    """Close the captioner at the end, if it is one that can be closed."""
    try:
        yield captioner
    finally:
        close = getattr(captioner, "close", None)
        if close is not None:
            close()


def open_named(portion: Portion, name: str) -> Captioner:
    """The function `module:name`, or what the class of that name makes without arguments; raises UsageError.

    The module is looked for in the current folder too.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise UsageError(f'a captioner is named as MODULE:FUNCTION, got "{name}"', hint="--captioner mine:caption")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), attribute)
    except ImportError as error:
        raise UsageError(f"the module {module} cannot be imported: {error}", hint="is it in this folder?") from error
    except AttributeError as error:
        raise UsageError(f"the module {module} has no {attribute}", hint="--captioner MODULE:FUNCTION") from error
    captioner = found() if isinstance(found, type) else found
    if not callable(captioner):
        raise UsageError(f"{name} cannot be called", hint="a function of (image, prompt) that returns words")
    opened: Captioner = captioner
    return opened
