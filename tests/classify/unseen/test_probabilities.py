"""How likely an organism is outside the labels, in a world where species are points and images lie about them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.classify.making import space, units

from thuja.classify import marginals
from thuja.classify.unseen.falling import Falling
from thuja.classify.unseen.probabilities import (
    UNSEEN_RANKS,
    Prevalence,
    Score,
    Unseen,
    UnseenOptions,
    find_homes,
    fit_unseen,
)
from thuja.classify.unseen.signs import Signs, signs
from thuja.errors import BadFile, EmptyInput, ThujaError, UnknownName, UsageError
from thuja.taxonomy import Rank, Taxon

SCALE, DIM = 20.0, 16
HALVES = Prevalence(species=0.75, genus=0.5, family=0.25)
"""As many organisms of known species as of unseen species, genera and families."""


def made_world(seed=0, *, noise=0.25):
    """27 families of 3 genera of 3 species, each a point near that of the clade above; and a way to photograph them."""
    generator = np.random.default_rng(seed)
    points = np.zeros((1, DIM))
    for count, spread in ((27, 1.0), (3, 0.5), (3, 0.35)):
        points = np.repeat(points, count, axis=0)
        points = points + spread * units(generator, len(points), dim=DIM)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    taxa = [
        Taxon(kingdom="Life", family=f"F{number // 9}", genus=f"G{number // 3}", species=f"s{number}")
        for number in range(243)
    ]

    def photograph(which):
        images = points[which] + noise * units(generator, len(which), dim=DIM)
        return (images / np.linalg.norm(images, axis=1, keepdims=True)).astype(np.float32)

    return points.astype(np.float32), taxa, photograph


def known_part(points, taxa):
    """Labels without the last nine families, and without a genus and a species of each of the others."""
    kept = [n for n in range(243) if n < 162 and n % 9 >= 3 and n % 9 != 3]
    return space(points[kept], [taxa[n] for n in kept]), np.array(kept)


def fitted(score, *, prevalence=HALVES, seed=0):
    points, taxa, photograph = made_world(seed)
    labels, kept = known_part(points, taxa)
    shown = np.repeat(kept, 8)
    truth = [taxa[n] for n in shown]
    options = UnseenOptions(score=score, prevalence=prevalence)
    vectors = photograph(shown)
    return fit_unseen(vectors, truth, labels, scale=SCALE, options=options), labels, photograph, vectors, truth


def strangers(labels, taxa):
    """Whether each of all species is unseen at species, genus and family: (3, 243)."""
    known = [{taxon.at(rank) for taxon in labels.taxa} for rank in UNSEEN_RANKS]
    return np.array([[taxon.at(rank) not in known[n] for taxon in taxa] for n, rank in enumerate(UNSEEN_RANKS)])


@pytest.mark.parametrize("score", list(Score))
def test_what_is_said_of_strangers_is_true_as_often_as_it_is_said(score):
    """The mean probability is the share of strangers, low and high alike, for strangers nearly as those taken out.

    Not quite: without its species a genus has one or two others left, and a stranger's genus has two. The posterior,
    which weighs labels against each other, feels that most.
    """
    unseen, labels, photograph, _, _ = fitted(score)
    _, taxa, _ = made_world()
    generator = np.random.default_rng(9)
    is_new = strangers(labels, taxa)
    level = is_new.sum(axis=0)
    shown = np.concatenate([generator.choice(np.flatnonzero(level == depth), 1500) for depth in range(4)])
    vectors = photograph(shown)
    said = unseen.probabilities(signs(vectors, labels, scale=SCALE), vectors)
    assert tuple(said) == UNSEEN_RANKS
    for rank, is_so in zip(UNSEEN_RANKS, is_new[:, shown], strict=True):
        chance = said[rank]
        assert chance[is_so].mean() > chance[~is_so].mean() + 0.05
        halves = chance > np.median(chance)
        for part in (halves, ~halves):
            assert chance[part].mean() == pytest.approx(
                is_so[part].mean(), abs=0.2 if score is Score.POSTERIOR else 0.12
            )


@settings(deadline=None, max_examples=30)
@given(
    steps=st.lists(st.tuples(st.floats(-9, 9), st.floats(0, 5)), min_size=3, max_size=3),
    shares=st.lists(st.floats(0.01, 0.95), min_size=3, max_size=3).map(sorted),
    seed=st.integers(0, 99),
)
def test_probabilities_nest_at_any_prevalence_and_fall_as_the_score_rises_at_the_fitted_one(steps, shares, seed):
    other = Prevalence(family=shares[0], genus=shares[1], species=shares[2])
    unseen = Unseen(
        score=Score.ENERGY,
        ranks=UNSEEN_RANKS,
        steps=tuple(Falling(height=height, steepness=steepness) for height, steepness in steps),
        prevalence=Prevalence(),
    )
    energy = np.sort(np.random.default_rng(seed).normal(0, 4, 20)).astype(np.float32)
    for prevalence in (None, other):
        said = unseen.probabilities(Signs(peak=energy, energy=energy), np.zeros((20, 1)), prevalence=prevalence)
        species, genus, family = (said[rank] for rank in UNSEEN_RANKS)
        assert ((species >= genus - 1e-12) & (genus >= family - 1e-12) & (family >= 0) & (species <= 1)).all()
        if prevalence is None:
            assert all((np.diff(chance) <= 1e-9).all() for chance in said.values())


def test_another_prevalence_is_bayes_rule():
    """Where half are strangers, odds are 9 times those where a tenth are."""
    energy = np.linspace(-3, 3, 7).astype(np.float32)
    evidence = Signs(peak=energy, energy=energy)
    step = Falling(height=-1.0, steepness=1.0)
    rare = Prevalence(species=0.1, genus=0.05, family=0.02)
    unseen = Unseen(score=Score.ENERGY, ranks=(Rank.SPECIES,), steps=(step,), prevalence=rare)
    before = unseen.at_all(evidence, np.zeros((7, 1)))
    after = unseen.at_all(evidence, np.zeros((7, 1)), prevalence=Prevalence(species=0.5))
    np.testing.assert_allclose(after / (1 - after), 9 * before / (1 - before), rtol=1e-9)


def test_one_share_stands_for_all_three():
    assert Prevalence.of_species(0.1) == Prevalence()


@pytest.mark.parametrize("score", list(Score))
def test_saved_and_loaded_it_says_the_same(score):
    unseen, labels, photograph, vectors, truth = fitted(score)
    _, groups, rows = find_homes(truth, labels)
    facts = json.loads(json.dumps(unseen.to_dict()))
    again = Unseen.from_dict(facts, vectors=vectors[rows], groups=groups)
    asked = photograph(np.arange(50))
    evidence = signs(asked, labels, scale=SCALE)
    for rank, chance in unseen.probabilities(evidence, asked).items():
        np.testing.assert_array_equal(again.probabilities(evidence, asked)[rank], chance)
    assert (again.images, again.species) == (unseen.images, unseen.species) == (len(rows), len(labels))


def test_a_block_of_marginals_says_what_signs_say():
    unseen, labels, photograph, _, _ = fitted(Score.POSTERIOR)
    vectors = photograph(np.arange(30))
    (block,) = marginals(vectors, labels, scale=SCALE)
    said = unseen.probabilities(block, vectors)
    for rank, chance in unseen.probabilities(signs(vectors, labels, scale=SCALE), vectors).items():
        np.testing.assert_allclose(said[rank], chance, rtol=1e-4)
    np.testing.assert_array_equal(unseen.at_all(block, vectors), said[Rank.SPECIES])


def test_a_few_species_that_are_no_label_take_no_part_and_neither_do_half_named_ones():
    points, taxa, photograph = made_world()
    labels, kept = known_part(points, taxa)
    genus_alone = [taxa[200].at(Rank.GENUS)] * 9
    shown = np.concatenate([kept, np.arange(3), np.arange(162, 166), np.arange(200, 209)])
    truth = [taxa[n] for n in shown[:-9]] + genus_alone
    vectors = photograph(shown)
    whole = fit_unseen(vectors, truth, labels, scale=SCALE)
    part = fit_unseen(vectors[: len(kept)], truth[: len(kept)], labels, scale=SCALE)
    assert whole.strangers == (0, 0, 0)
    assert whole.to_dict() == part.to_dict()


def test_enough_species_that_are_no_label_show_what_the_score_does_on_strangers():
    """Here strangers look like known ones, which no simulation shows: the score says next to nothing then."""
    points, taxa, photograph = made_world()
    labels, kept = known_part(points, taxa)
    out = np.arange(162, 243)
    shown = np.concatenate([kept, kept, out])
    vectors = photograph(np.concatenate([kept, kept, kept[: len(out)]]))
    truth = [taxa[n] for n in shown]
    options = UnseenOptions(prevalence=HALVES)
    told = fit_unseen(vectors, truth, labels, scale=SCALE, options=options)
    simulated = fit_unseen(
        vectors, truth, labels, scale=SCALE, options=UnseenOptions(prevalence=HALVES, uses_strangers=False)
    )
    assert told.strangers == (0, 0, 81)
    assert simulated.strangers == (0, 0, 0)
    evidence = signs(vectors[-81:], labels, scale=SCALE)
    said = [unseen.probabilities(evidence, vectors[-81:])[Rank.FAMILY].mean() for unseen in (told, simulated)]
    assert said[1] < 0.05 < 0.15 < said[0]


def test_photos_of_none_of_the_custom_labels_teach_what_such_look_like():
    points, _, photograph = made_world()
    labels = space(points[::27])
    shown = np.concatenate([np.repeat(np.arange(0, 243, 27), 5), np.arange(5, 243, 9)])
    truth = [str(n // 27) if n % 27 == 0 else f"other {n}" for n in shown]
    unseen = fit_unseen(photograph(shown), truth, labels, scale=SCALE)
    assert unseen.strangers == (27,)
    others = photograph(np.arange(6, 243, 9))
    assert unseen.at_all(signs(others, labels, scale=SCALE), others).mean() > 0.8


def test_custom_labels_are_unseen_at_all_or_not():
    points, _, photograph = made_world()
    labels = space(points[::9])
    shown = np.repeat(np.arange(0, 243, 9), 6)
    unseen = fit_unseen(photograph(shown), [str(n // 9) for n in shown], labels, scale=SCALE)
    known, others = photograph(np.arange(0, 243, 9)), photograph(np.arange(5, 243, 9))
    chance = [unseen.at_all(signs(part, labels, scale=SCALE), part).mean() for part in (known, others)]
    assert unseen.ranks == ()
    assert unseen.probabilities(signs(known, labels, scale=SCALE), known) == {}
    assert chance[0] < 0.1 < chance[1]


def test_ranks_at_which_the_labels_are_one_clade_are_not_told():
    points, taxa, photograph = made_world()
    labels = space(points[:9], taxa[:9])
    shown = np.repeat(np.arange(9), 5)
    unseen = fit_unseen(photograph(shown), [taxa[n] for n in shown], labels, scale=SCALE)
    assert unseen.ranks == (Rank.SPECIES, Rank.GENUS)
    with pytest.raises(UsageError, match="one species"):
        fit_unseen(photograph(np.zeros(4, int)), [taxa[0]] * 4, space(points[:1], taxa[:1]), scale=SCALE)


def test_bad_input_is_told():
    points, taxa, photograph = made_world()
    labels = space(points[:9], taxa[:9])
    with pytest.raises(EmptyInput, match="among the labels"):
        fit_unseen(photograph(np.arange(20, 25)), taxa[20:25], labels, scale=SCALE)
    with pytest.raises(ThujaError, match="3 observations do not fit 5 images"):
        fit_unseen(photograph(np.arange(5)), taxa[:5], labels, scale=SCALE, observations=[1, 2, 3])
    with pytest.raises(ThujaError, match="taxon for each image"):
        fit_unseen(photograph(np.arange(5)), ["raven"] * 5, labels, scale=SCALE)
    options = UnseenOptions(score=Score.KNN)
    with pytest.raises(UsageError, match="nothing is left"):
        fit_unseen(photograph(np.zeros(5, int)), [taxa[0]] * 5, labels, scale=SCALE, options=options)
    with pytest.raises(UsageError, match=r"got 0\.5, 0\.1 and 0\.2"):
        Prevalence(species=0.2, genus=0.1, family=0.5)
    with pytest.raises(UnknownName, match='unknown score: "enery"'):
        Score.parse("enery")


def test_facts_that_are_none_are_a_bad_file_and_images_that_lack_are_told():
    with pytest.raises(BadFile, match="how unseen organisms are told"):
        Unseen.from_dict({"score": "energy"})
    facts = fitted(Score.KNN)[0].to_dict()
    with pytest.raises(ThujaError, match="there are none"):
        Unseen.from_dict(facts)
