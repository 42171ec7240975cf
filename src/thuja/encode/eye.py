"""An image tower as a function of grey levels, whatever model it is of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from thuja.encode.encoder import Encoder
from thuja.encode.hardware import Hardware
from thuja.encode.pipeline import encoding
from thuja.images import Preparation
from thuja.model import Model
from thuja.model.dino import LoadedDino
from thuja.model.efficientnet import CROP_FRACTION, MEAN, STD, EfficientNetLite0, imagenet_weights
from thuja.model.machine import find_device, limit_torch_threads
from thuja.model.siglip import LoadedSiglip
from thuja.model.stages import FEATURE_DIM
from thuja.model.weights import hash_of_tensors

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[Any]
"""Grey levels (S, S, 3), uint8 or float32, as `Preparation.resized` gives them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """What turns prepared images into vectors, (B, F) float32, not normalised.

    `id` is of the weights and the shape before any head: what the vectors may be kept under, with the preparation
    and the precision that they were computed in.
    """

    id: str
    dim: int
    preparation: Preparation
    look: Callable[[Sequence[Pixels]], Floats]
    precision: str = "fp32"


def eye_of(model: Model, hardware: Hardware | None = None) -> Eye:
    """The features of a model before its projections, as it stands, or made fast for `hardware`.

    As `Encoder.prepare`, that takes the model over: it encodes and projects, and is neither trained nor saved.
    """
    identity = model.trunk_id  # before its matrices are cast and packed
    encoder = Encoder.plain(model) if hardware is None else Encoder.prepare(model, hardware)

    def look(pixels: Sequence[Pixels]) -> Floats:
        with encoding(model):
            features: Floats = encoder.image_features(encoder.batch(pixels)).cpu().numpy()
        return features

    return Eye(
        id=identity,
        dim=model.visual.feature_dim,
        preparation=model.preparation,
        look=look,
        precision=encoder.precision,
    )


def module_eye(module: nn.Module, *, id: str, dim: int, preparation: Preparation, device: str = "auto") -> Eye:
    """A torch module, (B, 3, S, S) prepared images to (B, F), in float32."""
    place = find_device(device)
    module.to(place).eval()
    limit_torch_threads()

    def look(pixels: Sequence[Pixels]) -> Floats:
        images = np.stack([preparation.normalize(one) for one in pixels])  # (B, 3, S, S)
        with torch.inference_mode():
            out: Tensor = module(torch.from_numpy(images).to(place))
        vectors: Floats = out.float().cpu().numpy()
        return vectors

    return Eye(id=id, dim=dim, preparation=preparation, look=look)


def siglip_eye(loaded: LoadedSiglip, device: str = "auto") -> Eye:
    """The image tower of a SigLIP, its pooling head included: it projects nowhere else."""
    loaded.module.to(find_device(device))  # texts are read there too
    dim = loaded.module.config.vision.width
    identity = f"siglip-{loaded.id.rsplit('-', 1)[-1]}"
    return module_eye(loaded.module.visual, id=identity, dim=dim, preparation=loaded.preparation, device=device)


def dino_eye(loaded: LoadedDino, device: str = "auto") -> Eye:
    """The class token of a tower that reads no text."""
    dim = loaded.module.config.sizes.width
    identity = f"dino-{loaded.id.rsplit('-', 1)[-1]}"
    return module_eye(loaded.module, id=identity, dim=dim, preparation=loaded.preparation, device=device)


def efficientnet_eye(device: str = "auto") -> Eye:
    """EfficientNet-lite0 with its ImageNet weights and ImageNet's own preparation.

    Raises ThujaError where the package that brings the weights is not installed.
    """
    weights = imagenet_weights()
    trunk = EfficientNetLite0()
    trunk.load_state_dict(weights)
    preparation = Preparation(
        size=224, mode="crop", crop_fraction=CROP_FRACTION, mean=(MEAN, MEAN, MEAN), std=(STD, STD, STD)
    )
    identity = f"efficientnet-lite0-{hash_of_tensors(weights)}"
    return module_eye(trunk, id=identity, dim=FEATURE_DIM, preparation=preparation, device=device)
