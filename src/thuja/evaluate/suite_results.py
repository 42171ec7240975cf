"""What a suite left in its folder, read back: what was asked, and the cells that are there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput
from thuja.evaluate.suite_cells import Cell, answers_path, read_cell
from thuja.evaluate.task import About, Way
from thuja.jobs import write_json

SUITE: Final = "suite.json"
VERB: Final = "evaluate"
"""Which verb's folder a suite is: that of a single evaluation, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """A task of the suite: what it is, where it was read and its images lie, how many, how many of them are missing."""

    about: About
    place: str
    folder: str
    images: int
    missing: int
    state: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A suite's folder: `models` by label with their ids, `tasks` by name, and how they were asked."""

    folder: Path
    models: Mapping[str, str]
    tasks: Mapping[str, TaskFacts]
    ways: Sequence[Way]
    settings: Mapping[str, Any]
    cells: Mapping[tuple[str, str, Way], Cell] = field(default_factory=dict)

    @property
    def answering_way(self) -> Way:
        """The way whose answers are shown: the corrected one where it was asked."""
        return Way.CORRECTED if Way.CORRECTED in self.ways else self.ways[0]

    def cell(self, model: str, task: str, way: Way) -> Cell | None:
        """The cell, if it was ever done."""
        return self.cells.get((model, task, way))

    def answers(self, model: str, task: str, way: Way, *, columns: Sequence[str] | None = None) -> pa.Table | None:
        """The cell's answers, None where it has none; of the `columns` those that there are."""
        path = answers_path(self.folder, model, task, way=way)
        cell = self.cell(model, task, way)
        if cell is None or cell.error or not path.is_file():
            return None
        try:
            there = pq.read_schema(path).names
            return pq.read_table(path, columns=None if columns is None else [name for name in columns if name in there])
        except (pa.ArrowException, OSError) as error:
            raise BadFile(
                f"{path} is not a table of answers: {error}", hint="delete its cell, and run again"
            ) from error

    def save(self) -> None:
        """Write what was asked; the cells are there already."""
        write_json(
            self.folder / SUITE,
            {
                "models": dict(self.models),
                "tasks": {name: asdict(facts) for name, facts in self.tasks.items()},
                "ways": [way.value for way in self.ways],
                "settings": dict(self.settings),
            },
        )


def read_results(folder: Path) -> Results:
    """The suite in a folder, with the cells that are done; raises EmptyInput where there is none, BadFile."""
    path = Path(folder) / SUITE
    if not path.is_file():
        raise EmptyInput(f"{folder} holds no suite", hint="a folder that thuja evaluate suite wrote")
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        tasks = {name: TaskFacts(**facts | {"about": About(**facts["about"])}) for name, facts in row["tasks"].items()}
        ways = [Way(way) for way in row["ways"]]
        models, settings = row["models"], row["settings"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFile(f"{path} does not say what was asked: {error}", hint="run the suite again") from error
    found = {}
    for model in models:
        for task in tasks:
            for way in ways:
                cell = read_cell(Path(folder), model, task, way=way)
                if cell is not None:
                    found[model, task, way] = cell
    return Results(folder=Path(folder), models=models, tasks=tasks, ways=ways, settings=settings, cells=found)
