"""Peaks and energies without a clade, against the labels that are left, summed one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import Tree, marginals
from thuja.classify.unseen.probabilities import UNSEEN_RANKS
from thuja.classify.unseen.signs import Homes, places_at, signs, signs_without
from thuja.errors import EmptyInput, ThujaError
from thuja.taxonomy import Rank, Taxon


def exact(vectors, labels, scale, left):
    """The greatest logit and log sum exp, in double precision, of the labels that are `left` to each image."""
    logits = scale * vectors.astype(np.float64) @ labels.vectors.astype(np.float64).T
    rows = [row[kept] for row, kept in zip(logits, left, strict=True)]
    peak = np.array([row.max(initial=-np.inf) for row in rows])
    return peak, np.array([np.logaddexp.reduce(row, initial=-np.inf) for row in rows])


@settings(deadline=None, max_examples=40)
@given(
    count=st.integers(1, 50),
    names=st.integers(1, 4),
    tile=st.integers(1, 60),
    images=st.integers(1, 5),
    scale=st.sampled_from([1.0, 100.0, 3000.0]),
    seed=st.integers(0, 999),
)
def test_leaving_a_clade_out_gives_what_the_other_labels_say(count, names, tile, images, scale, seed):
    """At scale 3000 the own species outweighs all others by more than float32 holds, and nothing is lost."""
    generator = np.random.default_rng(seed)
    taxa = random_taxa(generator, count, names=names)
    labels = space(units(generator, count, dtype=np.float16), taxa)
    own = generator.integers(0, count, 7)
    vectors = (labels.vectors[own].astype(np.float32) + 0.1 * units(generator, 7)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    truth, tree = [taxa[place] for place in own], Tree.of(labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thuja.classify.unseen.signs._LABELS", tile)
        patch.setattr("thuja.classify.unseen.signs._IMAGES", images)
        homes = Homes.of_taxa(places_at(truth, tree), tree, UNSEEN_RANKS)
        found = signs_without(vectors, labels, homes, scale=scale)
    for level, rank in enumerate((None, *UNSEEN_RANKS)):
        left = [[rank is None or other.at(rank) != mine.at(rank) for other in taxa] for mine in truth]
        peak, energy = exact(vectors, labels, scale, np.array(left))
        np.testing.assert_allclose(found.peak[level], peak, rtol=1e-5, atol=1e-5 * scale)
        np.testing.assert_allclose(found.energy[level], energy, rtol=1e-5, atol=1e-5 * scale)


def test_custom_labels_are_left_out_one_by_one():
    generator = np.random.default_rng(0)
    labels, vectors = space(units(generator, 5)), units(generator, 3)
    found = signs_without(vectors, labels, Homes.of_labels(np.array([4, 0, 2]), labels), scale=10.0)
    left = np.ones((3, 5), dtype=bool)
    left[[0, 1, 2], [4, 0, 2]] = False
    for level, kept in enumerate((np.ones((3, 5), dtype=bool), left)):
        peak, energy = exact(vectors, labels, 10.0, kept)
        np.testing.assert_allclose(found.peak[level], peak, rtol=1e-5)
        np.testing.assert_allclose(found.energy[level], energy, rtol=1e-5)


def test_all_labels_give_the_peak_and_energy_of_the_one_pass():
    generator = np.random.default_rng(1)
    labels, vectors = space(units(generator, 30), random_taxa(generator, 30)), units(generator, 4)
    (block,) = marginals(vectors, labels, scale=20.0)
    found = signs(vectors, labels, scale=20.0)
    np.testing.assert_allclose(found.peak, block.peak, rtol=1e-5)
    np.testing.assert_allclose(found.energy, block.energy, rtol=1e-5)


def test_a_taxon_that_is_no_label_has_no_place():
    raven, crow = Taxon(genus="Corvus", species="corax"), Taxon(genus="Corvus", species="corone")
    tree = Tree.of(space(np.eye(2, dtype=np.float32), [crow, raven]))
    found = places_at([raven, Taxon(genus="Pica", species="pica"), crow, raven.at(Rank.GENUS)], tree)
    assert found.tolist() == [0, -1, 1, -1]


def test_bad_input_is_told():
    labels = space(np.eye(2, dtype=np.float32))
    with pytest.raises(EmptyInput, match="no image"):
        signs_without(np.zeros((0, 2), np.float32), labels, Homes.of_labels(np.zeros(0, np.int64), labels), scale=1.0)
    with pytest.raises(ThujaError, match="do not fit"):
        signs(np.ones((1, 3), np.float32), labels, scale=1.0)
    with pytest.raises(ThujaError, match="label's vector is not a number"):
        signs(np.ones((1, 2), np.float32), space(np.full((1, 2), np.nan, np.float32)), scale=1.0)
