"""Mini data sets in the layouts that people have on disk, and a model to which each image looks like a class.

So the scores of a task are known by construction: an image is named right where it looks like its own class.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copy

import numpy as np

from thuja.errors import ThujaError
from thuja.evaluate.protocols.labelled import Labelled
from thuja.evaluate.task import Measure, Outcome, Task, View, Way


def write_table(path: Path, rows: Sequence[Mapping[str, object]], *, delimiter: str = ",") -> None:
    """A CSV table with the columns of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_images(folder: Path, paths: Sequence[str]) -> None:
    """A file at each path; nothing reads what is in it."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"")


def view_of(task: Labelled, looks: Sequence[int], *, reads: bool = True) -> View:
    """What a model makes of the task to which image n looks like class `looks[n]`, and each text is its class."""
    eye = np.eye(len(task.classes), dtype=np.float32)
    words = sorted(enumerate(task.classes.texts), key=lambda pair: (-len(pair[1]), pair[0]))

    def texts(sentences: Sequence[str]) -> np.ndarray:
        return np.stack([eye[next(number for number, word in words if word in text)] for text in sentences])

    return View(vectors=eye[list(looks)], texts=texts if reads else None)


def found(outcome: Outcome, name: str, part: str = "", way: Way = Way.PUBLIC) -> Measure:
    """The measure of that name, part and way; there must be one."""
    (measure,) = [one for one in outcome.measures if (one.name, one.part, one.way) == (name, part, way)]
    return measure


def value(outcome: Outcome, name: str, part: str = "", way: Way = Way.PUBLIC) -> float:
    """Its value."""
    return found(outcome, name, part, way).value


def from_table(task: Task, shared: Path, folder: Path, name: str, called: str = "metadata.csv") -> Labelled:
    """The task of one of the papers' label tables, in a folder that has no images."""
    copy(shared / "data" / "benchmarks" / f"{name}.csv", folder / called)
    return task.read(folder)


def told(error: ThujaError) -> str:
    """What a user reads of it, in one line."""
    return f"{error.message} | {error.hint}"
