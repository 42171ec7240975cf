"""The arms on emergence: how species are told apart in training, how many, from how much, in how many dimensions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from thuja.experiments.controls import CONTROLS, Control
from thuja.experiments.grid import Arm, grouped_arms
from thuja.experiments.scaling import Subset
from thuja.train.recipe import LossName, Recipe, Stream
from thuja.train.shape import ImageTower, TextTower

Eye = Literal["trained", "untrained", "pixels", "imagenet"]
Length = Literal["steps", "epochs"]

_LITTLE: Final = 64
"""Dimensions of the space of the small towers."""
_WITHOUT: Final[dict[str, LossName]] = {
    "cosine": "cosine_cross_entropy",
    "linear": "cross_entropy",
    "supervised": "supervised_contrastive",
}
"""Arms that know species by number, without a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """All that an arm on emergence is: how it is trained, from which part of the pictures, in which words.

    `eye` is what looks at the viewed pictures: the tower that the recipe trains, the same as it was drawn, raw pixels,
    or a network that knows ImageNet. `length` says what the recipe's epochs count: those of the arm's own pictures, or
    as many steps as they make of all pictures.
    """

    recipe: Recipe
    eye: Eye = "trained"
    control: Control = "plain"
    subset: Subset | None = None
    length: Length = "steps"


def emergence_arms(recipe: Recipe) -> tuple[Arm, ...]:
    """Every arm, made from `recipe`, which is taught by lineages."""
    little = _little(recipe)
    return (
        *grouped_arms("emergence", "plain", _headline(recipe)),
        *grouped_arms("controls", "plain", _controls(little)),
        *grouped_arms("scale", "all", _scales(little)),
    )


def _headline(recipe: Recipe) -> Iterable[tuple[str, Study]]:
    yield "plain", Study(recipe=recipe)
    yield "shuffled", Study(recipe=recipe, control="shuffled")
    yield "cosine", Study(recipe=with_loss(recipe, "cosine_cross_entropy"))
    for eye in ("untrained", "pixels", "imagenet"):
        yield eye, Study(recipe=recipe, eye=eye)


def _controls(recipe: Recipe) -> Iterable[tuple[str, Study]]:
    for control in CONTROLS:
        yield control, Study(recipe=recipe, control=control)
    for name, loss in _WITHOUT.items():
        yield name, Study(recipe=with_loss(recipe, loss))
    yield "untrained", Study(recipe=recipe, eye="untrained")


def _scales(recipe: Recipe) -> Iterable[tuple[str, Study]]:
    """Species, pictures of each, steps and dimensions, one or two at a time less than all."""
    yield "all", Study(recipe=recipe)
    for name, subset in (
        ("species_x1", Subset(species=1)),
        ("species_x4", Subset(species=4)),
        ("images_x4", Subset(images=4)),
        ("both_x4", Subset(species=4, images=4)),
    ):
        yield name, Study(recipe=recipe, subset=subset)
        if name in ("species_x4", "images_x4"):
            yield f"{name}_equal_epochs", Study(recipe=recipe, subset=subset, length="epochs")
    yield "steps_x4", Study(recipe=replace(recipe, epochs=recipe.epochs / 4))
    narrow = replace(recipe, embed_dim=_LITTLE // 4)
    yield "narrow", Study(recipe=narrow)
    yield "narrow_species_x4", Study(recipe=narrow, subset=Subset(species=4))


def _little(recipe: Recipe) -> Recipe:
    """The same in a tower of half the work and half the epochs, in fewer dimensions than there are species."""
    size, patch = recipe.image.image_size, recipe.image.patch_size
    return replace(
        recipe,
        image=ImageTower(image_size=size, patch_size=patch, width=96, layers=4, head_width=32),
        text=TextTower(width=64, layers=2, heads=2, context_length=77, vocab_size=recipe.text.vocab_size),
        embed_dim=_LITTLE,
        epochs=recipe.epochs / 2,
    )


def with_loss(recipe: Recipe, loss: LossName) -> Recipe:
    """The recipe with its one objective taught by that loss."""
    stream = recipe.streams[0]
    taught: Stream = replace(stream, objectives=(replace(stream.objectives[0], loss=loss),))
    return replace(recipe, streams=(taught, *recipe.streams[1:]))
