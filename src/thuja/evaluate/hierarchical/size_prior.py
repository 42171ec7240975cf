"""A prior over clades that corrects what summing does to them: each sum is divided by the clade's size to a power."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.evaluate.hierarchical.ladder import Ladder
from thuja.evaluate.hierarchical.ways import summed
from thuja.taxonomy import Rank, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

POWERS = (-1.0, 2.0)
"""The powers that are tried: 0 leaves sums alone, 1 makes them means, under which all clades are as likely before."""

_STEPS = 40
_TINY = 1e-38


def fit_powers(vectors: Vectors, truth: Sequence[Taxon], ladder: Ladder, *, scale: float) -> dict[Rank, float]:
    """The power of a clade's size to divide by, at each rank above species, fitted on validation images.

    p(c) ~ sum(c) / size(c)^a with the likeliest a in `POWERS`. A rank without an image to learn from keeps 0.
    """
    places = ladder.places(truth)
    fitted = {}
    gathered: dict[Rank, list[Floats]] = {rank: [] for rank in ladder.ranks if rank < Rank.SPECIES}
    sizes = {rank: ladder.sizes(rank) for rank in gathered}
    for block in summed(vectors, ladder, scale=scale):
        for rank, sums in block.at_rank.items():
            gathered[rank].append(_by_size(sums[:, places[block.rows, rank] >= 0], sizes[rank]))
    for rank, parts in gathered.items():
        asked = places[places[:, rank] >= 0, rank]
        distinct = np.unique(sizes[rank])
        masses = np.concatenate(parts, axis=1) if parts else np.zeros((len(distinct), 0))
        fitted[rank] = likeliest_power(masses, np.log(distinct), np.log(sizes[rank][asked]))
    return fitted


def likeliest_power(masses: Floats, log_sizes: Floats, own: Floats) -> float:
    """The a in `POWERS` that maximises the mean over images of log(p(truth) size(truth)^-a / sum_u m_u u^-a).

    (U, N) posterior mass in clades of each of U sizes, (U,) and (N,) logarithms of sizes: those there are and
    that of each image's own clade. The function is concave: its slope, the mean of
    (mean of log u under the weights m_u u^-a) - log size(truth), falls, and is halved to where it is nought.
    """
    if not len(own) or len(log_sizes) < 2:
        return 0.0
    log_masses = np.log(np.maximum(masses, _TINY))

    def slope(power: float) -> float:
        logits = log_masses - power * log_sizes[:, None]
        weights = np.exp(logits - logits.max(axis=0))
        return float(((weights * log_sizes[:, None]).sum(axis=0) / weights.sum(axis=0) - own).mean())

    low, high = POWERS
    if slope(low) <= 0:
        return low
    if slope(high) >= 0:
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return (low + high) / 2


def _by_size(sums: npt.NDArray[np.float32], sizes: Indices) -> Floats:
    """The posterior in all clades of one size: (C, B) to (U, B), sizes ascending."""
    distinct, place = np.unique(sizes, return_inverse=True)
    found = np.zeros((len(distinct), sums.shape[1]))
    np.add.at(found, place, sums)
    return found
