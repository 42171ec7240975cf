"""Two models on the same images: paired differences, where each is right and the other not, what else differs.

A difference is taken question by question, so what makes an image hard for both falls out; its interval redraws
species or observations. Of many tasks some differ by chance: the p-values are Holm's, over all rows of one way.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.errors import EmptyInput
from thuja.evaluate.compare_sides import Side, read_side
from thuja.evaluate.compare_units import shared_units
from thuja.evaluate.text_tables import text_table
from thuja.metrics.bootstrap import REPLICATES
from thuja.metrics.paired import Paired, holm, paired

Floats = npt.NDArray[np.float64]

HEADINGS: Final = ("task", "way", "part", "asked", "groups", "first", "second", "difference", "95 %", "p")
FEW: Final = 20
"""Groups below which a bootstrap's intervals are too narrow."""
_EVEN: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part of a task: both models' means over the questions that both were asked, and the paired difference.

    `only_first` and `only_second` count the questions where that one did better. `p` is two-sided and Holm's; None
    where there is one group alone.
    """

    task: str
    way: str
    part: str
    first: float
    second: float
    paired: Paired
    questions: int
    groups: int
    only_first: int
    only_second: int
    p: float | None = None

    def cells(self) -> tuple[str, ...]:
        """The row under HEADINGS, shares in per cent."""
        gap = self.paired.difference
        return (
            self.task,
            self.way,
            self.part,
            f"{self.questions:,}",
            f"{self.groups:,}",
            f"{100 * self.first:.1f}",
            f"{100 * self.second:.1f}",
            f"{100 * gap.value:+.1f}",
            f"{100 * gap.low:+.1f} to {100 * gap.high:+.1f}" if self.p is not None else "",
            "" if self.p is None else f"{self.p:.3f}" if self.p >= 0.001 else "<0.001",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides, their differences, the questions where they differ, and what is not the same between them.

    `units` has a row a question where the two do not do equally well. `apart` are cells that one side alone has.
    """

    first: Side
    second: Side
    differences: Sequence[Difference]
    units: pl.DataFrame
    settings: Sequence[tuple[str, str, str]]
    apart: Sequence[str]

    def about(self) -> str:
        """How the intervals and p-values are to be read."""
        few = sum(one.groups < FEW for one in self.differences)
        told = (
            "Intervals (95 %) draw groups: species, observations or queries. p is two-sided, corrected over the rows "
            "of one way (Holm)."
        )
        return f"{told} {few} rows have fewer than {FEW} groups, where both promise too much." if few else told

    def as_text(self) -> str:
        """Tables for a terminal."""
        headings = tuple({"first": self.first.name, "second": self.second.name}.get(name, name) for name in HEADINGS)
        title = (
            f"{self.first.name} ({self.first.place}) less {self.second.name} ({self.second.place}), "
            "in per cent of the questions that both were asked"
        )
        parts = [text_table(headings, [one.cells() for one in self.differences], title=title), self.about()]
        if self.settings:
            rows = [(name, _cut(one), _cut(other)) for name, one, other in self.settings]
            parts.append(text_table(("what differs", self.first.name, self.second.name), rows))
        if self.apart:
            parts.append(f"Not compared, as one side alone has it: {', '.join(self.apart)}.")
        return "\n\n".join(parts)


def compare(first: Path, second: Path, *, seed: int = 0) -> Comparison:
    """Compare the results at two places; raises EmptyInput where they have no question in common."""
    ours, theirs = _told_apart(read_side(first), read_side(second))
    common = [cell for cell in ours.cells if cell in theirs.cells]
    apart = [
        f"{task} {way}".strip()
        for task, way in dict.fromkeys((*ours.cells, *theirs.cells))
        if (task, way) not in common
    ]
    asked = [
        (task, way, str(part), rows)
        for task, way in common
        if (both := _both(ours, theirs, task, way=way)) is not None
        for (part,), rows in both.group_by("part", maintain_order=True)
    ]
    replicates = replicates_for(max(Counter(way for _, way, _, _ in asked).values(), default=0))
    differences = [
        _difference(rows, task=task, way=way, part=part, seed=seed, replicates=replicates)
        for task, way, part, rows in asked
    ]
    if not differences:
        raise EmptyInput(f"{first} and {second} have no question in common", hint="measure both on the same tasks")
    return Comparison(
        first=ours,
        second=theirs,
        differences=_corrected(differences),
        units=pl.concat([_unequal(rows, task, way) for task, way, _, rows in asked]),
        settings=_differing(ours, theirs),
        apart=apart,
    )


