"""The text's half of the loss against brute force: images as the alternatives."""

import numpy as np
import pytest
from tests.analyze.theorem.clouds import complement_of, prototypes_of, space_of, units

from thuja.analyze.theorem import species_costs, text_costs
from thuja.analyze.theorem import text_half as module
from thuja.errors import EmptyInput

COUNT, EACH = 6, 5


def half_loss(images: np.ndarray, species: np.ndarray, text: np.ndarray, own: int, tau: float) -> float:
    logits = images @ text / tau
    return float(np.log(np.exp(logits).sum()) - logits[species == own].mean())


def test_measured_and_temperature_are_the_losses_written_out() -> None:
    prototypes = prototypes_of(COUNT, 12)
    space = space_of(prototypes, each=EACH, spread=0.1)
    species = np.repeat(np.arange(COUNT), EACH)
    found = text_costs(space.vectors, species, prototypes, own=np.arange(COUNT), tau=0.3)
    means = np.repeat(space.vectors.reshape(COUNT, EACH, -1).mean(axis=1), EACH, axis=0)
    for own in range(COUNT):
        at = [half_loss(each, species, prototypes[own], own, 0.3) for each in (space.vectors, means, units(means))]
        assert found.measured[own] == pytest.approx(at[0] - at[1], abs=1e-10)
        assert found.temperature[own] == pytest.approx(at[1] - at[2], abs=1e-10)


def test_the_second_order_is_right_where_deviations_are_small() -> None:
    prototypes = prototypes_of(COUNT, 12)
    space = space_of(prototypes, each=EACH, spread=0.003)
    found = text_costs(space.vectors, np.repeat(np.arange(COUNT), EACH), prototypes, own=np.arange(COUNT), tau=0.3)
    np.testing.assert_allclose(found.predicted, found.measured, rtol=0.02)


def test_fresh_images_cost_what_the_independent_form_says() -> None:
    prototypes, generator, tau, spread = prototypes_of(COUNT, 12), np.random.default_rng(0), 0.3, 0.02
    species = np.repeat(np.arange(COUNT), EACH)
    means = prototypes[species]
    base = half_loss(means, species, prototypes[2], 2, tau)
    draws = []
    for _ in range(1500):
        deviations = spread * generator.standard_normal(means.shape)
        both = [half_loss(means + sign * deviations, species, prototypes[2], 2, tau) for sign in (1, -1)]
        draws.append(np.mean(both) - base)
    # the same covariance (spread^2 I) exactly: along each axis one image up and one down
    width = prototypes.shape[1]
    arms = spread * np.sqrt(width) * np.concatenate([np.eye(width), -np.eye(width)])
    images = (prototypes[:, None] + arms[None]).reshape(-1, width)
    found = text_costs(images, np.repeat(np.arange(COUNT), 2 * width), prototypes, own=np.arange(COUNT), tau=tau)
    share = np.exp(means @ prototypes[2] / tau)
    share /= share.sum()
    along = spread**2 * (prototypes[2] @ prototypes[2]) / tau**2
    expected = (share * (1 - share)).sum() * along / 2
    assert found.predicted[2] == pytest.approx(along / 2, rel=1e-9)
    assert found.independent[2] < found.predicted[2]
    assert np.mean(draws) == pytest.approx(expected, abs=4 * np.std(draws) / np.sqrt(1500) + 0.03 * expected)


def test_what_all_texts_share_is_free_for_images_and_costs_texts() -> None:
    """Variation along what prototypes have in common moves no image's soft-max and every text's."""
    prototypes = units(prototypes_of(COUNT, 12) * 0.3 + np.eye(12)[0])
    shared = np.linalg.svd(prototypes - prototypes.mean(axis=0))[2][COUNT - 1 :].sum(axis=0)
    images = np.concatenate([[each + 0.3 * shared, each - 0.3 * shared] for each in prototypes])
    found = text_costs(images, np.repeat(np.arange(COUNT), 2), prototypes, own=np.arange(COUNT), tau=0.3)
    assert (found.measured > 0.01).all()
    by_image = species_costs(images, np.repeat(np.arange(COUNT), 2), prototypes, own=np.arange(COUNT), tau=0.3)
    np.testing.assert_allclose(by_image.measured, 0, atol=1e-12)


def test_what_is_at_right_angles_to_every_text_is_free_for_both() -> None:
    prototypes = prototypes_of(COUNT, 12)
    free = complement_of(prototypes)[:, 0]
    images = np.concatenate([[each + free, each - free] for each in prototypes])
    found = text_costs(images, np.repeat(np.arange(COUNT), 2), prototypes, own=np.arange(COUNT), tau=0.3)
    np.testing.assert_allclose(found.measured, 0, atol=1e-12)
    np.testing.assert_allclose(found.predicted, 0, atol=1e-12)


def test_blocks_of_texts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    prototypes = prototypes_of(COUNT, 12)
    space = space_of(prototypes, each=EACH, spread=0.1)
    call = (space.vectors, np.repeat(np.arange(COUNT), EACH), prototypes)
    whole = text_costs(*call, own=np.arange(COUNT), tau=0.3)
    monkeypatch.setattr(module, "_BLOCK", 2 * COUNT * EACH)
    parts = text_costs(*call, own=np.arange(COUNT), tau=0.3)
    for name in ("measured", "predicted", "independent", "temperature", "own_share"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-12)


def test_a_text_without_an_image_is_refused() -> None:
    with pytest.raises(EmptyInput, match="3 texts need images of as many species, got 2"):
        text_costs(np.eye(3)[:2], [0, 2], np.eye(3), own=[0, 1, 2], tau=1.0)
