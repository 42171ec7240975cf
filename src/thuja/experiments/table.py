"""The table of a grid: one row a cell as CSV, and a page of means and differences paired by world."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np

from thuja.experiments.grid import Arm, Grid, Result
from thuja.jobs import write_text

_REPLICATES: Final = 2_000
_FEW: Final = 6
"""Worlds under which the interval hardly is one."""

Scores = Mapping[tuple[str, int], float]
"""One score of one arm by world and seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A score that the page shows: its name among a cell's scores, its heading, and what it says."""

    name: str
    heading: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean over worlds of an arm's score less another's, and the ends of its 95 % interval over worlds."""

    value: float
    low: float
    high: float
    worlds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What stands around the tables: their command, the scores shown, the label of the arm that learnt nothing.

    `chances` are the scores of answers at random, where it is known, by a score's name.
    """

    command: str
    measured: Sequence[Measured]
    start: str = ""
    chances: Mapping[str, float] = field(default_factory=dict)


def paired(arm: Scores, other: Scores) -> Difference | None:
    """The difference of two arms, taken between cells of one world and seed; None where they share none.

    Seeds of a world are averaged first, and the bootstrap draws worlds: two runs in one world are no two witnesses.
    """
    by_world: dict[str, list[float]] = defaultdict(list)
    for place in sorted(arm.keys() & other.keys()):
        by_world[place[0]].append(arm[place] - other[place])
    if not by_world:
        return None
    means = np.array([np.mean(gaps) for gaps in by_world.values()])
    draws = np.random.default_rng(len(means)).integers(len(means), size=(_REPLICATES, len(means)))
    low, high = np.quantile(means[draws].mean(axis=1), [0.025, 0.975])
    return Difference(value=float(means.mean()), low=float(low), high=float(high), worlds=len(means))


def mean_over_worlds(scores: Scores) -> float | None:
    """The mean over worlds of the mean over a world's seeds; None for no cell."""
    by_world: dict[str, list[float]] = defaultdict(list)
    for (world, _), value in scores.items():
        by_world[world].append(value)
    return float(np.mean([np.mean(values) for values in by_world.values()])) if by_world else None


def save_tables(grid: Grid, results: Sequence[Result], out: Path, *, text: PageText) -> None:
    """Write `table.csv` and `table.md`."""
    write_text(out / "table.csv", to_csv(results))
    write_text(out / "table.md", to_page(grid, results, text))


def to_csv(results: Sequence[Result]) -> str:
    """One row a cell: which it is, its scores, how long it took, and why it failed."""
    names = list(dict.fromkeys(name for result in results for name in result.scores))
    file = StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["group", "arm", "world", "seed", *names, "seconds", "error"])
    for result in results:
        cell = result.cell
        scores = [result.scores.get(name, "") for name in names]
        table.writerow(
            [cell.arm.group, cell.arm.name, cell.place.name, cell.seed, *scores, result.seconds, result.error]
        )
    return file.getvalue()


def to_page(grid: Grid, results: Sequence[Result], text: PageText) -> str:
    """The tables in Markdown, one a group of arms: a mean, and in brackets the difference from the reference."""
    failed = [result for result in results if result.error]
    lines = [
        "# Ablations",
        "",
        f"    {text.command}",
        "",
        f"{len(grid.arms)} arms, {counted(grid.places, 'world')} ({', '.join(place.name for place in grid.places)}), "
        f"{counted(grid.seeds, 'seed')}; {len(results) - len(failed)} of {len(grid.cells())} cells measured.",
        "",
    ]
    for group in dict.fromkeys(arm.group for arm in grid.arms):
        lines += _group_table([arm for arm in grid.arms if arm.group == group], results, text)
    shown = [one for one in text.measured if any(one.name in result.scores for result in results)]
    lines += [f"- *{one.heading}*: {one.about}" for one in shown]
    lines += ["", *_foot(len(grid.places)), ""]
    if text.start and not _has_arm(text.start, results):
        lines += [f"How far an arm is above the model as it was drawn is not shown: {text.start} was not run.", ""]
    if failed:
        lines += ["## Cells that failed", ""]
        lines += [f"- {_called(result)}: {result.error}" for result in failed] + [""]
    return "\n".join(lines)


def _group_table(arms: Sequence[Arm], results: Sequence[Result], text: PageText) -> list[str]:
    shown = [one for one in text.measured if any(_scores(arm.label, one.name, results) for arm in arms)]
    has_start = _has_arm(text.start, results)
    start_heading = [f"{shown[0].heading}, above {text.start.rpartition('/')[2]}"] if shown and has_start else []
    headings = ["arm", "cells", *(_headed(one, text) for one in shown), *start_heading]
    lines = [f"## {arms[0].group}", "", _line(headings), _line(["---"] * len(headings))]
    for arm in arms:
        count = sum(result.cell.arm.label == arm.label and not result.error for result in results)
        cells = [arm.name, str(count)]
        for one in shown:
            own = _scores(arm.label, one.name, results)
            mean = mean_over_worlds(own)
            reference = _scores(f"{arm.group}/{arm.reference}", one.name, results)
            gap = paired(own, reference) if arm.name != arm.reference else None
            cells.append("" if mean is None else f"{100 * mean:.1f}" + (f" ({_shown(gap)})" if gap else ""))
        if start_heading:
            gap = paired(_scores(arm.label, shown[0].name, results), _scores(text.start, shown[0].name, results))
            cells.append(_shown(gap) if gap and arm.label != text.start else "")
        lines.append(_line(cells))
    return [*lines, ""]


def _headed(one: Measured, text: PageText) -> str:
    return f"{one.heading} (chance {100 * text.chances[one.name]:.1f})" if one.name in text.chances else one.heading


def _has_arm(label: str, results: Sequence[Result]) -> bool:
    return any(result.cell.arm.label == label and not result.error for result in results)


def _foot(worlds: int) -> list[str]:
    foot = (
        "All in hundredths. In brackets: the difference from the group's reference, the arm without brackets, taken "
        "between runs of one world and seed, and its 95 % interval over worlds drawn anew; seeds of a world are "
        "averaged first."
    )
    if worlds == 1:
        return [foot, "", "With one world there is no interval, and nothing is known of another world."]
    if worlds < _FEW:
        few = f"With {worlds} worlds the interval is hardly one: its ends are about the least and greatest difference."
        return [foot, "", few]
    return [foot]


def _scores(label: str, name: str, results: Sequence[Result]) -> dict[tuple[str, int], float]:
    return {
        (result.cell.place.name, result.cell.seed): result.scores[name]
        for result in results
        if result.cell.arm.label == label and not result.error and name in result.scores
    }


def _shown(gap: Difference) -> str:
    ends = "" if gap.worlds == 1 else f", {100 * gap.low:+.1f} to {100 * gap.high:+.1f}"
    return f"{100 * gap.value:+.1f}{ends}"


def _called(result: Result) -> str:
    return f"{result.cell.arm.label} in {result.cell.place.name}, seed {result.cell.seed}"


def counted(things: Sequence[object], what: str) -> str:
    """Such as `12 arms`."""
    return f"{len(things):,} {what}{'' if len(things) == 1 else 's'}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