def _told_apart(first: Side, second: Side) -> tuple[Side, Side]:
    if first.name != second.name:
        return first, second
    return replace(first, name=f"{first.name} (1)"), replace(second, name=f"{second.name} (2)")


def _both(first: Side, second: Side, task: str, *, way: str) -> pl.DataFrame | None:
    ours, theirs = first.units(task, way), second.units(task, way)
    if ours is None or theirs is None:
        return None
    return shared_units(ours, theirs)


def replicates_for(rows: int) -> int:
    """How many replicates tell so many rows apart: with fewer, none of them could be sure after Holm's correction.

    The least two-sided p is 2 / replicates, times the rows: here .01, or what the usual number gives for few.
    """
    return max(REPLICATES, 200 * rows)


def _difference(rows: pl.DataFrame, *, task: str, way: str, part: str, seed: int, replicates: int) -> Difference:
    ours, theirs = rows["value"].to_numpy(), rows["other"].to_numpy()
    _, groups = np.unique(rows["group"].fill_null("").to_numpy().astype(str), return_inverse=True)

    def redrawn(one: Floats, other: Floats) -> Paired:
        return paired(one, other, clusters=groups, generator=np.random.default_rng(seed), replicates=replicates)

    found = redrawn(ours, theirs)
    return Difference(
        task=task,
        way=way,
        part=part,
        first=float(ours.mean()),
        second=float(theirs.mean()),
        paired=found,
        questions=len(rows),
        groups=int(groups.max()) + 1,
        only_first=int((ours > theirs + _EVEN).sum()),
        only_second=int((theirs > ours + _EVEN).sum()),
        p=_two_sided(found, lambda: redrawn(theirs, ours), replicates=replicates),
    )


def _two_sided(found: Paired, turned: Callable[[], Paired], *, replicates: int) -> float | None:
    """Twice the share of replicates in which the one that is ahead is not; None where there is one group alone.

    Of 1,000 replicates none shows less than 1 in 1,000. `turned` gives the second model's side.
    """
    if not np.isfinite(found.not_above):
        return None
    # A replicate without a difference speaks against whichever is ahead.
    chance = found.not_above if found.difference.value >= 0 else turned().not_above
    return min(1.0, 2 * max(chance, 1 / replicates)) if abs(found.difference.value) > _EVEN else 1.0


def _corrected(differences: Sequence[Difference]) -> list[Difference]:
    """With Holm's p-values over the rows of each way."""
    found = list(differences)
    for way in dict.fromkeys(one.way for one in differences):
        places = [place for place, one in enumerate(differences) if one.way == way and one.p is not None]
        if places:
            for place, p in zip(places, holm([differences[place].p or 0.0 for place in places]), strict=True):
                found[place] = replace(differences[place], p=float(p))
    return found


def _unequal(rows: pl.DataFrame, task: str, way: str) -> pl.DataFrame:
    return rows.filter((pl.col("value") - pl.col("other")).abs() > _EVEN).select(
        pl.lit(task).alias("task"),
        pl.lit(way).alias("way"),
        "part",
        "unit",
        "path",
        "group",
        "truth",
        pl.col("answer").alias("first_answer"),
        pl.col("other_answer").alias("second_answer"),
        pl.col("value").alias("first"),
        pl.col("other").alias("second"),
    )


def _differing(first: Side, second: Side) -> list[tuple[str, str, str]]:
    names = dict.fromkeys((*first.facts, *second.facts))
    pairs = [(name, first.facts.get(name, ""), second.facts.get(name, "")) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _cut(text: str) -> str:
    return text if len(text) <= 48 else f"{text[:47]}…"
