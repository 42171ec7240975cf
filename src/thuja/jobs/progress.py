"""Progress of long work on stderr: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], *, total: int | None, label: str, unit: str = "images") -> Generator[T, None, None]:
    """Pass items through, showing progress, rate and time left on stderr.

    A bar on a terminal; in a log, a plain line every ten seconds. Closing it closes `items`, if that is a generator.
    """
    progress = Progress(total=total, label=label, unit=unit)
    try:
        for item in items:
            yield item
            progress.advance(1)
    finally:
        _close(items)
        progress.close()


def counted(
    parts: Iterable[Sequence[T]], *, total: int | None, label: str, unit: str = "images"
) -> Generator[Sequence[T], None, None]:
    """`track` for items that come in parts: each counts for as many as it holds."""
    progress = Progress(total=total, label=label, unit=unit)
    try:
        for part in parts:
            yield part
            progress.advance(len(part))
    finally:
        _close(parts)
        progress.close()


def _close(items: Iterable[object]) -> None:
    """End what makes the items, so that no worker of it outlives who took them."""
    if isinstance(items, Generator):
        items.close()


class Progress:
    """Progress of one piece of long work: a bar on a terminal, plain lines in a log, nothing without a label."""

    def __init__(self, *, total: int | None, label: str, unit: str = "images") -> None:
        self._total, self._label, self._unit = total, label, unit
        self._done = 0
        self._note = ""
        self._is_terminal = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()

    def advance(self, count: int, *, note: str = "") -> None:
        """Count `count` more units as done; `note` (a loss, say) is shown behind them."""
        self._done += count
        self._note = note or self._note
        now = time.monotonic()
        if now - self._shown >= (0.2 if self._is_terminal else 10.0):
            self._shown = now
            self._show(end="")

    def close(self) -> None:
        """Show the final state and end the line."""
        self._show(end="\n")

    def _show(self, *, end: str) -> None:
        if not self._label:
            return
        elapsed = max(time.monotonic() - self._started, 1e-9)
        rate = self._done / elapsed
        parts = [f"{self._label}: {self._done:,}"]
        if self._total and (not end or self._done == self._total):  # at its end, what came is the total
            parts[0] += f"/{self._total:,} {self._unit} ({self._done / self._total:.0%})"
        else:
            parts[0] += f" {self._unit}"
        parts.append(f"{rate:,.1f} {self._unit}/s")
        if end:
            parts.append(f"took {_clock(elapsed)}")
        elif self._total and 0 < self._done < self._total:
            parts.append(f"{_clock((self._total - self._done) / rate)} left")
        if self._note:
            parts.append(self._note)
        line = ", ".join(parts)
        if self._is_terminal:
            sys.stderr.write(f"\r\x1b[2K{line}{end}")
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


def say(line: str) -> None:
    """A line about long work on stderr, where its progress is."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
