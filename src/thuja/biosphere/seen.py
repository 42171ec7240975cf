"""What pictures show of the truth: each trait that can be seen in the scene, as a number, and nothing that cannot."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.evolution import STEEPNESS
from thuja.biosphere.scene import Ailments, Scene, Specimen
from thuja.biosphere.traits import TRAITS, Looks, Trait, View, visibility

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COLOURS: Final = ("hue", "chroma", "lightness")
"""Traits that an infrared picture does not show; what is left of them there is one contrast of greys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What N pictures show: a number for each trait of TRAITS (N, T), which of them show (N, T), the body plans (N,).

    The number of a share is its liability, that of a count or a state its place among the trait's. `ailing` (N,)
    is how strongly an ailment is drawn. Of an empty frame no trait shows, its body plan is "" and its ailing nan.
    """

    values: Floats
    is_visible: Flags
    plans: tuple[str, ...]
    ailing: Floats

    @classmethod
    def of(cls, specimens: Sequence[Specimen], scenes: Sequence[Scene]) -> "Seen":
        """What these specimens show in these scenes; what shows in part is seen as well as what shows plainly.

        An ailment is seen in every view. What stands in front of a specimen hides nothing.
        """
        looks = [specimen.looks for specimen in specimens]
        plans = ["" if scene.is_empty else one.body_plan for one, scene in zip(looks, scenes, strict=True)]
        shows = [_shown(scene.view, plan, scene.is_dark) for scene, plan in zip(scenes, plans, strict=True)]
        drawn = [ailing(one.ailments) if plan else np.nan for one, plan in zip(specimens, plans, strict=True)]
        return cls(values=_numbers(looks), is_visible=np.array(shows), plans=tuple(plans), ailing=np.array(drawn))

    @classmethod
    def wholly(cls, looks: Sequence[Looks]) -> "Seen":
        """All traits of healthy specimens, as if nothing could hide any."""
        return cls(
            values=_numbers(looks),
            is_visible=np.ones((len(looks), len(TRAITS)), dtype=np.bool_),
            plans=tuple(one.body_plan for one in looks),
            ailing=np.zeros(len(looks)),
        )

    def only(self, names: Collection[str]) -> "Seen":
        """The same with no traits but these; body plan and ailments show as before."""
        return replace(self, is_visible=self.is_visible & [name in names for name in TRAITS])

    def features(self) -> Floats:
        """What shows as numbers for linear models (N, F): a share's liability; for a count or a state, one flag each.

        What does not show is 0 throughout.
        """
        return self.factors(is_linear=True)

    def factors(self, *, is_linear: bool) -> Floats:
        """The factors (N, F) of each picture, trait by trait; a share has a 1 beside it where not `is_linear`."""
        columns: list[Floats] = []
        for place, trait in enumerate(TRAITS.values()):
            value, shows = self.values[:, place, None], self.is_visible[:, place, None]
            if trait.is_discrete:
                own = value == np.arange(len(trait.states or trait.counts))
            else:
                own = value if is_linear else np.column_stack([value, np.ones(len(value))])
            columns.append(np.asarray(own * shows, dtype=np.float64))
        return np.concatenate(columns, axis=1)


def stated(trait: Trait, view: View, plan: str) -> float:
    """How well a trait is said to show on a body plan in a view, from 0 to 1: what all measures here go by."""
    assert plan, "an empty frame shows nothing"
    return visibility(trait, view, plan)


def ailing(ailments: Ailments) -> float:
    """How strongly ailments are drawn, in all."""
    return ailments.lesions + ailments.parasites + ailments.wear


@cache
def _shown(view: View, plan: str, is_dark: bool) -> tuple[bool, ...]:
    """Which of TRAITS a picture shows at all."""
    return tuple(
        bool(plan) and not (is_dark and name in COLOURS) and stated(trait, view, plan) > 0
        for name, trait in TRAITS.items()
    )


def _numbers(looks: Sequence[Looks]) -> Floats:
    return np.array([[_number(trait, getattr(one, name)) for name, trait in TRAITS.items()] for one in looks])


def _number(trait: Trait, value: str | int | float) -> float:
    known: tuple[str | int, ...] = trait.states or trait.counts
    if known:
        return float(known.index(value))
    share = np.clip(float(value), 1e-9, 1 - 1e-9)
    return float(np.log(share / (1 - share)) / STEEPNESS)
