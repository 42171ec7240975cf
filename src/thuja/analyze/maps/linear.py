"""Linear maps: principal axes and discriminant axes, from sums over blocks of rows, so that size is no matter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from sklearn.covariance import ledoit_wolf_shrinkage

from thuja.embeddings import Vectors
from thuja.errors import ThujaError

Floats = npt.NDArray[np.float64]

_BLOCK: Final = 8192
"""Rows that are widened to float64 at a time."""
_FLAT: Final = 1e-10
"""An axis with less than this share of the widest one's variance is rounding."""
_ENOUGH: Final = 5000
"""Rows that the strength of shrinkage is estimated from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Directions of a space (D, k) and the point (D,) that they start from.

    `shares` are the axes' shares of the variance, as many as there are axes with any; the rest of k are zero.
    """

    origin: Floats
    directions: Floats
    shares: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def place(self, vectors: Vectors) -> Floats:
        """Vectors (M, D) along the axes: (M, k)."""
        parts = [(block - self.origin) @ self.directions for block in _blocks(vectors)]
        return np.concatenate(parts) if parts else np.empty((0, self.directions.shape[1]))


def principal_axes(vectors: Vectors, *, dimensions: int = 2) -> Axes:
    """The `dimensions` axes of most variance of vectors (N, D), exact, in two passes over blocks of rows.

    Their signs are fixed: an axis points to where its largest entry is positive. Axes that have no variance (fewer
    rows or fewer numbers than axes, constant vectors) are zero, and a note says so.
    """
    origin = _mean(vectors)
    count, width = vectors.shape
    kept = min(dimensions, count, width)
    if width <= count:
        scatter = sum((block.T @ block for block in _apart(vectors, origin)), np.zeros((width, width)))
        values, axes = eigh(scatter, subset_by_index=(width - kept, width - 1))
        total = float(np.trace(scatter))
    else:  # fewer rows than numbers: the rows' products have the same spectrum and are smaller
        rests = np.concatenate(list(_apart(vectors, origin)))
        products = rests @ rests.T
        values, sides = eigh(products, subset_by_index=(count - kept, count - 1))
        axes = rests.T @ sides / np.sqrt(np.maximum(values, np.finfo(float).tiny))
        total = float(np.trace(products))
    return _axes(origin, values[::-1], axes[:, ::-1], dimensions=dimensions, total=total, scale=_scale(vectors))


def discriminant_axes(vectors: Vectors, labels: npt.NDArray[np.generic], *, dimensions: int = 2) -> Axes:
    """The axes along which classes (N,) of vectors (N, D) differ most for their spread within: Fisher's.

    The covariance within classes is shrunk towards its diagonal by Ledoit and Wolf's share, without which fewer rows
    than numbers would part any labels. C classes have C - 1 axes at most; an axis has variance one within
    classes. Shares are of the ratio between to within. Raises ThujaError for fewer than two classes, or a class apiece.
    """
    names, classes = np.unique(labels, return_inverse=True)
    if len(classes) != len(vectors):
        raise ThujaError(f"expected {len(vectors)} labels, got {len(classes)}")
    if len(names) < 2:
        raise ThujaError("LDA parts classes, and every row has the same label")
    if len(names) == len(vectors):
        raise ThujaError("LDA needs a class with at least two rows: every row has a label of its own")
    count, width = vectors.shape
    origin = _mean(vectors)
    means = _class_means(vectors, classes, len(names)) - origin  # (C, D)
    within, between = np.zeros((width, width)), np.zeros((width, width))
    for start, block in zip(range(0, count, _BLOCK), _apart(vectors, origin), strict=True):
        rests = block - means[classes[start : start + len(block)]]
        within += rests.T @ rests
    between += means.T @ (means * np.bincount(classes)[:, None])
    variances = np.diag(within)
    level = float(variances.mean())
    if level <= _scale(vectors) ** 2 * count * _FLAT**2:
        raise ThujaError("LDA needs variation within classes: every row is the mean of its class")
    # A number that never varies within classes is held to vary a little, or it would part them without end.
    target = np.maximum(variances, 1e-6 * level)
    sample = np.linspace(0, count - 1, min(count, _ENOUGH)).astype(int)
    rests = np.asarray(vectors[sample], dtype=np.float64) - origin - means[classes[sample]]
    share = max(ledoit_wolf_shrinkage(rests / np.sqrt(target), assume_centered=True), 1e-6)
    shrunk = (1 - share) * within + share * np.diag(target)
    kept = min(dimensions, len(names) - 1, width)
    values, axes = eigh(between, shrunk, subset_by_index=(width - kept, width - 1))
    total = float(np.trace(np.linalg.solve(shrunk, between)))
    note = f"the axes were chosen to part {len(names)} labels: judge them by rows that were not fitted"
    made = _axes(
        origin, values[::-1], axes[:, ::-1] * np.sqrt(max(count - len(names), 1)), dimensions=dimensions, total=total,
        scale=0.0,
    )  # fmt: skip
    return Axes(origin=made.origin, directions=made.directions, shares=made.shares, notes=(note, *made.notes))


def _axes(origin: Floats, values: Floats, axes: Floats, *, dimensions: int, total: float, scale: float) -> Axes:
    """Axes of sure sign, those with no variance set to zero."""
    least = max(_FLAT * values.max(initial=0), (1e-12 * scale) ** 2, np.finfo(float).tiny)
    real = int((values > least).sum())
    directions = np.zeros((len(origin), dimensions))
    directions[:, :real] = axes[:, :real]
    largest = np.abs(directions).argmax(axis=0)
    directions *= np.where(directions[largest, np.arange(dimensions)] < 0, -1.0, 1.0)
    notes: tuple[str, ...] = ()
    if not real:
        notes = ("every vector is the same: all points lie in one place",)
    elif real < dimensions:
        notes = (f"the vectors vary along {real} of the {dimensions} axes alone",)
    shares = tuple(min(float(value / total), 1.0) for value in values[:real])
    return Axes(origin=origin, directions=directions, shares=shares, notes=notes)


def _blocks(vectors: Vectors) -> Iterator[Floats]:
    for start in range(0, len(vectors), _BLOCK):
        yield np.asarray(vectors[start : start + _BLOCK], dtype=np.float64)


def _apart(vectors: Vectors, origin: Floats) -> Iterator[Floats]:
    return (block - origin for block in _blocks(vectors))


def _mean(vectors: Vectors) -> Floats:
    return np.asarray(sum(block.sum(axis=0) for block in _blocks(vectors)) / len(vectors))


def _scale(vectors: Vectors) -> float:
    """The largest number among the vectors, which rounding goes by."""
    return max(float(np.abs(block).max()) for block in _blocks(vectors)) * float(np.sqrt(vectors.size))


def _class_means(vectors: Vectors, classes: npt.NDArray[np.int64], count: int) -> Floats:
    sums = np.zeros((count, vectors.shape[1]))
    for start, block in zip(range(0, len(vectors), _BLOCK), _blocks(vectors), strict=True):
        np.add.at(sums, classes[start : start + len(block)], block)
    return np.asarray(sums / np.bincount(classes, minlength=count)[:, None])
