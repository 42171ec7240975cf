"""Phylogenetic regression: y = X b + e with e ~ variance * (lambda C + (1 - lambda) I), lambda by REML on [0, 1].

In the axes of C the matrix is diagonal for every lambda, so many regressions of the same species are done at once.
A category's membership (0 or 1) is regressed as if it were a number: one category against the rest. Its standard
errors are then a linear model's, not a logistic one's, and who needs an exact p-value holds the t against traits
simulated on the tree.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from thuja.biosphere.signal import Ancestry
from thuja.errors import EmptyInput, ThujaError

Floats = npt.NDArray[np.float64]

_GRID = 11
_ROUNDS = 5
"""Each round looks at 11 lambdas and goes on between the neighbours of the best: to 1e-4 at the end."""
_FINE = 101
"""Lambdas at which a likelihood is tabled."""
_BLOCK = 2**21
"""How many weights (trait, lambda, axis) are held at a time: 16 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pgls:
    """A fitted regression: (P,) each of coefficients, standard errors, t and two-sided p-values, the intercept first.

    `r2` is the share of the squares, weighted as the fitted lambda says, that the predictors take from the intercept
    alone. `variance` is that of e per unit of age, `freedom` S - P.
    """

    coefficients: Floats
    errors: Floats
    t: Floats
    p_values: Floats
    r2: float
    lambda_: float
    variance: float
    freedom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slopes:
    """T regressions of one trait on one predictor each: (T,) of slopes, their errors, t, p, R2 and lambda."""

    slopes: Floats
    errors: Floats
    t: Floats
    p_values: Floats
    r2: Floats
    lambdas: Floats


def pgls(values: npt.ArrayLike, predictors: npt.ArrayLike, ancestry: Ancestry) -> Pgls:
    """Regress values (S,) on predictors (S,) or (S, P - 1); an intercept is added.

    Raises ThujaError for NaN, for predictors that are constant or repeat each other, and EmptyInput for too few
    species.
    """
    y = np.asarray(values, dtype=np.float64)
    x = np.asarray(predictors, dtype=np.float64).reshape(len(y), -1)
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ThujaError("values and predictors of a regression are numbers", hint="leave the other species out")
    design = np.column_stack([np.ones(len(y)), x])
    if len(y) <= design.shape[1] + 1:
        raise EmptyInput(f"{len(y)} species are too few for a regression on {x.shape[1]} predictors")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ThujaError("a predictor is constant, or repeats another")
    if np.ptp(y) == 0:
        raise ThujaError(f"all species have the value {y[0]:g}: there is nothing to regress")
    fit = _fit(y[None], design[None], ancestry)
    errors = np.sqrt(fit.variances[0] * np.diagonal(fit.spreads[0]))
    t = fit.means[0] / errors
    freedom = len(y) - design.shape[1]
    return Pgls(
        coefficients=fit.means[0],
        errors=errors,
        t=t,
        p_values=np.asarray(2 * stats.t.sf(np.abs(t), freedom)),
        r2=float(fit.r2[0]),
        lambda_=float(fit.lambdas[0]),
        variance=float(fit.variances[0]),
        freedom=freedom,
    )


