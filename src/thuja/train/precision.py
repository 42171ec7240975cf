"""The number formats of training: what the weights are in, what products are made in."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor, nn

from thuja.errors import UnknownName, UsageError

PRECISIONS: Final = ("fp32", "tf32", "amp_bf16", "amp_fp16", "pure_bf16")
"""`tf32` makes float32's products with 10 bits of fraction, on CUDA; `amp_*` keep float32 weights and multiply in
16 bits; `pure_bf16` keeps the weights in bfloat16 too."""

_PRODUCTS: Final[Mapping[str, torch.dtype]] = {"amp_bf16": torch.bfloat16, "amp_fp16": torch.float16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """One of PRECISIONS on one kind of device.

    `amp_bf16` is BioCAP's, `amp_fp16` BioCLIP's (for GPUs without bfloat16), `pure_bf16` that of
    BioCLIP 2: half the memory of weights and optimiser, and steps smaller than 1/256 of a weight
    are lost. Temperatures stay in float32 always.
    """

    name: str = "fp32"
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        if self.name not in PRECISIONS:
            raise UnknownName.of("precision", self.name, PRECISIONS)
        is_bfloat = self.name in ("amp_bf16", "pure_bf16")
        if is_bfloat and self.device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
            raise UsageError(f"{self.name} needs a GPU with bfloat16, and this one has none", hint="amp_fp16")

    @property
    def weight_bytes(self) -> int:
        """Bytes of one weight, and of one of its gradient and of the optimiser's two moments each."""
        return 2 if self.name == "pure_bf16" else 4

    @property
    def product_bytes(self) -> int:
        """Bytes of one number that a matrix product takes or gives."""
        return 4 if self.name in ("fp32", "tf32") else 2

    @property
    def stream_bytes(self) -> int:
        """Bytes of one number of the stream between the blocks."""
        return 2 if self.name == "pure_bf16" else 4

    def autocast(self) -> AbstractContextManager[Any]:
        """The context of the forward pass."""
        dtype = _PRODUCTS.get(self.name)
        return nullcontext() if dtype is None else torch.autocast(self.device.type, dtype=dtype)

    def cast(self, module: nn.Module) -> None:
        """Put the weights into their format, in place; what has no dimension (temperatures) stays."""
        if self.name != "pure_bf16":
            return
        for parameter in module.parameters():
            if parameter.ndim:
                parameter.data = parameter.data.to(torch.bfloat16)

    def set_up_products(self) -> None:
        """Let what is left in float32 multiply as TF32 on CUDA, unless `fp32` is asked for."""
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("highest" if self.name == "fp32" else "high")


class LossScale:
    """What `amp_fp16` multiplies the loss by, so that small gradients do not fall to zero.

    A gradient that overflows costs its step and halves the scale; 2,000 good ones double it. One
    length over all processes is judged, so all skip the same steps. Other precisions have 1, always.
    """

    def __init__(self, precision: Precision, *, value: float = 2.0**16, patience: int = 2000) -> None:
        self.is_needed = precision.name == "amp_fp16"
        self.value = value if self.is_needed else 1.0
        self._patience, self._good = patience, 0

    def accept(self, norm: Tensor) -> bool:
        """Whether the step may be taken, by the gradients' length; always, where no scale is needed.

        The caller stops at a length that is no number where no scale is needed: that is divergence.
        """
        if not self.is_needed:
            return True
        if not bool(torch.isfinite(norm)):
            self.value, self._good = max(self.value / 2, 1.0), 0
            return False
        self._good += 1
        if self._good == self._patience:
            self.value, self._good = self.value * 2, 0
        return True

    def state(self) -> dict[str, float]:
        """What a checkpoint keeps of it."""
        return {"value": self.value, "good": self._good}

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from a checkpoint."""
        if self.is_needed:
            self.value, self._good = float(state["value"]), int(state["good"])
