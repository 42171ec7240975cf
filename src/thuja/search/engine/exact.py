"""Exact search: every row that is wanted, or only given candidates, scored by the stored vectors."""

from collections.abc import Iterator
from typing import Final

import faiss
import numpy as np

from thuja.search.bits import Bits
from thuja.search.engine.found import Found, best
from thuja.search.engine.halves import HalfScan
from thuja.search.engine.vectors import Floats, Halves, Rows, Vectors

BLOCK_ROWS: Final = 8192
"""Rows scored at once: at 512 numbers a row 8 MB of float16."""
BLOCK_CANDIDATES: Final = 16384
"""Candidates gathered at once when they are scored again."""
FEW_QUERIES: Final = 8
"""Up to so many, reading float16 directly is faster than a product of matrices in float32."""


def search_exactly(vectors: Vectors, queries: Floats, k: int, *, kept: Bits | None = None) -> Found:
    """The k nearest of the rows in `kept` (all where None) to each of the unit vectors (Q, D)."""
    found = Found.nothing(len(queries), k)
    for rows, halves in _blocks(vectors, kept):
        width = min(k, len(rows))
        if len(queries) <= FEW_QUERIES:
            scores, places = HalfScan(halves).index.search(queries, width)
        else:
            scores, places = faiss.knn(queries, halves.astype(np.float32), width, faiss.METRIC_INNER_PRODUCT)
        found = best(np.hstack([found.rows, rows[places]]), np.hstack([found.scores, scores]), k)
    return found


def _blocks(vectors: Vectors, kept: Bits | None) -> Iterator[tuple[Rows, Halves]]:
    """Row numbers (n,) and vectors (n, D) of all that is wanted. A run of rows is not copied."""
    wanted = np.arange(vectors.shape[0]) if kept is None else kept.rows()
    for start in range(0, len(wanted), BLOCK_ROWS):
        rows = wanted[start : start + BLOCK_ROWS]
        is_run = rows[-1] - rows[0] == len(rows) - 1
        yield rows, vectors.run(int(rows[0]), int(rows[-1]) + 1) if is_run else vectors.take(rows)


def score_candidates(vectors: Vectors, queries: Floats, candidates: Rows, k: int) -> Found:
    """The k best of the candidates (Q, C) of each query, NONE for gaps, by their stored vectors.

    What FAISS does over mapped vectors, for those that come from elsewhere: each row is asked for once a block.
    """
    step = max(1, BLOCK_CANDIDATES // candidates.shape[1])
    parts = []
    for start in range(0, len(queries), step):
        named = candidates[start : start + step]  # (q, C)
        rows, places = np.unique(np.maximum(named, 0), return_inverse=True)
        floats = vectors.take(rows).astype(np.float32)
        scores = np.einsum("qcd,qd->qc", floats[places.reshape(named.shape)], queries[start : start + step])
        parts.append(best(named, scores, k))
    if not parts:
        return Found.nothing(0, k)
    return Found(rows=np.vstack([p.rows for p in parts]), scores=np.vstack([p.scores for p in parts]))
