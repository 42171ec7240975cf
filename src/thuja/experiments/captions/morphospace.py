"""Whether vectors span the space of true looks: R2 and canonical correlations on species that nothing was fitted on."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.traits import TRAITS, Trait
from thuja.experiments.captions.reading import Floats, Ints, explained
from thuja.record import Value

AXES: Final = 5
"""Canonical correlations that are averaged."""
_SHRINKAGE: Final = 0.3
"""Of each covariance, towards a multiple of the identity: tens of species span fewer dimensions than there are."""
_PERMUTATIONS: Final = 40


def trait_columns(traits: Sequence[Mapping[str, Value]], trait: Trait) -> Floats:
    """What is true of N pictures (N, C): a share as it is, a flag for each state or count."""
    if not trait.is_discrete:
        return np.array([[float(one[trait.name])] for one in traits])
    known = trait.states or trait.counts
    return np.array([[float(str(one[trait.name]) == str(state)) for state in known] for one in traits])


def true_vectors(traits: Sequence[Mapping[str, Value]]) -> Floats:
    """The true trait vector of N pictures (N, F): all 27 traits side by side."""
    return np.concatenate([trait_columns(traits, trait) for trait in TRAITS.values()], axis=1)


def species_means(rows: Floats, species: Ints) -> Floats:
    """The mean row (S, F) of each species, by rising number."""
    _, places, counts = np.unique(species, return_inverse=True, return_counts=True)
    total = np.zeros((len(counts), rows.shape[1]))
    np.add.at(total, places, rows)
    return total / counts[:, None]


def shared_with(vectors: Floats, truth: Floats, *, is_test: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Of species' mean vectors (S, D) and trait vectors (S, F): R2, canonical correlation, and that by chance.

    All on the test species alone. R2 is over all traits' variance; the correlation is the mean of the first five
    pairs of axes that were found on the other species; chance is what one in twenty permutations of these exceeds.
    """
    parts = explained(vectors, truth, np.arange(len(vectors)), is_test=is_test)
    weights = truth[is_test].var(axis=0)
    r2 = float((parts * weights).sum() / weights.sum()) if weights.any() else 0.0
    sides = [_whitened(rows, is_test=is_test) for rows in (vectors, truth)]
    own = _canonical(*sides, is_test=is_test)
    generator = np.random.default_rng(len(vectors))
    train = np.flatnonzero(~is_test)
    drawn = []
    for _ in range(_PERMUTATIONS):
        shuffled = sides[1].copy()
        shuffled[train] = sides[1][generator.permutation(train)]
        drawn.append(_canonical(sides[0], shuffled, is_test=is_test))
    return r2, own, float(np.quantile(drawn, 0.95))


def _canonical(first: Floats, second: Floats, *, is_test: npt.NDArray[np.bool_]) -> float:
    """The mean held-out correlation of the first pairs of canonical axes of whitened rows."""
    left, _, right = np.linalg.svd(first[~is_test].T @ second[~is_test], full_matrices=False)
    found, true = first[is_test] @ left[:, :AXES], second[is_test] @ right[:AXES].T
    found, true = found - found.mean(axis=0), true - true.mean(axis=0)
    sizes = np.linalg.norm(found, axis=0) * np.linalg.norm(true, axis=0)
    return float(np.divide((found * true).sum(axis=0), sizes, out=np.zeros_like(sizes), where=sizes > 0).mean())


def _whitened(rows: Floats, *, is_test: npt.NDArray[np.bool_]) -> Floats:
    """Rows along axes that are about as long and unrelated on the rows that teach: their covariance is shrunk."""
    taught = rows[~is_test]
    spread = taught.std(axis=0)
    scaled = (rows - taught.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    covariance = scaled[~is_test].T @ scaled[~is_test] / len(taught)
    size = np.trace(covariance) / len(covariance)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * size * np.eye(len(covariance))
    values, axes = np.linalg.eigh(shrunk)
    return np.asarray(scaled @ (axes / np.sqrt(values)) @ axes.T)
