"""Decisions as they are made: a line each, on the disk before it is acknowledged, never changed afterwards.

What was taken back is a line too. A line that a killed server left half-written was never acknowledged, and goes.
"""

import errno
import json
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final

from thuja.errors import BadFile, UsageError
from thuja.jobs.locks import locked
from thuja.taxonomy import RANKS, Taxon
from thuja.web.problems import NotKept

LOG: Final = logging.getLogger(__name__)
LONGEST_NAME: Final = 300
_BLOCK: Final = 2**16

Key = tuple[str, str, str]


class Verdict(StrEnum):
    """What a person makes of an answer; UNDO takes the last one back."""

    ACCEPT = "accept"
    CORRECT = "correct"
    SKIP = "skip"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided of one picture.

    `name` is what it shows, by that decision, and `taxon` its lineage where that is known; both are empty where it was
    skipped. `answer` and `score` are what the model had said, `when` is in UTC.
    """

    file_name: str
    id: str = ""
    box: str = ""
    decision: Verdict
    name: str = ""
    taxon: Taxon | None = None
    who: str
    when: str
    model: str = ""
    answer: str = ""
    score: float | None = None

    def __post_init__(self) -> None:
        if not self.who:
            raise UsageError("a decision is somebody's", hint="say who you are")
        for what, text in (("name", self.name), ("who", self.who)):
            if len(text) > LONGEST_NAME or not text.isprintable():
                raise UsageError(
                    f"the {what} of a decision is one line of at most {LONGEST_NAME} letters, got {len(text):,}"
                )
        if self.decision is Verdict.CORRECT and not self.name:
            raise UsageError("a correction has a name", hint="say what the picture shows, or skip it")

    @property
    def key(self) -> Key:
        """The picture that it is of."""
        return (self.file_name, self.id, self.box)

    def to_line(self) -> str:
        """As the journal holds it."""
        told = asdict(self) | {"decision": self.decision.value}
        told["taxon"] = None if self.taxon is None else self.taxon.to_columns()
        return json.dumps(told, ensure_ascii=False)

    @classmethod
    def from_told(cls, told: dict[str, Any]) -> "Decision":
        """From what a line holds."""
        ranks = told.get("taxon")
        taxon = None if ranks is None else Taxon.from_names([ranks[one.label] for one in RANKS], ranks["common"])
        return cls(**{**told, "decision": Verdict(told["decision"]), "taxon": taxon})


def journal_beside(answers: Path) -> Path:
    """Where the decisions on a batch of answers are."""
    return answers.with_name(f"{answers.name}.reviews.jsonl")


def utc_now() -> str:
    """The time as decisions tell it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """The decisions on a batch, in the order that they were made; one server at a time writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = ExitStack()
        error = UsageError(f"another server holds the reviews {path}", hint="end it first, or review a copy")
        try:
            self._held.enter_context(locked(path.with_name(f"{path.name}.lock"), error))
            # Without a buffer: what a full disk refuses does not wait to be written later.
            self._file = self._held.enter_context(path.open("ab", buffering=0))
            with path.open("r+b") as file:
                _cut_torn_line(file)
        except OSError as failure:
            self._held.close()
            raise UsageError(f"cannot write the reviews {path}: {failure.strerror}") from failure

    def decisions(self) -> Iterator[Decision]:
        """All that were made; raises BadFile."""
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield Decision.from_told(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
                    raise BadFile(
                        f"{self._path}, line {number}: not a decision", hint="mend the line, or move the file away"
                    ) from error

    def append(self, decision: Decision) -> None:
        """Keep a decision: it is on the disk when this returns. Raises NotKept where the disk refuses."""
        line = decision.to_line().encode("utf-8", "backslashreplace") + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            written = self._file.write(line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(end)  # half a line would spoil the next one
            LOG.error("a decision could not be kept in %s: %s", self._path, error.strerror)
            raise NotKept(
                f"the decision could not be kept: {error.strerror}", hint="the server's log says where"
            ) from error

    def close(self) -> None:
        """Let another server have it."""
        self._held.close()


def undone(decision: Decision, *, who: str) -> Decision:
    """What takes a decision back."""
    return replace(decision, decision=Verdict.UNDO, name="", taxon=None, who=who, when=utc_now())


def _cut_torn_line(file: BinaryIO) -> None:
    """Cut what stands behind the last line end."""
    end = place = file.seek(0, os.SEEK_END)
    while place:
        start = max(0, place - _BLOCK)
        file.seek(start)
        found = file.read(place - start).rfind(b"\n")
        if found >= 0:
            place = start + found + 1
            break
        place = start
    if place < end:
        file.truncate(place)
