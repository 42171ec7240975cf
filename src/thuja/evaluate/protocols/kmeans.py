"""Semi-supervised k-means of generalised category discovery (Vaze et al., arXiv:2201.02609).

Each class that has labelled images starts at their mean, and they stay with it; the other centres are drawn among
the unlabelled images by k-means++. Distances are made by tiles of rows: memory stays bounded for any number of images.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

ITERATIONS = 10
TOLERANCE = 1e-4
_TILE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Unlabelled vectors (U, D), labelled vectors (V, D), and the class of each of these (V,)."""

    unlabelled: Floats
    labelled: Floats
    classes: Indices


def cluster(points: Points, *, count: int, draws: npt.NDArray[np.float64], is_emptied_kept: bool) -> Indices:
    """The cluster of each unlabelled vector: (U,), of the iteration with the least inertia.

    Clusters are numbered from 0: first the classes with labelled vectors, sorted, then the drawn ones. `draws` are
    uniform numbers, one for each centre that is drawn. A cluster that loses its last vector keeps its centre if
    `is_emptied_kept`; the public code makes the mean of nothing of it, so that no later iteration can be better, and
    the run ends. Raises UsageError for fewer clusters than labelled classes, or nothing to cluster.
    """
    _, place = np.unique(points.classes, return_inverse=True)
    known = int(place.max(initial=-1)) + 1
    if count < max(known, 1) or not len(points.unlabelled):
        raise UsageError(
            f"cannot make {count} clusters of {len(points.unlabelled)} unlabelled images and {known} labelled classes"
        )
    fixed = _sums(points.labelled, place, count)
    sizes = np.bincount(place, minlength=count)
    centres = np.divide(fixed[:known], sizes[:known, None])
    centres = _draw_centres(points.unlabelled, centres, draws[: count - known])
    least, best = np.inf, np.zeros(len(points.unlabelled), dtype=np.int64)
    for _ in range(ITERATIONS):
        found, distances = _nearest(points.unlabelled, centres)
        inertia = float(distances.sum(dtype=np.float64)) + _inertia(points.labelled, centres, place)
        if inertia < least:
            least, best = inertia, found
        members = sizes + np.bincount(found, minlength=count)
        is_empty = members == 0
        if is_empty.any() and not is_emptied_kept:
            break
        means = (fixed + _sums(points.unlabelled, found, count)) / np.maximum(members, 1)[:, None]
        moved = np.where(is_empty[:, None], centres, means)
        shift = float(np.linalg.norm(moved - centres, axis=1).sum())
        centres = moved
        if shift**2 < TOLERANCE:
            break
    return best


def _draw_centres(
    vectors: Floats, centres: npt.NDArray[np.float64], draws: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """k-means++: each further centre is a vector, drawn by its squared distance from the nearest centre so far."""
    drawn = [np.asarray(centre) for centre in centres]
    least = np.full(len(vectors), np.inf)
    for centre in drawn:
        np.minimum(least, _squared_distances(vectors, centre), out=least)
    for number in draws:
        shares = np.ones(len(vectors)) if not drawn or not least.any() else least
        reached = np.cumsum(shares / shares.sum())
        # The first vector whose cumulated share reaches the number; rounding may leave the last share below one.
        row = int(np.searchsorted(reached, min(number, reached[-1])))
        drawn.append(vectors[row].astype(np.float64))
        np.minimum(least, _squared_distances(vectors, drawn[-1]), out=least)
    return np.stack(drawn)


def _squared_distances(vectors: Floats, centre: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """From one centre, by differences: of a vector from itself exactly 0, so that none is drawn twice."""
    narrow = centre.astype(np.float32)
    distances = np.empty(len(vectors))
    for start in range(0, len(vectors), _TILE):
        gaps = vectors[start : start + _TILE] - narrow
        distances[start : start + _TILE] = np.einsum("nd,nd->n", gaps, gaps)
    return distances


def _nearest(vectors: Floats, centres: npt.NDArray[np.float64]) -> tuple[Indices, Floats]:
    """The nearest centre of each vector, the first of equals, and the squared distance to it: two (U,)."""
    # |x - c|^2 = |x|^2 - 2 x.c + |c|^2: one product a tile, and no (U, C, D) block of differences.
    narrow = centres.astype(np.float32)
    squares = (narrow**2).sum(axis=1)
    found = np.empty(len(vectors), dtype=np.int64)
    distances = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _TILE):
        tile = vectors[start : start + _TILE]
        gaps = squares - 2 * (tile @ narrow.T)  # (T, C)
        nearest = gaps.argmin(axis=1)
        found[start : start + _TILE] = nearest
        distances[start : start + _TILE] = gaps[np.arange(len(tile)), nearest] + (tile**2).sum(axis=1)
    return found, np.maximum(distances, 0)


def _inertia(vectors: Floats, centres: npt.NDArray[np.float64], place: Indices) -> float:
    """The squared distances of labelled vectors from the centres of their classes."""
    total = 0.0
    for start in range(0, len(vectors), _TILE):
        gaps = vectors[start : start + _TILE] - centres[place[start : start + _TILE]]
        total += float((gaps**2).sum())
    return total


def _sums(vectors: Floats, place: Indices, count: int) -> npt.NDArray[np.float64]:
    """The sum of the vectors of each cluster: (C, D)."""
    from scipy.sparse import csr_array

    sums = np.zeros((count, vectors.shape[1]))
    for start in range(0, len(vectors), _TILE):
        tile = vectors[start : start + _TILE].astype(np.float64)
        belongs = csr_array(
            (np.ones(len(tile)), (place[start : start + _TILE], np.arange(len(tile)))), shape=(count, len(tile))
        )
        sums += belongs @ tile
    return sums
