"""How near images lie to labelled ones: to the k-th nearest, or to the nearest class in Mahalanobis' distance.

Both say how like an image is to those that they learned from, whatever the labels are: a species that is among the
labels and has no labelled image counts as unknown to them. Higher is more likely known. Each tells what it says of
its own images too, when their observation, or all of their clade, is taken away.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError, UsageError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

NEIGHBOURS = 1
"""Of a species there are a handful of labelled images: a later neighbour is another species already."""
_ROWS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """What N labelled images have in common: the `observation` of each, and its `clades` at R levels (R, N).

    Levels go from the narrowest, which are the classes, to the widest.
    """

    observation: Indices
    clades: Indices

    def __post_init__(self) -> None:
        if self.clades.ndim != 2 or self.clades.shape[1:] != self.observation.shape:
            raise ThujaError(
                f"{len(self.observation)} observations do not fit clades of shape {self.clades.shape}, levels x images"
            )
        if not len(self.observation):
            raise EmptyInput("there is no labelled image to learn from")


class KnownVectors(Protocol):
    """Labelled images, and how near others lie to them."""

    def score(self, vectors: Vectors) -> Floats:
        """The nearness of (N, D) vectors: (N,)."""

    def left_out(self) -> Floats:
        """Of its own images: without their observation, then without their clade at each level (R + 1, N).

        -inf where nothing is left.
        """


class NearestKnown:
    """The cosine to the k-th nearest labelled image (deep nearest neighbours: Sun et al. 2022, arXiv:2204.06507)."""

    def __init__(self, *, k: int = NEIGHBOURS) -> None:
        if k < 1:
            raise UsageError(f"the nearest neighbour that counts is the first or a later one, got {k}")
        self.k = k

    def fit(self, vectors: Vectors, groups: Groups) -> Self:
        """Keep (N, D) vectors of length one; raises UsageError for fewer than k."""
        if len(vectors) < self.k:
            raise UsageError(f"there is no neighbour number {self.k} among {len(vectors)} labelled images")
        self.vectors_: Floats = np.asarray(vectors, dtype=np.float32)
        self.groups_ = groups
        return self

    def score(self, vectors: Vectors) -> Floats:
        wide = np.asarray(vectors, dtype=np.float32)
        return np.concatenate([_kth(wide[rows] @ self.vectors_.T, self.k) for rows in _blocks(len(wide))])

    def left_out(self) -> Floats:
        found = np.empty((len(self.groups_.clades) + 1, len(self.vectors_)), dtype=np.float32)
        for rows in _blocks(len(self.vectors_)):
            likeness = self.vectors_[rows] @ self.vectors_.T  # (b, N)
            for level, group in enumerate((self.groups_.observation, *self.groups_.clades)):
                # Clades nest and hold whole observations, so what was taken away before stays away.
                likeness[group[rows, None] == group] = -np.inf
                found[level, rows] = _kth(likeness, self.k)
        return found


class Mahalanobis:
    """Minus the squared Mahalanobis distance to the nearest class mean, under one covariance for all classes.

    Source: Lee et al. 2018, arXiv:1807.03888. With `is_relative` the distance to the mean of all images, under the
    covariance of all, is taken off: what makes every image odd does not make it unseen (Ren et al. 2021,
    arXiv:2106.09022). Covariances are shrunk towards a multiple of the identity as far as few images make needful
    (Chen et al. 2010, arXiv:0907.4698, equation 23), so that there may be fewer images than dimensions.
    """

    def __init__(self, *, is_relative: bool = True) -> None:
        self.is_relative = is_relative

    def fit(self, vectors: Vectors, groups: Groups) -> Self:
        """Learn the mean of each class and both covariances from (N, D) vectors; raises UsageError for one class."""
        wide = np.asarray(vectors, dtype=np.float64)
        classes, place, counts = np.unique(groups.clades[0], return_inverse=True, return_counts=True)
        if len(classes) < 2:
            raise UsageError("a Mahalanobis distance needs labelled images of at least two classes, got one")
        sums = np.zeros((len(classes), wide.shape[1]))
        np.add.at(sums, place, wide)
        means = sums / counts[:, None]
        self.mean_ = wide.mean(axis=0)
        self._within = _whitening(wide - means[place], freedom=len(wide) - len(classes))
        self._among = _whitening(wide - self.mean_, freedom=len(wide) - 1)
        self.means_: Floats = ((means - self.mean_) @ self._within).astype(np.float32)  # (C, D), whitened
        self.groups_, self._place, self._counts = groups, place, counts
        self._vectors: Floats = np.asarray(vectors, dtype=np.float32)
        return self

    def score(self, vectors: Vectors) -> Floats:
        found = []
        for rows in _blocks(len(vectors)):
            moved = np.asarray(vectors[rows], dtype=np.float64) - self.mean_
            found.append(self._common(moved) - self._distances(moved).min(axis=1))
        return np.concatenate([np.zeros(0, dtype=np.float32), *found])

    def left_out(self) -> Floats:
        groups = self.groups_
        found = np.empty((len(groups.clades) + 1, len(self._vectors)), dtype=np.float32)
        clade_of_class = np.zeros((len(groups.clades), len(self.means_)), dtype=np.int64)
        clade_of_class[:, self._place] = groups.clades
        own = self._own_distances()
        for rows in _blocks(len(self._vectors)):
            moved = self._vectors[rows].astype(np.float64) - self.mean_
            distances, common = self._distances(moved), self._common(moved)
            distances[np.arange(len(moved)), self._place[rows]] = own[rows]
            found[0, rows] = common - distances.min(axis=1)
            for level, clades in enumerate(clade_of_class):
                distances[groups.clades[level, rows, None] == clades] = np.inf
                found[level + 1, rows] = common - distances.min(axis=1)
        return found

    def _own_distances(self) -> Floats:
        """To the own class's mean without the image's own observation: (N,); inf where nothing else makes it."""
        keys = np.stack([self._place, self.groups_.observation])
        _, part, sizes = np.unique(keys, axis=1, return_inverse=True, return_counts=True)
        white = ((self._vectors - self.mean_) @ self._within).astype(np.float32)
        sums = np.zeros((len(sizes), white.shape[1]), dtype=np.float32)
        np.add.at(sums, part, white)
        left = self._counts[self._place] - sizes[part]
        mean = self.means_[self._place] * self._counts[self._place, None] - sums[part]
        mean /= np.maximum(left, 1)[:, None]
        distances = ((white - mean) ** 2).sum(axis=1)
        return np.where(left > 0, distances, np.float32(np.inf)).astype(np.float32)

    def _distances(self, moved: npt.NDArray[np.float64]) -> Floats:
        """Squared distances to each class mean: (B, D) centred vectors to (B, C)."""
        white = (moved @ self._within).astype(np.float32)
        squares = (white**2).sum(axis=1)[:, None] + (self.means_**2).sum(axis=1) - 2 * white @ self.means_.T
        return np.asarray(np.maximum(squares, 0))

    def _common(self, moved: npt.NDArray[np.float64]) -> Floats:
        """The squared distance to the mean of all, or nothing where the score is not relative: (B,)."""
        if not self.is_relative:
            return np.zeros(len(moved), dtype=np.float32)
        return np.asarray(((moved @ self._among) ** 2).sum(axis=1), dtype=np.float32)


def _whitening(centred: npt.NDArray[np.float64], *, freedom: int) -> npt.NDArray[np.float64]:
    """W with W W' the inverse of the shrunk covariance of centred rows, so that |x W|^2 is a squared distance."""
    count, dim = centred.shape
    covariance = centred.T @ centred / count
    mean = float(np.trace(covariance)) / dim
    if not mean > 0:
        raise UsageError("the labelled images of each class are all alike, which gives no covariance")
    # scikit-learn's OAS, which leaves out the equation's 2 / D too. It stands here because predicting needs no
    # scikit-learn otherwise.
    square = float((covariance**2).mean())
    above, below = square + mean**2, (count + 1) * (square - mean**2 / dim)
    shrinkage = min(1.0, above / below) if below > 0 else 1.0
    shrunk = (1 - shrinkage) * covariance + shrinkage * mean * np.eye(dim)
    shrunk *= count / max(freedom, 1)  # the means, too, were taken from these rows
    whole: npt.NDArray[np.float64] = np.linalg.inv(np.linalg.cholesky(shrunk)).T
    return whole


def _kth(likeness: Floats, k: int) -> Floats:
    """The k-th greatest of each row: (B, N) to (B,)."""
    found: Floats = np.partition(likeness, likeness.shape[1] - k, axis=1)[:, likeness.shape[1] - k]
    return found


def _blocks(count: int) -> list[slice]:
    return [slice(start, start + _ROWS) for start in range(0, count, _ROWS)]
