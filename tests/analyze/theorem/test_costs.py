"""Costs species by species, against the loss written out; the gap, the sphere, and what saturates."""

import numpy as np
import pytest
from tests.analyze.theorem.clouds import complement_of, confusable, prototypes_of, space_of, units

from thuja.analyze.theorem import Costs, expected_cost, losses, species_costs, temperature_cost
from thuja.analyze.theorem import costs as module
from thuja.errors import EmptyInput, ThujaError

COUNT, EACH = 8, 12


def costs_of(prototypes: np.ndarray, vectors: np.ndarray, *, tau: float) -> Costs:
    species = np.repeat(np.arange(len(prototypes)), len(vectors) // len(prototypes))
    return species_costs(vectors, species, prototypes, own=np.arange(len(prototypes)), tau=tau)


def test_measured_costs_are_the_losses_less_those_at_the_means() -> None:
    prototypes = prototypes_of(COUNT, 16)
    space = space_of(prototypes, each=EACH, spread=0.1)
    found = costs_of(prototypes, space.vectors, tau=0.1)
    for number in range(COUNT):
        points = space.vectors[number * EACH : (number + 1) * EACH]
        mean = points.mean(axis=0)
        own = np.full(EACH, number)
        level = losses(mean[None], prototypes, [number], tau=0.1)[0]
        towards = losses(units(mean)[None], prototypes, [number], tau=0.1)[0]
        each = losses(points, prototypes, own, tau=0.1).mean()
        covariance = np.cov(points.T, bias=True)
        assert found.measured[number] == pytest.approx(each - level, rel=1e-8)
        assert found.on_sphere[number] == pytest.approx(each - towards, rel=1e-8)
        assert found.predicted[number] == pytest.approx(expected_cost(mean, covariance, prototypes, tau=0.1), rel=1e-10)
        at_text = expected_cost(prototypes[number], covariance, prototypes, tau=0.1)
        assert found.at_prototype[number] == pytest.approx(at_text, rel=1e-10)
        assert found.variance[number] == pytest.approx(np.trace(covariance), rel=1e-10)


def test_the_temperature_is_that_of_the_total_variance() -> None:
    """E|z|^2 = 1, so |m|^2 = 1 - tr Sigma, and r^2 = tr Sigma / (1 - tr Sigma), whichever way images vary."""
    prototypes = prototypes_of(COUNT, 16)
    space = space_of(prototypes, each=EACH, spread=0.15)
    found = costs_of(prototypes, space.vectors, tau=0.1)
    means = space.vectors.reshape(COUNT, EACH, -1).mean(axis=1)
    radius = np.sqrt(found.variance / (1 - found.variance))
    expected = temperature_cost(units(means), prototypes, np.arange(COUNT), tau=0.1, radius=radius)
    np.testing.assert_allclose(found.temperature, expected, rtol=1e-9)


def test_variation_outside_the_span_costs_by_the_temperature_alone() -> None:
    prototypes, generator = prototypes_of(COUNT, 32), np.random.default_rng(0)
    free = complement_of(prototypes)
    vectors = np.repeat(prototypes, EACH, axis=0)
    lengths = 0.6 * units(generator.standard_normal((COUNT * EACH, free.shape[1])))
    found = costs_of(prototypes, units(vectors + lengths @ free.T), tau=0.2)
    np.testing.assert_allclose(found.measured, 0, atol=1e-12)
    np.testing.assert_allclose(found.inside, 0, atol=1e-12)
    assert (found.temperature > 1e-3).all()
    np.testing.assert_allclose(found.outside_part, found.temperature)


def test_the_images_mean_and_not_the_prototype_is_where_p_has_to_be_taken() -> None:
    """A shared gap along one prototype makes it everyone's confuser: p at the prototype knows nothing of it."""
    prototypes = prototypes_of(COUNT, 32)
    space = space_of(prototypes, each=40, spread=0.02, gap=0.9 * prototypes[0])
    found = costs_of(prototypes, space.vectors, tau=0.2)
    np.testing.assert_allclose(found.measured / found.predicted, 1, atol=0.02)
    assert (np.abs(found.measured / found.at_prototype - 1)[1:] > 0.1).all()
    assert (found.moved[1:] > 0.05).all()


def test_a_gap_at_right_angles_to_the_prototypes_moves_p_by_its_length_alone() -> None:
    prototypes, tau = prototypes_of(COUNT, 32), 0.2
    gap = 0.75 * complement_of(prototypes)[:, 0]
    vectors = units(np.repeat(prototypes + gap, 2, axis=0))
    found = costs_of(prototypes, vectors, tau=tau)
    logits = prototypes @ prototypes.T / (tau * np.sqrt(1 + 0.75**2))
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.wrong, 1 - np.diag(weights), rtol=1e-10)


