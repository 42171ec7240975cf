"""On the sphere an orthogonal deviation is a temperature, and not free."""

import numpy as np
import pytest
from tests.analyze.theorem.clouds import complement_of, prototypes_of, units

from thuja.analyze.theorem import losses, temperature_cost, temperature_expansion, temperature_slopes

TAU = 0.25


@pytest.mark.parametrize("radius", [0.1, 0.6, 1.0, 3.0])
def test_an_orthogonal_deviation_on_the_sphere_is_the_temperature_form(radius: float) -> None:
    prototypes, own = prototypes_of(12, 64), np.arange(12)
    images = units(prototypes + radius * complement_of(prototypes)[:, 3])
    measured = losses(images, prototypes, own, tau=TAU) - losses(prototypes, prototypes, own, tau=TAU)
    predicted = temperature_cost(prototypes, prototypes, own, tau=TAU, radius=radius)
    warmer = losses(prototypes, prototypes, own, tau=TAU * np.sqrt(1 + radius**2))
    np.testing.assert_allclose(measured, predicted, atol=1e-12)
    np.testing.assert_allclose(predicted, warmer - losses(prototypes, prototypes, own, tau=TAU), atol=1e-12)
    assert (predicted > 0).all()


def test_the_slopes_are_the_derivatives_in_log_tau() -> None:
    prototypes, points, own = prototypes_of(6, 8), prototypes_of(4, 8, seed=5), np.array([0, 1, 2, 3])
    slope, variance = temperature_slopes(points, prototypes, own, tau=TAU)
    step = 1e-4
    warm, mild, cool = (losses(points, prototypes, own, tau=TAU * np.exp(x)) for x in (step, 0.0, -step))
    np.testing.assert_allclose(slope, (warm - cool) / (2 * step), atol=1e-7)
    np.testing.assert_allclose(variance - slope, (warm - 2 * mild + cool) / step**2, atol=1e-5)


def test_the_expansion_in_the_radius_is_right_to_sixth_order() -> None:
    prototypes, points, own = prototypes_of(6, 8), prototypes_of(4, 8, seed=5), np.array([0, 1, 2, 3])
    slope, variance = temperature_slopes(points, prototypes, own, tau=TAU)
    errors = [
        np.abs(
            temperature_cost(points, prototypes, own, tau=TAU, radius=r)
            - temperature_expansion(slope, variance, radius=r)
        ).max()
        for r in (0.05, 0.1)
    ]
    assert errors[1] / errors[0] == pytest.approx(64, rel=0.1)


def test_warmth_helps_an_image_that_is_taken_for_another_species() -> None:
    prototypes = prototypes_of(6, 8)
    slope, _ = temperature_slopes(prototypes[:1], prototypes, [3], tau=TAU)
    assert slope[0] < 0
    assert temperature_cost(prototypes[:1], prototypes, [3], tau=TAU, radius=0.5)[0] < 0


def test_with_two_prototypes_the_sphere_costs_tau_over_twice_p_of_what_the_span_costs() -> None:
    """As docs/theorem.md works out: A r^2 / 2 over p q |mu_s - mu_k|^2 r^2 / 2 tau^2 is tau / 2 p."""
    prototypes, tau = prototypes_of(2, 8), 0.1
    slope, _ = temperature_slopes(prototypes[:1], prototypes, [0], tau=tau)
    apart = prototypes[0] - prototypes[1]
    p = 1 / (1 + np.exp(-apart @ prototypes[0] / tau))
    inside = p * (1 - p) * (apart @ apart) / (2 * tau**2)
    assert slope[0] / 2 / inside == pytest.approx(tau / (2 * p), rel=1e-10)
