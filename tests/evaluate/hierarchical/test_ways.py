"""Ways of naming against plain loops, and on trees where each of them errs as it must."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import random_taxa, units
from tests.evaluate.hierarchical.worlds import ladder_of, lineage, random_builder

from thuja.classify import roll_up, zero_shot
from thuja.evaluate.hierarchical import Ladder, name_by_species, name_by_sums, name_by_text, name_top_down
from thuja.metrics.hierarchy import is_off_tree
from thuja.taxonomy import RANKS, Rank

SCALE = 20.0


def random_ladder(seed: int) -> Ladder:
    generator = np.random.default_rng(seed)
    taxa = [taxon for taxon in random_taxa(generator, 25, names=3) if taxon.species]
    return Ladder.build([lineage("a a a a a a a"), *taxa], random_builder(generator))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999))
def test_text_and_sums_are_those_of_a_plain_posterior(seed):
    ladder, vectors = random_ladder(seed), units(np.random.default_rng(seed), 9, dim=6)
    by_text = name_by_text(vectors, ladder, scale=SCALE)
    by_sums = name_by_sums(vectors, ladder, scale=SCALE)
    species = zero_shot(vectors, ladder.texts[Rank.SPECIES], scale=SCALE)
    for rank in ladder.ranks:
        texts = zero_shot(vectors, ladder.texts[rank], scale=SCALE)
        np.testing.assert_array_equal(by_text.indices[:, rank], texts.argmax(axis=1))
        sums, taxa = roll_up(species, ladder.texts[Rank.SPECIES], rank)
        named = sums[:, [bool(taxon[rank]) for taxon in taxa]]
        np.testing.assert_array_equal(by_sums.indices[:, rank], named.argmax(axis=1))
        np.testing.assert_allclose(by_sums.scores[:, rank], named.max(axis=1), rtol=1e-5)


def plain_top_down(vector, ladder):
    """One image, from the kingdom down, over all candidates."""
    chosen = {}
    for rank in ladder.ranks:
        best, score = -1, -np.inf
        for number, taxon in enumerate(ladder.texts[rank].taxa):
            above = [level for level in RANKS if level < rank and taxon[level]]
            if above and chosen[above[-1]] != taxon.at(above[-1]):
                continue
            cosine = float(vector @ ladder.texts[rank].vectors[number])
            if cosine > score:
                best, score = number, cosine
        chosen[rank] = ladder.texts[rank].taxa[best] if best >= 0 else None
        yield rank, best


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999))
def test_top_down_equals_a_walk_down_the_tree(seed):
    ladder, vectors = random_ladder(seed), units(np.random.default_rng(seed), 9, dim=6)
    answers = name_top_down(vectors, ladder, scale=SCALE)
    for row, vector in enumerate(vectors):
        for rank, best in plain_top_down(vector, ladder):
            assert answers.indices[row, rank] == best
            assert np.isnan(answers.scores[row, rank]) == (best < 0)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999))
def test_the_lineage_of_a_species_is_a_path_of_the_tree(seed):
    ladder, vectors = random_ladder(seed), units(np.random.default_rng(seed), 9, dim=6)
    answers = name_by_species(vectors, ladder, scale=SCALE)
    lineages = ladder.codes(ladder.places(ladder.texts[Rank.SPECIES].taxa))
    assert not is_off_tree(ladder.codes(answers.indices), lineages).any()
    best = name_by_text(vectors, ladder, scale=SCALE)
    np.testing.assert_array_equal(answers.indices[:, Rank.SPECIES], best.indices[:, Rank.SPECIES])


FISH = [
    lineage("A P C O F big a"),
    lineage("A P C O F big b"),
    lineage("A P C O F big c"),
    lineage("A P C O F small d"),
]


def test_a_flat_posterior_names_the_larger_genus_and_a_size_prior_the_likelier_one():
    """Of four species d is a little the nearest: alone in its genus it loses to three, and wins by the mean."""
    ladder = ladder_of(FISH, {"d": [0.01, 0]})
    image = np.array([[1, 0]], dtype=np.float32)
    plain = name_by_sums(image, ladder, scale=SCALE)
    sized = name_by_sums(image, ladder, scale=SCALE, powers={Rank.GENUS: 1.0})
    assert (plain.indices[0, Rank.GENUS], sized.indices[0, Rank.GENUS]) == (0, 1)
    weight = np.exp(0.2)
    assert plain.scores[0, Rank.GENUS] == pytest.approx(3 / (3 + weight), rel=1e-5)
    assert sized.scores[0, Rank.GENUS] == pytest.approx(weight / (1 + weight), rel=1e-5)
    assert plain.indices[0, Rank.SPECIES] == sized.indices[0, Rank.SPECIES] == 3


def test_top_down_never_recovers_from_a_wrong_kingdom():
    """The image is a plant's twin to the species, but its kingdom's text lies nearer to animals."""
    species = [lineage("animal P C O F G a"), lineage("plant P C O F G b")]
    ladder = ladder_of(species, {"animal": [0.2, 0], "plant": [0.1, 0], "a": [0, 0], "b": [1, 0]})
    image = np.array([[1, 0]], dtype=np.float32)
    assert name_by_text(image, ladder, scale=SCALE).indices[0, [0, 6]].tolist() == [0, 1]
    assert name_top_down(image, ladder, scale=SCALE).indices[0, [0, 6]].tolist() == [0, 0]


def test_top_down_holds_its_children_apart_however_far_they_lie_from_the_best_text():
    """In float32 the posterior of both children is nought: they must be compared before the soft-max."""
    species = [lineage("A P C O F G a"), lineage("A P C O F G b"), lineage("B P C O F G c")]
    ladder = ladder_of(species, {"A": [0.9, 0], "B": [0, 0], "a": [-0.9, 0], "b": [-0.8, 0], "c": [1, 0]})
    answers = name_top_down(np.array([[1, 0]], dtype=np.float32), ladder, scale=1000.0)
    assert answers.indices[0, [0, 6]].tolist() == [0, 1]


def test_a_taxon_without_a_name_at_a_rank_stays_open_below_it():
    species = [lineage("K P C - F G a"), lineage("K P C O H J b")]
    ladder = ladder_of(species, {"F": [1, 0], "H": [0, 0], "a": [1, 0]})
    answers = name_top_down(np.array([[1, 0]], dtype=np.float32), ladder, scale=SCALE)
    assert answers.indices[0].tolist() == [0, 0, 0, 0, 0, 0, 0]


def test_where_nothing_is_open_there_is_no_answer():
    species = [lineage("A P C O F G a"), lineage("B P - O F G b")]
    ladder = ladder_of(species, {"B": [1, 0]})
    answers = name_top_down(np.array([[1, 0]], dtype=np.float32), ladder, scale=SCALE)
    assert answers.indices[0].tolist() == [1, 1, -1, 1, 1, 1, 1]


def test_no_image_has_no_answer():
    ladder, nobody = ladder_of(FISH), np.zeros((0, 2), dtype=np.float32)
    for way in (name_by_text, name_by_sums, name_by_species, name_top_down):
        assert way(nobody, ladder, scale=SCALE).indices.shape == (0, 7)
