"""Rotation keeps the leaves and brings two drawings of one tree together."""

import numpy as np
from tests.analyze.tree.making import grown

from thuja.analyze.tree import entanglement, grow, untangle
from thuja.analyze.tree.tangle import of_lineages, of_linkage
from thuja.biosphere.phylogeny import covariance, patristic
from thuja.taxonomy import Taxon


def test_entanglement_is_the_share_of_lines_that_cross():
    assert entanglement([0, 1, 2], [0, 1, 2]) == 0
    assert entanglement([0, 1, 2], [2, 1, 0]) == 1
    assert entanglement([0, 1, 2], [1, 0, 2]) == 1 / 3
    assert entanglement([4], [4]) == 0


def test_a_tree_and_its_own_taxonomy_are_untangled_wholly():
    tree, taxa = grown(40)
    left, right = of_lineages(taxa), of_linkage(grow(patristic(covariance(tree))), 40)
    before = entanglement(left.leaves(), right.leaves())
    after = untangle(left, right)
    assert after <= before
    assert after == entanglement(left.leaves(), right.leaves())
    assert after < 0.02
    assert sorted(left.leaves()) == sorted(right.leaves()) == list(range(40))


def test_rotation_never_makes_it_worse_on_noise():
    generator = np.random.default_rng(0)
    _, taxa = grown(20)
    for _ in range(5):
        table = np.abs(generator.normal(size=(20, 20)))
        left, right = of_lineages(taxa), of_linkage(grow(table + table.T), 20)
        before = entanglement(left.leaves(), right.leaves())
        assert untangle(left, right) <= before


def test_lineages_that_nothing_parts_hang_from_one_node():
    branch = of_lineages([Taxon(genus="a"), Taxon(genus="a"), Taxon(genus="b")])
    assert sorted(branch.leaves()) == [0, 1, 2]
    assert [len(child.leaves()) for child in branch.children] == [2, 1]
