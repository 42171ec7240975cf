"""One cell of a suite: a model, a task, a way. Its file is there only when the cell is done, and says what it is of.

`key` is a hash of all that its figures depend on: the code, the model, the folder, the settings. A file with another
key is of another cell, and is measured anew.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile
from thuja.evaluate.task import Measure, Way
from thuja.jobs import atomic_path, write_json

MODELS = "models"
"""The folder of a suite's results, one folder a model in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one model made of one task one way, or in one sentence why it has no figure.

    Of the task's `images`, `missing` are not there or cannot be read and are in no figure; `limit` is how many were
    used at most, None for all.
    """

    model: str
    task: str
    way: Way
    key: str
    images: int
    missing: int = 0
    limit: int | None = None
    seconds: float = 0.0
    error: str = ""
    measures: Sequence[Measure] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every image of the task is in the figures."""
        return not self.missing and (self.limit is None or self.limit >= self.images)

    def find(self, name: str, part: str = "") -> Measure | None:
        """The measure of that name about that part."""
        return next((one for one in self.measures if (one.name, one.part) == (name, part)), None)

    def save(self, folder: Path, answers: pa.Table | None = None) -> None:
        """Write the answers, then the file that says that the cell is done."""
        table = answers_path(folder, self.model, self.task, way=self.way)
        if answers is None or not answers.num_columns:
            table.unlink(missing_ok=True)
        else:
            with atomic_path(table) as temporary:
                pq.write_table(answers, temporary, compression="zstd")
        row = asdict(self) | {"measures": [_plain(measure) for measure in self.measures]}
        write_json(cell_path(folder, self.model, self.task, way=self.way), row)


def read_cell(folder: Path, model: str, task: str, *, way: Way) -> Cell | None:
    """The cell as it was saved, None where it was not; raises BadFile for a file that is none."""
    path = cell_path(folder, model, task, way=way)
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}", hint="delete it, and the cell is measured again") from error
    names = {one.name for one in fields(Cell)}
    if not isinstance(row, dict) or set(row) != names or not isinstance(row["measures"], list):
        raise BadFile(f"{path} is not a cell of a suite", hint="delete it, and the cell is measured again")
    measures = [_measure(one) for one in row["measures"]]
    return Cell(**row | {"way": Way(row["way"]), "measures": measures})


def cell_path(folder: Path, model: str, task: str, *, way: Way) -> Path:
    """Where the cell's file is, or will be."""
    return folder / MODELS / file_name(model) / f"{file_name(task)}.{way.value}.json"


def answers_path(folder: Path, model: str, task: str, *, way: Way) -> Path:
    """Where the cell's answers are, or will be; a task may have none."""
    return cell_path(folder, model, task, way=way).with_suffix(".parquet")


def file_name(name: str) -> str:
    """A label or a task's name as it stands in a path.

    >>> file_name("models/small run")
    'models-small-run'
    """
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.") or "model"


def _plain(measure: Measure) -> dict[str, Any]:
    """As JSON, which has no word for what is not a number."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(measure).items()
    }


def _measure(row: dict[str, Any]) -> Measure:
    value = math.nan if row["value"] is None else row["value"]
    return Measure(**row | {"way": Way(row["way"]), "value": value})
