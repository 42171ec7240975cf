"""How large the worlds and the models of a grid are, from what two cores do in minutes to what a GPU does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from thuja.biosphere import CLEAN, WorldConfig
from thuja.errors import UnknownName
from thuja.experiments.emergence.views import Plan
from thuja.phrasing import TextMixture
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import Augmentation, ImageTower, Optimizer, TextTower

EASY: Final[Mapping[str, Any]] = {
    **CLEAN, "overlap": 0.0, "tail": 0.0, "individual": 0.0, "ill": 0.0, "signal": 1.0, "cameras": ("museum",),
}  # fmt: skip
"""Knobs of a world that a small model learns within minutes: every label right, specimens on a pale board, all of a
species alike but for stage, sex, season and pose, as many pictures of each."""

VARIED: Final[Mapping[str, Any]] = {**EASY, "overlap": 0.25, "ill": 0.1}
"""The same, where a quarter of what varies by stage, sex and season resembles other species, and some are ill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A world's species (`unseen` of them are held out of training), pictures and pixels; and the recipe for it.

    `views` is for the experiment on emergence, whose worlds are no curated folders: how their pictures are drawn.
    """

    name: str
    species: int
    unseen: int
    images: int
    pixels: int
    things: int
    recipe: Recipe
    knobs: Mapping[str, Any] = field(default_factory=lambda: EASY)
    views: Plan | None = None

    def world(self, seed: int) -> WorldConfig:
        """The knobs of the world of that seed."""
        return WorldConfig(seed=seed, species=self.species, images=self.images, **self.knobs)


_LIFE = Stream(batch_size=64, objectives=(Objective(loss="multi_positive"),))

_TINY = Recipe(
    name="tiny",
    image=ImageTower(image_size=32, patch_size=8, width=96, layers=4, head_width=32),
    text=TextTower(width=64, layers=2, heads=2, context_length=77, vocab_size=1024),
    embed_dim=64,
    streams=(_LIFE,),
    epochs=4,
    optimizer=Optimizer(lr=1e-3),
    warmup_steps=50,
    augmentation=Augmentation(scale=(0.8, 1.0), mirror=True),
)

_VIEWED: Final = Plan(taught=64, unseen=32, pixels=64)


def _emergence(name: str, **knobs: float) -> Size:
    """96 trained species and 32 held out, 64 pictures each; the tower of the recipe `small` on 17 tokens."""
    return Size(
        name=name,
        species=96 + _VIEWED.unseen,
        unseen=_VIEWED.unseen,
        images=_VIEWED.taught,
        pixels=_VIEWED.pixels,
        things=0,
        recipe=Recipe(
            name="emergence",
            image=ImageTower(image_size=64, patch_size=16, width=128, layers=6, head_width=32),
            text=TextTower(width=64, layers=2, heads=2, context_length=77, vocab_size=1024),
            embed_dim=128,
            streams=(
                Stream(
                    batch_size=64,
                    objectives=(Objective(loss="multi_positive", texts=TextMixture(weights={"taxon": 1.0})),),
                ),
            ),
            label_text="taxon",
            epochs=8,
            optimizer=Optimizer(lr=1e-3),
            warmup_steps=50,
            augmentation=Augmentation(scale=(0.9, 1.0), mirror=True),
        ),
        knobs={**VARIED, **knobs},
        views=_VIEWED,
    )


SIZES: Final[Mapping[str, Size]] = {
    "tiny": Size(name="tiny", species=76, unseen=12, images=64, pixels=48, things=2_000, recipe=_TINY),
    "wide": Size(name="wide", species=96, unseen=32, images=32, pixels=48, things=0, recipe=replace(_TINY, epochs=8)),
    "small": Size(
        name="small",
        species=300,
        unseen=44,
        images=80,
        pixels=80,
        things=20_000,
        recipe=Recipe(
            name="small",
            image=ImageTower(image_size=64, patch_size=8, width=192, layers=8, head_width=32),
            text=TextTower(width=128, layers=3, heads=4, context_length=77, vocab_size=4096),
            embed_dim=128,
            streams=(Stream(batch_size=256, objectives=(Objective(loss="multi_positive"),)),),
            epochs=20,
            optimizer=Optimizer(lr=5e-4),
            warmup_steps=200,
            augmentation=Augmentation(scale=(0.8, 1.0), mirror=True),
        ),
    ),
    "emergence": _emergence("emergence"),
    **{f"overlap_{part}": _emergence(f"overlap_{part}", overlap=part / 100) for part in (0, 50, 100)},
}
"""`tiny`: half a minute an arm on one core. `wide`: its model, with a third of more species held out, for what is read
off species never trained. `small`: for a GPU. `emergence`: its experiment's; `overlap_0` and so on are the same at
other settings of the dial of overlap."""


def size_named(name: str) -> Size:
    """The size of that name; raises UnknownName."""
    if name not in SIZES:
        raise UnknownName.of("size", name, SIZES)
    return SIZES[name]
