"""What a recipe says of the model's shape, the optimiser and the variation of pictures."""

from dataclasses import dataclass
from typing import Literal

from thuja.errors import UnknownName, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTower:
    """The image tower to start from: a ViT from scratch, or a pretrained trunk by its timm name.

    With a `trunk`, the sizes of the ViT are not used and `image_size` is the trunk's own.
    `patch_dropout` is the share of patches that a step leaves out (arXiv:2212.00794).
    """

    image_size: int = 64
    patch_size: int = 8
    width: int = 128
    layers: int = 6
    head_width: int = 32
    pool: Literal["token", "mean"] = "token"
    patch_dropout: float = 0.0
    trunk: str = ""

    def __post_init__(self) -> None:
        if self.pool not in ("token", "mean"):
            raise UnknownName.of("pool", self.pool, ("token", "mean"))
        if not 0 <= self.patch_dropout < 1:
            raise UsageError(f"patch_dropout must be at least 0 and below 1, got {self.patch_dropout}")
        require_positive(self, "image_size", "patch_size", "width", "layers", "head_width")
        if not self.trunk and self.image_size % self.patch_size:
            raise UsageError(f"image_size {self.image_size} is not a multiple of patch_size {self.patch_size}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTower:
    """The causal text tower. From scratch, a vocabulary of `vocab_size` is learnt from the training names."""

    width: int = 128
    layers: int = 3
    heads: int = 4
    context_length: int = 77
    vocab_size: int = 2048

    def __post_init__(self) -> None:
        require_positive(self, "width", "layers", "heads", "context_length", "vocab_size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """AdamW with the papers' settings; decay spares gains, biases and the temperature."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-6
    weight_decay: float = 0.2
    grad_clip: float | None = 1.0

    def __post_init__(self) -> None:
        require_positive(self, "lr", "eps")
        if not 0 <= self.weight_decay < float("inf") or (self.grad_clip is not None and not self.grad_clip > 0):
            raise UsageError(
                f"weight_decay must be at least 0 and grad_clip positive or null, got {self.weight_decay} and "
                f"{self.grad_clip}"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise UsageError(f"betas must be at least 0 and below 1, got {list(self.betas)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """A random crop of `scale` of the area, at an aspect within `ratio`, and a mirror.

    `ratio_of` says what the aspect is measured in: shares of the picture's own `frame` (so that
    1 keeps the picture's aspect), or `pixels`, as torchvision's RandomResizedCrop does.
    """

    scale: tuple[float, float] = (0.9, 1.0)
    ratio: tuple[float, float] = (1.0, 1.0)
    ratio_of: Literal["frame", "pixels"] = "frame"
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    mirror: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1] <= 1:
            raise UsageError(f"augmentation.scale must be two rising shares of the area, got {list(self.scale)}")
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise UsageError(f"augmentation.ratio must be two rising ratios above 0, got {list(self.ratio)}")
        if self.ratio_of not in ("frame", "pixels"):
            raise UnknownName.of("augmentation.ratio_of", self.ratio_of, ("frame", "pixels"))
        if self.interpolation not in ("bilinear", "bicubic"):
            raise UnknownName.of("augmentation.interpolation", self.interpolation, ("bilinear", "bicubic"))


OPENAI_CROP = Augmentation(scale=(0.9, 1.0), ratio=(3 / 4, 4 / 3), ratio_of="pixels", interpolation="bicubic")
"""The papers' only augmentation: RandomResizedCrop of 0.9 to 1.0 of the area, bicubic."""


def require_positive(node: object, *names: str) -> None:
    """Raise UsageError unless each of these fields is positive and finite."""
    for name in names:
        value = getattr(node, name)
        if not value > 0 or value == float("inf"):
            raise UsageError(f"{name} must be positive, got {value}")
