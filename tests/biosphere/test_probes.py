"""Probes read what is linear and nothing else; kin tell what follows the tree, and nothing else."""

import numpy as np
import pytest

from thuja.biosphere.config import WorldConfig
from thuja.biosphere.probes import (
    Probe,
    Split,
    class_from_all_other_kin,
    class_from_kin,
    explained,
    from_all_other_kin,
    from_kin,
    from_kin_in_folds,
    nearest_mean,
    ridge_regression,
    score,
)
from thuja.biosphere.signal import Ancestry, pagel_lambda
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.tree import Tree
from thuja.biosphere.world import World


def clusters_of(count: int, each: int) -> np.ndarray:
    return np.repeat(np.arange(count), each)


def test_a_split_by_row_tests_on_a_third_of_each_cluster_and_by_cluster_on_strangers():
    clusters = clusters_of(10, 6)
    split = Split.by_row(clusters, np.random.default_rng(0))
    assert np.bincount(clusters[split.test]).tolist() == [2] * 10
    assert sorted([*split.train, *split.test]) == list(range(60))
    folds = Split.folds(clusters, np.random.default_rng(0))
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(60))
    for fold in folds:
        assert not np.isin(clusters[fold.test], clusters[fold.train]).any()
        held, rest = fold.inner()
        assert not np.isin(clusters[held], clusters[rest]).any(), "a penalty for strangers is chosen on strangers"


@pytest.mark.parametrize("width", [20, 400])
def test_a_probe_finds_classes_that_differ_in_the_mean_though_louder_features_say_nothing(width):
    """More features than rows, or fewer: the same rule by the shorter side."""
    generator = np.random.default_rng(1)
    clusters = clusters_of(4, 60)
    features = generator.standard_normal((240, width)) * generator.uniform(1, 50, width)
    features[:, 0] = 0.01 * (clusters + 0.1 * generator.standard_normal(240))
    found = Probe(features, Split.by_row(clusters, generator)).score(clusters)
    assert found.chance == 0.25
    assert found.macro > (0.95 if width == 20 else 0.3)
    assert found.low <= found.macro <= found.high


def test_a_probe_of_noise_is_at_chance_and_its_intervals_hold_it():
    generator = np.random.default_rng(2)
    clusters = clusters_of(30, 20)
    probe = Probe(generator.standard_normal((600, 50)), Split.by_row(clusters, generator))
    found = [probe.score(generator.integers(5, size=600)) for _ in range(60)]
    assert np.mean([one.macro for one in found]) == pytest.approx(0.2, abs=0.015)
    assert np.mean([one.low <= 0.2 <= one.high for one in found]) > 0.8


def test_a_probe_is_the_discriminant_of_the_textbook():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    generator = np.random.default_rng(7)
    clusters = clusters_of(6, 100)
    mixing = generator.standard_normal((8, 8)) + 4 * np.eye(8)
    features = (generator.standard_normal((600, 8)) + 0.7 * generator.standard_normal((6, 8))[clusters]) @ mixing
    split = Split.by_row(clusters, generator)
    plain = LinearDiscriminantAnalysis(solver="lsqr", priors=np.full(6, 1 / 6))
    plain.fit(features[split.train], clusters[split.train])
    assert np.mean(Probe(features, split).predict(clusters) == plain.predict(features[split.test])) > 0.95


def test_a_probe_equals_the_nearest_mean_when_features_are_white():
    generator = np.random.default_rng(3)
    clusters = clusters_of(5, 400)
    features = generator.standard_normal((2000, 6)) + 0.4 * generator.standard_normal((5, 6))[clusters]
    split = Split.by_row(clusters, generator)
    plain = nearest_mean(features[split.train], clusters[split.train], features[split.test])
    assert np.mean(Probe(features, split).predict(clusters) == plain) > 0.9


def test_a_score_counts_classes_alike_and_is_worked_out_by_hand():
    said, truth = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1])
    found = score(said, truth, np.arange(5))
    assert (found.accuracy, found.macro, found.chance, found.majority) == (0.8, 0.875, 0.5, 0.8)


