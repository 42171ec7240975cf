"""A chapter of an evaluation: what was asked beyond right and wrong, as tables, rows and columns; and what it is of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from thuja.classify import Top
from thuja.embeddings import Vectors
from thuja.evaluate.data import Pictures
from thuja.evaluate.grid import Grid
from thuja.evaluate.question import Question
from thuja.evaluate.task import Measure
from thuja.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One split as chapters see it: N pictures, the model's vectors of them, of length one, and the untrained tower's.

    `everything` is the question for the species among all names there are, with the model's answers: None where no
    name is left to tell from another.
    """

    pictures: Pictures
    vectors: Vectors
    untrained: Vectors | None = None
    everything: tuple[Question, Top] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """What one room of measures found.

    `name` heads its rows in scores.json; `notes` are sentences, the reason among them where there is nothing to
    measure. `measures` and `columns` are by split ("" for all pictures together); a column has a value a picture.
    """

    name: str
    title: str
    about: str
    grids: Sequence[Grid] = ()
    figures: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    measures: Mapping[str, Sequence[Measure]] = field(default_factory=dict)
    columns: Mapping[str, pa.Table] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of scores.json; what is not a number is null there."""
        return [
            {"chapter": self.name, "split": split, **{key: _plain(value) for key, value in asdict(measure).items()}}
            for split, measures in self.measures.items()
            for measure in measures
        ]

    def in_short(self) -> str:
        """For a terminal where no table is shown: the reason for an empty chapter, else the notes."""
        return " ".join(self.notes) if self.measures else self.about

    def add_to(self, report: Report) -> None:
        """A section of the page."""
        report.section(self.title, self.about)
        for svg, caption in self.figures:
            report.figure(svg, caption=caption)
        for grid in self.grids:
            report.table(grid.columns, grid.rows, caption=grid.title)
        for note in self.notes:
            report.text(note)


def skipped(name: str, title: str, reason: str) -> Chapter:
    """A chapter of one sentence, which says why there is nothing in it."""
    return Chapter(name=name, title=title, about=reason)


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value
