"""The leak audit of a suite: scores on all images, on those that were not trained on, and on those that were."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.evaluate.leak_scores import COLUMNS, score_by_leak
from thuja.evaluate.leaks import Leaks, find_leaks
from thuja.evaluate.suite_answers import first_answers, is_right
from thuja.evaluate.suite_cells import file_name
from thuja.evaluate.suite_results import Results
from thuja.evaluate.task import Images
from thuja.jobs import atomic_path
from thuja.report import Cell

FOLDER: Final = "leaks"
HEADINGS: Final = COLUMNS
ABOUT: Final = (
    "Each task's images were looked for among the training images: by their bytes, their pixels, their perceptual hash "
    "and what their records say. What a score loses without the leaked ones is what a table overstates."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found: sentences by task and catalog, and the rows of scores by their table's title."""

    sentences: Mapping[str, list[str]] = field(default_factory=dict)
    rows: Mapping[str, list[tuple[Cell, ...]]] = field(default_factory=dict)


def audit_leaks(results: Results, catalogs: Mapping[str, Path], *, seed: int = 0) -> Audit:
    """Look for the images that models answered about in the catalogs that they were trained on.

    The hashes of a task's images, and which were found, are kept in the folder `leaks`. Raises what reading a catalog
    raises.
    """
    sentences: dict[str, list[str]] = {}
    rows: dict[str, list[tuple[Cell, ...]]] = {}
    found: dict[tuple[str, Path, tuple[str, ...]], Leaks] = {}
    for model, catalog in catalogs.items():
        for task, facts in results.tasks.items():
            answers = first_answers(results, model, task, way=results.answering_way)
            if answers is None or "group" not in answers.column_names:
                continue
            paths = tuple(dict.fromkeys(answers.column("path").to_pylist()))
            key = (task, catalog, paths)
            if key not in found:
                found[key] = _looked_up(results, task, catalog, paths=paths)
                sentences[f"{facts.about.title} in {catalog}"] = found[key].sentences()
            rows[f"{facts.about.title}: {model}"] = _scored(answers, found[key], seed=seed)
    return Audit(sentences=sentences, rows=rows)


def _looked_up(results: Results, task: str, catalog: Path, *, paths: tuple[str, ...]) -> Leaks:
    facts = results.tasks[task]
    state = sha256("\0".join((*facts.state, *paths)).encode(errors="surrogateescape")).hexdigest()[:12]
    index = results.folder / FOLDER / f"{file_name(task)}-{state}.hashes.parquet"
    leaks = find_leaks(Images(folder=Path(facts.folder), paths=paths), catalog, index)
    told = sha256(str(catalog.absolute()).encode(errors="surrogateescape")).hexdigest()[:6]
    with atomic_path(index.with_name(f"{file_name(task)}-in-{file_name(catalog.stem)}-{told}.parquet")) as temporary:
        pq.write_table(leaks.to_table(), temporary)
    return leaks


def _scored(answers: pa.Table, leaks: Leaks, *, seed: int) -> list[tuple[Cell, ...]]:
    leaked_of = dict(zip(leaks.names, leaks.leaked.tolist(), strict=True))
    leaked = np.array([leaked_of[path] for path in answers.column("path").to_pylist()], dtype=bool)
    names = np.array([name or "" for name in answers.column("group").to_pylist()], dtype=str)
    _, clusters = np.unique(names, return_inverse=True)
    values = is_right(answers).astype(np.float64)
    return score_by_leak(values, leaked, clusters, generator=np.random.default_rng(seed)).cells()
