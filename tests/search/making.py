"""Small embeddings with lineages, and indexes of them, for the tests of this room."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from thuja.embeddings import Embeddings
from thuja.search.index import Index
from thuja.search.store.build import BuildOptions, build_index

MODEL = "a-model"
GENERA = ("Corvus", "Pica", "Quercus", "Amanita")
FAMILIES = ("Corvidae", "Corvidae", "Fagaceae", "Amanitaceae")
KINGDOMS = ("Animalia", "Animalia", "Plantae", "Fungi")


def ids(numbers: Sequence[int]) -> list[str]:
    return [f"id-{number:05}" for number in numbers]


def vectors(numbers: Sequence[int], dim: int = 8) -> np.ndarray:
    """A unit vector of its own for each number."""
    drawn = np.stack([np.random.default_rng(number).standard_normal(dim) for number in numbers])
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def table(numbers: Sequence[int]) -> pa.Table:
    kinds = [number % 4 for number in numbers]
    return pa.table(
        {
            "kingdom": [KINGDOMS[kind] for kind in kinds],
            "family": [FAMILIES[kind] for kind in kinds],
            "genus": [GENERA[kind] for kind in kinds],
            "species": [f"s{number % 3}" for number in numbers],
            "event_date": [f"20{number % 20:02}-05-01" for number in numbers],
            "latitude": [float(number % 90) for number in numbers],
        }
    )


def embeddings(numbers: Sequence[int], *, dim: int = 8, model: str = MODEL) -> Embeddings:
    return Embeddings(ids=ids(numbers), vectors=vectors(numbers, dim), model=model, columns=table(numbers))


def written(path: Path, numbers: Sequence[int], *, dim: int = 8, model: str = MODEL) -> Path:
    embeddings(numbers, dim=dim, model=model).save(path)
    return path


def made(folder: Path, numbers: Sequence[int], **options: object) -> Path:
    """An index of these numbers; with `segment_rows=5`, of several segments."""
    source = written(folder.with_name(f"{folder.name}.parquet"), numbers)
    build_index([source], folder, BuildOptions(**options))  # type: ignore[arg-type]
    return folder


def contents(index: Index) -> dict[str, dict[str, object]]:
    """Every row that is there by its id, with its vector to three digits."""
    keys = index.keys()
    rows = index.rows(keys).to_pylist()
    found = index.vectors(keys)
    return {row["uuid"]: {**row, "vector": np.round(one, 2).tolist()} for row, one in zip(rows, found, strict=True)}
