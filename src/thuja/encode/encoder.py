"""A model made ready to encode: on a device, in a precision, by an engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from thuja.encode.engines import onnx_features, openvino_features
from thuja.encode.hardware import Hardware
from thuja.model import TAXONOMY, Model
from thuja.model.machine import keep_memory
from thuja.model.packed import can_pack, cast_matrices, pack
from thuja.model.vit import VisionTransformer

Features = Callable[[Tensor], Tensor]
"""(B, 3, S, S) prepared images to (B, F) features, both float32 on the encoder's device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """A model with the fastest way to run its image tower here.

    `plain` leaves a model as it is; `prepare` makes it fast and takes it over: it can encode
    afterwards, but neither be trained nor saved.
    """

    model: Model
    features: Features
    hardware: Hardware | None = None

    @classmethod
    def plain(cls, model: Model) -> "Encoder":
        """The model as it stands."""
        return cls(model=model, features=model.image_features)

    @classmethod
    def prepare(cls, model: Model, hardware: Hardware | None = None) -> "Encoder":
        """Move, cast, pack or compile `model`, in place, as `hardware` says.

        Raises UsageError for what this machine cannot do, or for an extra that is not installed. A
        convolutional trunk stays in float32.
        """
        chosen = (hardware or Hardware()).settled()
        features: Features = model.image_features
        if chosen.engine == "openvino":
            features = openvino_features(model, chosen)
        elif chosen.engine == "onnx":
            features = onnx_features(model, chosen)
        _make_fast(model, chosen)
        if chosen.is_compiled:
            features = torch.compile(features, mode="reduce-overhead", dynamic=False)
        return cls(model=model, features=features, hardware=chosen)

    @property
    def device(self) -> torch.device:
        """Where images and features are."""
        return self.model.logit_scale.device

    @property
    def precision(self) -> str:
        """What the image tower's matrices are in, such as `bf16`."""
        is_plain = self.hardware is None or (self.hardware.engine == "torch" and not self._has_vit)
        return "fp32" if is_plain or self.hardware is None else self.hardware.precision

    @property
    def _has_vit(self) -> bool:
        return isinstance(self.model.visual, VisionTransformer)

    @property
    def has_fixed_batch(self) -> bool:
        """Whether every batch must be of one size, because it is compiled for it."""
        return self.hardware is not None and self.hardware.is_compiled

    def image_features(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, F) features."""
        return self.features(images).float()

    def encode_image(self, images: Tensor, head: str = TAXONOMY, *, normalize: bool = True) -> Tensor:
        """(B, 3, S, S) prepared images to (B, D), through one head; see `Model.encode_image`."""
        return self.model.project(self.image_features(images), head, normalize=normalize)

    def batch(self, pixels: Sequence[npt.NDArray[Any]], *, size: int = 0) -> Tensor:
        """Grey levels (S, S, 3), uint8 or float32, to (B, 3, S, S) float32 on the device.

        The arithmetic is that of `Preparation.normalize`. Rows of zeros fill it up to `size`.
        """
        stacked = torch.from_numpy(np.stack(pixels))  # (B, S, S, 3)
        if self.device.type == "cuda":
            stacked = stacked.pin_memory()
        images = stacked.to(self.device, non_blocking=True).permute(0, 3, 1, 2).float()
        images = images.contiguous().div_(255)
        preparation = self.model.preparation
        for row, numbers in ((0, preparation.mean), (1, preparation.std)):
            constants = torch.tensor(numbers, dtype=torch.float32, device=self.device).view(3, 1, 1)
            images = images.div_(constants) if row else images.sub_(constants)
        return F.pad(images, (0, 0, 0, 0, 0, 0, 0, size - len(pixels))) if size > len(pixels) else images


def _make_fast(model: Model, chosen: Hardware) -> None:
    device = torch.device(chosen.device)
    if device.type == "cuda":
        torch.cuda.set_device(device)  # events, graphs and pinned memory go by the current device
    model.to(device)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    cast_matrices(model.transformer, chosen.dtype)
    vit = model.visual if isinstance(model.visual, VisionTransformer) and chosen.engine == "torch" else None
    if vit is not None:
        cast_matrices(vit, chosen.dtype)
    if device.type != "cpu":
        return
    torch.set_num_threads(chosen.threads or 1)
    keep_memory()
    if can_pack(chosen.dtype):
        pack(model.transformer)
        if vit is not None:
            pack(vit.transformer)
    _leave_file(model)


def _leave_file(model: Model) -> None:
    """Copy what is still in the weights' mapped file, so that all of it goes: it was read whole to be cast and packed.

    Norms, embeddings and projections keep their format, and each alone would hold on to the mapping: 600 MB of a
    ViT-B/16, for 110 MB.
    """
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
