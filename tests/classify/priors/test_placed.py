"""Answers with a prior and without from one pass, against a pass with the prior's dense bias and one without it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Clades, Tree, marginals, zero_shot
from thuja.classify.priors.clade_size import size_bias, sum_biases
from thuja.classify.priors.placed import Placer, placed_marginals
from thuja.classify.priors.ranges import Occasion, PriorSettings, RangePrior
from thuja.classify.priors.records import Records, cell_of
from thuja.errors import ThujaError, UsageError
from thuja.taxonomy import RANKS, Rank

IMAGES = 9


def world(seed, count, *, weight=1.0, records=80):
    generator = np.random.default_rng(seed)
    taxa = random_taxa(generator, count, names=3)
    labels, vectors = space(units(generator, count, dtype=np.float16), taxa), units(generator, IMAGES)
    cells = cell_of(generator.uniform(-4, 4, records), generator.uniform(-4, 4, records))
    table = Records.of(
        generator.integers(0, max(1, count // 2), records),
        cells,
        labels=count,
        month=generator.integers(0, 13, records),
    )
    occasions = [
        Occasion(latitude=float(number % 4), longitude=float(number % 2), day=None if number % 3 else 9 + 30 * number)
        for number in range(IMAGES - 2)
    ]
    occasions += [Occasion(), Occasion(latitude=70, longitude=70)]  # nowhere known, and where nobody looked
    return labels, vectors, RangePrior(table, PriorSettings(weight=weight)), occasions


@settings(max_examples=20)
@given(
    seed=st.integers(0, 999),
    count=st.integers(2, 60),
    k=st.integers(1, 5),
    scale=st.sampled_from([1.0, 30.0, 300.0]),
    weight=st.sampled_from([0.0, 0.6, 1.0, 2.0]),
    strength=st.sampled_from([0.0, 1.0]),
)
def test_one_pass_says_what_two_passes_say(seed, count, k, scale, weight, strength):
    labels, vectors, prior, occasions = world(seed, count, weight=weight)
    tree, k = Tree.of(labels), min(k, count)
    size = size_bias(tree, strength)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thuja.classify.tiled._IMAGES", 4)
        patch.setattr("thuja.classify.priors.placed._LOGITS_BYTES", 4 * 2 * 30)
        both = list(placed_marginals(vectors, labels, prior, occasions=occasions, scale=scale, k=k, bias=size))
    bias = sum_biases(size, prior.bias(occasions))
    dense = next(marginals(vectors, labels, scale=scale, k=k, tree=tree, bias=bias))
    plain = next(marginals(vectors, labels, scale=scale, k=count, tree=tree, bias=size))
    near = {"rtol": 2e-4 * scale**0.5, "atol": 1e-6}

    def joined(pick):
        return np.concatenate([pick(block) for block in both])

    np.testing.assert_allclose(joined(lambda block: block.placed.labels.scores), dense.labels.scores, **near)
    np.testing.assert_allclose(joined(lambda block: block.placed.peak), dense.peak, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(joined(lambda block: block.placed.energy), dense.energy, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(joined(lambda block: block.plain.labels.indices), plain.labels.indices[:, :k])
    everything = np.zeros((IMAGES, count), np.float32)
    np.put_along_axis(everything, plain.labels.indices, plain.labels.scores, axis=1)
    told = np.take_along_axis(everything, joined(lambda block: block.placed.labels.indices), axis=1)
    np.testing.assert_allclose(joined(lambda block: block.labels), told, **near)
    for rank in RANKS:
        found = joined(lambda block, rank=rank: block.placed.clades[rank].scores)
        np.testing.assert_allclose(found, dense.clades[rank].scores, **near)
        if rank < Rank.SPECIES:
            whole = np.concatenate([block.placed.posterior[rank] for block in both], axis=1)
            np.testing.assert_allclose(whole, dense.posterior[rank], **near)
            indices = joined(lambda block, rank=rank: block.placed.clades[rank].indices)
            told = np.take_along_axis(plain.posterior[rank].T, indices, axis=1)
            np.testing.assert_allclose(joined(lambda block, rank=rank: block.clades[rank]), told, **near)


def test_scores_without_the_prior_are_those_of_the_plain_posterior():
    labels, vectors, prior, occasions = world(5, 40)
    whole = zero_shot(vectors, labels, scale=20)
    block = next(placed_marginals(vectors, labels, prior, occasions=occasions, scale=20, k=3))
    np.testing.assert_allclose(
        block.labels, np.take_along_axis(whole, block.placed.labels.indices, axis=1), rtol=1e-4, atol=1e-7
    )
    genera = Clades.of(labels, Rank.GENUS).gather(whole)
    np.testing.assert_allclose(
        block.clades[Rank.GENUS],
        np.take_along_axis(genera, block.placed.clades[Rank.GENUS].indices, axis=1),
        rtol=1e-4,
        atol=1e-7,
    )
    assert (block.labels[:-2] != block.placed.labels.scores[:-2]).any()


def test_an_image_without_a_place_or_where_nobody_looked_is_answered_as_without_a_prior():
    labels, vectors, prior, occasions = world(6, 40)
    block = next(placed_marginals(vectors, labels, prior, occasions=occasions, scale=20, k=3))
    np.testing.assert_array_equal(block.placed.labels.indices[-2:], block.plain.labels.indices[-2:])
    np.testing.assert_allclose(block.placed.labels.scores[-2:], block.plain.labels.scores[-2:], rtol=1e-6)
    np.testing.assert_allclose(block.labels[-2:], block.plain.labels.scores[-2:], rtol=1e-6)


def test_a_vagrant_that_is_plainly_seen_keeps_its_name():
    """The only label that is not recorded here is the image's own: the image outweighs the doubt."""
    vectors = np.eye(4, dtype=np.float32)
    labels = space(vectors, random_taxa(np.random.default_rng(1), 4, names=9))
    prior = RangePrior(Records.of([0, 1, 2] * 100, [cell_of([0], [0])[0]] * 300, labels=4))
    here = [Occasion(latitude=0.5, longitude=0.5)]
    block = next(placed_marginals(vectors[3:], labels, prior, occasions=here, scale=20, k=4))
    assert block.placed.labels.indices[0, 0] == 3
    assert block.plain.labels.scores[0, 0] > block.placed.labels.scores[0, 0] > 0.99
    unsure = next(placed_marginals(vectors[3:], labels, prior, occasions=here, scale=1, k=4))
    place = unsure.placed.labels.indices[0].tolist().index(3)
    assert 0 < unsure.placed.labels.scores[0, place] < unsure.labels[0, place]


def test_a_prior_of_other_labels_and_occasions_of_other_images_are_refused():
    labels, vectors, prior, occasions = world(7, 20)
    with pytest.raises(UsageError, match="of 20 labels, there are 10"):
        Placer(labels.subset(np.arange(10)), prior, scale=1.0)
    with pytest.raises(ThujaError, match="1 occasions for 9 images"):
        next(placed_marginals(vectors, labels, prior, occasions=occasions[:1], scale=1.0))
