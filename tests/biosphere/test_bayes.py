"""Bayes' rule on true traits: what is worked out by hand, what simulation finds, and calibration."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from thuja.biosphere.bayes import Classes, Evidence, Posterior, Rule, log, log_largest, summed
from thuja.biosphere.evolution import COLUMNS, WIDTH, looks_of
from thuja.biosphere.seen import Seen
from thuja.biosphere.traits import TRAITS

PLACES = {name: place for place, name in enumerate(TRAITS)}


def classes_of(means: np.ndarray, variance: float = 0.05, **changes) -> Classes:
    species, conditions, _ = means.shape
    defaults = {
        "means": means,
        "variances": np.full(WIDTH, variance),
        "plans": ("fish",) * species,
        "species_prior": np.full(species, 1 / species),
        "condition_prior": np.full(conditions, 1 / conditions),
        "ailing": np.zeros(conditions),
    }
    return Classes(**(defaults | changes))


def draw(classes: Classes, count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list]:
    """Species, conditions and looks of specimens drawn by the classes' own model."""
    species = generator.choice(len(classes.species_prior), count, p=classes.species_prior)
    conditions = generator.choice(len(classes.condition_prior), count, p=classes.condition_prior)
    noise = generator.standard_normal((count, WIDTH)) * np.sqrt(classes.variances)
    liabilities = classes.means[species, conditions] + noise
    return species, conditions, [looks_of(row, classes.plans[s]) for row, s in zip(liabilities, species, strict=True)]


def only(names: list[str], looks: list) -> Seen:
    """What shows when these traits alone are seen."""
    return Seen.wholly(looks).only(names)


def two_species(name: str, gap: float) -> np.ndarray:
    means = np.zeros((2, 1, WIDTH))
    means[1, 0, COLUMNS[name].start] = gap
    return means


def test_two_species_that_differ_in_one_share_are_told_apart_as_often_as_the_normal_says():
    """Means 0 and 1, variance 0.25: the midpoint is one standard deviation from each, so Phi(1) = 0.841 are right."""
    classes = classes_of(two_species("hue", 1.0), variance=0.25)
    species, _, looks = draw(classes, 4000, np.random.default_rng(0))
    seen = only(["hue"], looks)
    said = Rule.of(classes).posterior(seen).species
    liability = seen.values[:, PLACES["hue"]]
    by_hand = 1 / (1 + np.exp(-(liability - 0.5) / 0.25))  # log odds (m1 - m0) x / v - (m1^2 - m0^2) / 2v
    np.testing.assert_allclose(said[:, 1], by_hand, atol=1e-6)
    right = np.mean(said.argmax(axis=1) == species)
    assert right == pytest.approx(NormalDist().cdf(1), abs=3 * np.sqrt(0.84 * 0.16 / 4000))


def test_a_state_is_as_likely_as_its_liability_is_to_be_the_largest():
    two = log_largest(np.array([[0.7, 0.0]]), np.array([0.3, 0.4]))
    assert np.exp(two[0, 0]) == pytest.approx(NormalDist().cdf(0.7 / 0.5), abs=1e-4)
    np.testing.assert_allclose(np.exp(log_largest(np.zeros((1, 8)), np.full(8, 0.2))), 1 / 8)
    generator = np.random.default_rng(1)
    means, spread = generator.standard_normal(8), np.full(8, 1.0)
    wins = (means + generator.standard_normal((400_000, 8))).argmax(axis=1)
    np.testing.assert_allclose(np.exp(log_largest(means[None], spread))[0], np.bincount(wins) / 400_000, atol=0.003)


def test_posteriors_equal_the_frequencies_of_a_brute_force_simulation():
    """Three species seen by a count and a state: of a million specimens, how many of each species look just so."""
    generator = np.random.default_rng(2)
    means = 0.6 * generator.standard_normal((3, 2, WIDTH))
    prior = np.array([0.5, 0.3, 0.2])
    classes = classes_of(means, variance=0.3, species_prior=prior, condition_prior=np.array([0.75, 0.25]))
    names = ["ocelli", "mouth"]
    count = 1_000_000
    species = generator.choice(3, count, p=prior)
    condition = generator.choice(2, count, p=classes.condition_prior)
    columns = np.r_[COLUMNS["ocelli"], COLUMNS["mouth"]]
    drawn = means[:, :, columns][species, condition] + np.sqrt(0.3) * generator.standard_normal((count, 5))
    ocelli = np.searchsorted([NormalDist().inv_cdf(q) for q in (0.25, 0.5, 0.75)], drawn[:, 0])
    cells = 4 * ocelli + drawn[:, 1:].argmax(axis=1)
    _, _, looks = draw(classes, 300, generator)
    seen = only(names, looks)
    said = Rule.of(classes).posterior(seen)
    asked = (4 * seen.values[:, PLACES["ocelli"]] + seen.values[:, PLACES["mouth"]]).astype(int)
    checked = 0
    for cell in np.unique(asked):
        row, alike = int(np.argmax(asked == cell)), cells == cell
        if alike.sum() < 5000:
            continue
        np.testing.assert_allclose(said.species[row], np.bincount(species[alike], minlength=3) / alike.sum(), atol=0.02)
        np.testing.assert_allclose(said.conditions[row], np.bincount(condition[alike]) / alike.sum(), atol=0.02)
        checked += 1
    assert checked >= 10


