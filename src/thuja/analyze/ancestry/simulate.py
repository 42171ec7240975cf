"""Traits that know nothing but the tree, with a given trait's signal: the null of any statistic whatever.

A number is Brownian motion plus white noise, with the trait's variance and a lambda that is drawn anew for each
simulated trait, as likely as the trait makes it: of some dozens of species lambda is known poorly, and a null of one
lambda would be too sure of it. A category comes from liabilities of that kind, one a category (the threshold model:
Felsenstein 2012, doi:10.1086/663681), and every category has exactly as many species as the trait's own. A threshold
blurs what ancestry says, so liabilities get the lambda that gives categories the lambda of the trait's own.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.ancestry.pgls import likely_lambdas, signals
from thuja.biosphere.signal import Ancestry

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

LADDER: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Lambdas of liabilities that are tried."""
_TRIED = 24
"""Traits that are drawn at each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What was fitted to a trait: Pagel's lambda, the mean at the root, the variance per unit of the tree's age.

    Of categories `lambda_` is that of their memberships (0 or 1), in the mean over categories by their species, and
    `liability` is the lambda that liabilities need for it; of numbers they are the same. `grid` (G,) and `shares` (G,)
    say how likely each lambda of liabilities is.
    """

    lambda_: float
    liability: float
    grid: Floats
    shares: Floats
    mean: float = 0.0
    variance: float = 1.0

    def draw(self, count: int, generator: np.random.Generator) -> Floats:
        """Lambdas of liabilities (count,), each as likely as the trait makes it."""
        return generator.choice(self.grid, size=count, p=self.shares)


def fit_signal(values: Floats, ancestry: Ancestry) -> Signal:
    """The signal of a trait in numbers (S,), not all the same."""
    lambdas, means, variances = signals(values[:, None], ancestry)
    lambda_ = float(lambdas[0])
    grid, shares = likely_lambdas(values[:, None], ancestry)
    return Signal(
        lambda_=lambda_,
        liability=lambda_,
        grid=grid,
        shares=shares,
        mean=float(means[0]),
        variance=float(variances[0]),
    )


def fit_category_signal(labels: Indices, ancestry: Ancestry, generator: np.random.Generator) -> Signal:
    """The signal of a trait in categories (S,), numbered from 0; the ladder's rungs are joined by straight lines."""
    wanted = float(_category_lambdas(labels[:, None], ancestry)[0])
    flags = memberships(labels[:, None], int(labels.max()) + 1)[:, 0]
    grid, shares = likely_lambdas(flags, ancestry)
    rungs = []
    for rung in LADDER:
        drawn = simulate_categories(labels, np.full(_TRIED, rung), ancestry, generator=generator)
        rungs.append(float(_category_lambdas(drawn, ancestry).mean()))
    # Chance must not make the ladder turn back.
    ladder = np.interp([wanted, *grid], np.maximum.accumulate(rungs), LADDER)
    return Signal(lambda_=wanted, liability=float(ladder[0]), grid=ladder[1:], shares=shares)


def simulate_values(signal: Signal, ancestry: Ancestry, *, draws: int, generator: np.random.Generator) -> Floats:
    """Traits (S, draws) in numbers that have this signal and know nothing but the tree."""
    drawn = _liabilities(signal.draw(draws, generator), ancestry, generator)
    return np.asarray(signal.mean + np.sqrt(signal.variance) * drawn)


def simulate_categories(
    labels: Indices, lambdas: Floats, ancestry: Ancestry, *, generator: np.random.Generator
) -> Indices:
    """Traits (S, B) in categories, each with as many species as in `labels` (S,); `lambdas` (B,) are of liabilities.

    The categories come in random order; each takes its number of the species that are left, those with the most of
    its own liability. Two categories are one liability cut at a threshold.
    """
    count, draws = len(labels), len(lambdas)
    sizes = np.bincount(labels)
    found = np.full((draws, count), -1, dtype=np.int64)
    wide = _liabilities(np.repeat(lambdas, len(sizes)), ancestry, generator)
    liabilities = wide.T.reshape(draws, len(sizes), count)
    for draw in range(draws):
        order = generator.permutation(len(sizes))
        for category in order[:-1]:
            left = np.flatnonzero(found[draw] < 0)
            highest = np.argsort(-liabilities[draw, category, left], kind="stable")[: sizes[category]]
            found[draw, left[highest]] = category
        found[draw, found[draw] < 0] = order[-1]
    return np.asarray(found.T)


def memberships(labels: Indices, categories: int) -> Floats:
    """Whether a species is of a category, 1 or 0: labels (S, T) to (S, T, categories)."""
    return np.asarray((labels[:, :, None] == np.arange(categories)).astype(np.float64))


def _category_lambdas(labels: Indices, ancestry: Ancestry) -> Floats:
    """The mean lambda (T,) of the memberships of traits (S, T), each category weighing as many as it has species."""
    categories = int(labels.max()) + 1
    flags = memberships(labels, categories).reshape(len(labels), -1)
    lambdas = signals(flags, ancestry)[0].reshape(-1, categories)
    return np.asarray(np.average(lambdas, axis=1, weights=np.bincount(labels[:, 0], minlength=categories) + 0.0))


def _liabilities(lambdas: Floats, ancestry: Ancestry, generator: np.random.Generator) -> Floats:
    """Standard liabilities (S, B): Brownian motion for `lambdas` (B,) of the variance, white noise for the rest."""
    noise = generator.standard_normal((2, len(ancestry.covariance), len(lambdas)))
    brownian = ancestry.axes @ (np.sqrt(ancestry.variances)[:, None] * noise[0])
    return np.asarray(np.sqrt(lambdas) * brownian + np.sqrt(1 - lambdas) * noise[1])
