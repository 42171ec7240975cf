"""The nearest class mean: SimpleShot."""

from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.classify.top import Top
from thuja.embeddings import Vectors
from thuja.errors import ThujaError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_TILE_BYTES = 512 * 2**20
_QUERY_TILE = 1024
"""Queries of a nearest centroid at once: what is made of them stays in cache from one pass to the next."""


class NearestCentroid:
    """SimpleShot with CL2N features (arXiv:1911.04623): L2, centre, L2, nearest class mean.

    The centre is the mean of what `fit` is given, never of the queries.
    """

    def fit(self, vectors: Vectors, classes: npt.ArrayLike) -> Self:
        """Learn from (N, D) vectors and N class indices; a class may have any number of them."""
        truth = np.asarray(classes, dtype=np.int64)
        if len(truth) == 0 or len(truth) != len(vectors):
            raise ThujaError(f"nearest centroid needs a class for each vector, got {len(truth)} for {len(vectors)}")
        units = _unit(np.asarray(vectors, dtype=np.float32))
        self.mean_: Floats = units.mean(axis=0)
        self.classes_, place = np.unique(truth, return_inverse=True)
        order = np.argsort(place, kind="stable")
        counts = np.bincount(place)
        sums = np.add.reduceat(_unit(units - self.mean_)[order], np.cumsum(counts) - counts, axis=0)
        self.centroids_: Floats = np.divide(sums, counts[:, None], dtype=np.float32)
        return self

    def predict(self, vectors: Vectors) -> Indices:
        """The class index of the nearest centroid of each vector: (N, D) to (N,)."""
        return self.nearest(vectors).indices[:, 0]

    def nearest(self, vectors: Vectors, rows: Indices | None = None) -> Top:
        """The nearest centroid of each vector, or of those in these `rows` alone: class indices and scores, (N, 1).

        The score is (1 - the squared distance) / 2.
        """
        count = len(vectors) if rows is None else len(rows)
        size = _TILE_BYTES // (4 * (len(self.centroids_) + 2 * self.centroids_.shape[1]))
        size = max(1, min(_QUERY_TILE, size))
        answers, scores = np.empty((count, 1), dtype=np.int64), np.empty((count, 1), dtype=np.float32)
        for start in range(0, count, size):
            stop = min(start + size, count)
            likeness = self.likeness(vectors[start:stop] if rows is None else vectors[rows[start:stop]])
            best = np.argmax(likeness, axis=1)
            answers[start:stop, 0] = self.classes_[best]
            scores[start:stop, 0] = likeness[np.arange(len(best)), best]
        return Top(indices=answers, scores=scores)

    def likeness(self, vectors: Vectors) -> Floats:
        """(1 - the squared distance) / 2 to every centroid: (N, D) to (N, C), in the order of `classes_`."""
        # |x - c|^2 = |x|^2 - 2 x.c + |c|^2, and |x| is 1 for every query: one product,
        # no (N, C, D) block of differences.
        queries = np.array(vectors, dtype=np.float32)
        _shorten(queries)
        queries -= self.mean_
        _shorten(queries)
        likeness: Floats = queries @ self.centroids_.T  # (N, C)
        likeness -= 0.5 * (self.centroids_**2).sum(axis=1)
        return likeness


def _unit(vectors: Floats) -> Floats:
    units = np.array(vectors, dtype=np.float32)
    _shorten(units)
    return units


def _shorten(vectors: Floats) -> None:
    """Bring each row to length one, in place; zeros stay zeros."""
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    vectors /= np.where(norms > 0, norms, 1)[:, None]
