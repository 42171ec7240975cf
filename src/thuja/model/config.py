"""What a model is made of, as data; to and from open_clip's `open_clip_config.json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from thuja.errors import BadFile, UnknownName, UsageError

Pool = Literal["token", "mean"]
Act = Literal["gelu", "quick_gelu"]
Projection = Literal["linear", "mlp"]

MAX_IMAGE_SIZE = 2048
"""Pixels along a side; attention among the patches of a larger image takes gigabytes for each head."""

TAXONOMY = "taxonomy"
"""The head that every model has: `visual.proj` with `logit_scale`."""

TRUNKS = ("tf_efficientnet_lite0",)
"""The convolutional image trunks that `TrunkConfig` may name, by timm's names."""
TRUNK_STRIDE = 32
"""Pixels along a side that one place of a trunk's last map stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionConfig:
    """A ViT image tower. The image is `image_size` pixels square."""

    image_size: int = 224
    patch_size: int = 16
    width: int = 768
    layers: int = 12
    head_width: int = 64
    mlp_ratio: float = 4.0
    pool: Pool = "token"
    patch_dropout: float = 0.0

    def __post_init__(self) -> None:
        if min(self.image_size, self.patch_size, self.width, self.layers, self.head_width) < 1:
            raise UsageError(f"the sizes of an image tower must be positive, got {self}")
        if self.width % self.head_width:
            raise UsageError(f"width {self.width} is not a multiple of head_width {self.head_width}")
        if self.image_size < self.patch_size:
            raise UsageError(f"a patch of {self.patch_size} pixels does not fit an image of {self.image_size}")
        if self.pool not in ("token", "mean"):
            raise UsageError(f'pool must be token or mean, got "{self.pool}"')
        if not 0 <= self.patch_dropout < 1:
            raise UsageError(f"patch_dropout must be in [0, 1), got {self.patch_dropout}")

    @property
    def heads(self) -> int:
        """The number of attention heads."""
        return self.width // self.head_width

    @property
    def grid(self) -> int:
        """Patches along one side; there are `grid ** 2` and the class token."""
        return self.image_size // self.patch_size


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkConfig:
    """A convolutional trunk as image tower, with a projector on its pooled features."""

    trunk: str = "tf_efficientnet_lite0"
    projection: Projection = "linear"
    image_size: int = 224

    def __post_init__(self) -> None:
        if self.trunk not in TRUNKS:
            raise UsageError(f'unknown trunk: "{self.trunk}"', hint=f"one of {', '.join(TRUNKS)}")
        if self.projection not in ("linear", "mlp"):
            raise UsageError(f'projection must be linear or mlp, got "{self.projection}"')


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """The causal text tower."""

    context_length: int = 77
    vocab_size: int = 49408
    width: int = 512
    heads: int = 8
    layers: int = 12
    mlp_ratio: float = 4.0

    def __post_init__(self) -> None:
        if min(self.vocab_size, self.width, self.heads, self.layers) < 1:
            raise UsageError(f"the sizes of a text tower must be positive, got {self}")
        if self.width % self.heads:
            raise UsageError(f"text width {self.width} is not a multiple of its {self.heads} heads")
        if self.context_length < 3:
            raise UsageError(f"context_length must be at least 3, got {self.context_length}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadConfig:
    """A further head: a visual projection with the model's temperature or one of its own."""

    name: str
    has_own_temperature: bool = False

    def __post_init__(self) -> None:
        if self.name == TAXONOMY or not self.name.isidentifier():
            raise UsageError(f'"{self.name}" cannot name a further head', hint="a word such as replay or caption")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Two towers that meet in `embed_dim` dimensions, and the heads beside `taxonomy`."""

    embed_dim: int = 512
    vision: VisionConfig | TrunkConfig = field(default_factory=VisionConfig)
    text: TextConfig = field(default_factory=TextConfig)
    act: Act = "gelu"
    heads: tuple[HeadConfig, ...] = ()

    def __post_init__(self) -> None:
        if self.act not in ("gelu", "quick_gelu"):
            raise UsageError(f'act must be gelu or quick_gelu, got "{self.act}"')
        if self.embed_dim < 1:
            raise UsageError(f"embed_dim must be positive, got {self.embed_dim}")
        names = [head.name for head in self.heads]
        if len(set(names)) != len(names):
            raise UsageError(f"two heads of one name: {', '.join(names)}")

    def to_open_clip(self, *, own_tokenizer: bool) -> dict[str, Any]:
        """open_clip's `model_cfg`; the further heads have no place in it.

        Patch dropout is left out: it is training's alone, and pybioclip 2.1.6 answers with the
        model in training mode, where open_clip would drop patches.
        `own_tokenizer` makes open_clip read the `tokenizer.json` beside it, not CLIP's vocabulary.
        """
        text: dict[str, Any] = {name: getattr(self.text, name) for name in _TEXT_KEYS}
        if own_tokenizer:
            text["hf_tokenizer_name"] = "tokenizer.json"
        config: dict[str, Any] = {
            "embed_dim": self.embed_dim,
            "vision_cfg": _vision_to_open_clip(self.vision),
            "text_cfg": text,
        }
        return config | ({"quick_gelu": True} if self.act == "quick_gelu" else {})

    def at_size(self, image_size: int) -> "ModelConfig":
        """The same towers for images of another size; raises UsageError for a size that they cannot take."""
        if image_size > MAX_IMAGE_SIZE:
            raise UsageError(f"images of {image_size} pixels are over the limit of {MAX_IMAGE_SIZE}")
        if isinstance(self.vision, VisionConfig):
            patch, what = self.vision.patch_size, "multiple of its patches'"
            is_fit = image_size >= patch and image_size % patch == 0
        else:
            patch, what = TRUNK_STRIDE, "size of at least its stride's"
            is_fit = image_size >= patch
        if not is_fit:
            around = max(1, image_size // patch) * patch
            raise UsageError(
                f"this image tower takes a {what} {patch} pixels, got {image_size}",
                hint=f"image_size {around} or {around + patch}",
            )
        return replace(self, vision=replace(self.vision, image_size=image_size))

    @classmethod
    def from_open_clip(cls, config: Mapping[str, Any], *, heads: tuple[HeadConfig, ...] = ()) -> "ModelConfig":
        """Read a `model_cfg`; raises BadFile for an architecture that thuja does not build."""
        try:
            return cls(
                embed_dim=config["embed_dim"],
                vision=_vision_from_open_clip(config["vision_cfg"]),
                text=_text_from_open_clip(config["text_cfg"]),
                act="quick_gelu" if config.get("quick_gelu") else "gelu",
                heads=heads,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise BadFile(f"not a model_cfg of open_clip: {error!r}") from error
        except UsageError as error:
            raise BadFile(f"a model_cfg that thuja does not build: {error.message}", hint=error.hint) from error


_TEXT_KEYS = tuple(entry.name for entry in fields(TextConfig))
_POOLS: Mapping[Pool, str] = {"token": "tok", "mean": "avg"}
_VISION_DEFAULTS = {"layers": 12, "width": 768, "patch_size": 16, "image_size": 224}
_IGNORED = {"timm_model_pretrained", "hf_tokenizer_name", "pad_id", "eos_id", "output_tokens", "tokenizer_kwargs"}
"""Keys of open_clip's that change nothing in what the towers compute."""


