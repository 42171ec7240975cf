import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from thuja import biosphere
from thuja.biosphere.things import TASKS, Thing, ThingsConfig, choices_of, questions
from thuja.biosphere.things.kinds import forms
from thuja.biosphere.things.lexicon import COLOUR_WORDS, COLOURS, KINDS, OBJECTS, SCENE_WORDS, SCENES
from thuja.biosphere.things.plain import GLYPHS, SHAPES
from thuja.biosphere.things.thing import is_test
from thuja.errors import UsageError

CONFIG = ThingsConfig(seed=1, images=2000, noise=0.2)
THINGS = [Thing.of(CONFIG, number) for number in range(CONFIG.images)]
ALIVE = {
    "animal",
    "bird",
    "fish",
    "beast",
    "snail",
    "squid",
    "serpent",
    "snake",
    "beetle",
    "moth",
    "spider",
    "flower",
    "fern",
    "cactus",
    "mushroom",
    "coral",
    "plant",
    "tree",
    "grass",
    "leaf",
    "leaves",
    "seed",
    "root",
    "fruit",
    "bug",
    "insect",
    "worm",
    "crab",
    "shell",
    "wing",
    "tail",
    "beak",
    "snout",
    "muzzle",
    "jaw",
    "pincer",
    "horn",
    "claw",
    "fur",
    "feather",
    "scale",
    "petal",
    "stem",
    "branch",
    "cat",
    "dog",
    "horse",
    "cow",
    "person",
    "man",
    "woman",
    "child",
    "people",
    "face",
    "species",
    "organism",
    "alive",
    "kite",
    "crane",
    "star",
    "larva",
    "juvenile",
    "adult",
    "male",
    "female",
}


def test_there_are_as_many_kinds_as_promised():
    assert len(OBJECTS) == 58
    assert len(SHAPES) == 10
    assert len(GLYPHS) == 36
    assert len(SCENES) == 9
    assert len(COLOURS) == 11
    assert {thing.facts.first.kind for thing in THINGS} == set(KINDS)
    assert {thing.facts.first.count for thing in THINGS} == {1, 2, 3, 4, 5}
    assert {thing.facts.relation for thing in THINGS} == {"", "left of", "above", "on", "inside"}


def test_no_word_names_anything_alive():
    """Neither the living world's own nouns, as its source has them, nor common ones."""
    sources = [path.read_text(encoding="utf-8") for path in Path(biosphere.__path__[0]).glob("*.py")]
    nouns = {noun for text in sources for noun in re.findall(r'noun="([^"]+)"', text)}
    assert len(nouns) >= 15
    forms_of_all = [
        form for kind in KINDS.values() for word in (kind.name, *kind.train, *kind.test) for form in forms(word)
    ]
    said = " ".join([*(thing.true_caption for thing in THINGS), *forms_of_all]).lower()
    assert [word for word in ALIVE | nouns if re.search(rf"\b{word}s?\b", said)] == []


def test_a_picture_depends_on_seed_and_number_alone():
    few, many = ThingsConfig(seed=4, images=50), ThingsConfig(seed=4, images=90_000, test=0.1)
    assert [Thing.of(few, number) for number in range(50)] == [Thing.of(many, number) for number in range(50)]
    other = ThingsConfig(seed=5, images=50)
    assert not {Thing.of(few, n).uuid for n in range(50)} & {Thing.of(other, n).uuid for n in range(50)}
    assert sum(Thing.of(few, n).facts == Thing.of(other, n).facts for n in range(50)) == 0


def test_splits_are_disjoint_and_of_the_share_asked():
    splits = Counter(thing.split for thing in THINGS)
    assert splits["test"] == pytest.approx(200, abs=40)
    assert splits["train"] + splits["test"] == 2000
    assert {thing.uuid for thing in THINGS if thing.split == "test"}.isdisjoint(
        thing.uuid for thing in THINGS if thing.split == "train"
    )
    assert [thing.split == "test" for thing in THINGS] == is_test(CONFIG, np.arange(2000)).tolist()


def test_neighbouring_seeds_keep_other_pictures_for_tests():
    tests = [is_test(ThingsConfig(seed=seed, images=20_000), np.arange(20_000)) for seed in (0, 1)]
    assert (tests[0] & tests[1]).mean() == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize("noise", [0.0, 0.2, 1.0])
