"""Phylogenetic regression against the plain formula, and its p-values where predictors know nothing of the trait."""

import numpy as np
import pytest
from scipy import optimize, stats

from thuja.analyze.ancestry import ancestries, pgls, signals, slopes
from thuja.biosphere.signal import Ancestry, pagel_lambda
from thuja.errors import EmptyInput, ThujaError
from thuja.taxonomy import Taxon

TAXA = [Taxon.from_names(["K", "P", "C", f"O{n // 10}", f"F{n // 5}", f"G{n // 2}", f"s{n}"]) for n in range(40)]
EQUAL, GRAFEN = ancestries(TAXA).values()


def drawn(ancestry: Ancestry, lambda_: float, width: int, generator: np.random.Generator) -> np.ndarray:
    root = np.linalg.cholesky(lambda_ * ancestry.covariance + (1 - lambda_) * np.eye(len(ancestry.covariance)) + 1e-12)
    return root @ generator.standard_normal((len(root), width))


def plain(y: np.ndarray, x: np.ndarray, ancestry: Ancestry) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, errors and lambda by inverting V, with lambda by scipy's search."""

    def fit(lambda_: float) -> tuple[float, np.ndarray, np.ndarray]:
        v = lambda_ * ancestry.covariance + (1 - lambda_) * np.eye(len(y))
        inverse = np.linalg.inv(v)
        spread = np.linalg.inv(x.T @ inverse @ x)
        b = spread @ x.T @ inverse @ y
        squares = float((y - x @ b) @ inverse @ (y - x @ b))
        freedom = len(y) - x.shape[1]
        loss = freedom * np.log(squares) + np.linalg.slogdet(v)[1] - np.linalg.slogdet(spread)[1]
        return loss, b, np.sqrt(np.diag(spread) * squares / freedom)

    best = optimize.minimize_scalar(lambda one: fit(one)[0], bounds=(0, 1), method="bounded", options={"xatol": 1e-7})
    _, b, errors = fit(best.x)
    return b, errors, float(best.x)


@pytest.mark.parametrize("ancestry", [EQUAL, GRAFEN], ids=["equal steps", "Grafen"])
def test_a_regression_equals_the_plain_formula(ancestry: Ancestry) -> None:
    generator = np.random.default_rng(3)
    x = drawn(ancestry, 0.8, 2, generator)
    y = 1000 + x @ [0.5, -0.2] + drawn(ancestry, 0.6, 1, generator)[:, 0]
    found = pgls(y, x, ancestry)
    b, errors, lambda_ = plain(y, np.column_stack([np.ones(len(y)), x]), ancestry)
    assert found.lambda_ == pytest.approx(lambda_, abs=1e-3)
    assert found.coefficients == pytest.approx(b, rel=1e-3)
    assert found.errors == pytest.approx(errors, rel=1e-2)
    assert found.p_values == pytest.approx(2 * stats.t.sf(np.abs(found.t), 37))
    assert 0 < found.r2 < 1


def test_many_regressions_at_once_equal_one_by_one() -> None:
    generator = np.random.default_rng(4)
    y, x = drawn(GRAFEN, 0.5, 6, generator), 100 * drawn(GRAFEN, 1.0, 6, generator)
    x[:, 2] = 7.0
    y[:, 3] = 1.0
    found = slopes(y, x, GRAFEN)
    for column in (0, 1, 4, 5):
        one = pgls(y[:, column], x[:, column], GRAFEN)
        assert found.slopes[column] == pytest.approx(one.coefficients[1])
        assert found.t[column] == pytest.approx(one.t[1])
        assert found.p_values[column] == pytest.approx(one.p_values[1])
        assert found.r2[column] == pytest.approx(one.r2)
    assert found.t[[2, 3]].tolist() == [0, 0]
    assert found.p_values[[2, 3]].tolist() == [1, 1]


def test_lambda_of_an_intercept_alone_is_pagels() -> None:
    values = drawn(EQUAL, 0.5, 5, np.random.default_rng(5))
    assert signals(values, EQUAL)[0] == pytest.approx(pagel_lambda(values, EQUAL), abs=1e-3)


@pytest.mark.parametrize("lambda_", [0.0, 1.0])
def test_p_values_of_predictors_that_know_nothing_are_uniform(lambda_: float) -> None:
    """Of traits along the tree, and of independent ones, on predictors that follow the tree: 200 draws each."""
    generator = np.random.default_rng(6)
    found = slopes(drawn(GRAFEN, lambda_, 200, generator), drawn(GRAFEN, 1.0, 200, generator), GRAFEN)
    assert stats.kstest(found.p_values, "uniform").pvalue > 0.01


def test_what_cannot_be_regressed_is_said() -> None:
    values = np.arange(40.0)
    with pytest.raises(ThujaError, match="constant, or repeats"):
        pgls(values, np.ones(40), EQUAL)
    with pytest.raises(ThujaError, match="all species have the value 3"):
        pgls(np.full(40, 3.0), values, EQUAL)
    with pytest.raises(ThujaError, match="are numbers"):
        pgls(np.where(values == 3, np.nan, values), values, EQUAL)
    with pytest.raises(EmptyInput, match="3 species are too few"):
        pgls(values[:3], values[:3], EQUAL.among(np.arange(3)))
