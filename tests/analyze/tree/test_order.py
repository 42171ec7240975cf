"""Order on spaces whose order is known; Mantel's p under its null."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kendalltau, spearmanr
from tests.analyze.tree.making import drifted, grown

from thuja.analyze.tree import (
    anchor_order,
    anchor_taus,
    closer_share,
    mantel,
    pairwise_distances,
    strata,
    tau_ceilings,
    tree_steps,
)
from thuja.analyze.tree.distances import condensed
from thuja.biosphere.phylogeny import covariance, patristic


def test_mantels_p_is_uniform_where_species_are_exchangeable():
    """200 spaces that know no tree; p of 99 shuffles, in ten bins of ten values each."""
    generator = np.random.default_rng(1)
    _, taxa = grown(12)
    steps = tree_steps(taxa)
    spaces = [pairwise_distances(generator.normal(size=(12, 5))) for _ in range(200)]
    found = [mantel(near, steps, generator, permutations=99).p_value for near in spaces]
    bins = np.histogram(np.array(found) * 100, bins=np.arange(0.5, 101, 10))[0]
    assert chisquare(bins).pvalue > 0.01
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.09


def test_mantel_finds_a_tree_and_is_spearmans_correlation():
    generator = np.random.default_rng(0)
    tree, taxa = grown(30)
    near, steps = pairwise_distances(drifted(tree, generator)), tree_steps(taxa)
    found = mantel(near, steps, generator, permutations=99)
    assert found.p_value == 0.01
    assert found.correlation == pytest.approx(spearmanr(condensed(near), condensed(steps)).statistic)


def test_a_table_that_does_not_vary_has_no_correlation():
    found = mantel(np.zeros((4, 4)), tree_steps(grown(4)[1]), np.random.default_rng(0), permutations=9)
    assert np.isnan(found.correlation)
    assert found.p_value == 1


def test_tau_is_one_on_the_tree_itself_and_nought_on_noise():
    generator = np.random.default_rng(0)
    tree, _ = grown(60)
    along = patristic(covariance(tree))
    assert anchor_taus(along, along, range(60)) == pytest.approx(np.ones(60))
    ceilings = tau_ceilings(along, range(60))
    # Made different by a hair, equals cost what the ceiling says.
    apart = along + 1e-9 * generator.permutation(3600).reshape(60, 60)
    assert np.abs(anchor_taus(apart, along, range(60)) - ceilings).max() < 1e-9
    noise = anchor_taus(pairwise_distances(generator.normal(size=(60, 20))), along, range(60))
    assert abs(noise.mean()) < 0.03
    moved = pairwise_distances(drifted(tree, generator, width=4000))
    assert (anchor_taus(moved, along, range(60)) / ceilings).mean() > 0.9


def test_tau_allows_for_ties_and_is_undefined_where_nothing_varies():
    _, taxa = grown(20)
    steps, near = tree_steps(taxa), pairwise_distances(np.random.default_rng(0).normal(size=(20, 3)))
    others = np.arange(20) != 4
    assert anchor_taus(near, steps, [4])[0] == pytest.approx(kendalltau(near[4, others], steps[4, others]).statistic)
    assert np.isnan(anchor_taus(np.zeros((20, 20)), steps, [0, 1])).all()
    assert np.isnan(anchor_taus(near[:2, :2], steps[:2, :2], [0])).all()


def test_strata_say_what_kin_are_nearer():
    near = np.array([[0, 1, 5, 6], [1, 0, 7, 2], [5, 7, 0, 9], [6, 2, 9, 0.0]])
    depths = np.array([[7, 6, 5, 5], [6, 7, 5, 5], [5, 5, 7, 0], [5, 5, 0, 7]])
    root, family, genus = strata(near, depths)
    assert [layer.depth for layer in (root, family, genus)] == [0, 5, 6]
    assert [layer.pairs for layer in (root, family, genus)] == [1, 4, 1]
    assert (root.closer, family.closer, genus.closer) == (None, 1.0, 1.0)
    assert (root.overlap, genus.overlap) == (None, 0.0)


def test_the_chance_to_be_closer_is_that_of_all_pairs():
    generator = np.random.default_rng(0)
    near, far = generator.integers(0, 5, 20).astype(float), generator.integers(1, 7, 30).astype(float)
    plain = ((near[:, None] < far) + 0.5 * (near[:, None] == far)).mean()
    assert closer_share(near, far) == pytest.approx(plain)


@settings(deadline=None, max_examples=30)
@given(count=st.integers(3, 20), seed=st.integers(0, 999), levels=st.integers(2, 5))
def test_tau_by_counts_is_scipys_with_ties_on_both_sides(count, seed, levels):
    generator = np.random.default_rng(seed)
    near, steps = (np.triu(generator.integers(1, levels + 1, (count, count)), 1) for _ in range(2))
    near, steps = (near + near.T).astype(float), steps + steps.T
    found = anchor_taus(near, steps, range(count))
    for anchor in range(count):
        others = np.arange(count) != anchor
        if np.ptp(near[anchor, others]) and np.ptp(steps[anchor, others]):
            assert found[anchor] == pytest.approx(kendalltau(near[anchor, others], steps[anchor, others]).statistic)
        else:
            assert np.isnan(found[anchor])


def test_influences_foretell_what_a_species_more_or_less_does():
    """Each species taken out by itself, in both its parts, against what its influence says."""
    generator = np.random.default_rng(0)
    tree, _ = grown(60)
    along = patristic(covariance(tree)) + 0
    near = pairwise_distances(drifted(tree, generator, width=6))
    everyone, is_known = np.arange(60), np.ones(60, dtype=bool)
    mean, moved = anchor_order(near, along, everyone).influences(everyone, is_known)
    assert moved.sum() == pytest.approx(0, abs=1e-9)
    without = []
    for species in range(60):
        rest = np.delete(everyone, species)
        at = np.ix_(rest, rest)
        without.append(anchor_taus(near[at], along[at], range(59)).mean())
    assert np.corrcoef(mean - np.array(without), moved)[0, 1] > 0.98
    assert (mean - np.array(without)).std() == pytest.approx(moved.std(), rel=0.15)
