"""The clades of a label space against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Clades, Tree, roll_up, zero_shot
from thuja.errors import UsageError
from thuja.taxonomy import RANKS, Rank, Taxon

BEES = Taxon(kingdom="Animalia", family="Apidae", genus="Prosopis", species="a")
TREES = Taxon(kingdom="Plantae", family="Fabaceae", genus="Prosopis", species="b")
OTHER = Taxon(kingdom="Plantae", family="Fabaceae", genus="Prosopis", species="c")


def test_roll_up_sums_species_and_keeps_homonyms_apart():
    labels = space(np.eye(3, dtype=np.float32), taxa=[TREES, BEES, OTHER])
    sums, taxa = roll_up(np.array([[0.5, 0.2, 0.3]], np.float32), labels, Rank.GENUS)
    assert [(taxon.kingdom, taxon.genus) for taxon in taxa] == [("Animalia", "Prosopis"), ("Plantae", "Prosopis")]
    np.testing.assert_allclose(sums, [[0.2, 0.8]], rtol=1e-6)


@settings(deadline=None, max_examples=30)
@given(labels=st.integers(1, 25), rank=st.sampled_from(list(Rank)), seed=st.integers(0, 99))
def test_a_rolled_up_posterior_still_sums_to_one_and_equals_a_plain_loop(labels, rank, seed):
    generator = np.random.default_rng(seed)
    taxa = [Taxon.from_names([str(generator.integers(0, 2)) for _ in range(6)] + [str(n)]) for n in range(labels)]
    posterior = zero_shot(units(generator, 3), space(units(generator, labels), taxa), scale=10.0)
    sums, clades = roll_up(posterior, space(units(generator, labels), taxa), rank)
    plain = [[sum(row[n] for n in range(labels) if taxa[n].at(rank) == clade) for clade in clades] for row in posterior]
    np.testing.assert_allclose(sums, plain, rtol=1e-5)
    np.testing.assert_allclose(sums.sum(axis=1), 1.0, rtol=1e-5)


def test_custom_labels_have_no_ranks():
    with pytest.raises(UsageError, match="no ranks"):
        Clades.of(space(np.eye(2, dtype=np.float32)), Rank.FAMILY)


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 40), names=st.integers(1, 3), seed=st.integers(0, 99))
def test_a_tree_has_the_clades_of_each_rank_side_by_side_and_nested(count, names, seed):
    taxa = random_taxa(np.random.default_rng(seed), count, names=names)
    labels = space(np.zeros((count, 1), np.float32), taxa)
    tree = Tree.of(labels)
    assert tree.order.tolist() == sorted(range(count), key=lambda row: taxa[row].names)
    for rank in RANKS:
        edges = tree.edges[rank]
        assert list(tree.taxa[rank]) == list(Clades.of(labels, rank).taxa) == sorted({one.at(rank) for one in taxa})
        assert [one.common for one in tree.taxa[rank]] == [one.common for one in Clades.of(labels, rank).taxa]
        assert (edges[0], edges[-1]) == (0, count)
        for taxon, start, stop in zip(tree.taxa[rank], edges[:-1], edges[1:], strict=True):
            assert {taxa[row].at(rank) for row in tree.order[start:stop]} == {taxon}
        np.testing.assert_array_equal(
            tree.sizes(rank), [sum(one.at(rank) == taxon for one in taxa) for taxon in tree.taxa[rank]]
        )
        if rank < Rank.SPECIES:
            np.testing.assert_array_equal(tree.edges[Rank(rank + 1)][tree.members(rank)], edges)


def test_a_tree_of_labels_in_the_order_of_their_lineages_leaves_them_there():
    taxa = sorted(random_taxa(np.random.default_rng(0), 30))
    assert Tree.of(space(np.zeros((30, 1), np.float32), taxa)).is_sorted
    assert not Tree.of(space(np.zeros((30, 1), np.float32), taxa[::-1])).is_sorted


def test_custom_labels_have_no_tree():
    with pytest.raises(UsageError, match="no ranks"):
        Tree.of(space(np.eye(2, dtype=np.float32)))
