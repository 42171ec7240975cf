"""The prior that counts clades against products written out label by label."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Tree, marginals
from thuja.classify.priors.clade_size import size_bias, sum_biases, tree_uniform
from thuja.errors import UsageError
from thuja.taxonomy import RANKS, Rank, Taxon


def written_out(taxa):
    """One over the number of siblings, at each rank of each label."""
    weights = []
    for taxon in taxa:
        weight = 1.0
        for rank in RANKS:
            above = {
                other.at(rank) for other in taxa if rank == 0 or other.at(Rank(rank - 1)) == taxon.at(Rank(rank - 1))
            }
            weight /= len(above)
        weights.append(weight / sum(other == taxon for other in taxa))
    return np.array(weights)


@settings(max_examples=15)
@given(seed=st.integers(0, 999), count=st.integers(1, 30), names=st.integers(1, 4), strength=st.floats(0.1, 2))
def test_a_label_weighs_one_over_its_siblings_at_every_rank(seed, count, names, strength):
    taxa = random_taxa(np.random.default_rng(seed), count, names=names)
    expected, tree = written_out(taxa), Tree.of(space(np.ones((count, 1), np.float32), taxa))
    np.testing.assert_allclose(np.exp(tree_uniform(tree)), expected[tree.order], rtol=1e-9)
    np.testing.assert_allclose(expected.sum(), 1, rtol=1e-9)
    bias = size_bias(tree, strength)
    rows = np.random.default_rng(seed).permutation(count)
    np.testing.assert_allclose(
        bias(rows, slice(0, 3))[:, 0], strength * np.log(count * expected[rows]), rtol=1e-4, atol=1e-5
    )


def test_of_an_image_that_says_nothing_each_family_gets_the_same():
    taxa = [Taxon(family="A", genus="A", species=str(number)) for number in range(9)]
    taxa += [Taxon(family="B", genus="B", species="x"), Taxon(family="C", genus="C", species="x")]
    labels, tree = space(np.ones((11, 1), np.float32), taxa), None
    tree = Tree.of(labels)
    flat, evened = (
        next(marginals(np.ones((1, 1), np.float32), labels, scale=1.0, k=1, tree=tree, bias=size_bias(tree, strength)))
        for strength in (0.0, 1.0)
    )
    np.testing.assert_allclose(flat.posterior[Rank.FAMILY][:, 0], [9 / 11, 1 / 11, 1 / 11], rtol=1e-5)
    np.testing.assert_allclose(evened.posterior[Rank.FAMILY][:, 0], [1 / 3] * 3, rtol=1e-5)


def test_biases_add_whatever_their_shapes():
    one, other = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)
    total = sum_biases(lambda rows, images: one[rows, images], None, lambda rows, images: other[rows, :1])
    np.testing.assert_allclose(total(slice(1, 5), slice(0, 2)), one[1:5, :2] + other[1:5, :1])
    assert sum_biases(None, None) is None
    only = size_bias(Tree.of(space(units(np.random.default_rng(0), 2), [Taxon(genus="A"), Taxon(genus="B")])))
    assert sum_biases(None, only) is only


@pytest.mark.parametrize("strength", [-0.1, 2.1, float("nan")])
def test_a_strength_that_is_none_is_refused(strength):
    tree = Tree.of(space(np.ones((1, 1), np.float32), [Taxon(genus="A")]))
    with pytest.raises(UsageError, match="between 0 and 2"):
        size_bias(tree, strength)
    assert size_bias(tree, 0) is None
