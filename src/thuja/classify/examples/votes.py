"""The nearest examples of each image, at most so many of one source: a burst of frames does not outvote others."""

import numpy as np
import numpy.typing as npt

from thuja.classify.examples.labelled import Labelled

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_TILE_BYTES = 64 * 2**20
_AHEAD = 4
"""How many times as many neighbours as votes are looked at first."""


def nearest_votes(
    queries: Floats, gallery: Labelled, *, k: int, cap: int, hidden: tuple[Indices, Indices] | None = None
) -> tuple[Floats, Indices]:
    """The k nearest examples of each query, at most `cap` of one source: cosines and classes, best first, (Q, k) each.

    Q vectors of length one; a source is an observation of one class. `hidden` has a number for each query (Q,) and
    for each example (N,): where they are equal the example has no vote. Where fewer than k may vote, the rest has
    the cosine -inf and the class 0.
    """
    k = min(k, len(gallery))
    cosines, classes = np.empty((len(queries), k), dtype=np.float32), np.empty((len(queries), k), dtype=np.int64)
    sources = gallery.sources()
    rows = max(1, _TILE_BYTES // (4 * len(gallery)))
    for start in range(0, len(queries), rows):
        tile = slice(start, start + rows)
        likeness = queries[tile] @ gallery.vectors.T  # (B, N)
        if hidden is not None:
            likeness[hidden[0][tile, None] == hidden[1]] = -np.inf
        found = _capped(likeness, sources, k=k, cap=cap)  # (B, k)
        cosines[tile] = np.where(found < 0, -np.inf, np.take_along_axis(likeness, np.maximum(found, 0), axis=1))
        classes[tile] = np.where(np.isfinite(cosines[tile]), gallery.classes[np.maximum(found, 0)], 0)
    return cosines, classes


def _capped(likeness: Floats, sources: Indices, *, k: int, cap: int) -> Indices:
    """The columns of the k greatest of each row with at most `cap` of one source, -1 where there are fewer.

    Only the best few columns are sorted, and more of them only for rows in which one source fills these.
    """
    count = likeness.shape[1]
    found = np.full((len(likeness), k), -1, dtype=np.int64)
    depth, open_ = min(_AHEAD * k, count), np.arange(len(likeness))
    while len(open_):
        part = likeness[open_]
        best = np.argpartition(-part, depth - 1, axis=1)[:, :depth] if depth < count else _all_columns(part)
        values = np.take_along_axis(part, best, axis=1)
        best = np.take_along_axis(best, np.lexsort((best, -values), axis=1), axis=1)  # of equals the first
        may_vote = _place_in_source(sources[best]) < cap
        may_vote &= np.cumsum(may_vote, axis=1) <= k
        row, column = np.nonzero(may_vote)
        found[open_[row], (np.cumsum(may_vote, axis=1) - 1)[row, column]] = best[row, column]
        open_ = open_[may_vote.sum(axis=1) < k] if depth < count else open_[:0]
        depth = min(2 * depth, count)
    return found


def _all_columns(part: Floats) -> Indices:
    return np.broadcast_to(np.arange(part.shape[1]), part.shape)


def _place_in_source(sources: Indices) -> Indices:
    """How many earlier columns of the row have the same source: (B, M) to (B, M)."""
    order = np.argsort(sources, axis=1, kind="stable")
    grouped = np.take_along_axis(sources, order, axis=1)
    columns = np.broadcast_to(np.arange(sources.shape[1]), sources.shape)
    is_first = np.ones(sources.shape, dtype=bool)
    is_first[:, 1:] = grouped[:, 1:] != grouped[:, :-1]
    starts = np.maximum.accumulate(np.where(is_first, columns, 0), axis=1)
    places = np.empty(sources.shape, dtype=np.int64)
    np.put_along_axis(places, order, columns - starts, axis=1)
    return places
