"""A direction that was learnt, as a file: embeddings of one row, of the model in whose space it lies."""

from pathlib import Path

from thuja.embeddings import Embeddings
from thuja.errors import BadFile, UsageError
from thuja.search.query.encoding import Floats, unit


def read_direction(path: Path, model: str) -> Floats:
    """The direction (D,) in a file that `thuja analyze directions` wrote; raises UsageError for another model's."""
    found = Embeddings.load(path)
    if len(found) != 1:
        raise BadFile(f"{path} holds {len(found):,} vectors, and a direction is one", hint="direction.parquet of OUT")
    if found.model != model:
        raise UsageError(
            f"the direction in {path} was learnt in the space of {found.model}, and the index is of {model}",
            hint="learn it from embeddings of the model that made the index",
        )
    return unit(found.vectors[0])
