"""Captions read back into facts."""

import numpy as np
import pytest

from thuja.biosphere import Sighting, World, WorldConfig
from thuja.biosphere.caption import said_of
from thuja.biosphere.captioner import Captioner
from thuja.biosphere.reading import heard_in
from thuja.biosphere.vocabulary import Fact, Wording


@pytest.fixture(scope="module")
def sightings() -> list[Sighting]:
    worlds = [World.make(WorldConfig(seed=4, species=40, images=8, plans=plans)) for plans in ("usual", "held_out")]
    rows = [(world, *address) for world in worlds for address in world.addresses().tolist()[::3]]
    return [Sighting.of(world, species, number) for world, species, number in rows]


def stated(facts: tuple[Fact, ...]) -> set[tuple[str, str]]:
    return {(fact.name, fact.value) for fact in facts}


@pytest.mark.parametrize("wording", Wording)
def test_a_true_caption_is_read_back_into_the_facts_it_was_made_of(sightings: list[Sighting], wording: Wording) -> None:
    for one in sightings:
        plain = said_of(one.specimen, one.scene, wording)
        heard = heard_in(plain.text, wording)
        assert stated(heard.facts) == stated(plain.facts), plain.text
        assert heard.unread == ()


@pytest.mark.parametrize("wording", Wording)
def test_a_replaced_value_is_heard_as_it_was_said(sightings: list[Sighting], wording: Wording) -> None:
    """Values that no picture here shows, too; a plan that is replaced may lack the words of other facts."""
    generator = np.random.default_rng(0)
    captioner = Captioner(substitution=0.5, wording=wording)
    checked = 0
    for one in sightings:
        said = captioner.caption(one.specimen, one.scene, generator)
        wrong = {(error.trait, error.said) for error in said.errors}
        if any(name in ("plan", "emptiness") for name, _ in wrong):
            continue
        assert wrong <= stated(heard_in(said.text, wording).facts), said.text
        checked += len(wrong)
    assert checked > 100


def test_words_of_no_part_are_told_apart() -> None:
    heard = heard_in("A red bird with a hooked tail and some splendour.")
    assert stated(heard.facts) == {("colour", "red"), ("plan", "bird")}
    assert heard.unread == ("hooked", "some", "splendour")


def test_a_fact_that_is_said_twice_is_one_and_two_values_are_two() -> None:
    heard = heard_in("A bird with two eyespots, two eyespots and three eyespots.")
    assert [fact.value for fact in heard.facts] == ["bird", "2", "3"]
    assert heard.plan == "bird"
