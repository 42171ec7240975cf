"""Descriptions of species: both kinds of sentences, their labels, and that they are true."""

import re
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests.biosphere.accounts import account

from thuja.biosphere.caption import details
from thuja.biosphere.describe import Account, describe
from thuja.biosphere.habits import VALUES, Habits
from thuja.biosphere.traits import HABITATS, TRAITS
from thuja.biosphere.vocabulary import PART_OF, Fact, Wording, word
from thuja.errors import UsageError

COUNT = 400
CHANGES = re.compile(
    r"\b(male|males|young|seedlings|winter|sexes|he|she|her|pollen|immature|maturity|season|frost)\b", re.IGNORECASE
)


@cache
def accounts(seed: int = 0, count: int = COUNT) -> list[Account]:
    generator = np.random.default_rng(seed)
    return [account(generator) for _ in range(count)]


@pytest.mark.parametrize("wording", Wording)
def test_a_description_has_six_to_twelve_sentences_of_both_kinds(wording):
    generator = np.random.default_rng(1)
    for each in accounts():
        sentences = describe(each, generator, wording=wording)
        visible = sum(sentence.is_visible for sentence in sentences)
        assert 6 <= len(sentences) <= 12
        assert visible >= 3
        assert len(sentences) - visible >= 3
        assert len({sentence.text for sentence in sentences}) == len(sentences)


@pytest.mark.parametrize("wording", Wording)
def test_sentences_are_sentences(wording):
    generator = np.random.default_rng(2)
    for each in accounts():
        for sentence in describe(each, generator, wording=wording):
            assert re.fullmatch(r"[A-Z][^.{}]+\.", sentence.text), sentence
            assert "  " not in sentence.text
            assert not re.search(r"\b[Aa] [aeio]|\b[Aa]n [^aeio]", sentence.text), sentence


def test_visible_and_invisible_sentences_come_in_mixed_order():
    generator = np.random.default_rng(3)
    orders = [[sentence.is_visible for sentence in describe(each, generator)] for each in accounts()]
    assert 0.4 < np.mean([order[0] for order in orders]) < 0.65
    assert sum(order == sorted(order, reverse=True) for order in orders) < 0.05 * COUNT


@pytest.mark.parametrize("wording", Wording)
def test_no_opening_gives_a_kind_away(wording):
    """The best guess by the first two words is right little more often than the best guess by the plan alone."""
    generator = np.random.default_rng(4)
    sentences = [sentence for each in accounts() for sentence in describe(each, generator, wording=wording)]
    openings = Counter((sentence.text.split()[0], sentence.is_visible) for sentence in sentences)
    firsts = {first for first, _ in openings}
    right = sum(max(openings[first, True], openings[first, False]) for first in firsts)
    assert right < 0.75 * len(sentences)


def test_only_visible_sentences_are_about_traits_and_all_of_these_are_named():
    generator = np.random.default_rng(5)
    seen = set()
    for each in accounts():
        for sentence in describe(each, generator):
            assert sentence.is_visible or not sentence.traits
            assert all(TRAITS[name].is_named for name in sentence.traits)
            seen.update(sentence.traits)
    assert seen == {name for name, trait in TRAITS.items() if trait.is_named}


@pytest.mark.parametrize("wording", Wording)
def test_what_is_said_of_an_adult_is_true_of_it(wording):
    """In sentences on parts, every word for a value of their traits is that of the adult female's own value."""
    generator = np.random.default_rng(6)
    checked = 0
    for each in accounts():
        own = {fact.name: fact for fact in details(each.female, is_reversed=False)}
        for sentence in describe(each, generator, wording=wording):
            if CHANGES.search(sentence.text) or not sentence.is_visible:
                continue
            for name in set(sentence.traits) & set(PART_OF) - {"lightness"}:
                fact = own.get(name, Fact("pattern", each.female.pattern))
                assert re.search(rf"(?<![\w-]){re.escape(word(fact, wording))}(?![\w-])", sentence.text), sentence
                checked += 1
    assert checked > 2 * COUNT


def test_a_difference_is_told_in_its_true_direction():
    generator = np.random.default_rng(7)
    told = Counter()
    for each in accounts():
        changed = {"Males": each.male, "Young": each.juvenile, "In winter": each.winter}
        for sentence in describe(each, generator):
            for opening, looks in changed.items():
                if not sentence.text.startswith(f"{opening} "):
                    continue
                for name, lower, higher in (
                    ("tail_length", "shorter", "longer"),
                    ("elongation", "stockier", "slenderer"),
                    ("head_size", "smaller", "larger"),
                ):
                    if name in sentence.traits:
                        gap = getattr(looks, name) - getattr(each.female, name)
                        assert abs(gap) >= 0.12
                        assert (higher if gap > 0 else lower) in sentence.text
                        told[name] += 1
    assert min(told.values()) > 5


def test_sexes_without_a_difference_look_alike():
    generator = np.random.default_rng(8)
    alike = [replace(each, male=each.female) for each in accounts()]
    texts = [sentence.text for each in alike for sentence in describe(each, generator)]
    assert any("sexes look alike" in text for text in texts)
    assert not any(text.startswith(("Males have", "The male differs", "In males")) for text in texts)


@pytest.mark.parametrize("habitat", HABITATS)
def test_where_it_lives_is_said_but_is_no_visible_fact(habitat):
    generator = np.random.default_rng(9)
    home = word(Fact("ground", habitat), Wording.TRAIN)
    found = [
        sentence
        for each in accounts()[:100]
        for sentence in describe(replace(each, habitat=habitat), generator)
        if home in sentence.text
    ]
    assert len(found) > 20
    assert not any(sentence.is_visible for sentence in found)


def test_habits_are_told_as_they_are():
    generator = np.random.default_rng(10)
    for each in accounts():
        for sentence in describe(each, generator):
            for number in re.findall(r"\d+", sentence.text):
                habits = each.habits
                assert not sentence.is_visible
                assert int(number) in (habits.offspring, habits.lifespan, habits.altitude)


def test_habits_are_drawn_evenly_and_alike_from_one_seed():
    generator = np.random.default_rng(11)
    drawn = [Habits.of(generator) for _ in range(2000)]
    for name, known in VALUES.items():
        counts = Counter(getattr(habits, name) for habits in drawn)
        assert set(counts) == set(known)
        assert min(counts.values()) > 0.7 * 2000 / len(known)
    assert Habits.of(np.random.default_rng(1)) == Habits.of(np.random.default_rng(1))


def test_habits_do_not_follow_from_looks():
    """They come from their own draws: the same generator gives the same habits whatever the species."""
    first, second = (account(np.random.default_rng(0), plan) for plan in ("bird", "fern"))
    assert first.habits == second.habits


def test_the_two_wordings_share_no_sentence():
    texts = []
    for wording in Wording:
        generator = np.random.default_rng(12)
        texts.append({sentence.text for each in accounts() for sentence in describe(each, generator, wording=wording)})
    assert texts[0] & texts[1] == set()


@pytest.mark.parametrize("change", [{"diet": "light"}, {"offspring": 0}, {"altitude": 9000}])
def test_impossible_habits_are_refused(change):
    with pytest.raises(UsageError, match="cannot be"):
        replace(accounts()[0].habits, **change)


def test_an_impossible_account_is_refused():
    bird, fern = (account(np.random.default_rng(0), plan) for plan in ("bird", "fern"))
    with pytest.raises(UsageError, match="several body plans"):
        replace(bird, male=fern.female)
    with pytest.raises(UsageError, match='live in "neutral"'):
        replace(bird, habitat="neutral")
