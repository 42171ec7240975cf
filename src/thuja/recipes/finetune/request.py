"""The settings of a fine-tuning, by how many photos there are and what keeps the old knowledge."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from thuja.errors import UnknownName, UsageError
from thuja.model.config import TAXONOMY, TrunkConfig
from thuja.model.description import Description
from thuja.phrasing import CAPTIONS
from thuja.recipes.finetune.photos import Photos
from thuja.train import Augmentation, Objective, Optimizer, Recipe, Stream
from thuja.train.distill import LABELS
from thuja.train.tune import Distill, Tune

logger = logging.getLogger(__name__)

PROBE = "probe"
METHODS = ("lora", "last", "full", PROBE)
TEXTS = ("image", "both")

RATES: Mapping[str, float] = {"lora": 1e-3, "last": 3e-4, "full": 1e-4}
"""Peak learning rates: an adapter's steps are scaled, a whole weight's are not."""
NEAR = 10.0
"""The weight of distillation where there is no replay."""
NAMES = 64
"""Old names that each step holds where they stood."""
CHECKS = 20
PATIENCE = 5
"""A run is checked CHECKS times, and ends after PATIENCE of them without a better score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user says of a fine-tuning; what is left out is settled by the photos.

    `replay` are old pictures, shards of any kind or a curated folder, of which as many as of the
    photos go into every batch; `captions` says that they are taught by captions, not by names.
    `distill` is the weight of staying near the start model, by default NEAR without replay and none
    with it. `labels` is the folder of a label space of old names, by default the one beside the start
    model, if there is one. `settings` change fields of the recipe.
    """

    method: str = "lora"
    towers: str = "both"
    replay: Path | str | None = None
    captions: bool = False
    distill: float | None = None
    labels: Path | None = None
    seed: int = 42
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName.of("method", self.method, METHODS)
        if self.towers not in TEXTS:
            raise UnknownName.of("towers", self.towers, TEXTS)
        if self.captions and self.replay is None:
            raise UsageError("captions are of replayed pictures, and there are none", hint="--replay SHARDS")
        if self.method == PROBE and (self.replay is not None or self.distill is not None):
            raise UsageError("a linear probe changes nothing in the model, so nothing can be forgotten")

    def recipe(self, start: str, said: Description, photos: Photos) -> Recipe:
        """The recipe for these photos and the model `start`, which says `said` of itself."""
        distill = self._distill(said)
        count = len(photos.train)
        batch = max(2, min(batch_size(count), count // 2))
        method = self.method
        if method == "lora" and isinstance(said.config.vision, TrunkConfig):
            method = "last"  # a convolutional trunk has no blocks for adapters
        tune = Tune() if method == PROBE else Tune(method=method, towers=self.towers)  # type: ignore[arg-type]
        streams = [Stream(name="photos", batch_size=batch, objectives=(Objective(loss="multi_positive"),))]
        if self.replay is not None:
            streams.append(Stream(name="replay", batch_size=batch, objectives=(self._replayed(said),)))
        recipe = Recipe(
            name=f"finetune-{method}",
            start=start,
            heads=said.config.heads,
            streams=tuple(streams),
            label_text=str(said.facts.get("label_text") or "taxon_com"),
            epochs=steps_of(count, batch) * batch / count,
            optimizer=Optimizer(lr=RATES.get(method, 1e-3), weight_decay=0.0),
            warmup_steps=steps_of(count, batch) // 10,
            augmentation=Augmentation(scale=(0.7, 1.0), mirror=True),
            tune=tune,
            distill=distill,
            best="species_accuracy",
            seed=self.seed,
        )
        return recipe.with_settings(self.settings)

    def _distill(self, said: Description) -> Distill:
        usual = NEAR if self.replay is None else 0.0
        weight = usual if self.distill is None else self.distill
        if self.method == PROBE or not weight:
            return Distill()
        if self.towers == "image":
            return Distill(weight=weight)
        if self.labels is None and not (said.weights.parent / LABELS).is_dir():
            logger.warning(
                "no labels are beside the model, so nothing holds the names that it knows: --labels FOLDER has some, "
                "which thuja labels build makes"
            )
            return Distill(weight=weight)
        return Distill(weight=weight, names=NAMES, labels=str(self.labels or ""))

    def _replayed(self, said: Description) -> Objective:
        if not self.captions:
            return Objective(name="old", loss="multi_positive")
        own = [head.name for head in said.config.heads if head.name == "replay"]
        return Objective(name="pairs", texts=CAPTIONS, head=own[0] if own else TAXONOMY)


def batch_size(photos: int) -> int:
    """32 photos a step, 64 from a thousand on, 128 from five thousand on."""
    return 32 if photos < 1_000 else 64 if photos < 5_000 else 128


def steps_of(photos: int, batch: int) -> int:
    """At most so many steps: 200, and those of five passes over the photos besides.

    >>> [steps_of(photos, batch_size(photos)) for photos in (200, 2_000, 20_000)]
    [231, 356, 981]
    """
    return 200 + 5 * photos // batch
