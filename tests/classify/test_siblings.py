"""Siblings and voices against the whole posterior, written out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.classify.making import space, units

from thuja.classify import Tree, roll_up, zero_shot
from thuja.classify.siblings import rows_of, siblings, voice
from thuja.errors import ThujaError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

SCALE = 20.0


LINEAGES = st.lists(
    st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=7, max_size=7).map(Taxon.from_names),
    min_size=1,
    max_size=24,
)


@given(LINEAGES, st.sampled_from(RANKS), st.integers(0, 2**16))
def test_siblings_have_the_probabilities_of_the_whole_posterior(taxa: list[Taxon], rank: Rank, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = space(units(generator, len(taxa)), taxa)
    vector = units(generator, 1)[0]
    posterior, clades = roll_up(zero_shot(vector[None], labels, scale=SCALE), labels, rank)
    known = dict(zip(clades, posterior[0].tolist(), strict=True))
    answer = clades[int(posterior[0].argmax())]
    found = siblings(vector, labels, (answer, known[answer]), tree=Tree.of(labels), rank=rank, scale=SCALE)
    shared = [above for above in RANKS[:rank] if sum(taxon.at(above) == answer.at(above) for taxon in clades) > 1]
    within = [taxon for taxon in clades if not shared or taxon.at(shared[-1]) == answer.at(shared[-1])]
    assert found.clade == (answer.at(shared[-1]) if shared else None)
    assert set(found.taxa) == set(within) - {answer}
    assert list(found.scores) == sorted(found.scores, reverse=True)
    for taxon, score in zip(found.taxa, found.scores, strict=True):
        assert score == pytest.approx(known[taxon], rel=1e-4, abs=1e-9)


def test_a_taxon_that_no_label_is_of_has_no_siblings_to_tell() -> None:
    labels = space(units(np.random.default_rng(4), 1), [Taxon(family="f", genus="b")])
    with pytest.raises(ThujaError, match='no label is of the genus "f c"'):
        siblings(
            np.asarray(labels.vectors[0]),
            labels,
            (Taxon(family="f", genus="c"), 0.5),
            tree=Tree.of(labels),
            rank=Rank.GENUS,
            scale=SCALE,
        )


def test_a_bias_moves_siblings_as_it_moves_the_posterior() -> None:
    generator = np.random.default_rng(1)
    taxa = [Taxon(family="f", genus=genus, species=species) for genus in "gh" for species in "rst"]
    labels, vector = space(units(generator, len(taxa)), taxa), units(generator, 1)[0]
    shift = generator.standard_normal(len(taxa)).astype(np.float32)
    weights = np.exp(SCALE * labels.vectors @ vector + shift)
    weights /= weights.sum()
    found = siblings(
        vector,
        labels,
        (taxa[1], float(weights[1])),
        tree=Tree.of(labels),
        rank=Rank.SPECIES,
        scale=SCALE,
        bias=lambda rows, images: shift[rows][:, None],
    )
    assert dict(zip(found.taxa, found.scores, strict=True)) == {
        taxa[0]: pytest.approx(weights[0], rel=1e-4),
        taxa[2]: pytest.approx(weights[2], rel=1e-4),
    }


def test_a_voice_is_the_gradient_of_the_logarithm_of_a_clades_share() -> None:
    generator = np.random.default_rng(2)
    labels, vector = space(units(generator, 8), [Taxon(genus=name) for name in "abcdefgh"]), units(generator, 1)[0]
    rows = np.array([1, 4, 5])

    def log_sum(at: np.ndarray) -> float:
        return float(np.log(np.exp(SCALE * labels.vectors[rows].astype(np.float64) @ at).sum()))

    step = 1e-4
    slope = [
        (log_sum(vector + step * axis) - log_sum(vector - step * axis)) / (2 * step) for axis in np.eye(len(vector))
    ]
    np.testing.assert_allclose(SCALE * voice(vector, labels, rows, scale=SCALE), slope, rtol=1e-3, atol=1e-3)


def test_the_voice_of_one_label_is_its_vector_read_from_halves() -> None:
    generator = np.random.default_rng(3)
    vectors = units(generator, 5, dtype=np.float16)
    labels = LabelSpace(texts=list("abcde"), vectors=vectors, model="m")
    np.testing.assert_array_equal(voice(units(generator, 1)[0], labels, np.array([3]), scale=SCALE), vectors[3])


def test_the_rows_of_a_taxon_are_its_labels_wherever_they_stand() -> None:
    taxa = [Taxon(family="f", genus=genus) for genus in "bab"] + [Taxon(family="g", genus="b")]
    tree = Tree.of(space(units(np.random.default_rng(4), 4), taxa))
    assert sorted(rows_of(tree, taxa[0], Rank.GENUS).tolist()) == [0, 2]
    assert sorted(rows_of(tree, taxa[0], Rank.FAMILY).tolist()) == [0, 1, 2]
    assert len(rows_of(tree, Taxon(family="f", genus="c"), Rank.GENUS)) == 0
