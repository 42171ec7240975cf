"""Simulated traits have the signal that they were made to match."""

from dataclasses import replace

import numpy as np
import pytest

from thuja.analyze.ancestry import (
    ancestries,
    fit_category_signal,
    fit_signal,
    memberships,
    signals,
    simulate_categories,
    simulate_values,
)
from thuja.taxonomy import Taxon

TAXA = [Taxon.from_names(["K", "P", "C", f"O{n // 12}", f"F{n // 6}", f"G{n // 3}", f"s{n}"]) for n in range(96)]
EQUAL, GRAFEN = ancestries(TAXA).values()


@pytest.mark.parametrize("lambda_", [0.0, 0.5, 1.0])
def test_numbers_have_the_lambda_mean_and_variance_that_were_fitted(lambda_: float) -> None:
    generator = np.random.default_rng(1)
    root = np.linalg.cholesky(lambda_ * GRAFEN.covariance + (1 - lambda_ + 1e-9) * np.eye(96))
    signal = fit_signal(10 + 3 * root @ generator.standard_normal(96), GRAFEN)
    assert signal.lambda_ == pytest.approx(lambda_, abs=0.2)
    sure = replace(signal, grid=np.array([signal.lambda_]), shares=np.ones(1))
    drawn = simulate_values(sure, GRAFEN, draws=200, generator=generator)
    lambdas, means, variances = signals(drawn, GRAFEN)
    assert np.mean(lambdas) == pytest.approx(signal.lambda_, abs=0.1)
    assert np.mean(means) == pytest.approx(signal.mean, abs=0.5)
    # At the end of the range lambda can only fall short, and what it leaves to noise is less variance.
    assert np.mean(variances) == pytest.approx(signal.variance, rel=0.15)


def test_lambdas_are_drawn_as_likely_as_the_trait_makes_them() -> None:
    """The likelihood of a grid by its plain formula, of all contrasts among 96 species."""
    generator = np.random.default_rng(2)
    values = np.linalg.cholesky(0.5 * GRAFEN.covariance + 0.5 * np.eye(96)) @ generator.standard_normal(96)
    signal = fit_signal(values, GRAFEN)
    contrasts = np.linalg.svd(np.eye(96) - 1 / 96)[0][:, :95]
    found = []
    for lambda_ in signal.grid:
        v = contrasts.T @ (lambda_ * GRAFEN.covariance + (1 - lambda_) * np.eye(96)) @ contrasts
        squares = (contrasts.T @ values) @ np.linalg.solve(v, contrasts.T @ values)
        found.append(-0.5 * (95 * np.log(squares) + np.linalg.slogdet(v)[1]))
    shares = np.exp(np.array(found) - max(found))
    assert signal.shares == pytest.approx(shares / shares.sum(), abs=1e-6)
    drawn = signal.draw(4000, generator)
    assert drawn.mean() == pytest.approx(signal.grid @ signal.shares, abs=0.01)


def test_categories_are_as_many_as_the_traits_own_in_every_draw() -> None:
    labels = np.repeat([0, 1, 2], [50, 40, 6])
    drawn = simulate_categories(labels, np.full(40, 0.7), EQUAL, generator=np.random.default_rng(2))
    counts = memberships(drawn, 3).sum(axis=0)
    assert (counts == [50, 40, 6]).all()
    assert len({tuple(draw) for draw in drawn.T.tolist()}) == 40


def test_categories_have_the_lambda_of_the_traits_memberships() -> None:
    generator = np.random.default_rng(3)
    true = simulate_categories(np.repeat([0, 1, 2], 32), np.array([0.9]), EQUAL, generator=generator)[:, 0]
    signal = fit_category_signal(true, EQUAL, generator)
    assert signal.liability > signal.lambda_  # a threshold blurs what ancestry says
    drawn = simulate_categories(true, np.full(60, signal.liability), EQUAL, generator=generator)
    found = signals(memberships(drawn, 3).reshape(96, -1), EQUAL)[0].mean()
    assert found == pytest.approx(signal.lambda_, abs=0.08)


def test_categories_scattered_at_random_have_no_signal() -> None:
    generator = np.random.default_rng(4)
    signal = fit_category_signal(generator.permutation(np.repeat([0, 1], 48)), GRAFEN, generator)
    assert signal.liability < 0.3
