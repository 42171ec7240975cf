"""What a job keeps of its units: Predictions, or what was seen of images that are pooled later."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from thuja.embeddings import Vectors, matrix_of
from thuja.encode import Failure
from thuja.encode.parts import opened, write_table
from thuja.predict.answers import Prediction
from thuja.predict.inputs.queries import Query, Seen
from thuja.predict.outputs.stored import from_line, to_line

_ROWS = 1024


def write_predictions(path: Path, predictions: Sequence[Prediction], *, digest: str) -> None:
    """A line of JSON a prediction; `digest` is of the queries that they answer."""
    write_table(path, pa.table({"said": pa.array(map(to_line, predictions), pa.string())}), digest=digest)


def read_predictions(paths: Sequence[Path]) -> Iterator[Prediction]:
    """Those of all units, in order, a unit at a time in memory."""
    for path in paths:
        with opened(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                yield from map(from_line, batch.column("said").to_pylist())


def write_seen(path: Path, seen: Sequence[Seen], *, dim: int, digest: str) -> None:
    """Vectors with their queries and groups; a failure's vector is zero, and not read."""
    nothing = np.zeros(dim, np.float32)
    vectors = [nothing if isinstance(one.outcome, Failure) else one.outcome for one in seen]
    flat = np.concatenate(vectors).astype(np.float32, copy=False)
    table = pa.table(
        {
            "said": pa.array([to_line(one.prediction(None)) for one in seen], pa.string()),
            "group": pa.array([one.query.group for one in seen], pa.string()),
            "emb": pa.FixedSizeListArray.from_arrays(pa.array(flat), dim),
        }
    )
    write_table(path, table, digest=digest)


def read_seen(paths: Sequence[Path]) -> Iterator[Seen]:
    """What was seen in all units, in order."""
    for path in paths:
        with opened(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                lines, groups = (batch.column(name).to_pylist() for name in ("said", "group"))
                matrix = matrix_of(batch.column("emb"), path)
                for line, group, vector in zip(lines, groups, matrix, strict=True):
                    yield _seen(from_line(line), group, vector)


def read_sizes(paths: Sequence[Path]) -> Mapping[str, int]:
    """How many images each group has."""
    sizes: Counter[str] = Counter()
    for path in paths:
        with opened(path) as file:
            groups = file.read(columns=["group"]).column("group").to_pylist()
            sizes.update(group for group in groups if group is not None)
    return sizes


def _seen(told: Prediction, group: str | None, vector: Vectors) -> Seen:
    query = Query(file_name=told.file_name, id=told.id, content=b"", cells=told.cells, shares=told.box, group=group)
    return Seen(query, Failure(told.id, told.reason, told.error) if told.error else vector)
