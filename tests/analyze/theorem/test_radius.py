"""How far the second order holds: what is certain, and what is measured."""

import numpy as np
import pytest
from tests.analyze.theorem.clouds import complement_of, prototypes_of

from thuja.analyze.theorem import certain_reach, cost_bounds, local_span, losses, measure_radius, tail_bounds
from thuja.errors import UsageError


def test_the_certain_reach_is_where_the_bound_passes_the_tolerance() -> None:
    reach = certain_reach(0.1)
    assert reach == pytest.approx(0.279, abs=0.001)
    low, high = cost_bounds(reach)
    assert max(high - 1, 1 - low) == pytest.approx(0.1, rel=1e-6)


def test_the_bounds_meet_at_one_and_are_smooth_there() -> None:
    low, high = cost_bounds(np.array([0.0, 9.99e-4, 1.001e-3]))
    assert (low[0], high[0]) == (1, 1)
    assert np.diff(high)[1] == pytest.approx(2e-6 / 3, rel=0.02)
    assert (low <= 1).all()


@pytest.mark.parametrize("tolerance", [0.0, 1.0, -0.5])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        certain_reach(tolerance)


def test_errors_vanish_within_the_radius_and_grow_beyond_it() -> None:
    prototypes, generator = prototypes_of(20, 32), np.random.default_rng(0)
    deviations = 0.05 * generator.standard_normal((30, 32))
    found = measure_radius(prototypes[0], deviations, prototypes, tau=0.1)
    assert abs(found.errors[0]) < 1e-3
    assert abs(found.errors[-1]) > 0.5
    assert found.radius == pytest.approx(np.sqrt((deviations**2).sum(axis=1).mean()) / 0.1)
    assert certain_reach() / found.reach < found.limit < found.scales[-1]


def test_the_limit_scales_with_tau_where_p_stays_the_same() -> None:
    """Prototypes and tau ten times as small are the same soft-max: so is what |delta| / tau may be."""
    prototypes, deviations = prototypes_of(20, 32), 0.05 * prototypes_of(30, 32, seed=4)
    one = measure_radius(prototypes[0], deviations, prototypes, tau=0.1)
    other = measure_radius(prototypes[0], deviations, prototypes / 10, tau=0.01)
    assert other.limit == pytest.approx(one.limit)
    assert other.reach == pytest.approx(one.reach)


def test_deviations_that_move_no_logit_never_leave_the_second_order() -> None:
    prototypes = prototypes_of(6, 16)
    found = measure_radius(prototypes[0], complement_of(prototypes).T, prototypes, tau=0.01)
    assert np.abs(found.errors).max() < 1e-6 or found.reach < 1e-10
    still = measure_radius(prototypes[0], np.zeros((3, 16)), prototypes, tau=0.01)
    assert (still.errors.tolist(), still.limit) == ([0.0] * len(still.scales), np.inf)


def test_a_local_span_holds_the_confusers_and_no_one_else() -> None:
    """Twelve prototypes of which three are near each other, in fewer dimensions than prototypes."""
    prototypes = prototypes_of(12, 8)
    prototypes[:3] = prototypes[0] + 0.1 * prototypes_of(3, 8, seed=8)
    found = local_span(prototypes[0], prototypes, 0, tau=0.05)
    assert sorted(found.members.tolist()) == [0, 1, 2]
    assert found.basis.shape == (8, 2)
    assert found.rest < 0.01
    assert 1 <= found.participation <= 2
    assert found.inside(found.basis.T) == pytest.approx(1)
    assert found.inside(np.zeros((2, 8))) == 0


def test_a_true_prototype_that_is_unlikely_is_among_its_own_local_span() -> None:
    prototypes = prototypes_of(12, 8)
    found = local_span(prototypes[0], prototypes, 7, tau=0.01)
    assert found.members.tolist() == [0, 7]


def test_at_right_angles_to_the_local_span_the_cost_lies_within_its_bounds() -> None:
    prototypes = prototypes_of(40, 8)
    prototypes[:3] = prototypes[0] + 0.1 * prototypes_of(3, 8, seed=8)
    found = local_span(prototypes[0], prototypes, 0, tau=0.1, mass=0.9)
    free = np.linalg.svd(found.basis.T)[2][found.basis.shape[1] :]
    for deviation in 0.2 * free:
        cost = losses((prototypes[0] + deviation)[None], prototypes, [0], tau=0.1)[0]
        cost -= losses(prototypes[:1], prototypes, [0], tau=0.1)[0]
        low, high = tail_bounds(found.rest, np.ptp(prototypes @ deviation) / 0.1)
        assert low - 1e-12 <= cost <= high + 1e-12


def test_prototypes_that_are_one_span_nothing() -> None:
    found = local_span(np.eye(4)[0], np.repeat(np.eye(4)[:1], 3, axis=0), 0, tau=0.1)
    assert found.basis.shape == (4, 0)
    assert found.participation == 0
    with pytest.raises(UsageError, match="between 0 and 1"):
        local_span(np.eye(4)[0], np.eye(4), 0, tau=0.1, mass=0)
