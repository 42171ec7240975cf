"""The test of forgetting: zero-shot tasks on the pictures kept for tests, with their class texts and chance levels.

A model that learns the living world by forgetting the rest loses here. Class texts are in the test's wording; those
with words that no training caption says stand apart, so that it can be told whether words or sights were lost.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from thuja.biosphere.things.caption import with_article
from thuja.biosphere.things.facts import Facts, Group, kind_of
from thuja.biosphere.things.kinds import forms
from thuja.biosphere.things.lexicon import (
    COLOURS,
    COUNTS,
    NUMERALS,
    OBJECTS,
    PATTERNS,
    RELATION_FORMS,
    SCENE_WORDS,
    SCENES,
)
from thuja.biosphere.things.plain import GLYPHS, SHAPES
from thuja.biosphere.things.thing import Thing, ThingsConfig, is_test

TEMPLATES = ("an image showing {}", "view of {}", "You can see {}.")
"""What a class's words are put into; a model's class vector is the mean over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One question with its classes. `words` holds each class's words, `held_out` those that only tests say."""

    name: str
    question: str
    words: Mapping[str, str]
    held_out: Mapping[str, tuple[str, ...]]
    answer: Callable[[Facts], str | None]
    """The class of a picture; None where the question makes no sense."""

    @property
    def chance(self) -> float:
        """The expected mean of the classes' recalls for a guess, whatever the classes' counts are."""
        return 1 / len(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One test picture's true class in one task."""

    uuid: str
    task: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One test picture and two texts of the same words, of which one is true: chance is a half."""

    uuid: str
    task: str
    right: str
    wrong: str


def _kind_task(family: str, name: str, question: str) -> Task:
    kinds = {"object": OBJECTS, "shape": SHAPES, "glyph": GLYPHS}[family]
    return Task(
        name=name,
        question=question,
        words={kind.key: with_article(kind.key) for kind in kinds},
        held_out={kind.key: tuple(with_article(forms(word)[0]) for word in kind.test) for kind in kinds},
        answer=lambda facts: facts.first.kind if _is_single(facts, family) else None,
    )


def _is_single(facts: Facts, *families: str) -> bool:
    return facts.second is None and (not families or kind_of(facts.first).family in families)


TASKS: tuple[Task, ...] = (
    _kind_task("object", "object", "which object"),
    _kind_task("shape", "shape", "which shape"),
    _kind_task("glyph", "sign", "which letter or digit"),
    Task(
        name="colour",
        question="which colour",
        words={colour: with_article(f"{colour} thing") for colour in COLOURS},
        held_out={},
        answer=lambda facts: facts.first.colour if _is_single(facts) else None,
    ),
    Task(
        name="count",
        question="how many",
        words={str(count): "one thing" if count == 1 else f"{NUMERALS[count]} things" for count in COUNTS},
        held_out={},
        answer=lambda facts: str(facts.first.count) if _is_single(facts, "object", "shape") else None,
    ),
    Task(
        name="pattern",
        question="which pattern",
        words={pattern: with_article(f"{pattern} thing") for pattern in PATTERNS},
        held_out={},
        answer=lambda facts: facts.first.pattern if _is_single(facts, "object", "shape") else None,
    ),
    Task(
        name="relation",
        question="how one lies to the other",
        words={
            "left of": "something left of something else",
            "above": "something above something else",
            "on": "something on something else",
            "inside": "something inside something else",
        },
        held_out={
            "left of": ("something on the left-hand side of something else",),
            "above": ("something over something else",),
            "on": ("something on top of something else",),
            "inside": ("something within something else",),
        },
        answer=lambda facts: facts.relation or None,
    ),
    Task(
        name="scene",
        question="where",
        words={scene: f"something {where}" for scene, (where, _) in SCENES.items()},
        held_out={scene: (f"something {where}",) for scene, (where, _) in SCENE_WORDS["test"].items()},
        answer=lambda facts: facts.scene if kind_of(facts.first).family == "object" else None,
    ),
)


def answers_of(thing: Thing) -> list[Answer]:
    """What is asked of a test picture; nothing of a training picture."""
    if thing.split != "test":
        return []
    found = [(task.name, task.answer(thing.facts)) for task in TASKS]
    return [Answer(uuid=thing.uuid, task=name, answer=answer) for name, answer in found if answer is not None]


def choices_of(thing: Thing) -> list[Choice]:
    """Two-way questions of a test picture of two kinds: which colour is whose, and which lies where."""
    facts = thing.facts
    if thing.split != "test" or facts.second is None:
        return []
    form = RELATION_FORMS["test"][facts.relation][0]
    a, b = facts.first, facts.second
    return [
        Choice(
            uuid=thing.uuid,
            task="binding",
            right=f"{_phrase(a, a.colour)} and {_phrase(b, b.colour)}",
            wrong=f"{_phrase(a, b.colour)} and {_phrase(b, a.colour)}",
        ),
        Choice(
            uuid=thing.uuid,
            task="order",
            right=form.format(a=_phrase(a), b=_phrase(b)),
            wrong=form.format(a=_phrase(b), b=_phrase(a)),
        ),
    ]


def _phrase(group: Group, colour: str = "") -> str:
    """Such as "two red cups", in words that both wordings know."""
    text = f"{colour} {forms(kind_of(group).name)[group.count > 1]}".lstrip()
    return f"{NUMERALS[group.count]} {text}" if group.count > 1 else with_article(text)


def questions(config: ThingsConfig) -> Iterator[Answer]:
    """All that is asked of the test pictures, in the order of their numbers."""
    for number in np.flatnonzero(is_test(config, np.arange(config.images))):
        yield from answers_of(Thing.of(config, int(number)))


def class_card(counts: Mapping[str, Mapping[str, int]]) -> dict[str, object]:
    """What `classes.json` says; `counts` holds the test pictures of each task's classes."""
    return {
        "format": "thuja things questions",
        "split": "test",
        "answers": "questions.csv",
        "score": "mean of the classes' recalls, over the classes that have pictures",
        "tasks": {task.name: _task_card(task, counts.get(task.name, {})) for task in TASKS},
        "choices": {
            "answers": "choices.csv",
            "score": "share of pictures nearer to `right` than to `wrong`",
            "chance": 0.5,
            "tasks": {"binding": "which colour is whose", "order": "which of the two lies where"},
        },
    }


def _task_card(task: Task, counts: Mapping[str, int]) -> dict[str, object]:
    total = sum(counts.values())
    return {
        "question": task.question,
        "ways": len(task.words),
        "chance": round(task.chance, 6),
        "images": total,
        "most_common_share": round(max(counts.values()) / total, 6) if total else None,
        "classes": [
            {
                "name": name,
                "images": counts.get(name, 0),
                "texts": _texts([words]),
                "held_out_texts": _texts(task.held_out.get(name, ())),
            }
            for name, words in task.words.items()
        ],
    }


def _texts(words: Iterable[str]) -> list[str]:
    return [template.format(one) for one in words for template in TEMPLATES]
