"""Ancestry's measures: right on cases written out by hand, and right in the mean on many simulated trees."""

from functools import cache

import numpy as np
import pytest

from thuja.biosphere.phylogeny import covariance, patristic
from thuja.biosphere.signal import Ancestry, blomberg_k, habitat_effect, pagel_lambda
from thuja.biosphere.tree import Tree

TREES, TIPS = 40, 150


def three_tips() -> Tree:
    """((a, b), c): a and b part at 0.6; a lineage that died at 0.8 left b's at 0.7."""
    return Tree(
        parent=np.array([-1, 0, 0, 1, 1, 4, 4]),
        birth=np.array([0.0, 0.0, 0.0, 0.6, 0.6, 0.7, 0.7]),
        death=np.array([0.0, 0.6, 1.0, 1.0, 0.7, 0.8, 1.0]),
        tips=np.array([2, 3, 6]),
    )


@cache
def ancestries() -> list[tuple[Tree, Ancestry]]:
    generator = np.random.default_rng(0)
    trees = [Tree.grow(TIPS, generator) for _ in range(TREES)]
    return [(tree, Ancestry.of(tree)) for tree in trees]


def mixed(ancestry: Ancestry, lambda_: float, generator: np.random.Generator, traits: int = 1) -> np.ndarray:
    """Traits (S, T): Brownian motion and own drift, lambda to 1 - lambda."""
    motion = ancestry.axes * np.sqrt(ancestry.variances) @ generator.normal(size=(TIPS, traits))
    return np.sqrt(lambda_) * motion + np.sqrt(1 - lambda_) * generator.normal(size=(TIPS, traits))


def markov(tree: Tree, generator: np.random.Generator, rate: float = 3.0, states: int = 5) -> np.ndarray:
    """A habitat that changes along the branches now and then."""
    state = np.zeros(len(tree.parent), dtype=int)
    for branch, parent in enumerate(tree.parent):
        length = tree.death[branch] - tree.birth[branch]
        stays = branch and generator.random() < np.exp(-rate * length)
        state[branch] = state[parent] if stays else generator.integers(states)
    return state[tree.tips]


def standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def test_covariance_is_the_shared_time_and_distance_the_way_between():
    shared = covariance(three_tips())
    np.testing.assert_allclose(shared, [[1, 0, 0], [0, 1, 0.6], [0, 0.6, 1]])
    np.testing.assert_allclose(patristic(shared), [[0, 2, 2], [2, 0, 0.8], [2, 0.8, 0]])


def test_covariance_equals_the_walk_to_the_common_ancestor():
    tree = Tree.grow(60, np.random.default_rng(1))
    shared = covariance(tree)
    lines = []
    for tip in tree.tips:
        line = [int(tip)]
        while tree.parent[line[-1]] >= 0:
            line.append(int(tree.parent[line[-1]]))
        lines.append(line)
    for i, first in enumerate(lines):
        for j, second in enumerate(lines[:i]):
            ancestor = next(branch for branch in first if branch in second)
            assert shared[i, j] == tree.death[ancestor]


def test_some_species_have_the_ancestry_that_they_have_among_all():
    tree = Tree.grow(80, np.random.default_rng(9))
    some = np.array([3, 17, 18, 40, 79])
    whole, part = Ancestry.of(tree), Ancestry.of(tree, some)
    np.testing.assert_allclose(part.covariance, whole.covariance[np.ix_(some, some)])
    for found in (part, whole.among(some)):
        assert found.species.tolist() == some.tolist()
    fewer = part.among(some[1:4])
    np.testing.assert_allclose(fewer.covariance, part.covariance[1:4, 1:4])


def test_two_thousand_species_have_a_positive_covariance_of_height_one():
    shared = covariance(Tree.grow(2000, np.random.default_rng(2)))
    np.testing.assert_allclose(np.diag(shared), 1)
    assert np.linalg.eigvalsh(shared).min() > -1e-9


