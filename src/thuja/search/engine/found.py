"""What a search found: rows and their cosines, best first, and how finds are put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.search.engine.vectors import Floats, Rows

NONE = -1
"""In the place of a row where fewer were found than asked for; its score is minus infinity."""
_AT_ONCE: Final = 16
"""Segments whose finds lie in memory side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`rows` (Q, k) and `scores` (Q, k), descending; equal scores in the order of rows. See NONE for gaps."""

    rows: Rows
    scores: Floats

    @classmethod
    def nothing(cls, queries: int, k: int) -> "Found":
        """No row for any query."""
        rows = np.full((queries, k), NONE, dtype=np.int64)
        return cls(rows=rows, scores=np.full((queries, k), -np.inf, dtype=np.float32))


def best(rows: Rows, scores: Floats, k: int) -> Found:
    """The k best of the candidates (Q, n) of each query; a candidate below 0 is none. A row stands once in a query.

    >>> found = best(np.array([[4, -1, 7]]), np.array([[0.5, 0.9, 0.5]], dtype=np.float32), 4)
    >>> found.rows.tolist(), found.scores.tolist()
    ([[4, 7, -1, -1]], [[0.5, 0.5, -inf, -inf]])
    """
    scores = np.where(rows < 0, np.float32(-np.inf), scores)
    if rows.shape[1] > 4 * k:  # a full sort of many costs more than finding the few; ties at the edge stay in
        edge = np.partition(scores, -k, axis=1)[:, -k, None]  # (Q, 1)
        width = int((scores >= edge).sum(axis=1).max())
        if width < rows.shape[1]:
            picked = np.argpartition(scores, -width, axis=1)[:, -width:]
            rows, scores = np.take_along_axis(rows, picked, 1), np.take_along_axis(scores, picked, 1)
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    rows, scores = np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)
    if rows.shape[1] < k:
        gap = Found.nothing(len(rows), k - rows.shape[1])
        rows, scores = np.hstack([rows, gap.rows]), np.hstack([scores, gap.scores])
    return Found(rows=np.where(scores == -np.inf, NONE, rows), scores=scores)


def merged(parts: Iterable[Found], starts: Sequence[int], k: int) -> Found:
    """The k best over segments, of which each begins at its `start`: the rows of the result are keys of the index.

    They are put together some at a time: of hundreds of segments and a thousand queries all would be gigabytes.
    """
    held: list[Found] = []
    for part, start in zip(parts, starts, strict=True):
        held.append(Found(rows=np.where(part.rows < 0, NONE, part.rows + start), scores=part.scores))
        if len(held) == _AT_ONCE:
            held = [_joined(held, k)]
    assert held, "nothing to merge"
    return _joined(held, k)


def _joined(parts: Sequence[Found], k: int) -> Found:
    return best(np.hstack([part.rows for part in parts]), np.hstack([part.scores for part in parts]), k)
