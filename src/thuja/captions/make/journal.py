"""What was asked and what came of it, as it comes: a file of lines that is appended to and never rewritten.

A line says that a picture was asked about, that a draft came, that a request ended without an answer, or that a
picture cannot be used. A process that is killed loses at most the line that it was writing: everything before has been
handed to the system. What was asked and has no further line was in flight, and may have been paid for.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from thuja.captions.make.drafts import Draft
from thuja.errors import BadFile

STOPPED: Final = "stopped"
"""The reason of a request that was not sent, because the captioner sends no more."""

_SYNC: Final = 1.0
"""Seconds between two calls that bring the lines to the disk itself, for the day that the machine fails."""


@dataclass(slots=True, kw_only=True)
class Told:
    """What a journal says: drafts by picture, why pictures cannot be used, how often nobody answered for one.

    `unanswered` are requests that nobody saw the end of, `lost` is the most that those without an answer have cost.
    """

    drafts: dict[str, list[Draft]] = field(default_factory=dict)
    unusable: dict[str, tuple[str, str]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    lost: float = 0.0

    @property
    def cost(self) -> float:
        """The price of all drafts."""
        return sum(draft.cost for drafts in self.drafts.values() for draft in drafts)

    @property
    def dearest(self) -> float:
        """The price of the costliest draft."""
        return max((draft.cost for drafts in self.drafts.values() for draft in drafts), default=0.0)

    @property
    def failed(self) -> int:
        """Requests that ended without an answer."""
        return self.failures.total()


class Journal:
    """Appends to the journal of one unit; any number of threads may write."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Opens the file, cut back to its last whole line; raises OSError where it cannot be written."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock, self._synced = clock, clock()
        self._lock, self._syncing = Lock(), Lock()
        self._file = FileIO(path, "a+")
        self._length = _whole_lines(self._file)
        self._file.truncate(self._length)

    def asked(self, uuid: str, number: int) -> None:
        """A request is about to be sent: try `number` of a picture."""
        self._write({"asked": uuid, "try": number})

    def drafted(self, uuid: str, number: int, draft: Draft) -> None:
        """An answer came, and was checked."""
        self._write({"draft": uuid, "try": number, **draft.to_json()})

    def failed(self, uuid: str, number: int, reason: str, *, cost: float = 0.0) -> None:
        """A request ended without an answer, and may have cost so much; the picture is to be asked about again."""
        self._write({"failed": uuid, "try": number, "reason": reason, **({"cost": cost} if cost else {})})

    def unusable(self, uuid: str, reason: str, message: str) -> None:
        """The picture cannot be asked about at all."""
        self._write({"unusable": uuid, "reason": reason, "message": message})

    def close(self) -> None:
        """Bring what was written to the disk."""
        with self._syncing, self._lock:
            if not self._file.closed:
                os.fsync(self._file.fileno())
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, line: dict[str, Any]) -> None:
        """The whole line or nothing of it: a disk that fills up in the middle leaves the journal as it was."""
        data = _encoded(line)
        with self._lock:
            view = memoryview(data)
            try:
                while view:
                    view = view[self._file.write(view) :]
            except OSError:
                self._file.truncate(self._length)
                raise
            self._length += len(data)
        self._sync()

    def _sync(self) -> None:
        """One thread waits for the disk, while others write."""
        if self._clock() - self._synced >= _SYNC and self._syncing.acquire(blocking=False):
            try:
                if not self._file.closed:
                    os.fsync(self._file.fileno())
                    self._synced = self._clock()
            finally:
                self._syncing.release()


def read_journal(path: Path) -> Told:
    """What a journal says; a last line that is cut short is passed over. Raises BadFile for what is no journal."""
    told = Told()
    asked: Counter[tuple[str, int]] = Counter()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return told
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines()):
        try:
            said = json.loads(line)
            _take(told, asked, said)
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"line {number + 1} of the journal {path} cannot be read", hint="--force begins anew"
            ) from error
    told.unanswered = asked.total()
    return told


def _take(told: Told, asked: Counter[tuple[str, int]], said: dict[str, Any]) -> None:
    if "asked" in said:
        asked[said["asked"], said["try"]] += 1
    elif "draft" in said:
        drafts = told.drafts.setdefault(said["draft"], [])
        asked[said["draft"], said["try"]] -= 1
        if said["try"] == len(drafts):
            drafts.append(Draft.from_json(said))
    elif "failed" in said:
        asked[said["failed"], said["try"]] -= 1
        told.failures[said["failed"]] += said["reason"] != STOPPED
        told.lost += said.get("cost", 0.0)
    else:
        told.unusable[said["unusable"]] = (said["reason"], said["message"])


def _whole_lines(file: FileIO) -> int:
    """Where the last whole line of a file ends."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - 65536)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def _encoded(line: dict[str, Any]) -> bytes:
    """One line of ASCII: words may hold what UTF-8 cannot, and line ends of other alphabets."""
    return (json.dumps(line, separators=(",", ":")) + "\n").encode("ascii")
