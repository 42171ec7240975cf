"""How long to wait: what a server's headers ask for, and how waits grow where it asks for nothing."""

import math
import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from thuja.captions.captioner import CaptionerStopped


class Clock(Protocol):
    """Time as a captioner sees it."""

    def now(self) -> float:
        """Seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Wait; raises CaptionerStopped where the captioner is closed meanwhile."""


class SystemClock:
    """The machine's clock, whose sleepers can be woken for good."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def now(self) -> float:
        """time.monotonic."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises CaptionerStopped where the captioner is closed meanwhile."""
        if self._closed.wait(max(0.0, seconds)):
            raise CaptionerStopped("the captioner is closed")

    def close(self) -> None:
        """Wake all sleepers."""
        self._closed.set()


def asked_wait(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds that an answer asks to wait for: `retry-after-ms`, or `Retry-After` as seconds or as a date.

    >>> asked_wait({"retry-after-ms": "250"}), asked_wait({"retry-after": "3"}), asked_wait({"retry-after": "soon"})
    (0.25, 3.0, None)
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds / scale
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def grown_wait(failures: int, *, first: float, longest: float, rng: random.Random) -> float:
    """The wait after so many failures in a row: doubled each time up to `longest`, then shortened by up to half.

    Chance keeps those who failed together from coming back together.
    """
    return min(longest, first * 2.0 ** min(failures - 1, 30)) * (0.5 + 0.5 * rng.random())


def _number(text: str) -> float | None:
    try:
        seconds = float(text.strip())
    except ValueError:
        return None
    return seconds if seconds >= 0 and not math.isnan(seconds) else None
