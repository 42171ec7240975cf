"""The nouns of a benchmark: a task and the images it shows, a lens that looks at them, the measures that come out.

A task reads its folder and says which images it shows; the suite has them encoded once and hands the vectors
back. So a task knows arrays and words, and no model.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.embeddings import Vectors
from thuja.errors import BadFile, ThujaError, UsageError

Indices = npt.NDArray[np.int64]
Texts = Callable[[Sequence[str]], Vectors]
"""Texts as they stand to (T, D) float32 of length one."""


class Way(StrEnum):
    """As the public code does it, to the digit, or as it should be done; each task's header says what differs."""

    PUBLIC = "public"
    CORRECTED = "corrected"


BOTH = (Way.PUBLIC, Way.CORRECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a task is, for a person who has to fetch it and for the table.

    `where` says where its files are had, `layout` which files the folder must hold, a line each; `column` is
    the heading that the papers' tables give it, `measure` the measure that stands there.
    """

    name: str
    title: str
    where: str
    licence: str
    layout: str
    column: str
    measure: str
    public: str
    corrected: str
    is_verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The images of a task: N paths below its folder, which are their names too."""

    folder: Path
    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def files(self) -> list[Path]:
        """Where each lies: N paths."""
        return [self.folder / path for path in self.paths]

    def missing(self) -> list[str]:
        """Those that are not there; a name that no file can have is of one that is not."""
        return [path for path in self.paths if not os.path.isfile(self.folder / path)]  # noqa: PTH113 (it answers for every name)

    def select(self, rows: Iterable[int]) -> "Images":
        """The images at these positions."""
        return Images(folder=self.folder, paths=tuple(self.paths[row] for row in rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a model makes of a task's images: (N, D) float32 as its head gives them, not normalised.

    `texts` encodes texts by the same head, or is None for a model that reads none; `scale` is exp(logit scale).
    `heads` holds, by name, what the further heads make of the same images, of those that a task asks for.
    """

    vectors: Vectors
    texts: Texts | None = None
    scale: float = 100.0
    heads: Mapping[str, "View"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2:
            raise ThujaError(f"vectors must be a matrix, got shape {self.vectors.shape}")
        bad = int((~np.isfinite(self.vectors).all(axis=1)).sum())
        if bad:
            raise ThujaError(f"{bad} of {len(self.vectors)} image vectors are not numbers")
        for name, view in self.heads.items():
            if len(view.vectors) != len(self.vectors):
                raise ThujaError(f"head {name} has {len(view.vectors)} image vectors, the first {len(self.vectors)}")

    def by(self, head: str) -> "View":
        """What this further head makes of the images; for a model without it, what the first one does."""
        return self.heads.get(head, self)

    def part(self, start: int, stop: int) -> "View":
        """The view of some of the images, by every head."""
        heads = {name: view.part(start, stop) for name, view in self.heads.items()}
        return replace(self, vectors=self.vectors[start:stop], heads=heads)

    def require_texts(self, task: str) -> Texts:
        """The text encoder; raises UsageError for a model without one."""
        if self.texts is None:
            raise UsageError(f"{task} asks by text, and this model reads no text", hint="its few-shot tasks need none")
        return self.texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number with its 95 % interval, both in the measure's own unit (shares are between 0 and 1).

    `part` says of what part of the task ("1-shot", a category of queries; "" is all of it); `units` counts what
    was asked, `clusters` what the bootstrap drew: species or observations, never images. `spread` is the standard
    deviation over folds or runs, where the protocol has them. `note` says what a reader must know, such as a ceiling.
    What is no share says in `unit` what it counts, such as ranks.
    """

    part: str = ""
    way: Way
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    units: int
    clusters: int | None = None
    spread: float | None = None
    note: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The measures of one task, and a row for each answer that they are made of.

    `answers` has the columns `path`, `way`, `part`, `truth`, `answer`, `score`, and what else the task tells: `group`
    is what a bootstrap draws (the species, where there is none the true class), `value` what the answer is worth where
    that is not right or wrong, `fold` and `run` which time the image is asked, `query` what was asked of it.
    """

    measures: Sequence[Measure]
    answers: pa.Table = field(default_factory=lambda: pa.table({}))


class Opened(Protocol):
    """A task whose folder was read."""

    @property
    def images(self) -> Images:
        """What is to be encoded."""
        ...

    @property
    def head(self) -> str:
        """The further projector, such as "caption", that the corrected way wants where a model has it, "" for none.

        The suite has the images encoded by the model's first head and, in the same pass, by this one, which the
        view holds in `heads`; the public way always sees by the first.
        """
        ...

    def select(self, rows: Sequence[int]) -> "Opened":
        """The same task about these of its images alone, in this order."""
        ...

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """What the model behind `view` (whose rows are the images) makes of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A benchmark: what it is, and how its folder is read; `read` raises BadFile for another layout."""

    about: About
    read: Callable[[Path], Opened]


def require_layout(folder: Path, about: About, *, found: str) -> BadFile:
    """What to raise where a task's folder is laid out otherwise."""
    expected = "; ".join(line.strip() for line in about.layout.strip().splitlines())
    return BadFile(f"{folder} is not laid out as {about.title}: {found}", hint=f"expected {expected}")
