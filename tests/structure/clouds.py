"""Gaussian species in coordinates where every share is known: they differ along the first axes alone."""

import numpy as np

from thuja.metrics.ratios import interval, redrawn
from thuja.structure.reading import Reading
from thuja.structure.specimens import Sample


def sample_of(species: int, each: int) -> Sample:
    count = species * each
    numbers = np.repeat(np.arange(species), each)
    return Sample(rows=np.arange(count), species=numbers, is_second=np.tile(np.arange(each) >= each // 2, species))


def cloud(
    seed: int, *, species: int, each: int, apart: float, variances: np.ndarray, axes: int | None = None
) -> tuple[np.ndarray, Sample]:
    """Images (M, D) whose species' means have a standard deviation `apart` along each of the first `axes` (S - 1).

    The means are no correlated ones, so that no direction among them is weaker than the others.
    """
    generator = np.random.default_rng(seed)
    width, axes = len(variances), species - 1 if axes is None else axes
    columns = np.column_stack([np.ones(species), generator.standard_normal((species, axes))])
    means = np.zeros((species, width))
    means[:, :axes] = apart * np.sqrt(species) * np.linalg.qr(columns)[0][:, 1:]
    sample = sample_of(species, each)
    rests = generator.standard_normal((species * each, width)) * np.sqrt(variances)
    return means[sample.species] + rests, sample


def two_level_variances(inside: float, outside: float, *, axes: int, width: int) -> np.ndarray:
    """Variances within species: `inside` along the first axes, `outside` along the others."""
    return np.concatenate([np.full(axes, inside), np.full(width - axes, outside)])


def turned(vectors: np.ndarray, seed: int = 0) -> np.ndarray:
    """The same cloud in other coordinates."""
    width = vectors.shape[1]
    return vectors @ np.linalg.qr(np.random.default_rng(seed).standard_normal((width, width)))[0]


def values(readings: list[Reading]) -> dict[str, float]:
    """What the readings say, by measure."""
    found = {}
    for reading in readings:
        drawn = redrawn([reading.ratio], np.random.default_rng(0), replicates=2)
        found[reading.measure] = interval(drawn[:, 0]).value
    return found