def slopes(values: Floats, predictors: Floats, ancestry: Ancestry) -> Slopes:
    """T regressions of values (S, T), each on its own predictor (S, T), as `pgls` would do them one by one.

    A constant predictor or constant values tell nothing: slope and t are 0, p is 1, the error is infinite.
    """
    count, traits = values.shape
    spread = predictors.std(axis=0)
    # Predictions that were shrunk to nothing but rounding are constants.
    is_told = (spread > 1e-12 * np.maximum(np.abs(predictors).max(axis=0), 1e-300)) & (np.ptp(values, axis=0) > 0)
    found = np.zeros((6, traits))
    found[1], found[3] = np.inf, 1.0
    block = max(1, _BLOCK // (_GRID * count))
    for start in range(0, int(is_told.sum()), block):
        chosen = np.flatnonzero(is_told)[start : start + block]
        scaled = predictors[:, chosen] / spread[chosen]
        designs = np.stack([np.ones_like(scaled), scaled], axis=-1).transpose(1, 0, 2)  # (T, S, 2)
        fit = _fit(values[:, chosen].T, designs, ancestry)
        slope = fit.means[:, 1] / spread[chosen]
        error = np.sqrt(fit.variances * fit.spreads[:, 1, 1]) / spread[chosen]
        t = np.divide(slope, error, out=np.zeros_like(slope), where=error > 0)
        p_values = 2 * stats.t.sf(np.abs(t), count - 2)
        found[:, chosen] = slope, error, t, p_values, fit.r2, fit.lambdas
    return Slopes(slopes=found[0], errors=found[1], t=found[2], p_values=found[3], r2=found[4], lambdas=found[5])


def signals(values: Floats, ancestry: Ancestry) -> tuple[Floats, Floats, Floats]:
    """Pagel's lambda, the mean at the root and the variance (T,) each of traits (S, T), none of them constant.

    It is the regression on an intercept alone.
    """
    count, traits = values.shape
    found = np.zeros((3, traits))
    block = max(1, _BLOCK // (_GRID * count))
    for start in range(0, traits, block):
        chosen = np.arange(start, min(start + block, traits))
        fit = _fit(values[:, chosen].T, np.ones((len(chosen), count, 1)), ancestry)
        found[:, chosen] = fit.lambdas, fit.means[:, 0], fit.variances
    return found[0], found[1], found[2]


def likely_lambdas(values: Floats, ancestry: Ancestry) -> tuple[Floats, Floats]:
    """A grid of lambdas (G,) on [0, 1], and how likely each makes the traits (S, T): their mean restricted likelihood.

    The shares (G,) sum to 1. Of one trait they are the posterior of lambda after a flat prior.
    """
    grid = np.linspace(0, 1, _FINE)
    y = (values - values.mean(axis=0)).T @ ancestry.axes
    x = np.broadcast_to((ancestry.axes.T @ np.ones((len(values), 1)))[None], (*y.shape, 1))
    likelihood = _Sums.of(y, x).at(np.broadcast_to(grid, (len(y), _FINE)), ancestry).likelihood.mean(axis=0)
    shares = np.exp(likelihood - likelihood.max())
    return grid, np.asarray(shares / shares.sum())


@dataclass(frozen=True, slots=True)
class _Fits:
    """T fits: means (T, P), their covariances (T, P, P) per unit of variance, variances, R2 and lambdas (T,)."""

    means: Floats
    spreads: Floats
    variances: Floats
    r2: Floats
    lambdas: Floats


def _fit(values: Floats, designs: Floats, ancestry: Ancestry) -> _Fits:
    """Values (T, S) on designs (T, S, P) of which the first column is the intercept."""
    centre = values.mean(axis=1)
    y = (values - centre[:, None]) @ ancestry.axes  # (T, S)
    x = np.matmul(ancestry.axes.T, designs)  # (T, S, P)
    sums, traits, width = _Sums.of(y, x), len(y), x.shape[2]
    low, high, rows = np.zeros(traits), np.ones(traits), np.arange(traits)
    steps = np.linspace(0, 1, _GRID)
    for _ in range(_ROUNDS):
        grid = low[:, None] + (high - low)[:, None] * steps  # (T, G)
        best = sums.at(grid, ancestry).likelihood.argmax(axis=1)
        low, high = grid[rows, np.maximum(best - 1, 0)], grid[rows, np.minimum(best + 1, _GRID - 1)]
        lambdas = grid[rows, best]
    last = sums.at(lambdas[:, None], ancestry)
    plain = _Sums.of(y, x[:, :, :1]).at(lambdas[:, None], ancestry)
    means = last.means[:, 0]
    means[:, 0] += centre
    return _Fits(
        means=means,
        spreads=np.asarray(np.linalg.inv(last.information[:, 0]), dtype=np.float64),
        variances=last.within[:, 0] / (y.shape[1] - width),
        r2=1 - last.within[:, 0] / plain.within[:, 0],
        lambdas=lambdas,
    )


@dataclass(frozen=True, slots=True)
class _Weighted:
    """Weighted least squares at G lambdas: means (T, G, P), information (T, G, P, P), squares left (T, G).

    `likelihood` (T, G) is the restricted log likelihood, but for a constant.
    """

    means: Floats
    information: Floats
    within: Floats
    likelihood: Floats


@dataclass(frozen=True, slots=True)
class _Sums:
    """What is summed over the S axes: x x' (P^2 columns), x y (P) and y^2 of each axis, (T, S, P^2 + P + 1)."""

    terms: Floats
    width: int

    @classmethod
    def of(cls, y: Floats, x: Floats) -> "_Sums":
        traits, count, width = x.shape
        products = (x[:, :, :, None] * x[:, :, None, :]).reshape(traits, count, width * width)
        return cls(np.concatenate([products, x * y[:, :, None], y[:, :, None] ** 2], axis=2), width)

    def at(self, grid: Floats, ancestry: Ancestry) -> _Weighted:
        """The fits at each lambda of a grid (T, G)."""
        weights = 1 / (grid[:, :, None] * (ancestry.variances - 1) + 1)  # (T, G, S)
        totals = np.matmul(weights, self.terms)
        squares, width = self.width**2, self.width
        information = totals[:, :, :squares].reshape(*grid.shape, width, width)
        moments = totals[:, :, squares:-1]
        means = np.linalg.solve(information, moments[..., None])[..., 0]
        # A perfect fit has no squares left, but for rounding.
        within = np.maximum(totals[:, :, -1] - (means * moments).sum(axis=2), 1e-14 * totals[:, :, -1])
        determinants = np.linalg.slogdet(information)[1] - np.log(weights).sum(axis=2)
        freedom = self.terms.shape[1] - width
        return _Weighted(means, information, within, -0.5 * (freedom * np.log(within) + determinants))