def test_posteriors_are_calibrated_and_as_often_right_as_they_say():
    generator = np.random.default_rng(3)
    means = 0.4 * generator.standard_normal((20, 6, WIDTH))
    classes = classes_of(means, variance=0.5)
    species, conditions, looks = draw(classes, 3000, generator)
    said = Rule.of(classes).posterior(only(["hue", "pattern", "limb_count", "tail", "elongation"], looks))
    for probabilities, truth in ((said.species, species), (said.conditions, conditions)):
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        best, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
        assert abs(best.mean() - right.mean()) < 3 * np.sqrt(0.25 / 3000)
        # All probabilities, binned: in each bin so many are true as it says.
        flat, is_true = probabilities.ravel(), (np.arange(probabilities.shape[1]) == truth[:, None]).ravel()
        for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 1.0)):
            inside = (flat >= low) & (flat < high)
            said_share, true_share, count = flat[inside].mean(), is_true[inside].mean(), inside.sum()
            assert abs(said_share - true_share) < 4 * np.sqrt(said_share * (1 - said_share) / count)


@pytest.mark.slow
def test_no_rule_on_the_same_traits_is_right_more_often():
    """The nearest mean, and Bayes' rule with the wrong prior, fall short of it."""
    generator = np.random.default_rng(4)
    means = 0.5 * generator.standard_normal((8, 1, WIDTH))
    prior = np.array([0.44] + [0.08] * 7)
    classes = classes_of(means, variance=0.4, species_prior=prior)
    species, _, looks = draw(classes, 6000, generator)
    seen = only(["hue", "chroma", "lightness"], looks)
    places = [PLACES[name] for name in ("hue", "chroma", "lightness")]
    columns = [COLUMNS[name].start for name in ("hue", "chroma", "lightness")]
    gaps = ((seen.values[:, None, places] - means[None, :, 0, columns]) ** 2).sum(axis=2)
    nearest = np.mean(gaps.argmin(axis=1) == species)
    best = np.mean(Rule.of(classes).posterior(seen).species.argmax(axis=1) == species)
    flat = np.mean(Rule.of(classes_of(means, variance=0.4)).posterior(seen).species.argmax(axis=1) == species)
    assert nearest == pytest.approx(flat, abs=0.001)
    assert best > nearest + 0.02


def test_what_does_not_show_says_nothing_and_the_body_plan_always_does():
    generator = np.random.default_rng(5)
    prior = np.array([0.5, 0.25, 0.25])
    classes = classes_of(generator.standard_normal((3, 1, WIDTH)), plans=("fish", "fish", "bird"), species_prior=prior)
    _, _, looks = draw(classes, 50, generator)
    said = Rule.of(classes).posterior(only([], looks)).species
    for row, one in zip(said, looks, strict=True):
        np.testing.assert_allclose(row, [0, 0, 1] if one.body_plan == "bird" else [2 / 3, 1 / 3, 0], atol=1e-9)


def test_an_ailment_that_is_drawn_tells_the_condition_and_an_empty_frame_tells_nothing():
    classes = classes_of(np.zeros((2, 3, WIDTH)), ailing=np.array([0.0, 0.4, 0.8]))
    _, _, looks = draw(classes, 4, np.random.default_rng(7))
    seen = replace(Seen.wholly(looks), ailing=np.array([0.0, 0.45, 0.7, np.nan]), plans=("fish", "fish", "fish", ""))
    found = Rule.of(classes).posterior(seen.only([]))
    np.testing.assert_allclose(found.conditions, [*np.eye(3), [1 / 3] * 3], atol=1e-9)
    np.testing.assert_allclose(found.species[3], [0.5, 0.5])


def test_evidence_beside_the_traits_counts_as_its_likelihood():
    """Odds of 3 to 1 from the traits and 1 to 6 from the ground are 1 to 2; what cannot be is not."""
    classes = classes_of(np.zeros((2, 2, WIDTH)), species_prior=np.array([0.75, 0.25]))
    rule, nothing = Rule.of(classes), Seen.wholly(draw(classes, 2, np.random.default_rng(8))[2]).only([])
    evidence = Evidence(species=log(np.array([[0.1, 0.6], [0.0, 1.0]])), conditions=log(np.array([[1, 1], [0, 1.0]])))
    found = rule.posterior(nothing, evidence)
    np.testing.assert_allclose(found.species, [[1 / 3, 2 / 3], [0, 1]], atol=1e-9)
    np.testing.assert_allclose(found.conditions, [[0.5, 0.5], [0, 1]], atol=1e-9)
    np.testing.assert_allclose(rule.unseen(evidence.species).species, found.species, atol=1e-9)


def test_groups_sum_what_their_members_have():
    said = Posterior(species=np.array([[0.5, 0.2, 0.3]]), conditions=np.array([[1.0]]))
    np.testing.assert_allclose(summed(said.species, np.array([1, 0, 1])), [[0.2, 0.8]])
