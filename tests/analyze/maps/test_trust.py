"""Trustworthiness is scikit-learn's, one value a point."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from thuja.analyze.maps import trust_of_points
from thuja.errors import ThujaError

VECTORS = np.random.default_rng(0).normal(size=(60, 6))


@pytest.mark.parametrize("neighbours", [1, 5, 29])
def test_the_mean_over_points_is_the_trustworthiness_of_the_map(neighbours):
    points = VECTORS[:, :2]
    ours = trust_of_points(VECTORS, points, neighbours=neighbours)
    assert ours.mean() == pytest.approx(trustworthiness(VECTORS, points, n_neighbors=neighbours))


def test_a_map_that_moves_nothing_is_trusted_wholly_and_one_of_chance_by_half():
    flat = VECTORS[:, :2]
    assert trust_of_points(flat, 3 * flat + 1).tolist() == [1.0] * 60
    generator = np.random.default_rng(1)
    dealt = [trust_of_points(flat, flat[generator.permutation(60)]).mean() for _ in range(40)]
    assert np.mean(dealt) == pytest.approx(0.5, abs=0.05)


def test_too_few_points_for_so_many_neighbours_are_said():
    with pytest.raises(ThujaError, match="fewer than 5 neighbours, got 5"):
        trust_of_points(VECTORS[:10], VECTORS[:10, :2], neighbours=5)
    with pytest.raises(ThujaError, match="expected 60 points"):
        trust_of_points(VECTORS, VECTORS[:3, :2])
