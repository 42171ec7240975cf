"""Predictions for left-out folds equal those of fits made one by one."""

import numpy as np
import pytest

from thuja.analyze.traits import Axes, direction, predict_elsewhere, predict_left_out
from thuja.analyze.traits.ridge import PENALTIES

SHAPES = [(30, 8), (30, 60)]


def drawn(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    vectors = generator.standard_normal(shape) * np.linspace(0.2, 3, shape[1]) + 5
    targets = vectors[:, :4] @ generator.standard_normal((4, 4)) + 2 * generator.standard_normal((shape[0], 4))
    return vectors, targets, np.arange(shape[0]) % 5


def fitted(vectors: np.ndarray, target: np.ndarray, train: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """Slopes and intercept of a ridge regression by its normal equations, the vectors already scaled."""
    x, y = vectors[train], target[train]
    gaps = x - x.mean(axis=0)
    slopes = np.linalg.solve(gaps.T @ gaps + penalty * len(vectors) * np.eye(x.shape[1]), gaps.T @ (y - y.mean()))
    return slopes, float(y.mean() - x.mean(axis=0) @ slopes)


def plain(vectors: np.ndarray, target: np.ndarray, folds: np.ndarray) -> tuple[np.ndarray, list[int]]:
    scaled = (vectors - vectors.mean(axis=0)) * np.sqrt(len(vectors) / ((vectors - vectors.mean(axis=0)) ** 2).sum())
    found, chosen = np.zeros(len(target)), []
    for held in range(folds.max() + 1):
        losses = []
        for penalty in PENALTIES:
            loss = 0.0
            for other in set(folds.tolist()) - {held}:
                slopes, intercept = fitted(scaled, target, (folds != held) & (folds != other), penalty)
                loss += float(((target - scaled @ slopes - intercept)[folds == other] ** 2).sum())
            losses.append(loss)
        chosen.append(int(np.argmin(losses)))
        slopes, intercept = fitted(scaled, target, folds != held, PENALTIES[chosen[-1]])
        found[folds == held] = (scaled @ slopes + intercept)[folds == held]
    return found, chosen


@pytest.mark.parametrize("shape", SHAPES, ids=["more species", "more dimensions"])
def test_all_traits_at_once_equal_fits_made_one_by_one(shape: tuple[int, int]) -> None:
    vectors, targets, folds = drawn(shape)
    axes = Axes.of(vectors)
    assert axes is not None
    found = predict_left_out(axes, targets, folds)
    for column in range(4):
        values, chosen = plain(vectors, targets[:, column], folds)
        assert found.penalties[:, column].tolist() == chosen
        assert found.values[:, column] == pytest.approx(values, abs=1e-6)
        others = [targets[folds != fold, column].mean() for fold in folds]
        assert found.scores[:, column] == pytest.approx(values - others, abs=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=["more species", "more dimensions"])
def test_on_its_own_vectors_another_background_is_predicted_alike(shape: tuple[int, int]) -> None:
    vectors, targets, folds = drawn(shape)
    axes = Axes.of(vectors)
    assert axes is not None
    own = predict_left_out(axes, targets, folds, together=2)
    other = predict_elsewhere(axes, vectors, targets, folds, penalties=own.penalties)
    assert other.values == pytest.approx(own.values, abs=1e-6)
    assert other.scores == pytest.approx(own.scores, abs=1e-6)


def test_the_direction_of_a_trait_is_the_dimension_that_carries_it() -> None:
    generator = np.random.default_rng(2)
    vectors = generator.standard_normal((200, 6))
    axes = Axes.of(vectors)
    assert axes is not None
    found = direction(axes, 3 * vectors[:, 4] + 0.1 * generator.standard_normal(200), 1e-3)
    assert np.linalg.norm(found) == pytest.approx(1)
    assert found[4] > 0.99


def test_vectors_that_are_all_the_same_have_no_axes() -> None:
    assert Axes.of(np.full((5, 3), 0.1)) is None
    assert Axes.of(np.zeros((5, 3))) is None
