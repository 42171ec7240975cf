"""The expansion against brute force: differences for derivatives, draws for means, bounds for every input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analyze.theorem.clouds import complement_of, prototypes_of

from thuja.analyze.theorem import (
    cost_bounds,
    curved_cost,
    expected_cost,
    gradient,
    hessian,
    losses,
    weighted_covariance,
)
from thuja.analyze.theorem.expansion import log_probabilities, reaches, second_order, shifts_of
from thuja.errors import EmptyInput, ThujaError, UsageError

TAU = 0.25


def loss_at(point: np.ndarray, prototypes: np.ndarray, own: int, tau: float = TAU) -> float:
    logits = prototypes @ point / tau
    return float(np.log(np.exp(logits).sum()) - logits[own])


def test_the_loss_is_its_definition() -> None:
    prototypes, points = prototypes_of(6, 10), prototypes_of(4, 10, seed=1)
    own = np.array([0, 5, 2, 2])
    expected = [loss_at(point, prototypes, row) for point, row in zip(points, own, strict=True)]
    np.testing.assert_allclose(losses(points, prototypes, own, tau=TAU), expected, rtol=1e-12)


def test_a_loss_far_below_rounding_of_one_keeps_its_digits() -> None:
    prototypes = np.eye(2)
    np.testing.assert_allclose(losses(np.eye(2), prototypes, [0, 1], tau=0.01), np.exp(-100.0), rtol=1e-12)


def test_gradient_and_hessian_are_the_differences_of_the_loss() -> None:
    prototypes, point, step = prototypes_of(7, 5), prototypes_of(1, 5, seed=3)[0], 1e-4
    axes = step * np.eye(5)
    slopes = [(loss_at(point + e, prototypes, 2) - loss_at(point - e, prototypes, 2)) / (2 * step) for e in axes]
    np.testing.assert_allclose(gradient(point, prototypes, 2, tau=TAU), slopes, atol=1e-7)
    curves = [
        [
            sum(a * b * loss_at(point + a * first + b * second, prototypes, 2) for a in (1, -1) for b in (1, -1))
            / (4 * step**2)
            for second in axes
        ]
        for first in axes
    ]
    np.testing.assert_allclose(hessian(point, prototypes, tau=TAU), curves, atol=1e-6)


def test_the_hessian_has_the_rank_of_the_prototypes_differences() -> None:
    prototypes = prototypes_of(12, 64)
    assert np.linalg.matrix_rank(hessian(prototypes[0], prototypes, tau=TAU), tol=1e-10) == 11


def test_the_covariance_is_that_of_numpy() -> None:
    prototypes, weights = prototypes_of(5, 3), np.array([5, 1, 2, 0, 2])
    expected = np.cov(prototypes.T, fweights=weights, bias=True)
    np.testing.assert_allclose(weighted_covariance(prototypes, weights / weights.sum()), expected, atol=1e-14)


def test_expected_cost_is_the_mean_over_small_draws_within_its_error() -> None:
    prototypes, generator = prototypes_of(9, 6), np.random.default_rng(0)
    factor = 0.02 * generator.standard_normal((6, 6))
    draws = generator.standard_normal((40_000, 6)) @ factor.T
    draws = np.concatenate([draws, -draws])  # the gradient's term, the largest part of the noise, is then 0
    point, own = prototypes[4], np.full(len(draws), 4)
    each = losses(point + draws, prototypes, own, tau=TAU) - losses(point[None], prototypes, [4], tau=TAU)
    pairs = each.reshape(2, -1).mean(axis=0)
    error = 4 * pairs.std() / np.sqrt(len(pairs))
    predicted = expected_cost(point, factor @ factor.T, prototypes, tau=TAU)
    assert error < 0.05 * predicted
    assert abs(pairs.mean() - predicted) < error + 0.02 * predicted


def test_curved_cost_is_the_loss_beyond_its_gradient() -> None:
    prototypes, generator = prototypes_of(8, 6), np.random.default_rng(2)
    point = prototypes[1] + 0.1
    deviations = generator.standard_normal((50, 6)) * np.logspace(-3, 0.5, 50)[:, None]
    weights = log_probabilities(point[None], prototypes, tau=TAU)[0]
    found = curved_cost(weights, shifts_of(deviations, prototypes, weights, tau=TAU))
    slope = gradient(point, prototypes, 3, tau=TAU)
    expected = [
        loss_at(point + each, prototypes, 3) - loss_at(point, prototypes, 3) - slope @ each for each in deviations
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12)


def test_curved_cost_of_a_tiny_deviation_is_its_second_order() -> None:
    prototypes = prototypes_of(8, 6)
    weights = log_probabilities(prototypes[:1], prototypes, tau=TAU)[0]
    shifts = shifts_of(1e-7 * prototypes_of(3, 6, seed=9), prototypes, weights, tau=TAU)
    np.testing.assert_allclose(curved_cost(weights, shifts), second_order(weights, shifts), rtol=1e-5)


def test_a_cost_far_below_rounding_of_one_keeps_its_digits_at_any_reach() -> None:
    """Costs of a sure soft-max were rounding once shifts passed a half: the radius then ended there by mistake."""
    weights = np.array([0.0, -60.0])
    for shift in (0.1, 0.6, 5.0, 20.0):
        shifts = np.array([[-shift * np.exp(-60.0), shift]])
        expected = np.exp(-60.0) * (np.expm1(shift) - shift)
        np.testing.assert_allclose(curved_cost(weights, shifts), expected, rtol=1e-6)
    beyond = curved_cost(weights, np.array([[-400 * np.exp(-60.0), 400.0]]))
    np.testing.assert_allclose(beyond, 340.0, rtol=1e-12)


def test_a_deviation_at_right_angles_to_all_prototypes_is_free_at_any_length() -> None:
    prototypes = prototypes_of(12, 64)
    for length in (0.1, 1.0, 10.0):
        moved = prototypes + length * complement_of(prototypes)[:, 0]
        own = np.arange(12)
        free = losses(moved, prototypes, own, tau=TAU) - losses(prototypes, prototypes, own, tau=TAU)
        np.testing.assert_allclose(free, 0, atol=1e-12)


def test_a_deviation_along_what_all_prototypes_share_is_free_though_it_is_at_right_angles_to_none() -> None:
    prototypes = prototypes_of(5, 8)
    shared = np.linalg.svd(prototypes - prototypes.mean(axis=0))[2][4:].sum(axis=0)  # off the differences
    assert np.abs(prototypes @ shared).min() > 1e-3
    moved = losses(prototypes + 3 * shared, prototypes, np.arange(5), tau=TAU)
    np.testing.assert_allclose(moved, losses(prototypes, prototypes, np.arange(5), tau=TAU), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(2, 9),
    tau=st.floats(0.01, 2.0),
    length=st.floats(1e-4, 2.0),
)
def test_the_cost_lies_within_the_bounds_of_its_reach(seed: int, count: int, tau: float, length: float) -> None:
    prototypes, generator = prototypes_of(count, 6, seed=seed), np.random.default_rng(seed)
    weights = log_probabilities(generator.standard_normal((1, 6)), prototypes, tau=tau)[0]
    shifts = shifts_of(length * generator.standard_normal((5, 6)), prototypes, weights, tau=tau)
    exact, second = curved_cost(weights, shifts), second_order(weights, shifts)
    low, high = cost_bounds(reaches(shifts))
    assert (exact >= low * second * (1 - 1e-6) - 1e-14).all()
    assert (exact <= high * second * (1 + 1e-6) + 1e-14).all()
    assert (exact <= reaches(shifts) + 1e-12).all()
    third = reaches(shifts) ** 3 / (36 * np.sqrt(3))
    assert (np.abs(exact - second) <= third * (1 + 1e-6) + 1e-14).all()


def test_two_prototypes_reach_the_third_order_bound() -> None:
    """p (1 - p) (1 - 2 p) is 1 / 6 sqrt(3) at p = (1 - 1 / sqrt 3) / 2: no smaller constant would do."""
    least = (1 - 1 / np.sqrt(3)) / 2
    weights, reach = np.log([least, 1 - least]), 1e-3
    shifts = np.array([[1 - least, -least]]) * reach
    error = (curved_cost(weights, shifts) - second_order(weights, shifts))[0]
    assert error == pytest.approx(reach**3 / (36 * np.sqrt(3)), rel=1e-2)


def test_one_prototype_is_no_choice_and_costs_nothing() -> None:
    points = prototypes_of(3, 4)
    assert losses(points, points[:1], [0, 0, 0], tau=TAU).tolist() == [0, 0, 0]
    assert hessian(points[0], points[:1], tau=TAU).tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(tau: float) -> None:
    with pytest.raises(UsageError, match="must be above 0"):
        losses(np.eye(2), np.eye(2), [0, 1], tau=tau)


def test_what_lies_in_another_space_is_refused() -> None:
    with pytest.raises(ThujaError, match="do not lie in one space"):
        losses(np.eye(2), np.eye(3), [0, 1], tau=TAU)
    with pytest.raises(ThujaError, match="not all numbers"):
        losses(np.array([[np.nan, 0.0]]), np.eye(2), [0], tau=TAU)
    with pytest.raises(EmptyInput, match="no prototype"):
        losses(np.eye(2), np.empty((0, 2)), [0, 1], tau=TAU)
