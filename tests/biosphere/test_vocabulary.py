"""The words of traits, in two wordings that share none."""

import itertools
import re

import pytest

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.traits import TRAITS
from thuja.biosphere.vocabulary import COMPARED, Fact, Wording, end_of, parts_of, values_of, word

SMALL_WORDS = {"a", "an", "the", "of", "in", "on", "to", "by", "at", "from", "s", "and", "over", "with", "more"}
SAID = (
    "stage",
    "colour",
    "mark_colour",
    "ailment",
    "heading",
    "view",
    "light",
    "camera",
    "emptiness",
    "ground",
    "plan",
)
NAMED = [name for name, trait in TRAITS.items() if trait.is_named]


def content(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text)) - SMALL_WORDS


def words_of(wording: Wording) -> set[str]:
    facts = [
        Fact(name, value, plan)
        for name in (*NAMED_WITH_WORDS, *SAID)
        for value in values_of(name)
        for plan in ("bird", "fern")
    ]
    found = [word(fact, wording) for fact in facts]
    found += [
        getattr(parts_of(plan), part).of(wording) for plan in PLANS for part in ("head", "mouth", "limbs", "tail")
    ]
    found += [words.of(wording) for ends in COMPARED.values() for words in ends.values()]
    return set().union(*map(content, found))


NAMED_WITH_WORDS = [name for name in NAMED if name != "hue"]


def test_the_two_wordings_share_no_content_word():
    assert words_of(Wording.TRAIN) & words_of(Wording.TEST) == set()


@pytest.mark.parametrize("name", NAMED_WITH_WORDS)
@pytest.mark.parametrize("wording", Wording)
def test_each_value_of_a_named_trait_has_words_of_its_own(name, wording):
    """Hue has none but the names of colours."""
    trait = TRAITS[name]
    expected = trait.states or tuple(map(str, trait.counts)) or ("low", "high")
    assert set(expected) <= set(values_of(name))
    said = [word(Fact(name, value, "bird"), wording) for value in expected]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("name", [name for name, trait in TRAITS.items() if not trait.is_named])
def test_a_trait_without_a_name_has_no_word(name):
    with pytest.raises(KeyError):
        word(Fact(name, (TRAITS[name].states or ("low",))[0], "bird"), Wording.TRAIN)


def test_a_share_is_named_at_its_ends_only():
    assert [end_of(share) for share in (0.0, 0.29, 0.3, 0.5, 0.7, 0.71, 1.0)] == [
        "low",
        "low",
        "",
        "",
        "",
        "high",
        "high",
    ]


def test_body_plans_have_words_that_tell_them_apart():
    for wording in Wording:
        nouns = [word(Fact("plan", plan, plan), wording) for plan in PLANS]
        assert all(first != second for first, second in itertools.combinations(nouns, 2))


def test_facts_have_phrases_with_their_articles():
    phrases = [
        Fact("mouth", "hooked", "bird").phrase(),
        Fact("limb_count", "5", "spider").phrase(),
        Fact("ornament", "antennae", "moth").phrase(),
        Fact("pattern", "net", "fish").phrase(Wording.TEST),
        Fact("camera", "museum", "fern").phrase(),
        Fact("ocelli", "1", "fish").phrase(Wording.TEST),
        Fact("ground", "soil").phrase(),
    ]
    legs = parts_of("spider").limbs.train
    assert phrases == [
        "a hooked beak",
        f"five pairs of {legs}",
        "antennae",
        "a lattice",
        "mounted beside a scale bar",
        "a single ocellus",
        "on stony soil",
    ]
