"""One number that makes a posterior as sure as it is right: the temperature, fitted on labelled images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify.calibrate.placement import Places, label_rank
from thuja.classify.clades import Tree
from thuja.classify.halves import widen
from thuja.classify.posterior import checked
from thuja.classify.tiled import Bias
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.labels import LabelSpace

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Addend = npt.NDArray[np.float32] | np.float32

WIDEST = 16.0
"""Temperatures from 1/16 to 16 are tried."""

_GRID, _FINE = 9, 7
_TILE, _BLOCK = 2048, 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """What temperatures are tried on: logits of (scale * cosine + voice) / temperature + bias."""

    scale: float
    bias: Bias | None = None
    voice: Bias | None = None

    def added(self, rows: slice | Indices, images: slice) -> tuple[Addend, Addend]:
        """What bias and voice add for these labels and images."""
        nothing = np.float32(0)
        return (
            nothing if self.bias is None else self.bias(rows, images),
            nothing if self.voice is None else self.voice(rows, images),
        )


def energies(
    vectors: Vectors, labels: LabelSpace, *, temperatures: Sequence[float], heat: Heat
) -> npt.NDArray[np.float64]:
    """The logarithm of the sum of exp(logit) over labels, at several temperatures in one pass: (N, D) to (S, N).

    Of 867,455 labels the product costs most; every further temperature costs an exponential of it alone.
    """
    wide = checked(vectors, labels.vectors)
    found = np.empty((len(temperatures), len(wide)))
    for first in range(0, len(wide), _BLOCK):
        images = slice(first, min(first + _BLOCK, len(wide)))
        base = np.full((len(temperatures), images.stop - first), -np.inf, dtype=np.float32)
        sums = np.zeros(base.shape)
        for start in range(0, len(labels), _TILE):
            rows = slice(start, min(start + _TILE, len(labels)))
            warm = widen(labels.vectors[rows]) @ wide[images].T  # (T, B)
            warm *= np.float32(heat.scale)
            added, voice = heat.added(rows, images)
            warm += voice
            for number, temperature in enumerate(temperatures):
                logits = warm / np.float32(temperature)
                logits += added
                peak = np.maximum(base[number], logits.max(axis=0))
                sums[number] *= np.exp(base[number] - peak)
                base[number] = peak
                np.subtract(logits, peak, out=logits)
                sums[number] += np.exp(logits, out=logits).sum(axis=0)
        found[:, images] = base + np.log(sums)
    return found


def true_energies(
    vectors: Vectors,
    labels: LabelSpace,
    clades: Sequence[Indices],
    *,
    temperatures: Sequence[float],
    heat: Heat,
) -> npt.NDArray[np.float64]:
    """The same sum over the labels of each image's own clade alone: N lists of rows to (S, N)."""
    wide = checked(vectors, labels.vectors)
    found = np.empty((len(temperatures), len(wide)))
    colder = 1 / np.asarray(temperatures)
    for image, rows in enumerate(clades):
        warm = (widen(labels.vectors[rows]) @ wide[image])[:, None] * np.float32(heat.scale)  # (M, 1)
        added, voice = heat.added(rows, slice(image, image + 1))
        logits = (colder * (warm + voice) + added).T  # (S, M)
        found[:, image] = np.logaddexp.reduce(logits, axis=1)
    return found


def fit_temperature(vectors: Vectors, places: Places, labels: LabelSpace, *, tree: Tree, heat: Heat) -> float:
    """The temperature T under which the truths are likeliest, p = softmax((scale * cosine + voice) / T + bias).

    Two passes over the labels: a coarse grid of T, then a fine one about its best, and a parabola through the three
    best of that. A normal prior on log T, of deviation 1, weighs as much as an image or so. Raises ThujaError where
    a truth is no label, or there is none.
    """
    rank = label_rank(tree)
    stands = places.at_rank[:, rank]
    if not len(stands) or stands.min() < 0:
        raise ThujaError("a temperature is fitted on images of taxa that are labels")
    edges = tree.edges[rank]
    clades = [tree.order[edges[index] : edges[index + 1]] for index in stands.tolist()]

    def losses(log_temperatures: Floats) -> Floats:
        temperatures = np.exp(log_temperatures).tolist()
        all_labels = energies(vectors, labels, temperatures=temperatures, heat=heat)
        own = true_energies(vectors, labels, clades, temperatures=temperatures, heat=heat)
        return np.asarray((all_labels - own).mean(axis=1) + log_temperatures**2 / (2 * len(stands)))

    grid = np.linspace(-np.log(WIDEST), np.log(WIDEST), _GRID)
    best = int(losses(grid).argmin())
    fine = np.linspace(grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)], _FINE)
    return float(np.exp(_lowest(fine, losses(fine))))


def _lowest(x: Floats, y: Floats) -> float:
    """The lowest point of the parabola through the least of evenly spaced values and its neighbours."""
    place = int(y.argmin())
    if place in (0, len(x) - 1):
        return float(x[place])
    left, middle, right = y[place - 1 : place + 2]
    bend = left - 2 * middle + right
    return float(x[place] + (x[1] - x[0]) * (left - right) / (2 * bend)) if bend > 0 else float(x[place])
