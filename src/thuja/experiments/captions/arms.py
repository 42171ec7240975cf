"""The arms on captions: whose they are, how many projectors they meet, how they err, and grounds that mislead."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from thuja.biosphere.captioner import Captioner
from thuja.experiments.captions.grounds import SHARES
from thuja.experiments.captions.makers import TRUE, Maker
from thuja.experiments.grid import Arm, grouped_arms
from thuja.model.config import TAXONOMY, HeadConfig
from thuja.phrasing import CAPTION, CAPTIONS
from thuja.train.recipe import Objective, Recipe, Stream

Eye = Literal["trained", "untrained", "pixels"]

BARE: Final = Maker(name="bare")
GUIDED: Final = Maker(name="guided")
DOSES: Final = (15, 30, 60)
"""Per cent of facts left out, or made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """All that an arm on captions is: a recipe, whose captions it learns from, and the world that it learns in.

    `captions` is None where names alone are taught; `is_named` puts the name before each, as the paper's have it.
    `eye` is what looks at the test pictures: the tower that the recipe trains, the same as it was drawn, or raw pixels.
    `ground` is the per cent of training pictures tied to their species' own ground; None leaves them as they are.
    """

    recipe: Recipe
    captions: Maker | None = None
    is_named: bool = False
    eye: Eye = "trained"
    ground: int | None = None


def caption_arms(recipe: Recipe) -> tuple[Arm, ...]:
    """Every arm, made from `recipe`, which is taught by names alone."""
    return (
        *grouped_arms("captions", "none", _makers(recipe)),
        *grouped_arms("faults", "true", _faults(recipe)),
        *(arm for share in SHARES for arm in grouped_arms(f"grounds_{share}", "names", _tied(recipe, share))),
    )


def makers_of(arms: Iterable[Arm]) -> list[Maker]:
    """The makers of captions that these arms learn from, but for the truth."""
    lessons = [arm.setup for arm in arms if isinstance(arm.setup, Lesson)]
    return list(dict.fromkeys(one.captions for one in lessons if one.captions not in (None, TRUE)))


def _makers(recipe: Recipe) -> Iterable[tuple[str, Lesson]]:
    """Names alone, and three makers' captions beside them, under one projector and temperature and under two."""
    one, two = _with_captions(recipe, head=TAXONOMY), _with_second_head(recipe)
    yield "none", Lesson(recipe=recipe)
    for maker in (BARE, GUIDED, TRUE):
        yield f"{maker.name}_one", Lesson(recipe=one, captions=maker)
        yield f"{maker.name}_two", Lesson(recipe=two, captions=maker)
    yield "true_named", Lesson(recipe=two, captions=TRUE, is_named=True)
    yield "untrained", Lesson(recipe=recipe, eye="untrained")
    yield "pixels", Lesson(recipe=recipe, eye="pixels")


def _faults(recipe: Recipe) -> Iterable[tuple[str, Lesson]]:
    """Captions with ever more left out, and with ever more made up: told wrong, and as often one fact more."""
    two = _with_second_head(recipe)
    yield "true", Lesson(recipe=two, captions=TRUE)
    for dose in DOSES:
        rate = dose / 100
        missing = Maker(name=f"missing-{dose}", erring=Captioner(omission=rate))
        yield f"missing_{dose}", Lesson(recipe=two, captions=missing)
    for dose in DOSES:
        rate = dose / 100
        invented = Maker(name=f"invented-{dose}", erring=Captioner(substitution=rate, hallucination=rate))
        yield f"invented_{dose}", Lesson(recipe=two, captions=invented)
    yield "names", Lesson(recipe=recipe)


def _tied(recipe: Recipe, share: int) -> Iterable[tuple[str, Lesson]]:
    """Names alone and with true captions, where grounds tell species that much.

    In twice the recipe's epochs: on grounds, half of them leave species hardly told from chance.
    """
    recipe = replace(recipe, epochs=2 * recipe.epochs)
    yield "names", Lesson(recipe=recipe, ground=share)
    yield "captions", Lesson(recipe=_with_second_head(recipe), captions=TRUE, ground=share)
    yield "untrained", Lesson(recipe=recipe, eye="untrained", ground=share)
    yield "pixels", Lesson(recipe=recipe, eye="pixels", ground=share)


def _with_second_head(recipe: Recipe) -> Recipe:
    """Captions under a projector and a temperature of their own (BioCAP)."""
    own = replace(recipe, heads=(*recipe.heads, HeadConfig(name=CAPTION, has_own_temperature=True)))
    return _with_captions(own, head=CAPTION)


def _with_captions(recipe: Recipe, *, head: str) -> Recipe:
    stream = recipe.streams[0]
    captions = Objective(name=CAPTION, texts=CAPTIONS, head=head, loss="clip")
    taught: Stream = replace(stream, objectives=(*stream.objectives, captions))
    return replace(recipe, streams=(taught, *recipe.streams[1:]))
