"""Captions are read back by a parser of their own, and everything they say is held against the picture's facts."""

import re

import numpy as np
import pytest

from thuja.biosphere.things import Facts, Group, Thing, ThingsConfig
from thuja.biosphere.things.caption import TEMPLATES, caption
from thuja.biosphere.things.kinds import forms
from thuja.biosphere.things.lexicon import (
    COLOUR_WORDS,
    COLOURS,
    KINDS,
    LIGHT_WORDS,
    NUMERALS,
    PATTERN_WORDS,
    PATTERNS,
    RELATION_FORMS,
    SCENE_WORDS,
    SCENES,
    SIZE_WORDS,
    SIZES,
)

CONFIG = ThingsConfig(seed=3, images=1500, test=0.5)
THINGS = [Thing.of(CONFIG, number) for number in range(CONFIG.images)]
COUNTS = {"a": 1, "an": 1, **{word: count for count, word in NUMERALS.items()}}
NOUNS = {
    form: (kind.key, place == 1)
    for kind in KINDS.values()
    for word in (kind.name, *kind.train, *kind.test)
    for place, form in enumerate(forms(word))
}


def meanings(words, synonyms):
    return {word: word for word in words if word} | synonyms["train"] | synonyms["test"]


COLOUR = meanings(COLOURS, COLOUR_WORDS)
PATTERN = meanings(PATTERNS[1:], PATTERN_WORDS)
SIZE = meanings(SIZES, SIZE_WORDS)


def one_of(words) -> str:
    """A group of alternatives, longest first: "tea pot" comes before "pot"."""
    return "(" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


PHRASE = re.compile(
    "".join(rf"(?:\b{one_of(words)} )?" for words in (COUNTS, SIZE, COLOUR, PATTERN)) + rf"\b{one_of(NOUNS)}(?![\w-])"
)


def bare(thing: Thing) -> str:
    """The caption with its own first word's case, and without the words of its scene and light."""
    text = thing.true_caption
    text = text if re.match(r"[TX]-?[A-Z]", text) else text[0].lower() + text[1:]
    scene = [SCENES[thing.facts.scene], *(words.get(thing.facts.scene, ()) for words in SCENE_WORDS.values())]
    for phrase in sorted((phrase for pair in scene for phrase in pair), key=len, reverse=True):
        text = re.sub(rf"(^|(?<=[ (]))({re.escape(phrase)}|{re.escape(phrase.capitalize())})(?=$|[ .,:)|])", "", text)
    return text


def told(thing: Thing) -> list[dict[str, object]]:
    """All noun phrases in a caption, in their order, with what each says."""
    found = []
    for count, size, colour, pattern, noun in PHRASE.findall(bare(thing)):
        kind, is_plural = NOUNS[noun]
        found.append(
            {
                "kind": kind,
                "is_many": is_plural,
                "count": COUNTS.get(count),
                "size": SIZE.get(size),
                "colour": COLOUR.get(colour),
                "pattern": PATTERN.get(pattern),
            }
        )
    return found


def test_every_word_about_a_thing_is_true():
    for thing in THINGS:
        groups = {group.kind: group for group in thing.facts.groups}
        phrases = told(thing)
        assert sorted(str(said["kind"]) for said in phrases) == sorted(groups), thing.true_caption
        for said in phrases:
            group = groups[str(said["kind"])]
            assert said["is_many"] == (group.count > 1), thing.true_caption
            for name in ("count", "size", "colour", "pattern"):
                assert said[name] in (None, getattr(group, name)), thing.true_caption


def test_captions_say_most_of_what_there_is_to_say():
    said = [said for thing in THINGS for said in told(thing)]
    assert 0.7 < np.mean([phrase["colour"] is not None for phrase in said]) < 0.8
    assert 0.25 < np.mean([phrase["pattern"] is not None for phrase in said]) < 0.45


@pytest.mark.parametrize("wording", ["train", "test"])
def test_a_relation_is_told_the_right_way_round(wording):
    """Each relation's sentence is read back from its own form: first and second are not mixed up."""
    for relation, sentences in RELATION_FORMS[wording].items():
        facts = Facts(first=Group(kind="cup", colour="red"), second=Group(kind="box", colour="blue"), relation=relation)
        allowed = {
            re.compile(
                re.escape(form)
                .replace(r"\{a\}", rf"(?:an? )?(?:red )?{one_of(('cup', 'mug', 'teacup'))}")
                .replace(r"\{b\}", rf"(?:an? )?(?:bright |scarlet )?(?:blue )?{one_of(('box', 'carton', 'open box'))}")
            )
            for form in sentences
        }
        for seed in range(40):
            text = caption(facts, wording, np.random.default_rng(seed)).lower()
            text = text.replace("bright red", "red").replace("scarlet", "red")
            assert any(form.search(text) for form in allowed), text


def test_scene_and_light_are_true():
    others = {
        phrase: scene
        for scene, pair in [*SCENES.items(), *(item for words in SCENE_WORDS.values() for item in words.items())]
        for phrase in pair[:1]
    }
    lights = {phrase: light for words in LIGHT_WORDS.values() for light, phrase in words.items()}
    for thing in THINGS:
        text = thing.true_caption
        # "on a shelf" is in "on a shelf" alone, but a cup stands "on a table" in any room: longest first.
        for phrase in sorted(others, key=len, reverse=True):
            if re.search(rf"{re.escape(phrase)}($|[ .,])", text):
                assert others[phrase] == thing.facts.scene, text
                text = text.replace(phrase, "")
        for phrase, light in lights.items():
            if phrase in text:
                assert light == thing.facts.light, text


def test_test_words_and_templates_never_come_in_training():
    synonyms = [word for kind in KINDS.values() for form in kind.test for word in forms(form)]
    synonyms += [*COLOUR_WORDS["test"], *PATTERN_WORDS["test"], *SIZE_WORDS["test"], *LIGHT_WORDS["test"].values()]
    synonyms += [where for where, _ in SCENE_WORDS["test"].values()]
    held_out = re.compile(rf"\b{one_of(synonyms)}(?![\w-])")
    train = [thing.true_caption for thing in THINGS if thing.split == "train"]
    test = [thing.true_caption for thing in THINGS if thing.split == "test"]
    assert [text for text in train if held_out.search(text)] == []
    assert 0.3 < np.mean([held_out.search(text) is not None for text in test]) < 0.9
    assert not set(TEMPLATES["train"]) & set(TEMPLATES["test"])
    assert not {form for forms_ in RELATION_FORMS["train"].values() for form in forms_} & {
        form for forms_ in RELATION_FORMS["test"].values() for form in forms_
    }


def test_captions_are_short_and_long_and_seldom_the_same():
    lengths = [len(thing.true_caption.split()) for thing in THINGS]
    assert min(lengths) <= 2
    assert max(lengths) >= 18
    assert len({thing.true_caption for thing in THINGS}) > 0.9 * len(THINGS)


def test_articles_fit_what_follows():
    for thing in THINGS:
        assert not re.search(r"\ba [aeio]", thing.true_caption), thing.true_caption
        assert not re.search(r"\ban [^aeiou]", thing.true_caption), thing.true_caption
        assert "  " not in thing.true_caption