@pytest.mark.parametrize(("asked", "within"), [(0.0, 0.03), (0.5, 0.04), (0.9, 0.015)])
def test_pagels_lambda_is_recovered_in_the_mean(asked, within):
    """At 0 the estimate cannot fall below and so lies a little above; elsewhere three standard errors."""
    generator = np.random.default_rng(3)
    found = np.concatenate([pagel_lambda(mixed(a, asked, generator, 3), a) for _, a in ancestries()])
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - asked) < max(3 * error, within)


def test_lambda_is_the_likeliest_of_a_plain_search():
    _, ancestry = ancestries()[0]
    values = mixed(ancestry, 0.6, np.random.default_rng(4))
    ones, best = np.ones(TIPS), (-np.inf, 0.0)
    for lambda_ in np.linspace(0, 1, 201):
        matrix = lambda_ * ancestry.covariance + (1 - lambda_) * np.eye(TIPS)
        inverse = np.linalg.inv(matrix)
        residual = values[:, 0] - ones @ inverse @ values[:, 0] / (ones @ inverse @ ones)
        squares = residual @ inverse @ residual
        height = -(TIPS - 1) * np.log(squares) - np.linalg.slogdet(matrix)[1] - np.log(ones @ inverse @ ones)
        best = max(best, (height, lambda_))
    assert pagel_lambda(values, ancestry)[0] == pytest.approx(best[1], abs=0.005)


def test_blombergs_k_equals_its_formula_on_three_species():
    shared = covariance(three_tips())
    values = np.array([0.0, 1.0, 3.0])
    inverse, ones = np.linalg.inv(shared), np.ones(3)
    root = ones @ inverse @ values / (ones @ inverse @ ones)
    observed = (values - root) @ (values - root) / ((values - root) @ inverse @ (values - root))
    expected = (3 - 3 / (ones @ inverse @ ones)) / 2
    assert blomberg_k(values[:, None], Ancestry.from_covariance(shared))[0] == pytest.approx(observed / expected)


def test_blombergs_k_is_about_one_under_brownian_motion_and_low_without_signal():
    generator = np.random.default_rng(5)
    motion = np.concatenate([blomberg_k(mixed(a, 1.0, generator, 5), a) for _, a in ancestries()])
    noise = np.concatenate([blomberg_k(mixed(a, 0.0, generator, 5), a) for _, a in ancestries()])
    assert abs(motion.mean() - 1) < 0.12
    assert noise.mean() < 0.2


def test_a_trait_that_never_varies_has_no_signal_to_speak_of():
    _, ancestry = ancestries()[0]
    assert np.isnan(pagel_lambda(np.ones((TIPS, 1)), ancestry)).all()


@pytest.mark.parametrize("asked", [0.0, 0.3, 0.6])
def test_the_habitats_share_is_recovered_beyond_ancestry(asked):
    generator = np.random.default_rng(6)
    found = []
    for tree, ancestry in ancestries():
        habitat = markov(tree, generator)
        for _ in range(4):
            own = mixed(ancestry, 0.8, generator)[:, 0]
            optimum = standard(generator.normal(size=5)[habitat])
            values = np.sqrt(1 - asked) * own + np.sqrt(asked) * optimum
            found.append(habitat_effect(values, habitat, ancestry).share)
    assert np.mean(found) == pytest.approx(asked, abs=0.02)


def test_the_habitats_p_value_is_uniform_under_the_null_and_the_naive_tests_is_not():
    """Habitat and trait both evolve on the tree, apart from each other: kin share both."""
    from scipy import stats

    generator = np.random.default_rng(7)
    ours, naive = [], []
    for tree, ancestry in ancestries():
        habitat = markov(tree, generator)
        for values in mixed(ancestry, 0.9, generator, 5).T:
            ours.append(habitat_effect(values, habitat, ancestry).p_value)
            naive.append(stats.f_oneway(*[values[habitat == place] for place in np.unique(habitat)]).pvalue)
    assert np.mean(np.array(ours) < 0.05) < 0.1
    assert stats.kstest(ours, "uniform").pvalue > 0.01
    assert np.mean(np.array(naive) < 0.05) > 0.3
    assert stats.kstest(naive, "uniform").pvalue < 1e-6