def test_kin_foretell_what_follows_the_tree_as_well_as_can_be():
    """The best linear prediction's R2 under Brownian motion is known from the covariance alone."""
    generator = np.random.default_rng(4)
    ancestry = Ancestry.of(Tree.grow(120, generator))
    split = Split.folds(np.arange(120), generator)[0]
    motion = ancestry.axes * np.sqrt(ancestry.variances) @ generator.standard_normal((120, 200))
    c, train, test = ancestry.covariance, split.train, split.test
    reach = c[np.ix_(test, train)]
    known = np.trace(reach @ np.linalg.inv(c[np.ix_(train, train)]) @ reach.T) / len(test)
    gap = np.mean((from_kin(motion, ancestry, split) - motion[test]) ** 2)
    assert gap == pytest.approx(1 - known, rel=0.15)
    noise = generator.standard_normal((120, 50))
    assert abs(explained(from_kin(noise, ancestry, split), noise[test])) < 0.1


def test_leaving_out_one_at_a_time_in_one_go_equals_leaving_it_out():
    generator = np.random.default_rng(8)
    ancestry = Ancestry.of(Tree.grow(40, generator))
    motion = ancestry.axes * np.sqrt(ancestry.variances) @ generator.standard_normal((40, 3))
    values = motion + 0.5 * generator.standard_normal((40, 3)) + 2
    at_once = from_all_other_kin(values, ancestry)
    lambdas = pagel_lambda(values, ancestry)
    for left in range(40):
        kept = np.delete(np.arange(40), left)
        for trait, lambda_ in enumerate(lambdas):
            matrix = lambda_ * ancestry.covariance + (1 - lambda_) * np.eye(40)
            inverse = np.linalg.inv(matrix[np.ix_(kept, kept)])
            root = inverse.sum(axis=0) @ values[kept, trait] / inverse.sum()
            said = root + matrix[left, kept] @ inverse @ (values[kept, trait] - root)
            assert at_once[left, trait] == pytest.approx(said, abs=1e-6)
    folds = Split.folds(np.arange(40), generator)
    for fold in folds:
        np.testing.assert_allclose(
            from_kin_in_folds(values, ancestry, folds)[fold.test], from_kin(values, ancestry, fold)
        )


def test_kin_left_out_one_by_one_tell_half_of_the_habitats_or_more_at_the_usual_rate_and_few_at_a_high_one():
    """The card says so: what ancestry alone gives."""
    found = {}
    for rate in (10.0, 60.0):
        shares = []
        for seed in range(5):
            world = World.make(WorldConfig(seed=seed, images=2, habitat_rate=rate))
            habitat = np.array([HABITATS.index(species.habitat) for species in world.species])
            shares.append(np.mean(class_from_all_other_kin(habitat, Ancestry.of(world.tree)) == habitat))
        found[rate] = np.mean(shares)
    assert 0.5 < found[10.0] < 0.7
    assert found[60.0] < 0.35


def test_kin_vote_for_the_class_of_their_clade():
    generator = np.random.default_rng(5)
    tree = Tree.grow(150, generator)
    ancestry, labels = Ancestry.of(tree), tree.clades(4)
    folds = Split.folds(np.arange(150), generator)
    right = np.concatenate([class_from_kin(labels, ancestry, fold) == labels[fold.test] for fold in folds])
    assert right.mean() > 0.97


def test_ridge_regression_finds_what_is_linear_and_leaves_noise():
    generator = np.random.default_rng(6)
    features = generator.standard_normal((300, 20))
    split = Split.folds(np.arange(300), generator)[0]
    signal = features @ generator.standard_normal(20)
    values = signal / signal.std() + generator.standard_normal(300)
    assert explained(ridge_regression(features, values, split), values[split.test]) == pytest.approx(0.5, abs=0.12)
    noise = generator.standard_normal(300)
    assert explained(ridge_regression(features, noise, split), noise[split.test]) > -0.15
