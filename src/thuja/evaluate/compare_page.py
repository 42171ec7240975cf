"""The page of a comparison: the differences, and the images that one of the two names right and the other not."""

from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from thuja.evaluate.compare import HEADINGS, Comparison
from thuja.evaluate.tables import csv_text
from thuja.evaluate.walls import thumbnail
from thuja.jobs import atomic_path, write_text
from thuja.report import Headline, Report, WallPicture

PAGE: Final = "report.html"
DIFFERENCES: Final = "differences.csv"
UNITS: Final = "questions.parquet"
_WALLS: Final = 8
_PICTURES: Final = 8


def save_comparison(comparison: Comparison, out: Path) -> None:
    """Write the differences as CSV, every question where the two differ as Parquet, and the page."""
    write_text(out / DIFFERENCES, csv_text([HEADINGS, *(one.cells() for one in comparison.differences)]))
    with atomic_path(out / UNITS) as temporary:
        pq.write_table(comparison.units.to_arrow(), temporary)
    comparison_page(comparison).save(out / PAGE)


def comparison_page(comparison: Comparison) -> Report:
    """The whole page."""
    first, second = comparison.first.name, comparison.second.name
    sure = [one for one in comparison.differences if one.p is not None and one.p < 0.05]
    ahead = sum(one.paired.difference.value > 0 for one in sure)
    said = (
        f"Of {len(comparison.differences)} comparisons, {first} is ahead in {ahead} and {second} in "
        f"{len(sure) - ahead} by more than chance (p below .05, Holm's correction); "
        f"{len(comparison.differences) - len(sure)} are even."
    )
    report = Report(f"{first} and {second}", summary=[said]).headlines(_headlines(comparison))
    report.section(
        "Differences",
        f"{first} less {second}, in per cent of the questions that both were asked. {comparison.about()}",
    )
    headings = tuple({"first": first, "second": second}.get(name, name) for name in HEADINGS)
    report.table(headings, [tuple(cell or None for cell in one.cells()) for one in comparison.differences])
    report.table(
        ("task", "way", "part", f"only {first} better", f"only {second} better", "even"),
        [
            (one.task, one.way, one.part or None, one.only_first, one.only_second,
             one.questions - one.only_first - one.only_second)
            for one in comparison.differences
        ],
        caption="Questions by which of the two does better",
    )  # fmt: skip
    _add_walls(report, comparison)
    report.section("What else differs")
    if comparison.settings:
        report.table(("what", first, second), list(comparison.settings))
    else:
        report.text("Nothing: not even the model. The two are the same results.")
    if comparison.apart:
        report.text(f"Not compared, as one side alone has it: {', '.join(comparison.apart)}.")
    return report


def _headlines(comparison: Comparison) -> list[Headline]:
    largest = sorted(comparison.differences, key=lambda one: -abs(one.paired.difference.value))[:4]
    return [
        Headline(
            label=", ".join(filter(None, (one.task, one.way, one.part))),
            value=f"{100 * one.paired.difference.value:+.1f}",
            note=f"{100 * one.first:.1f} against {100 * one.second:.1f}; "
            + ("one group alone" if one.p is None else f"p {'below .001' if one.p < 0.001 else f'{one.p:.3f}'}"),
        )
        for one in largest
    ]


def _add_walls(report: Report, comparison: Comparison) -> None:
    walls: list[tuple[str, list[WallPicture]]] = []
    for (task,), rows in comparison.units.group_by("task", maintain_order=True):
        folder = comparison.first.folders.get(str(task)) or comparison.second.folders.get(str(task))
        way, part = rows.row(-1, named=True)["way"], rows["part"][0]  # the corrected way, where it was asked
        shown = rows.filter(pl.col("way") == way, pl.col("part") == part)
        for better, worse, name in (
            ("first", "second", comparison.first.name),
            ("second", "first", comparison.second.name),
        ):
            won = shown.filter(pl.col(better) > pl.col(worse)).unique("group", keep="first", maintain_order=True)
            pictures = _pictures(won, folder, better, worse=worse) if folder is not None else []
            if pictures and len(walls) < _WALLS:
                told = ", ".join(filter(None, (str(task), way, part)))
                walls.append((f"{told}: where {name} does better", pictures))
    if walls:
        report.section("Where they differ", "One image of each class or group. questions.parquet has all of them.")
    for caption, pictures in walls:
        report.wall(pictures, caption=caption)


def _pictures(rows: pl.DataFrame, folder: Path, better: str, *, worse: str) -> list[WallPicture]:
    drawn = (_picture(row, folder, better, worse=worse) for row in rows.head(3 * _PICTURES).iter_rows(named=True))
    return [one for one in drawn if one is not None][:_PICTURES]


def _picture(row: dict[str, Any], folder: Path, better: str, *, worse: str) -> WallPicture | None:
    image = thumbnail(folder / row["path"])
    if image is None:
        return None
    right, wrong = str(row[f"{better}_answer"]), str(row[f"{worse}_answer"])
    return WallPicture(image=image, caption=[right] if wrong == right else [right, f"other: {wrong}"])
