"""What a recipe says: the model, the texts, the batches, the optimiser and the schedule of one training run."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.phrasing import BIOCLIP_MIXTURE, PHRASES, TextMixture

Positives = Literal["pair", "taxon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTower:
    """The image tower to start from: a ViT from scratch, or a pretrained trunk by its timm name.

    With a `trunk`, the sizes of the ViT are not used and `image_size` is the trunk's own.
    """

    image_size: int = 64
    patch_size: int = 8
    width: int = 128
    layers: int = 6
    head_width: int = 32
    pool: Literal["token", "mean"] = "token"
    trunk: str = ""

    def __post_init__(self) -> None:
        if self.pool not in ("token", "mean"):
            raise UnknownName.of("pool", self.pool, ("token", "mean"))
        _require_positive(self, "image_size", "patch_size", "width", "layers", "head_width")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTower:
    """The causal text tower, and the size of the vocabulary that is learnt from the training names."""

    width: int = 128
    layers: int = 3
    heads: int = 4
    context_length: int = 77
    vocab_size: int = 2048

    def __post_init__(self) -> None:
        _require_positive(self, "width", "layers", "heads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """AdamW with the papers' settings; decay spares gains, biases and the temperature."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-6
    weight_decay: float = 0.2
    grad_clip: float | None = 1.0

    def __post_init__(self) -> None:
        _require_positive(self, "lr", "eps")
        if not self.weight_decay >= 0 or (self.grad_clip is not None and not self.grad_clip > 0):
            raise UsageError(
                f"weight_decay must be at least 0 and grad_clip positive or null, got {self.weight_decay} and "
                f"{self.grad_clip}"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"betas must be at least 0 and below 1, got {list(self.betas)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Random crop of `scale` of the area, at the picture's own aspect within `ratio`, and a mirror."""

    scale: tuple[float, float] = (0.9, 1.0)
    ratio: tuple[float, float] = (1.0, 1.0)
    mirror: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise UsageError(f"augmentation.scale must be two rising shares of the area, got {list(self.scale)}")
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise UsageError(f"augmentation.ratio must be two rising ratios above 0, got {list(self.ratio)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One training run. A recipe file's header has its command and the paper's numbers.

    `positives` says what counts as right in a batch: the `pair` alone (the papers), or every text
    that is true of the image's `taxon` (small batches over few species would push a species from
    itself). `ancestor_share` of the texts speak of the image's genus, family, order or class, so
    that the names of clades get a place too.
    `epochs` counts passes over the training images; `unfreeze_epochs` of them, the last, train
    a pretrained trunk too, at `trunk_lr`.
    """

    name: str
    image: ImageTower = field(default_factory=ImageTower)
    text: TextTower = field(default_factory=TextTower)
    embed_dim: int = 128
    texts: TextMixture = BIOCLIP_MIXTURE
    label_text: str = "taxon_com"
    ancestor_share: float = 0.0
    batch_size: int = 256
    epochs: float = 10.0
    unfreeze_epochs: float = 0.0
    optimizer: Optimizer = field(default_factory=Optimizer)
    trunk_lr: float = 1e-4
    warmup_steps: int = 100
    augmentation: Augmentation = field(default_factory=Augmentation)
    feature_noise: float = 0.0
    positives: Positives = "pair"
    initial_temperature: float = 0.07
    seed: int = 42

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise UsageError(f"a contrastive batch needs at least 2 images, got batch_size {self.batch_size}")
        if not self.epochs > 0 or self.unfreeze_epochs < 0 or self.unfreeze_epochs > self.epochs:
            raise UsageError(
                f"epochs must be positive and unfreeze_epochs among them, got {self.epochs} and {self.unfreeze_epochs}"
            )
        if self.unfreeze_epochs and not self.image.trunk:
            raise UsageError("unfreeze_epochs is for a pretrained trunk, and this recipe has none")
        _require_positive(self, "embed_dim", "trunk_lr")
        if self.seed < 0 or self.warmup_steps < 0 or not self.feature_noise >= 0:
            raise UsageError(
                f"seed, warmup_steps and feature_noise must be at least 0, got {self.seed}, {self.warmup_steps} and "
                f"{self.feature_noise}"
            )
        if self.label_text not in PHRASES:
            raise UnknownName.of("text type", self.label_text, PHRASES)
        if self.positives not in ("pair", "taxon"):
            raise UnknownName.of("kind of positives", self.positives, ("pair", "taxon"))
        if not 0 <= self.ancestor_share < 1:
            raise UsageError(f"ancestor_share must be at least 0 and below 1, got {self.ancestor_share}")
        if not 0 < self.initial_temperature <= 1:
            raise UsageError(f"initial_temperature must be above 0 and at most 1, got {self.initial_temperature}")

    def to_json(self) -> str:
        """The resolved recipe as `recipe.json` keeps it."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read what `to_json` wrote; raises BadFile or UnknownName."""
        try:
            recipe: Recipe = _filled(cls, json.loads(text))
        except (ValueError, TypeError) as error:
            raise BadFile(f"not a recipe: {error}") from error
        return recipe

    def with_settings(self, settings: Mapping[str, str]) -> "Recipe":
        """The recipe with some fields changed, as `--set optimizer.lr=3e-4` says it.

        Values are read as JSON, or else as text. Raises UnknownName for a field that is not there.
        """
        recipe = self
        for key, text in settings.items():
            try:
                value = json.loads(text)
            except ValueError:
                value = text
            recipe = _with(recipe, key.split("."), value, key)
        return recipe


def _require_positive(node: object, *names: str) -> None:
    for name in names:
        value = getattr(node, name)
        if not value > 0 or value == float("inf"):
            raise UsageError(f"{name} must be positive, got {value}")


def _with(node: Any, path: list[str], value: Any, key: str) -> Any:
    known = {f.name: getattr(node, f.name) for f in fields(node)} if is_dataclass(node) else {}
    if path[0] not in known:
        raise UnknownName.of("recipe field", key, known or [".".join(key.split(".")[:-1])])
    old = known[path[0]]
    if len(path) > 1:
        return replace(node, **{path[0]: _with(old, path[1:], value, key)})
    return replace(node, **{path[0]: _like(old, value, key)})


def _like(old: Any, value: Any, key: str) -> Any:
    """`value` as the type of the `old` one; raises UsageError where it is of another kind."""
    if isinstance(old, TextMixture) and isinstance(value, dict):
        return TextMixture(weights=value)
    if isinstance(old, tuple) and isinstance(value, list) and len(value) == len(old):
        return tuple(_like(one, other, key) for one, other in zip(old, value, strict=True))
    if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (old is None and isinstance(value, float)) or type(value) is type(old) or (key in _OPTIONAL and value is None):
        return value
    raise UsageError(f"recipe field {key} must be like {old!r}, got {value!r}")


_OPTIONAL = ("optimizer.grad_clip",)
"""Fields that may be null, which switches them off."""


def _filled(kind: Any, values: Any) -> Any:
    """A dataclass from its JSON: nested dataclasses filled, lists turned back to tuples."""
    if not isinstance(values, dict):
        raise TypeError(f"expected an object, got {type(values).__name__}")
    defaults = {f.name: f for f in fields(kind)}
    filled: dict[str, Any] = {}
    for name, value in values.items():
        if name not in defaults:
            raise UnknownName.of("recipe field", name, defaults)
        inner = defaults[name].type
        if is_dataclass(inner) and isinstance(value, dict):
            filled[name] = _filled(inner, value)
        else:
            filled[name] = tuple(value) if isinstance(value, list) else value
    return kind(**filled)
