"""What a recipe says: the model, the streams of images with what each is taught by, the optimiser, the schedule."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from re import fullmatch
from typing import Literal

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.model.config import TAXONOMY, HeadConfig
from thuja.phrasing import BIOCLIP_MIXTURE, CAPTION, PHRASES, TextMixture
from thuja.train.order import SAMPLINGS, Sampling
from thuja.train.precision import PRECISIONS
from thuja.train.settings import changed, filled
from thuja.train.shape import Augmentation, ImageTower, Optimizer, TextTower, require_positive
from thuja.train.tune import Distill, Tune

LossName = Literal[
    "clip",
    "multi_positive",
    "levels",
    "sigmoid",
    "cross_entropy",
    "cosine_cross_entropy",
    "hierarchical_cross_entropy",
    "supervised_contrastive",
]

LOSSES: tuple[str, ...] = LossName.__args__  # type: ignore[attr-defined]
WITHOUT_TEXT = ("cross_entropy", "cosine_cross_entropy", "hierarchical_cross_entropy", "supervised_contrastive")
"""Losses that tell taxa apart by number: the text tower learns nothing from them."""

_SHORT = {
    "batch_size": "streams.0.batch_size",
    "per_batch": "streams.0.per_batch",
    "sampling": "streams.0.sampling",
    "texts": "streams.0.objectives.0.texts",
    "loss": "streams.0.objectives.0.loss",
    "ancestor_share": "streams.0.objectives.0.ancestor_share",
}
"""What `--set` may say of the first stream and its first objective without naming them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What an image pass is taught by: texts, the head they meet, the loss, and its weight.

    `ancestor_share` of the texts speak of the image's genus, family, order or class, so that the
    names of clades get a place too. `levels` draws no text type: it words each rank's clade.
    """

    name: str = TAXONOMY
    texts: TextMixture = BIOCLIP_MIXTURE
    head: str = TAXONOMY
    loss: LossName = "clip"
    weight: float = 1.0
    ancestor_share: float = 0.0

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise UnknownName.of("loss", self.loss, LOSSES)
        require_positive(self, "weight")
        if not 0 <= self.ancestor_share < 1:
            raise UsageError(f"ancestor_share must be at least 0 and below 1, got {self.ancestor_share}")
        if self.is_captions and self.loss not in ("clip", "multi_positive", "sigmoid"):
            raise UsageError(f"captions say nothing of taxa, which the loss {self.loss} compares")

    @property
    def is_captions(self) -> bool:
        """Whether its texts are captions alone."""
        return set(self.texts.weights) == {CAPTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Images of one kind in every batch, and what they are taught by.

    `batch_size` counts the images of a step over all processes. Each objective draws a text for
    each image; with `per_batch`, one text type is drawn for the whole batch, from all objectives'
    types by their weights, and only its objective is learnt from: as the papers' code does.
    `sampling` is `exact` (each image once an epoch) or `resampled` (shards with replacement, the
    papers'); images are shuffled within `window` shards.
    """

    name: str = "life"
    batch_size: int = 256
    objectives: tuple[Objective, ...] = (Objective(),)
    per_batch: bool = False
    sampling: Sampling = "exact"
    window: int = 32

    def __post_init__(self) -> None:
        for name in (self.name, *(objective.name for objective in self.objectives)):
            if not fullmatch(r"[\w-]+", name):
                raise UsageError(f'a stream or objective is named in letters, digits, "-" and "_", not "{name}"')
        if self.batch_size < 2:
            raise UsageError(f"a contrastive batch needs at least 2 images, got batch_size {self.batch_size}")
        if not self.objectives:
            raise UsageError(f"the stream {self.name} has no objective")
        names = [objective.name for objective in self.objectives]
        if len(set(names)) < len(names):
            raise UsageError(f"two objectives of one name in the stream {self.name}: {', '.join(names)}")
        if self.sampling not in SAMPLINGS:
            raise UnknownName.of("sampling", self.sampling, SAMPLINGS)
        require_positive(self, "window")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One training run. A recipe file's header has its command and the paper's numbers.

    `start` is the model to start from, a folder or a hub id, which keeps its image preparation
    unless `prepare` names another mode; without it, weights are drawn from the seed in the shape
    that `image`, `text` and `embed_dim` give. `heads` are the further visual
    projections. `epochs` counts passes over the first stream; `unfreeze_epochs` of them, the last,
    train a pretrained trunk too, at `trunk_lr`. `tune` says which weights of a start model learn, and
    `distill` what holds it near that model. `best` is the metric that the best checkpoint is
    chosen by, among those that the run is checked with.
    """

    name: str
    start: str = ""
    prepare: Literal["", "squash", "crop"] = ""
    image: ImageTower = field(default_factory=ImageTower)
    text: TextTower = field(default_factory=TextTower)
    embed_dim: int = 128
    heads: tuple[HeadConfig, ...] = ()
    streams: tuple[Stream, ...] = (Stream(),)
    label_text: str = "taxon_com"
    epochs: float = 10.0
    unfreeze_epochs: float = 0.0
    optimizer: Optimizer = field(default_factory=Optimizer)
    trunk_lr: float = 1e-4
    warmup_steps: int = 100
    precision: str = "fp32"
    augmentation: Augmentation = field(default_factory=Augmentation)
    feature_noise: float = 0.0
    initial_temperature: float = 0.07
    tune: Tune = field(default_factory=Tune)
    distill: Distill = field(default_factory=Distill)
    best: str = "zero_shot_top1"
    seed: int = 42

    def __post_init__(self) -> None:
        if not 0 < self.epochs < float("inf"):
            raise UsageError(f"epochs must be positive, got {self.epochs:g}")
        if not 0 <= self.unfreeze_epochs <= self.epochs:
            raise UsageError(
                f"unfreeze_epochs are the last of the {self.epochs:g} epochs, from 0 to all of them, "
                f"got {self.unfreeze_epochs:g}"
            )
        if self.unfreeze_epochs and not self.image.trunk:
            raise UsageError("unfreeze_epochs is for a pretrained trunk, and this recipe has none")
        require_positive(self, "embed_dim", "trunk_lr")
        if self.seed < 0 or self.warmup_steps < 0 or not self.feature_noise >= 0:
            raise UsageError(
                f"seed, warmup_steps and feature_noise must be at least 0, got {self.seed}, {self.warmup_steps} and "
                f"{self.feature_noise}"
            )
        if self.label_text not in PHRASES:
            raise UnknownName.of("text type", self.label_text, PHRASES)
        if self.prepare not in ("", "squash", "crop"):
            raise UnknownName.of("prepare", self.prepare, ("squash", "crop"))
        if self.precision not in PRECISIONS:
            raise UnknownName.of("precision", self.precision, PRECISIONS)
        if not 0 < self.initial_temperature <= 1:
            raise UsageError(f"initial_temperature must be above 0 and at most 1, got {self.initial_temperature}")
        if not self.start and not (self.tune.is_whole and not self.distill.weight):
            raise UsageError(
                "tune and distill are for a start model, and this recipe has none", hint="--set start=MODEL"
            )
        if self.distill.weight and self.image.trunk and self.unfreeze_epochs < self.epochs:
            raise UsageError(
                "distill looks at pictures, and while its trunk is frozen this recipe reads features",
                hint=f"--set unfreeze_epochs={self.epochs:g}",
            )
        self._check_streams()

    def _check_streams(self) -> None:
        if not self.streams:
            raise UsageError("a recipe needs at least one stream")
        names = [stream.name for stream in self.streams]
        if len(set(names)) < len(names):
            raise UsageError(f"two streams of one name: {', '.join(names)}")
        known = [TAXONOMY, *(head.name for head in self.heads)]
        for stream in self.streams:
            for objective in stream.objectives:
                if objective.head not in known:
                    raise UnknownName.of("head", objective.head, known)

    @property
    def batch_size(self) -> int:
        """Images of the first stream in a step."""
        return self.streams[0].batch_size

    @property
    def step_images(self) -> int:
        """Images of all streams in a step."""
        return sum(stream.batch_size for stream in self.streams)

    def to_json(self) -> str:
        """The resolved recipe as `recipe.json` keeps it."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, *, place: str = "this text") -> "Recipe":
        """Read what `to_json` wrote, and `place` holds; raises BadFile or UnknownName."""
        try:
            recipe: Recipe = filled(cls, json.loads(text))
        except (ValueError, TypeError) as error:
            raise BadFile(f"{place} is not a recipe: {error}") from error
        return recipe

    def with_settings(self, settings: Mapping[str, str]) -> "Recipe":
        """The recipe with some fields changed, as `--set optimizer.lr=3e-4` says it.

        Streams and objectives are named: `streams.replay.batch_size`. `batch_size`, `texts`,
        `loss`, `ancestor_share`, `per_batch` and `sampling` alone speak of the first stream.
        Values are read as JSON, or else as text. Raises UnknownName for a field that is not there.
        """
        recipe = self
        for key, text in settings.items():
            recipe = changed(recipe, _SHORT.get(key, key), text, said=key, also=_SHORT)
        return recipe
