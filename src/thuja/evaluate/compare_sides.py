"""A model's results as a comparison reads them: of a suite's folder, of one model in it, or of a single evaluation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.evaluate.compare_units import units_of, with_whole
from thuja.evaluate.suite_cells import MODELS, file_name
from thuja.evaluate.suite_results import SUITE, Results, read_results
from thuja.evaluate.task import Way
from thuja.taxonomy import Rank

SCORES: Final = "scores.json"
PREDICTIONS: Final = "predictions.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: `name` in the tables, `facts` of how its answers came about, and its cells.

    `cells` are what can be compared: a task and a way, "" for a single evaluation. `folders` tells where a task's
    images lie, where that is known.
    """

    name: str
    place: Path
    facts: Mapping[str, str]
    cells: tuple[tuple[str, str], ...]
    folders: Mapping[str, Path]
    results: Results | None = None
    model: str = ""

    def units(self, task: str, way: str) -> pl.DataFrame | None:
        """The questions of a cell and what its answers are worth; None where there are no answers."""
        if self.results is None:
            return _evaluated(self.place, task)
        answers = self.results.answers(self.model, task, Way(way))
        if answers is None or not answers.num_rows:
            return None
        units, cell = units_of(answers), self.results.cell(self.model, task, Way(way))
        is_whole = cell is not None and any(not measure.part for measure in cell.measures)
        return with_whole(units) if is_whole and "" not in units["part"] else units


def read_side(place: Path) -> Side:
    """The results at `place`: a suite's folder with one model, DIR/models/MODEL of one with several, or what
    `thuja evaluate MODEL DATA` wrote. Raises EmptyInput, UsageError, BadFile.
    """
    place = Path(place)
    if (place / SUITE).is_file():
        results = read_results(place)
        labels = list(results.models)
        if len(labels) > 1:
            named = ", ".join(str(place / MODELS / file_name(label)) for label in labels)
            raise UsageError(f"{place} holds {len(labels)} models, and a side is one", hint=f"one of {named}")
        return _of_suite(results, labels[0], place)
    above = place.absolute().parent
    if above.name == MODELS and (above.parent / SUITE).is_file():
        results = read_results(above.parent)
        label = next((label for label in results.models if file_name(label) == place.absolute().name), None)
        if label is None:
            raise EmptyInput(f"{place} is of a model that the suite does not list", hint=", ".join(results.models))
        return _of_suite(results, label, place)
    if (place / SCORES).is_file() and (place / PREDICTIONS).is_file():
        return _of_evaluation(place)
    raise EmptyInput(
        f"{place} holds no results", hint="a folder that thuja evaluate wrote, or DIR/models/MODEL of a suite"
    )


def _of_suite(results: Results, label: str, place: Path) -> Side:
    facts = {"model": results.models[label], **{name: _told(value) for name, value in results.settings.items()}}
    for name, task in results.tasks.items():
        facts |= {f"{name}: code and folder": " ".join(task.state), f"{name}: images missing": f"{task.missing:,}"}
    cells = tuple(
        (task, way.value) for (model, task, way), cell in results.cells.items() if model == label and not cell.error
    )
    folders = {name: Path(task.folder) for name, task in results.tasks.items()}
    return Side(name=label, place=place, facts=facts, cells=cells, folders=folders, results=results, model=label)


def _of_evaluation(place: Path) -> Side:
    try:
        scores = json.loads((place / SCORES).read_text(encoding="utf-8"))
        facts = {"model": str(scores["model"]), **{name: _told(value) for name, value in scores["settings"].items()}}
        splits = list(scores["pictures"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(f"{place / SCORES} is not of an evaluation: {error}") from error
    return Side(name=place.name, place=place, facts=facts, cells=tuple((split, "") for split in splits), folders={})


def _evaluated(place: Path, split: str) -> pl.DataFrame | None:
    """The answers of a single evaluation by text: each rank is a part, the true species the group."""
    try:
        table = pl.DataFrame(pl.from_arrow(pq.read_table(place / PREDICTIONS, filters=[("split", "=", split)])))
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{place / PREDICTIONS} is not a table of predictions: {error}") from error
    parts = []
    for rank in (Rank.SPECIES, Rank.GENUS, Rank.FAMILY, Rank.ORDER):
        answer = f"{rank.label}_by_text"
        if answer not in table.columns:
            continue
        truth = "scientific_name" if rank == Rank.SPECIES else rank.label
        asked = table.filter(pl.col(answer).is_not_null(), pl.col(truth).is_not_null())
        parts.append(
            asked.select(
                pl.lit(rank.label).alias("part"),
                pl.col("uuid").alias("unit"),
                pl.col("uuid").alias("path"),
                pl.col(truth).alias("truth"),
                pl.col(answer).alias("answer"),
                pl.col("scientific_name").alias("group"),
                (pl.col(truth) == pl.col(answer)).cast(pl.Float64).alias("value"),
            )
        )
    return pl.concat(parts) if parts else None


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)
