"""The tasks of a suite, read from their folders and ready to be asked: which images are there, and which are not."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.evaluate.suite_cells import file_name
from thuja.evaluate.suite_state import code_of, folder_of
from thuja.evaluate.task import BOTH, Opened, Task, Way
from thuja.jobs import write_text

MISSING: Final = "missing.csv"
_TOLD: Final = 3
_RUNS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a suite asks. `shots` of few-shot tasks; `limit` caps the images of each task, for a quick look.

    `allow_missing` scores what is there, and marks it; without it a task that lacks an image is refused.
    """

    ways: tuple[Way, ...] = BOTH
    shots: tuple[int, ...] = (1, 5)
    limit: int | None = None
    seed: int = 0
    allow_missing: bool = False

    def __post_init__(self) -> None:
        if not self.ways:
            raise UsageError("a suite needs a protocol", hint="public, corrected or both")
        if not self.shots or min(self.shots) < 1 or len(set(self.shots)) < len(self.shots):
            raise UsageError(f"shots are distinct whole numbers from 1 on, got {self.shots}", hint="--shots 1,5")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit must be at least 1, got {self.limit}")


def as_it_is(opened: Opened) -> Opened:
    """The task without anything handed to it."""
    return opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A task under its name in the suite, and where its folder (or table) is.

    `prepare` hands it what a floor above knows: a probe to learn with, the number of processes.
    """

    name: str
    task: Task
    place: Path
    prepare: Callable[[Opened], Opened] = as_it_is


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A task that was read: `opened` is about the images that are asked; of all `images`, `missing` are not there.

    `state` is a hash of code, folder and settings: all that a figure depends on beside the model and the way.
    """

    entry: Entry
    opened: Opened
    images: int
    missing: int
    state: tuple[str, ...]


def read_tasks(entries: Sequence[Entry], out: Path, settings: Settings) -> list[Ready]:
    """Read every task; what is missing is listed in `out`/missing.csv.

    Raises ThujaError that tells of all tasks that cannot be read or lack images, before anything is encoded.
    """
    _check_names(entries)
    ready, wrong, lacking = [], [], []
    for entry in entries:
        try:
            opened = with_shots(entry.prepare(entry.task.read(entry.place)), settings.shots)
        except ThujaError as error:
            wrong.append(error if len(entries) == 1 else type(error)(f"{entry.name}: {error.message}", hint=error.hint))
            continue
        gone = opened.images.missing()
        lacking += [(entry.name, path) for path in gone]
        if gone and (len(gone) == len(opened.images) or not settings.allow_missing):
            wrong.append(_lacks(entry, gone, len(opened.images), out=out))
            continue
        ready.append(_ready(entry, opened, gone, out=out, settings=settings))
    _list_missing(lacking, out)
    if wrong:
        raise _together(wrong)
    return ready


def with_shots(opened: Opened, shots: tuple[int, ...]) -> Opened:
    """The task with these numbers of shots, where it takes several; a task of several tasks hands them on."""
    if not is_dataclass(opened):
        return opened
    changed: dict[str, Any] = {}
    for one in fields(opened):
        value = getattr(opened, one.name)
        if one.name == "shots" and isinstance(value, tuple):
            changed["shots"] = shots
        if one.name == "tasks" and isinstance(value, Mapping):
            tasks = {name: with_shots(task, shots) for name, task in value.items()}
            if any(tasks[name] is not task for name, task in value.items()):
                changed["tasks"] = tasks
    return replace(opened, **changed) if changed else opened


def _ready(entry: Entry, opened: Opened, gone: Sequence[str], *, out: Path, settings: Settings) -> Ready:
    images = opened.images
    shots = [str(settings.shots)] if with_shots(opened, (1,)) is not opened else []
    state = (code_of(entry.task), folder_of(entry.place, images, out=out), *shots)
    lost = set(gone)
    rows = [row for row, path in enumerate(images.paths) if path not in lost]
    if settings.limit is not None and len(rows) > settings.limit:
        run = max(settings.shots) + 1
        rows = [rows[place] for place in spread(len(rows), settings.limit, run=run)]
        state = (*state, f"runs of {run}")
    kept = opened if len(rows) == len(images) else opened.select(rows)
    return Ready(entry=entry, opened=kept, images=len(images), missing=len(gone), state=state)


def spread(count: int, limit: int, *, run: int) -> list[int]:
    """`limit` of `count` places, in runs of about `run` neighbours that lie evenly apart; four runs at least.

    Tables are mostly sorted by class. Single places would be an image of each class, and nothing to learn it by.

    >>> spread(100, 8, run=2)
    [0, 1, 33, 34, 65, 66, 98, 99]
    """
    runs = min(limit, max(_RUNS, limit // run))
    gaps = np.linspace(0, count - limit, runs).round().astype(int)  # how many are left out before each run
    places = np.arange(limit)
    return [int(place) for place in places + gaps[places * runs // limit]]


def _check_names(entries: Sequence[Entry]) -> None:
    if not entries:
        raise EmptyInput("a suite needs a task", hint="--tasks NAME=FOLDER; thuja evaluate tasks lists them")
    names = [file_name(entry.name) for entry in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"the task {twice} stands twice in the suite", hint="give each once")


def _lacks(entry: Entry, gone: Sequence[str], count: int, *, out: Path) -> ThujaError:
    shown = ", ".join(gone[:_TOLD]) + (", ..." if len(gone) > _TOLD else "")
    if len(gone) == count and entry.place.is_file():
        return EmptyInput(
            f"{entry.name}: none of its {count:,} images is a file: {shown}",
            hint=f"paths are absolute, or below {entry.place.parent}, where {entry.place.name} is",
        )
    if len(gone) == count:
        return EmptyInput(
            f"{entry.name}: none of its {count:,} images is below {entry.place}: {shown}",
            hint=f"its images are had from {entry.task.about.where}",
        )
    return UsageError(
        f"{entry.name} lacks {len(gone):,} of {count:,} images: {shown}",
        hint=f"all are listed in {out / MISSING}; --allow-missing scores the others, and marks it",
    )


def _list_missing(lacking: Sequence[tuple[str, str]], out: Path) -> None:
    path = out / MISSING
    if not lacking:
        path.unlink(missing_ok=True)
        return
    file = StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["task", "path"])
    table.writerows(lacking)
    write_text(path, file.getvalue())


def _together(wrong: Sequence[ThujaError]) -> ThujaError:
    """One error of several; where one of them is a wrong call, all are."""
    if len(wrong) == 1:
        return wrong[0]
    told = "\n".join(f"  {error.message}" for error in wrong)
    hints = "; ".join(dict.fromkeys(error.hint for error in wrong if error.hint))
    kind = UsageError if any(isinstance(error, UsageError) for error in wrong) else ThujaError
    return kind(f"{len(wrong)} tasks cannot be asked:\n{told}", hint=hints)
