"""A stand-in for a multimodal model that writes captions with known error rates.

It is handed the truth and spoils it, so that a claim about captions can be tested by dose and response.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.caption import Plain, facts, said_of
from thuja.biosphere.scene import Scene, Specimen
from thuja.biosphere.vocabulary import HOLDERS, Fact, Wording, values_of
from thuja.errors import UsageError


class Fault(StrEnum):
    """What went wrong with one fact or name."""

    OMISSION = "omission"
    SUBSTITUTION = "substitution"
    HALLUCINATION = "hallucination"
    WRONG_NAME = "wrong_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One error: its kind, the fact it is about, the true value and the one that was said.

    `truth` is empty for a hallucination of what the picture does not show, `said` for an omission.
    """

    kind: Fault
    trait: str
    truth: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A caption and all that is wrong with it."""

    text: str
    errors: tuple[Slip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioner:
    """The rates at which it errs, each a share from 0 to 1.

    Of the facts of the true caption each is left out with probability `omission`, and else told with a wrong
    value so that a share `substitution` of all facts is; with probability `hallucination` a caption has one
    fact more, which the picture does not show or which is untrue; with `wrong_name` the name is another's.
    """

    omission: float = 0.0
    substitution: float = 0.0
    hallucination: float = 0.0
    wrong_name: float = 0.0
    wording: Wording = Wording.TRAIN

    def __post_init__(self) -> None:
        for name in ("omission", "substitution", "hallucination", "wrong_name"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} cannot be {getattr(self, name)}", hint="a share from 0 to 1")
        if self.omission + self.substitution > 1:
            raise UsageError(
                f"a fact cannot be left out at {self.omission} and replaced at {self.substitution}",
                hint="the two add up to 1 at most",
            )

    def caption(
        self,
        specimen: Specimen,
        scene: Scene,
        generator: np.random.Generator,
        *,
        name: str = "",
        others: Sequence[str] = (),
    ) -> Said:
        """The caption with its errors; `name` goes before it, or one of the `others` by mistake.

        Without errors and without a name it is the caption that `caption` gives.
        """
        plain = said_of(specimen, scene, self.wording)
        told: list[Fact] = []
        errors: list[Slip] = []
        for fact in plain.facts:
            draw = generator.random()
            if draw < self.omission:
                errors.append(Slip(kind=Fault.OMISSION, trait=fact.name, truth=fact.value))
            elif draw < self.omission + self.substitution:
                wrong = _wrong(fact, generator)
                told.append(wrong)
                errors.append(Slip(kind=Fault.SUBSTITUTION, trait=fact.name, truth=fact.value, said=wrong.value))
            else:
                told.append(fact)
        if generator.random() < self.hallucination:
            extra, slip = _hallucination(plain, facts(specimen, scene), generator)
            told.append(extra)
            errors.append(slip)
        text = Plain(_of_one_plan(told), plain.template, self.wording).text
        called = self._called(name, others, generator)
        if called != name:
            errors.append(Slip(kind=Fault.WRONG_NAME, trait="name", truth=name, said=called))
        return Said(f"{called}: {text[0].lower()}{text[1:]}" if called else text, tuple(errors))

    def _called(self, name: str, others: Sequence[str], generator: np.random.Generator) -> str:
        if not name or not self.wrong_name:
            return name
        wrong = [other for other in others if other and other != name]
        if not wrong:
            raise UsageError(f'no other name to mistake "{name}" for', hint="hand in others, or set wrong_name to 0")
        return wrong[int(generator.integers(len(wrong)))] if generator.random() < self.wrong_name else name


def _of_one_plan(told: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts in the words of the body plan that is told: a fish that is taken for a bird has a beak."""
    plan = next((fact.value for fact in told if fact.name == "plan"), "")
    return tuple(replace(fact, plan=plan or fact.plan) for fact in told)


def _wrong(fact: Fact, generator: np.random.Generator) -> Fact:
    """The same kind of fact with another value."""
    values = [value for value in values_of(fact.name) if value != fact.value]
    value = values[int(generator.integers(len(values)))]
    return replace(fact, value=value)


def _hallucination(plain: Plain, known: Sequence[Fact], generator: np.random.Generator) -> tuple[Fact, Slip]:
    """A fact that the caption says nothing about and the picture does not show, or shows to be otherwise."""
    taken = {fact.name for fact in plain.facts}
    truth = {fact.name: fact for fact in known}
    plan = next((fact.value for fact in known if fact.name == "plan"), "")
    if not plan:
        # Somebody in an empty frame.
        seen = Fact("plan", tuple(PLANS)[int(generator.integers(len(PLANS)))])
        return seen, Slip(kind=Fault.HALLUCINATION, trait="plan", said=seen.value)
    names = [name for part in HOLDERS.values() for name in part if name not in taken]
    name = names[int(generator.integers(len(names)))]
    if name in truth:
        extra = _wrong(truth[name], generator)
        return extra, Slip(kind=Fault.HALLUCINATION, trait=name, truth=truth[name].value, said=extra.value)
    values = values_of(name)
    extra = Fact(name, values[int(generator.integers(len(values)))], plan)
    return extra, Slip(kind=Fault.HALLUCINATION, trait=name, said=extra.value)
