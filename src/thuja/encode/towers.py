"""Plain image towers as functions of pictures: one that has learnt nothing, and one that has met ImageNet.

They are what a card of a simulated world holds its pixels against.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from thuja.model.config import VisionConfig
from thuja.model.efficientnet import MEAN, STD, EfficientNetLite0, imagenet_weights
from thuja.model.vit import VisionTransformer

Features = npt.NDArray[np.float32]
Tower = Callable[[Sequence[Image.Image]], Features]
"""N pictures to N vectors (N, F)."""

_SMALL: Final = VisionConfig(image_size=64, patch_size=8, width=128, layers=6, head_width=32)
"""The image tower of the recipe `small`."""
_LEAST: Final = 32
"""The trunk halves a picture five times."""
_BATCH: Final = 64


def untrained_tower(seed: int = 0) -> Tower:
    """The small ViT with weights drawn from `seed`: what its shape sees without learning, 128 numbers a picture."""
    tower = VisionTransformer(_SMALL, 128, act="gelu")
    tower.initialize(torch.Generator().manual_seed(seed))
    tower.eval()

    def features(pictures: Sequence[Image.Image]) -> Features:
        side = _SMALL.image_size
        small = [picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC) for picture in pictures]
        return _in_batches(tower.features, small, mean=0.5, spread=0.25)

    return features


def imagenet_tower() -> Tower:
    """EfficientNet-lite0 with its ImageNet weights, on pictures at their own size: 1,280 numbers a picture.

    Raises ThujaError where the package that brings the weights is not installed.
    """
    trunk = EfficientNetLite0()
    trunk.load_state_dict(imagenet_weights())
    trunk.eval()

    def features(pictures: Sequence[Image.Image]) -> Features:
        large = [picture.convert("RGB") for picture in pictures]
        large = [one if min(one.size) >= _LEAST else one.resize((_LEAST, _LEAST)) for one in large]
        return _in_batches(trunk, large, mean=MEAN, spread=STD)

    return features


@torch.inference_mode()
def _in_batches(
    tower: Callable[[Tensor], Tensor], pictures: Sequence[Image.Image], *, mean: float, spread: float
) -> Features:
    found = []
    for start in range(0, len(pictures), _BATCH):
        pixels = np.stack([np.asarray(picture) for picture in pictures[start : start + _BATCH]])
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255  # (B, 3, S, S)
        found.append(tower((images - mean) / spread).numpy())
    return np.concatenate(found)
