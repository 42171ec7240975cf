"""Long work that may be killed: outputs that never look whole before they are, and progress."""

import errno
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from thuja import __version__
from thuja.errors import BadFile, EmptyInput, OutputExists, UsageError

logger = logging.getLogger(__name__)

T = TypeVar("T")

MARKER = "thuja.job.json"
"""Stands in every folder that thuja writes: which verb made it, and whether it is complete."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes its place only when the block ends well.

    Raises UsageError where nothing can be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with _refusal(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        temporary.touch()
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_path(path) as temporary:
        # An undecodable file name becomes its escape, which JSON reads back as it was.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all, keys in the order given, ending in a newline."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def output_folder(path: Path, *, verb: str, force: bool = False, resume: bool = False) -> Iterator[Path]:
    """Claim a folder for one job, and mark it complete when the block ends well.

    A folder that has something in it is refused, unless `resume` (all is kept but the killed run's
    half-written files) or `force` (they are deleted); force deletes only what this verb of thuja made.
    """
    path = Path(path)
    if force and resume:
        raise UsageError("--force and --resume exclude each other", hint="--force begins anew, --resume goes on")
    with _refusal(path):
        if path.exists() and not path.is_dir():
            raise OutputExists(f"the output folder {path} is a file", hint="name another folder")
        if path.is_dir() and any(path.iterdir()):
            _settle_existing(path, verb=verb, force=force, resume=resume)
        path.mkdir(parents=True, exist_ok=True)
        _mark(path, verb, "running")
    yield path
    _mark(path, verb, "complete")


def _settle_existing(path: Path, *, verb: str, force: bool, resume: bool) -> None:
    marker = _read_marker(path)
    if resume and (marker is None or marker.get("verb") != verb):
        raise OutputExists(
            f"{path} holds no {verb} run to resume", hint="leave out --resume, or name the folder of one"
        )
    if resume:
        for half_written in path.rglob("*.tmp"):
            half_written.unlink()
        return
    if not force:
        hint = (
            "--force replaces it, --resume goes on with it" if marker and marker.get("verb") == verb else "name another"
        )
        raise OutputExists(f"the output folder {path} is not empty", hint=hint)
    if marker is None or marker.get("verb") != verb:
        raise OutputExists(
            f"--force deletes only what thuja {verb} made, and {path} is something else",
            hint="name another folder, or empty this one yourself",
        )
    empty_folder(path)


def empty_folder(path: Path) -> None:
    """Delete what is in a folder that thuja wrote, and keep the folder, which may be a link.

    The marker goes last: a deletion that was cut short can be forced again.
    """
    for child in sorted(path.iterdir(), key=lambda child: child.name == MARKER):
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()


@contextmanager
def _refusal(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"cannot write to {path}: {error.strerror or error}", hint="name a place that you may write to"
        ) from error


def require_complete(path: Path, *, verb: str) -> Path:
    """The folder, if a job of this verb finished there; raises EmptyInput or BadFile."""
    path = Path(path)
    marker = _read_marker(path) if path.is_dir() else None
    if marker is None or marker.get("verb") != verb:
        raise EmptyInput(f"{path} is not a folder that thuja {verb} made", hint=f"thuja {verb} --help")
    if marker.get("state") != "complete":
        raise BadFile(
            f"the {verb} run in {path} did not finish", hint=f"run thuja {verb} again with --resume or --force"
        )
    return path


def _mark(path: Path, verb: str, state: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(path / MARKER, {"verb": verb, "state": state, "thuja": __version__, "time": now})


def _read_marker(path: Path) -> dict[str, str] | None:
    try:
        marker = json.loads((path / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return marker if isinstance(marker, dict) else None


def track(items: Iterable[T], *, total: int | None, label: str, unit: str = "images") -> Iterator[T]:
    """Pass items through, showing progress, rate and time left on stderr.

    A bar on a terminal; in a log, a plain line every ten seconds.
    """
    progress = Progress(total=total, label=label, unit=unit)
    try:
        for item in items:
            yield item
            progress.advance(1)
    finally:
        progress.close()


class Progress:
    """Progress of one piece of long work, as a bar on a terminal and as plain lines in a log."""

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
        elapsed = max(time.monotonic() - self._started, 1e-9)
        rate = self._done / elapsed
        parts = [f"{self._label}: {self._done:,}"]
        if self._total:
            parts[0] += f"/{self._total:,} {self._unit} ({self._done / self._total:.0%})"
        else:
            parts[0] += f" {self._unit}"
        parts.append(f"{rate:,.1f} {self._unit}/s")
        if self._total and 0 < self._done < self._total:
            parts.append(f"{_clock((self._total - self._done) / rate)} left")
        elif end:
            parts.append(f"took {_clock(elapsed)}")
        if self._note:
            parts.append(self._note)
        line = ", ".join(parts)
        if self._is_terminal:
            sys.stderr.write(f"\r\x1b[2K{line}{end}")
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
