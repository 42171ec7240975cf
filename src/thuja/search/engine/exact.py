"""Exact search: every row that is wanted, or only given candidates, scored by the stored vectors."""

from collections.abc import Iterator

import numpy as np

from thuja.search.bits import Bits
from thuja.search.engine.found import Found, best
from thuja.search.engine.vectors import Floats, Rows, Vectors

BLOCK_ROWS = 8192
"""Rows scored at once: at 512 numbers a row 16 MB of float32."""
BLOCK_QUERIES = 1024


def search_exactly(vectors: Vectors, queries: Floats, k: int, *, kept: Bits | None = None) -> Found:
    """The k nearest of the rows in `kept` (all where None) to each of the unit vectors (Q, D)."""
    found = Found.nothing(len(queries), k)
    for rows, block in _blocks(vectors, kept):
        parts = []
        for start in range(0, len(queries), BLOCK_QUERIES):
            tile = slice(start, start + BLOCK_QUERIES)
            scores = queries[tile] @ block.T  # (q, n)
            named = np.broadcast_to(rows, scores.shape)
            one = best(named, scores, min(k, len(rows)))
            parts.append(best(np.hstack([found.rows[tile], one.rows]), np.hstack([found.scores[tile], one.scores]), k))
        found = Found(rows=np.vstack([p.rows for p in parts]), scores=np.vstack([p.scores for p in parts]))
    return found


def _blocks(vectors: Vectors, kept: Bits | None) -> Iterator[tuple[Rows, Floats]]:
    """Row numbers (n,) and vectors (n, D) of all that is wanted."""
    wanted = np.arange(vectors.shape[0]) if kept is None else kept.rows()
    for start in range(0, len(wanted), BLOCK_ROWS):
        rows = wanted[start : start + BLOCK_ROWS]
        is_run = rows[-1] - rows[0] == len(rows) - 1
        halves = vectors.run(int(rows[0]), int(rows[-1]) + 1) if is_run else vectors.take(rows)
        yield rows, halves.astype(np.float32)