def test_the_share_of_wrong_captions_is_as_asked_in_training_and_none_in_tests(noise):
    config = ThingsConfig(seed=1, images=2000, noise=noise)
    things = [Thing.of(config, number) for number in range(1000)]
    train = [thing for thing in things if thing.split == "train"]
    wrong = np.mean([thing.caption != thing.true_caption for thing in train])
    assert wrong == pytest.approx(noise, abs=0.04)
    assert all(thing.caption == thing.true_caption for thing in things if thing.split == "test")
    clean = [Thing.of(ThingsConfig(seed=1, images=2000), number) for number in range(1000)]
    assert [thing.true_caption for thing in clean] == [thing.true_caption for thing in things]
    assert [thing.facts for thing in clean] == [thing.facts for thing in things]


def test_a_record_keeps_the_truth_beside_the_caption():
    thing = next(thing for thing in THINGS if thing.caption != thing.true_caption)
    record = thing.record(64, "images/x.jpg")
    assert record.caption == thing.caption
    assert record.traits["true_caption"] == thing.true_caption
    assert record.traits["is_true"] is False
    assert record.traits["object"] == thing.facts.first.kind
    assert record.taxon.rank is None
    assert record.split == "train"


def test_facts_are_independent_of_each_other():
    """Colour and count say nothing of the kind: mutual information stays near what chance gives so many pictures."""
    pairs = [(thing.facts.first.colour, thing.facts.first.kind[0] < "f") for thing in THINGS]
    joint = Counter(pairs)
    for colour in COLOURS:
        total = joint[colour, True] + joint[colour, False]
        share = sum(flag for _, flag in pairs) / len(pairs)
        assert joint[colour, True] / total == pytest.approx(share, abs=0.14)


def test_questions_have_true_answers_and_stated_chances():
    tests = {thing.uuid: thing for thing in THINGS if thing.split == "test"}
    answers = list(questions(CONFIG))
    assert {answer.uuid for answer in answers} <= set(tests)
    chances = {task.name: task.chance for task in TASKS}
    assert chances["object"] == pytest.approx(1 / 58)
    assert chances["count"] == pytest.approx(1 / 5)
    assert chances["relation"] == pytest.approx(1 / 4)
    words = {task.name: task.words for task in TASKS}
    for answer in answers:
        facts = tests[answer.uuid].facts
        assert answer.answer in words[answer.task]
        if answer.task in ("object", "shape", "sign"):
            assert (answer.answer, facts.second) == (facts.first.kind, None)
        if answer.task == "relation":
            assert answer.answer == facts.relation
        if answer.task == "count":
            assert answer.answer == str(facts.first.count)
    asked = Counter(answer.task for answer in answers)
    pairs = sum(thing.facts.second is not None for thing in tests.values())
    assert asked["relation"] == pairs
    assert asked["object"] + asked["shape"] + asked["sign"] == len(tests) - pairs


def test_class_texts_differ_and_held_out_ones_are_never_trained():
    for task in TASKS:
        assert len(set(task.words.values())) == len(task.words)
    held_out = {word for task in TASKS for words in task.held_out.values() for word in words if task.name == "object"}
    train = " | ".join(f" {thing.true_caption.lower()} " for thing in THINGS if thing.split == "train")
    assert len(held_out) == 58
    assert [word for word in held_out if re.search(rf"{re.escape(word)}(?![\w-])", train)] == []


def test_choices_are_of_the_same_words_in_another_order():
    found = [choice for thing in THINGS for choice in choices_of(thing)]
    assert len(found) > 80
    for choice in found:
        assert choice.right != choice.wrong
        letters = [sorted(re.sub(r"\ban\b", "a", text).split()) for text in (choice.right, choice.wrong)]
        assert letters[0] == letters[1]


@pytest.mark.parametrize(
    "knobs",
    [
        {"seed": -1},
        {"images": 0},
        {"noise": 1.5},
        {"noise": -0.1},
        {"noise": float("nan")},
        {"test": 2.0},
        {"images": 1, "noise": 0.5},
    ],
)
def test_impossible_knobs_are_refused(knobs):
    with pytest.raises(UsageError):
        ThingsConfig(**knobs)


def test_a_number_beyond_the_last_is_refused():
    with pytest.raises(UsageError, match="no picture 50 among 50"):
        Thing.of(ThingsConfig(images=50), 50)


def test_synonyms_mean_one_thing_each():
    nouns = [form for kind in KINDS.values() for word in (kind.name, *kind.train, *kind.test) for form in forms(word)]
    assert len(nouns) == len(set(nouns))
    assert not set(COLOUR_WORDS["train"]) & set(COLOUR_WORDS["test"])
    assert set(SCENE_WORDS["train"]) <= set(SCENES)
