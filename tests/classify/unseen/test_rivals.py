"""Rivals: which labels of a wider space they are, and what their share is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.classify.making import random_taxa, space, units

from thuja.classify import zero_shot
from thuja.classify.unseen.rivals import rivals_of, share_of_rivals
from thuja.classify.unseen.signs import Signs, signs
from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon

RAVEN = Taxon(family="Corvidae", genus="Corvus", species="corax", common="Common Raven")
CROW = Taxon(family="Corvidae", genus="Corvus", species="corone", common="Carrion Crow")
JAY = Taxon(family="Corvidae", genus="Garrulus", species="glandarius", common="Eurasian Jay")
HERON = Taxon(family="Ardeidae", genus="Ardea", species="cinerea", common="Grey Heron")
ALL = space(np.eye(4, dtype=np.float32), [RAVEN, CROW, JAY, HERON])


def custom(*texts):
    return LabelSpace(texts=texts, vectors=np.eye(len(texts), 4, dtype=np.float32), model="m")


@pytest.mark.parametrize(
    ("texts", "left"),
    [
        (("Corvus corax", "grey heron"), [CROW, JAY]),
        (("CORVUS",), [JAY, HERON]),
        (("Corvidae",), [HERON]),
        (("Carrion Crow", "Eurasian Jay", "Ardea"), [RAVEN]),
    ],
)
def test_a_text_names_what_has_it_for_a_name(texts, left):
    assert list(rivals_of(custom(*texts), ALL).taxa) == left


@given(count=st.integers(1, 30), ancestors=st.integers(1, 4), names=st.integers(1, 3), seed=st.integers(0, 99))
def test_what_lies_within_is_what_each_taxon_says_of_itself(count, ancestors, names, seed):
    generator = np.random.default_rng(seed)
    taxa, above = random_taxa(generator, count, names=names), random_taxa(generator, ancestors, names=names)
    left = [taxon for taxon in taxa if not any(taxon.is_within(ancestor) for ancestor in above)]
    labels, everything = space(units(generator, ancestors), above), space(units(generator, count), taxa)
    if left:
        assert list(rivals_of(labels, everything).taxa) == left
    else:
        with pytest.raises(EmptyInput):
            rivals_of(labels, everything)


def test_an_epithet_alone_names_nothing():
    with pytest.raises(UsageError, match='"corax" names no taxon'):
        rivals_of(custom("Corvus", "corax"), ALL)


def test_a_taxon_names_all_that_lies_within_it():
    labels = space(np.eye(2, 4, dtype=np.float32), [RAVEN.at(Rank.GENUS), HERON])
    assert list(rivals_of(labels, ALL).taxa) == [JAY]


@given(count=st.integers(1, 9), others=st.integers(1, 30), seed=st.integers(0, 99))
def test_at_the_share_of_their_number_rivals_get_their_part_of_one_posterior(count, others, seed):
    generator = np.random.default_rng(seed)
    everything, vectors = space(units(generator, count + others)), units(generator, 5)
    whole = zero_shot(vectors, everything, scale=8.0)
    ours, theirs = everything.subset(np.arange(count)), everything.subset(np.arange(count, count + others))
    found = share_of_rivals(
        signs(vectors, ours, scale=8.0),
        signs(vectors, theirs, scale=8.0),
        counts=(count, others),
        prevalence=others / (count + others),
    )
    np.testing.assert_allclose(found, whole[:, count:].sum(axis=1), rtol=1e-4)


def test_bad_input_is_told():
    with pytest.raises(UsageError, match="made by m, their rivals by other"):
        rivals_of(custom("Corvus"), LabelSpace(texts=["x"], vectors=np.eye(1), model="other", taxa=[RAVEN]))
    with pytest.raises(UsageError, match="must be taxa"):
        rivals_of(custom("Corvus"), space(np.eye(2)))
    with pytest.raises(EmptyInput, match="no rival"):
        rivals_of(custom("Corvidae", "Ardeidae"), ALL)
    one = Signs(peak=np.zeros(1, np.float32), energy=np.zeros(1, np.float32))
    with pytest.raises(UsageError, match="got 1"):
        share_of_rivals(one, one, counts=(1, 1), prevalence=1.0)
    with pytest.raises(ThujaError, match="got 0 and 1"):
        share_of_rivals(one, one, counts=(0, 1), prevalence=0.5)
