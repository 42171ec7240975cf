"""Heads on embeddings: text labels, their posterior summed up the tree, nearest centroids, a linear probe.

Arrays only: vectors and labels in, probabilities or class indices out. The (N, L) posterior of many
images over a large label space does not fit in memory, so `posteriors` hands it out by tile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_LABEL_TILE = 16_384
_TILE_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The k best answers of each of N images, best first: two (N, k) matrices."""

    indices: Indices
    scores: Floats


def zero_shot(vectors: Vectors, labels: LabelSpace, *, scale: float) -> Floats:
    """The posterior softmax(scale * vectors @ labels.T): (N, D) and L labels to (N, L) float32.

    `scale` is the model's exp(logit scale); both sides have length one. Label vectors in float16
    are widened tile by tile: NumPy has no fast float16 product. Raises ThujaError when the lengths
    of the vectors differ or a vector is not a number.
    """
    wide = _checked(vectors, labels.vectors)
    logits = np.empty((len(wide), len(labels)), dtype=np.float32)
    for start in range(0, len(labels), _LABEL_TILE):
        tile = np.asarray(labels.vectors[start : start + _LABEL_TILE], dtype=np.float32)
        np.matmul(wide, tile.T, out=logits[:, start : start + len(tile)])
    logits *= np.float32(scale)
    # Softmax with the row's maximum taken off first: exp never overflows, and the best label's term is 1.
    logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def posteriors(vectors: Vectors, labels: LabelSpace, *, scale: float) -> Iterator[Floats]:
    """`zero_shot` in blocks of rows, in order, each of at most half a gigabyte."""
    rows = max(1, _TILE_BYTES // (4 * len(labels)))
    for start in range(0, len(vectors), rows):
        yield zero_shot(vectors[start : start + rows], labels, scale=scale)


def top_k(probabilities: Floats, k: int) -> Top:
    """The k best columns of each row, best first; ties go to the lower index.

    Raises UsageError unless 1 <= k <= the number of columns.
    """
    count = probabilities.shape[1]
    if not 1 <= k <= count:
        raise UsageError(f"cannot give the best {k} of {count} labels", hint=f"choose k between 1 and {count}")
    if k < count:
        # The k-th best score, then every column that reaches it: argpartition alone breaks ties at random.
        bar = -np.partition(-probabilities, k - 1, axis=1)[:, k - 1 : k]
        better = probabilities > bar
        spare = k - better.sum(axis=1, keepdims=True)
        level = probabilities == bar
        chosen = better | (level & (np.cumsum(level, axis=1) <= spare))
        indices = np.nonzero(chosen)[1].reshape(-1, k)
    else:
        indices = np.broadcast_to(np.arange(count), probabilities.shape)
    scores = np.take_along_axis(probabilities, indices, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    return Top(
        indices=np.take_along_axis(indices, order, axis=1).astype(np.int64),
        scores=np.take_along_axis(scores, order, axis=1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clades:
    """The taxa that a label space has at one rank, ready to gather its posterior.

    A clade is a whole lineage down to the rank: two genera of one name in different families stay
    apart, and so does a label that has no name at the rank.
    """

    taxa: tuple[Taxon, ...]
    order: Indices
    starts: Indices

    @classmethod
    def of(cls, labels: LabelSpace, rank: Rank) -> Self:
        """The clades of these labels; raises UsageError for labels without taxa."""
        if not labels.taxa:
            raise UsageError("custom labels have no ranks", hint="leave out the rank, or use labels that are taxa")
        taxa, place = labels.groups(rank)
        order = np.argsort(place, kind="stable")
        return cls(taxa=tuple(taxa), order=order, starts=np.searchsorted(place[order], np.arange(len(taxa))))

    def gather(self, probabilities: Floats) -> Floats:
        """Sum the labels of each clade: (N, L) to (N, G)."""
        if len(self.taxa) == len(self.order):
            return probabilities[:, self.order]
        sums = np.add.reduceat(probabilities[:, self.order], self.starts, axis=1)
        return np.minimum(sums, 1, out=sums)  # a sum of many rounds a little above


def roll_up(probabilities: Floats, labels: LabelSpace, rank: Rank) -> tuple[Floats, tuple[Taxon, ...]]:
    """The posterior marginalised up the tree: (N, L) to (N, G), with the G taxa at `rank`."""
    clades = Clades.of(labels, rank)
    return clades.gather(probabilities), clades.taxa


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
        sums = np.zeros((len(self.classes_), units.shape[1]), dtype=np.float32)
        np.add.at(sums, place, _unit(units - self.mean_))
        self.centroids_: Floats = np.divide(sums, np.bincount(place)[:, None], dtype=np.float32)
        return self

    def predict(self, vectors: Vectors) -> Indices:
        """The class index of the nearest centroid of each vector: (N, D) to (N,)."""
        # |x - c|^2 = |x|^2 - 2 x.c + |c|^2, and |x|^2 is the same for every class: one product,
        # no (N, C, D) block of differences.
        half_norms = 0.5 * (self.centroids_**2).sum(axis=1)
        rows = max(1, _TILE_BYTES // (4 * (len(self.centroids_) + 2 * self.centroids_.shape[1])))
        answers = np.empty(len(vectors), dtype=np.int64)
        for start in range(0, len(vectors), rows):
            block = np.asarray(vectors[start : start + rows], dtype=np.float32)
            queries = _unit(_unit(block) - self.mean_)
            nearest = np.argmax(queries @ self.centroids_.T - half_norms, axis=1)
            answers[start : start + rows] = self.classes_[nearest]
        return answers


class LinearProbe:
    """Logistic regression on standardised features (scikit-learn's, L2-penalised by 1 / `strength`)."""

    def __init__(self, *, strength: float = 1.0, max_steps: int = 1000) -> None:
        self.strength = strength
        self.max_steps = max_steps

    def fit(self, vectors: Vectors, classes: npt.ArrayLike) -> Self:
        """Learn from (N, D) vectors and N class indices of at least two classes."""
        from sklearn.linear_model import LogisticRegression

        truth = np.asarray(classes, dtype=np.int64)
        if len(np.unique(truth)) < 2:
            raise UsageError("a linear probe needs at least two classes, got one")
        wide = np.asarray(vectors, dtype=np.float64)
        self.mean_ = wide.mean(axis=0)
        spread = wide.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        self.regression_: Any = LogisticRegression(C=self.strength, max_iter=self.max_steps)
        self.regression_.fit((wide - self.mean_) / self.spread_, truth)
        self.classes_: Indices = self.regression_.classes_
        return self

    def probabilities(self, vectors: Vectors) -> Floats:
        """(N, D) to (N, C), in the order of `classes_`."""
        answer = self.regression_.predict_proba(self._standardised(vectors))
        return np.asarray(answer, dtype=np.float32)

    def predict(self, vectors: Vectors) -> Indices:
        """The likeliest class index of each vector: (N, D) to (N,)."""
        return np.asarray(self.regression_.predict(self._standardised(vectors)), dtype=np.int64)

    def _standardised(self, vectors: Vectors) -> npt.NDArray[np.float64]:
        moved = np.asarray(vectors, dtype=np.float64) - self.mean_
        return np.asarray(moved / self.spread_)


def _checked(vectors: Vectors, labels: Vectors) -> Floats:
    if vectors.ndim != 2 or vectors.shape[1] != labels.shape[1]:
        raise ThujaError(
            f"image vectors of shape {vectors.shape} do not fit label vectors of length {labels.shape[1]}",
            hint="make both with the same model",
        )
    wide = np.asarray(vectors, dtype=np.float32)
    if not np.isfinite(wide).all():
        bad = int((~np.isfinite(wide).all(axis=1)).sum())
        raise ThujaError(f"{bad} of {len(wide)} image vectors are not numbers")
    return wide


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), dtype=np.float32)
