"""How far traits follow ancestry, and how far they follow the habitat beyond ancestry.

All rests on one model: values = means + residual, residual ~ variance * (lambda C + (1 - lambda) I), with C the
tree's covariance (Pagel 1999; Freckleton et al. 2002). In the axes of C that matrix is diagonal for every lambda,
so one decomposition serves all traits.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from thuja.biosphere.phylogeny import covariance
from thuja.biosphere.tree import Tree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_GRID = 21
_ROUNDS = 4
"""Each round looks at 21 lambdas and goes on between the neighbours of the best: to 1e-4 at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestry:
    """Some species' covariance C (S, S) with ones on its diagonal, and its axes (S, S) with their variances (S,).

    `species` (S,) are their numbers, in order. All of it costs S^3 and three tables of S x S.
    """

    species: Ints
    covariance: Floats
    axes: Floats
    variances: Floats

    @classmethod
    def of(cls, tree: Tree, species: Ints | None = None) -> "Ancestry":
        """The ancestry of all species of a tree, or of some by number, in order."""
        found = cls.from_covariance(covariance(tree, species))
        return found if species is None else replace(found, species=species)

    @classmethod
    def from_covariance(cls, covariance: Floats) -> "Ancestry":
        """The ancestry that a covariance says, of species 0 to S - 1; all must be of one age, as living ones are."""
        ages = np.diag(covariance)
        assert np.allclose(ages, ages[0]), "all tips live at the present"
        scaled = covariance / ages[0]
        variances, axes = np.linalg.eigh(scaled)
        # Species that parted yesterday make C all but singular; its inverse must still be a number.
        return cls(species=np.arange(len(scaled)), covariance=scaled, axes=axes, variances=np.maximum(variances, 1e-9))

    def among(self, species: Ints) -> "Ancestry":
        """The ancestry of some of the species, by number, in order."""
        places = np.searchsorted(self.species, species)
        return replace(Ancestry.from_covariance(self.covariance[np.ix_(places, places)]), species=species)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The habitat's effect on one trait beyond ancestry.

    `share` estimates the variance of the habitat's means over the species as a share of that plus the
    residual's, which is the variance at the tips over all that evolution might have brought. Like an
    adjusted R2 it is about right in the mean and may fall below 0. `p_value` is of the F-test that all
    habitats have one mean; `lambda_` is the residual's Pagel's lambda.
    """

    share: float
    p_value: float
    lambda_: float


def pagel_lambda(values: Floats, ancestry: Ancestry) -> Floats:
    """Pagel's lambda (T,) of traits (S, T), by restricted maximum likelihood on [0, 1]; nan for a constant.

    Restricted, because the plain likelihood counts the estimated mean as known and falls short near 1.
    """
    intercept = ancestry.axes.T @ np.ones((len(values), 1))
    rotated = ancestry.axes.T @ values  # (S, T)
    is_constant = np.ptp(values, axis=0) == 0
    return np.array(
        [np.nan if c else _best_lambda(row, intercept, ancestry) for row, c in zip(rotated.T, is_constant, strict=True)]
    )


def blomberg_k(values: Floats, ancestry: Ancestry) -> Floats:
    """Blomberg's K (T,) of traits (S, T): 1 is expected of Brownian motion, about 0 of no signal (Blomberg 2003)."""
    count = len(values)
    ones = ancestry.axes.T @ np.ones(count)
    rotated = ancestry.axes.T @ values  # (S, T)
    weights = 1 / ancestry.variances
    precision = float(weights @ ones**2)
    root = (weights * ones) @ rotated / precision  # (T,) the value at the root
    plain = ((values - root) ** 2).sum(axis=0)
    along_tree = weights @ (rotated - ones[:, None] * root) ** 2
    expected = (np.trace(ancestry.covariance) - count / precision) / (count - 1)
    with np.errstate(invalid="ignore"):
        return np.asarray(plain / along_tree / expected)


def habitat_effect(values: Floats, habitat: Ints, ancestry: Ancestry) -> Effect:
    """How far a trait (S,) follows the species' habitat (S,) beyond what kin share anyway.

    Generalised least squares with the residual's lambda fitted: a habitat that evolves on the tree goes
    with any trait that does, and only this route tells the two apart.
    """
    from scipy import stats

    design = (habitat[:, None] == np.unique(habitat)).astype(float)  # (S, H)
    count, groups = design.shape
    y = ancestry.axes.T @ values
    lambda_ = _best_lambda(y, ancestry.axes.T @ design, ancestry)
    weights = _weights(np.array([lambda_]), ancestry)[0]
    full = _fit(y, ancestry.axes.T @ design, weights)
    flat = _fit(y, ancestry.axes.T @ np.ones((count, 1)), weights)
    variance = full.within / (count - groups)
    ratio = (flat.within - full.within) / (groups - 1) / variance

    centred = design - design.mean(axis=0)
    noise = float(np.einsum("sh,hk,sk->", centred, full.spread, centred)) / count  # of the means, per unit of variance
    between = float(((centred @ full.means) ** 2).mean()) - variance * noise
    return Effect(
        share=between / (between + variance),
        p_value=float(stats.f.sf(ratio, groups - 1, count - groups)),
        lambda_=lambda_,
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    """Weighted least squares: the means (P,), their covariance (P, P) per unit of variance, the squares left."""

    means: Floats
    spread: Floats
    within: float


def _weights(lambdas: Floats, ancestry: Ancestry) -> Floats:
    """One over the variances (G, S) of the axes at each lambda."""
    return np.asarray(1 / (lambdas[:, None] * ancestry.variances + 1 - lambdas[:, None]))


def _fit(y: Floats, x: Floats, weights: Floats) -> _Fit:
    spread = np.asarray(np.linalg.inv((x.T * weights) @ x), dtype=np.float64)
    means = spread @ ((x.T * weights) @ y)
    return _Fit(means=means, spread=spread, within=float(weights @ (y - x @ means) ** 2))


def _best_lambda(y: Floats, x: Floats, ancestry: Ancestry) -> float:
    """The lambda that makes values y (S,) on a design x (S, P), both along C's axes, the likeliest."""
    low, high = 0.0, 1.0
    for _ in range(_ROUNDS):
        grid = np.linspace(low, high, _GRID)
        best = int(np.argmax(_likelihoods(y, x, _weights(grid, ancestry))))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    return float(grid[best])


def _likelihoods(y: Floats, x: Floats, weights: Floats) -> Floats:
    """The restricted log likelihood (G,) at each row of weights (G, S), but for a constant."""
    count, width = x.shape
    products = (x[:, :, None] * x[:, None, :]).reshape(count, width * width)
    information = (weights @ products).reshape(-1, width, width)
    moments = weights @ (x * y[:, None])
    means = np.linalg.solve(information, moments[..., None])[..., 0]  # (G, P)
    within = (weights * (y - means @ x.T) ** 2).sum(axis=1)
    freedom = count - width
    determinants = np.linalg.slogdet(information)[1] - np.log(weights).sum(axis=1)
    return np.asarray(-0.5 * (freedom * np.log(within) + determinants))
