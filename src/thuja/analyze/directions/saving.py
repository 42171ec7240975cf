"""A direction as a file, for who searches along it: `thuja search --direction`."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from thuja.analyze.directions.section import Direction
from thuja.embeddings import Embeddings

DIRECTION = "direction.parquet"


def write_direction(direction: Direction, model: str, path: Path) -> None:
    """Write the unit direction learnt on all rows, from low values to high ones, as embeddings of one row."""
    levels = direction.trait.levels or ("", "")
    columns = pa.table({"trait": [direction.trait.name], "low": [levels[0]], "high": [levels[1]]})
    axis = direction.learnt.axis.astype(np.float32)[None]  # (1, D)
    Embeddings(ids=[direction.trait.name], vectors=axis, model=model, columns=columns).save(path)
