"""The captioner's measurements as rows of a CSV, and the table of means over worlds, paired with `bare`."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from thuja.experiments.table import Difference, mean_over_worlds, paired
from thuja.jobs import atomic_path

REFERENCE: Final = "bare"
_KEYS: Final = ("world", "model", "condition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one captioner scored in one condition in the world of that seed."""

    world: int
    model: int
    condition: str
    scores: Mapping[str, float]


def read_rows(path: Path) -> list[Row]:
    """The rows of a table that `write_rows` wrote; none where there is none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                world=int(row["world"]),
                model=int(row["model"]),
                condition=row["condition"],
                scores={name: float(value) for name, value in row.items() if name not in _KEYS},
            )
            for row in csv.DictReader(file)
        ]


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write the table: a row a world, captioner and condition."""
    names = list(rows[0].scores) if rows else []
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*_KEYS, *names])
        for row in rows:
            scores = [f"{row.scores[name]:.5f}" for name in names]
            table.writerow([row.world, row.model, row.condition, *scores])


def gap(rows: Sequence[Row], condition: str, score: str, *, other: str = REFERENCE) -> Difference | None:
    """The mean over worlds of one condition's score less another's, each taken within one captioner and world."""
    return paired(_by_place(rows, condition, score), _by_place(rows, other, score))


def to_table(rows: Sequence[Row], shown: Sequence[str], *, scale: float = 100) -> str:
    """A Markdown table, in hundredths unless scaled otherwise, a line a condition.

    In brackets the difference from `bare` and its 95 % interval over worlds.
    """
    form = ".1f" if scale >= 10 else ".2f"
    lines = [f"| | {' | '.join(shown)} |", f"|---|{'---|' * len(shown)}"]
    for condition in dict.fromkeys(row.condition for row in rows):
        cells = []
        for score in shown:
            mean = mean_over_worlds(_by_place(rows, condition, score))
            difference = gap(rows, condition, score) if condition != REFERENCE else None
            told = "" if mean is None else f"{scale * mean:{form}}"
            if difference is not None:
                ends = f"{scale * difference.low:+{form}} to {scale * difference.high:+{form}}"
                told += f" ({scale * difference.value:+{form}}, {ends})"
            cells.append(told)
        lines.append(f"| {condition} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_place(rows: Sequence[Row], condition: str, score: str) -> dict[tuple[str, int], float]:
    return {(str(row.world), row.model): row.scores[score] for row in rows if row.condition == condition}
