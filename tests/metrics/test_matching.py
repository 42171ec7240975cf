"""Clusters named by the assignment under which most images are right: what trying all of them gives."""

from itertools import permutations

import numpy as np
import pytest

from thuja.metrics.matching import name_clusters


@pytest.mark.parametrize(("clusters", "classes"), [(4, 4), (6, 3), (2, 5)])
def test_no_assignment_of_clusters_to_classes_is_right_more_often(clusters: int, classes: int) -> None:
    generator = np.random.default_rng(clusters)
    for _ in range(5):
        found, truth = generator.integers(clusters, size=40) * 10, generator.integers(classes, size=40) + 3
        seats = list(range(3, 3 + classes)) + [-1] * clusters
        best = max(
            np.mean([order[cluster // 10] == label for cluster, label in zip(found, truth, strict=True)])
            for order in set(permutations(seats, clusters))
        )
        assert (name_clusters(found, truth) == truth).mean() == pytest.approx(best)


def test_a_cluster_has_one_name_and_a_class_one_cluster() -> None:
    names = name_clusters(np.array([0, 0, 0, 1, 1, 2]), np.array([5, 5, 7, 5, 5, 7]))
    assert names.tolist() == [5, 5, 5, -1, -1, 7] or names.tolist() == [-1, -1, -1, 5, 5, 7]


def test_nothing_has_no_name_and_one_class_one() -> None:
    assert name_clusters(np.array([], dtype=int), np.array([], dtype=int)).tolist() == []
    assert name_clusters(np.array([3, 3]), np.array([8, 8])).tolist() == [8, 8]
