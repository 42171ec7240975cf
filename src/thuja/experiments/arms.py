"""The arms of the ablation grid: what is taught, by which loss, from how much, beside what.

Each arm is a whole setup, made from a size's own recipe by changing one thing; arms of several groups that come out
the same are trained once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from thuja.experiments.captions.arms import caption_arms
from thuja.experiments.controls import CONTROLS, Control
from thuja.experiments.emergence.arms import emergence_arms
from thuja.experiments.grid import Arm, grouped_arms
from thuja.experiments.scaling import PARTS, Subset
from thuja.experiments.sizes import Size
from thuja.model.config import TAXONOMY, HeadConfig
from thuja.phrasing import BIOCLIP_MIXTURE, CAPTION, CAPTIONS, TextMixture
from thuja.train.recipe import LossName, Objective, Recipe, Stream
from thuja.train.tune import Distill, Tune

Length = Literal["none", "steps", "epochs"]

THINGS: Final = "things"
"""The stream of what is not alive, and the head that its captions meet where they have one of their own."""
START: Final = "start/untrained"
_LONG: Final = 160
_FIRST_EPOCHS: Final = 12.0
_NEAR: Final = Distill(weight=3.0)
_REPLAY_SHARE: Final = 4
"""One replayed picture to so many of life; BioCLIP 2 takes 8.8 in batches of 100,352."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that an arm is: how it is trained, on which part of the pictures, and how taxa are put into words.

    `length` says what the recipe's `epochs` count: `epochs` of the arm's own pictures, or `steps`, as many as they
    would make of the largest subset's (all pictures, for an arm without one); `none` leaves the model untrained.
    `first` is the recipe of what the model learns before, from what is not alive.
    """

    recipe: Recipe
    first: Recipe | None = None
    control: Control = "plain"
    subset: Subset | None = None
    length: Length = "steps"


def arms_of(size: Size, settings: Mapping[str, str]) -> tuple[Arm, ...]:
    """The arms for worlds of that size, these fields of its recipe changed; raises UnknownName or UsageError."""
    recipe = size.recipe.with_settings(settings)
    return all_arms(recipe) if size.views is None else emergence_arms(recipe)


def all_arms(recipe: Recipe) -> tuple[Arm, ...]:
    """Every arm, made from `recipe`: one stream of life that is taught by one objective, its texts a mixture."""
    return (
        Arm(group="start", name="untrained", reference="untrained", setup=Setup(recipe=recipe, length="none")),
        *grouped_arms("text", "mixture", _texts(recipe)),
        *grouped_arms("loss", "clip", _losses(recipe)),
        *grouped_arms("species", f"x{PARTS}", _species(recipe)),
        *grouped_arms("images", f"x{PARTS}", _images(recipe)),
        *grouped_arms("replay", "without", _replays(recipe)),
        *grouped_arms("forgetting", "without", _forgettings(recipe)),
        *caption_arms(recipe),
        *grouped_arms("control", "plain", _controls(recipe)),
    )


def _texts(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    """The mixture, and each of its types alone; a model of one type is asked in that type."""
    yield "mixture", Setup(recipe=recipe)
    for kind in BIOCLIP_MIXTURE.weights:
        yield kind, Setup(recipe=_of_one_type(recipe, kind))


def _losses(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    for loss in get_args(LossName):
        changed = _with_objective(recipe, loss=loss)
        # `levels` words every clade as a bare lineage, and is asked so.
        yield loss, Setup(recipe=replace(changed, label_text="taxon") if loss == "levels" else changed)


def _species(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    """Equal pictures of ever more species. Equal pictures make equal steps and equal epochs one thing."""
    for species, images in ((1, PARTS), (4, 4), (PARTS, 1)):
        yield f"x{species}", Setup(recipe=recipe, subset=Subset(species=species, images=images))


def _images(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    """Ever more pictures of all species; the most have the same steps and the same epochs by definition.

    In twice the epochs, so that a quarter of the pictures makes steps enough to learn from.
    """
    recipe = replace(recipe, epochs=2 * recipe.epochs)
    yield f"x{PARTS}", Setup(recipe=recipe, subset=Subset())
    for images in (1, 4):
        for length in ("steps", "epochs"):
            subset = Subset(images=images)
            yield f"x{images}_equal_{length}", Setup(recipe=recipe, subset=subset, length=length)


def _replays(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    """Things that are not alive in every batch, with their captions: under the taxa's projector, and one of its own."""
    yield "without", Setup(recipe=recipe)
    yield "one_projector", Setup(recipe=_with_replay(recipe, head=TAXONOMY))
    own = replace(recipe, heads=(*recipe.heads, HeadConfig(name=THINGS)))
    yield "two_projectors", Setup(recipe=_with_replay(own, head=THINGS))


def _forgettings(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    """A model that knows things learns life: whole, with replay, held near by distillation, by adapters."""
    # A vocabulary of things cuts the names of taxa into many pieces.
    recipe = replace(recipe, text=replace(recipe.text, context_length=_LONG))
    captions = Objective(name=CAPTION, texts=CAPTIONS, loss="clip")
    first = replace(
        recipe, name=THINGS, streams=(Stream(name=THINGS, batch_size=recipe.batch_size, objectives=(captions,)),)
    )
    first = replace(first, epochs=_FIRST_EPOCHS)
    recipe = replace(recipe, start=THINGS)  # which the trial replaces by the model that `first` makes
    adapted = replace(recipe, tune=Tune(method="lora"))
    own = replace(recipe, heads=(*recipe.heads, HeadConfig(name=THINGS)))
    arms: tuple[tuple[str, Recipe, Length], ...] = (
        ("before", recipe, "none"),
        ("without", recipe, "steps"),
        ("replay", _with_replay(own, head=THINGS), "steps"),
        ("distilled", replace(recipe, distill=_NEAR), "steps"),
        ("adapters", adapted, "steps"),
        ("adapters_distilled", replace(adapted, distill=_NEAR), "steps"),
    )
    for name, after, length in arms:
        yield name, Setup(recipe=after, first=first, length=length)


def _controls(recipe: Recipe) -> Iterable[tuple[str, Setup]]:
    """What of a lineage helps: each takes one thing out of the same text type."""
    alone = _of_one_type(recipe, "taxon")
    for control in CONTROLS:
        yield control, Setup(recipe=alone, control=control)


def _of_one_type(recipe: Recipe, kind: str) -> Recipe:
    return replace(_with_objective(recipe, texts=TextMixture(weights={kind: 1.0})), label_text=kind)


def _with_objective(recipe: Recipe, *, loss: LossName | None = None, texts: TextMixture | None = None) -> Recipe:
    stream = recipe.streams[0]
    first = stream.objectives[0]
    changed = replace(first, loss=loss or first.loss, texts=texts or first.texts)
    return _with_stream(recipe, replace(stream, objectives=(changed, *stream.objectives[1:])))


def _with_replay(recipe: Recipe, *, head: str) -> Recipe:
    size = max(2, recipe.batch_size // _REPLAY_SHARE)
    captions = Objective(name=CAPTION, texts=CAPTIONS, head=head, loss="clip")
    return replace(recipe, streams=(*recipe.streams, Stream(name=THINGS, batch_size=size, objectives=(captions,))))


def _with_stream(recipe: Recipe, stream: Stream) -> Recipe:
    return replace(recipe, streams=(stream, *recipe.streams[1:]))
