"""The nearest of many vectors by cosine: exact, in tiles, so that neither vectors nor cosines are ever all held.

A tile of vectors is widened to float32 and set to length one for all queries, and then multiplied with a block of
queries at a time, small enough that the cosines are read again while they are in the processor's cache.

`neighbours.nearest` asks another question, and neither can stand in for the other: it is for all rows of a table, of
which no float32 copy is held, hides whole groups from each other, takes the first of equals, and refuses rows without
a direction. Here queries may be any vectors, k of their neighbours are kept, and nothing of length zero is refused.
"""

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import UsageError
from thuja.structure.specimens import Indices

Narrow = npt.NDArray[np.float32]

TILE_BYTES = 2**23
"""Of the cosines of one block of queries with one tile of vectors."""


def nearest_of(
    queries: Vectors,
    vectors: Vectors,
    *,
    count: int = 1,
    exclude: Indices | None = None,
    tile_bytes: int = TILE_BYTES,
) -> tuple[Indices, Narrow]:
    """The places and cosines of the `count` nearest vectors (N, D) of each query (Q, D), nearest first: (Q, count).

    `exclude` (Q,) is the place of a vector that is no answer (the query itself), -1 for none. Vectors of length zero
    have cosine zero with everything. Raises UsageError for a count that the vectors do not have.
    """
    most = len(vectors) - (exclude is not None)
    if not 1 <= count <= most:
        raise UsageError(f"{count} nearest of {most} vectors cannot be told", hint=f"take 1 to {most}")
    asked = _unit(queries)
    side = max(count + 1, int(np.sqrt(tile_bytes / 4)))
    best = np.full((len(asked), count), -np.inf, dtype=np.float32)
    places = np.full((len(asked), count), -1, dtype=np.int64)
    for start in range(0, len(vectors), side):
        tile = _unit(vectors[start : start + side])
        for first in range(0, len(asked), side):
            block = slice(first, first + side)
            cosines = asked[block] @ tile.T  # (q, t)
            if exclude is not None:
                own = exclude[block] - start
                rows = np.flatnonzero((own >= 0) & (own < len(tile)))
                cosines[rows, own[rows]] = -np.inf
            _keep(cosines, start, best[block], places[block])
    return places, best


def _keep(cosines: Narrow, start: int, best: Narrow, places: Indices) -> None:
    """Write the best of what is known and of a tile's cosines over what is known, the best first."""
    count = best.shape[1]
    if count == 1:
        found = cosines.argmax(axis=1)
        value = np.take_along_axis(cosines, found[:, None], axis=1)[:, 0]
        is_better = value > best[:, 0]
        best[is_better, 0], places[is_better, 0] = value[is_better], found[is_better] + start
        return
    rows = np.flatnonzero(cosines.max(axis=1) > best[:, -1])
    if not len(rows):
        return
    kept = min(count, cosines.shape[1])
    found = np.argpartition(-cosines[rows], kept - 1, axis=1)[:, :kept]
    values = np.concatenate([best[rows], np.take_along_axis(cosines[rows], found, axis=1)], axis=1)
    names = np.concatenate([places[rows], found + start], axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    best[rows] = np.take_along_axis(values, order, axis=1)
    places[rows] = np.take_along_axis(names, order, axis=1)


def _unit(vectors: Vectors) -> Narrow:
    wide = np.array(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("nd,nd->n", wide, wide))
    wide /= np.where(lengths > 0, lengths, 1)[:, None]
    return wide