def test_at_a_hundredth_the_second_order_is_off_by_more_than_a_tenth() -> None:
    """At tau = .01 deviations of length .16 leave the second order, at .25 they do not."""
    prototypes = confusable(64, 32)
    space = space_of(prototypes, each=EACH, spread=0.16 / np.sqrt(32))
    cold, warm = (costs_of(prototypes, space.vectors, tau=tau) for tau in (0.01, 0.25))
    assert np.sqrt(cold.variance.mean()) == pytest.approx(0.16, rel=0.1)
    assert np.median(np.abs(cold.predicted / cold.measured - 1)) > 0.1
    assert np.abs(warm.predicted / warm.measured - 1).max() < 0.1


def test_blocks_of_images_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    prototypes = prototypes_of(COUNT, 16)
    space = space_of(prototypes, each=EACH, spread=0.1)
    whole = costs_of(prototypes, space.vectors, tau=0.1)
    monkeypatch.setattr(module, "_BLOCK", 5 * COUNT)
    parts = costs_of(prototypes, space.vectors, tau=0.1)
    np.testing.assert_allclose(parts.measured, whole.measured, rtol=1e-12)
    np.testing.assert_allclose(parts.reach, whole.reach, rtol=1e-12)


def test_images_in_any_order_and_of_no_species_change_nothing() -> None:
    prototypes = prototypes_of(COUNT, 16)
    space = space_of(prototypes, each=EACH, spread=0.1)
    species = np.repeat(np.arange(COUNT), EACH)
    order = np.random.default_rng(0).permutation(len(species))
    vectors = np.concatenate([space.vectors[order], prototypes[:2]])
    numbers = np.concatenate([species[order], [-1, -1]])
    found = species_costs(vectors, numbers, prototypes, own=np.arange(COUNT), tau=0.1)
    np.testing.assert_allclose(found.measured, costs_of(prototypes, space.vectors, tau=0.1).measured, rtol=1e-9)


def test_images_that_do_not_vary_cost_nothing() -> None:
    prototypes = prototypes_of(COUNT, 16)
    found = costs_of(prototypes, np.repeat(prototypes, 3, axis=0), tau=0.1)
    for each in (found.measured, found.predicted, found.temperature, found.variance, found.outside_part):
        np.testing.assert_allclose(each, 0, atol=1e-12)


def test_one_species_or_equal_prototypes_cost_nothing_and_span_nothing() -> None:
    vectors = prototypes_of(6, 4)
    alone = species_costs(vectors, np.zeros(6, np.int64), vectors[:1], own=[0], tau=0.1)
    same = species_costs(vectors, [0, 0, 0, 1, 1, 1], np.repeat(vectors[:1], 2, axis=0), own=[0, 1], tau=0.1)
    for found in (alone, same):
        assert found.dimensions == 0
        np.testing.assert_allclose(found.on_sphere, 0, atol=1e-12)
        np.testing.assert_allclose(found.predicted, 0, atol=1e-12)


def test_opposite_images_whose_mean_is_nothing_have_no_direction_and_no_temperature() -> None:
    prototypes = np.eye(3)
    found = species_costs(np.array([[1.0, 0, 0], [-1.0, 0, 0]]), [0, 0], prototypes, own=[0], tau=1.0)
    assert found.temperature.tolist() == [0]
    assert found.wrong[0] == pytest.approx(2 / 3)


def test_species_that_do_not_fit_are_refused() -> None:
    with pytest.raises(EmptyInput, match="no image of a species"):
        species_costs(np.eye(2), [-1, -1], np.eye(2), own=[0], tau=1.0)
    with pytest.raises(ThujaError, match="do not fit"):
        species_costs(np.eye(2), [0, 1], np.eye(2), own=[0], tau=1.0)