def _vision_to_open_clip(vision: VisionConfig | TrunkConfig) -> dict[str, Any]:
    if isinstance(vision, TrunkConfig):
        return {
            "timm_model_name": vision.trunk,
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": vision.projection,
            "image_size": vision.image_size,
        }
    config: dict[str, Any] = {
        "image_size": vision.image_size,
        "patch_size": vision.patch_size,
        "width": vision.width,
        "layers": vision.layers,
        "head_width": vision.head_width,
        "mlp_ratio": vision.mlp_ratio,
    }
    if vision.pool != "token":
        config["pool_type"] = _POOLS[vision.pool]
    return config


def _vision_from_open_clip(config: Mapping[str, Any]) -> VisionConfig | TrunkConfig:
    sizes = {"image_size", "patch_size", "width", "layers", "head_width", "mlp_ratio", "patch_dropout"}
    if config.get("timm_model_name"):  # and then open_clip ignores the sizes of a ViT
        _refuse_unknown(config, sizes | {"timm_model_name", "timm_pool", "timm_proj"})
        if config.get("timm_pool", "avg") != "avg":
            raise BadFile(f'thuja pools a trunk by its mean only, got timm_pool "{config["timm_pool"]}"')
        return TrunkConfig(
            trunk=config["timm_model_name"],
            projection=config.get("timm_proj", "linear"),
            image_size=config.get("image_size", 224),
        )
    _refuse_unknown(config, sizes | {"pool_type"})
    pools = {theirs: ours for ours, theirs in _POOLS.items()}
    pool = config.get("pool_type", "tok")
    if pool not in pools or not isinstance(config.get("layers", 12), int):
        raise BadFile("thuja builds ViT towers with class-token or mean pooling only, this is another")
    given = _VISION_DEFAULTS | {name: config[name] for name in sizes if name in config}
    return VisionConfig(**given, pool=pools[pool])


def _text_from_open_clip(config: Mapping[str, Any]) -> TextConfig:
    _refuse_unknown(config, {*_TEXT_KEYS, "pool_type"})
    if config.get("pool_type", "argmax") != "argmax":
        raise BadFile(f'thuja pools text at its end-of-text token only, got pool_type "{config["pool_type"]}"')
    return TextConfig(**{name: config[name] for name in _TEXT_KEYS if name in config})


def _refuse_unknown(config: Mapping[str, Any], known: set[str]) -> None:
    """A key that thuja does not build must not pass in silence, unless it switches nothing on."""
    switched = [name for name, value in config.items() if name not in known | _IGNORED and value]
    if switched:
        raise BadFile(f"open_clip's setting {', '.join(sorted(switched))} is not one that thuja builds")


def head_named(config: ModelConfig, name: str) -> HeadConfig | None:
    """The further head of that name, None for `taxonomy`; raises UnknownName."""
    if name == TAXONOMY:
        return None
    for head in config.heads:
        if head.name == name:
            return head
    raise UnknownName.of("head", name, [TAXONOMY, *(head.name for head in config.heads)])
