"""Where a model runs and in which numbers: what the user says, and the machine's best where he does not."""

import platform
import time
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import torch

from thuja.errors import UnknownName, UsageError
from thuja.model.machine import AUTO, fair_threads, find_device

PRECISIONS: Final = ("fp32", "bf16", "fp16", "int8")
ENGINES: Final = ("torch", "openvino", "onnx")

DTYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

_POSSIBLE: Final = {
    ("torch", "cpu"): ("fp32", "bf16"),
    ("torch", "cuda"): ("fp32", "bf16", "fp16"),
    ("torch", "mps"): ("fp32", "fp16"),
    ("openvino", "cpu"): ("fp32", "bf16"),
    ("onnx", "cpu"): ("int8",),
}
"""What an engine computes in on a kind of device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """How a model is run; what is `auto` is chosen by `settled`.

    device:
      `cpu`, `cuda`, `cuda:1`, `mps`; the first GPU there is, or else the processor.
    precision:
      of the matrices; sums, norms and the stream between the blocks stay in float32.
      `bf16` where it is faster than `fp32`; `fp16` on GPUs without bfloat16; `int8` by the engine `onnx`.
    engine:
      `torch`; or `openvino` and `onnx`, extras for processors, for the image tower alone.
    is_compiled:
      torch.compile with CUDA graphs, on a GPU.
    threads:
      of the processor; None is as many as this container may use, shared with torchrun's other processes.
    """

    device: str = AUTO
    precision: str = AUTO
    engine: str = AUTO
    is_compiled: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in (AUTO, *PRECISIONS):
            raise UnknownName.of("precision", self.precision, [AUTO, *PRECISIONS])
        if self.engine not in (AUTO, *ENGINES):
            raise UnknownName.of("engine", self.engine, [AUTO, *ENGINES])
        if self.threads is not None and self.threads < 1:
            raise UsageError(f"threads must be at least 1, got {self.threads}")

    @property
    def dtype(self) -> torch.dtype:
        """The number format of torch's own matrices; float32 beside an int8 engine."""
        return DTYPES.get(self.precision, torch.float32)

    def settled(self) -> "Hardware":
        """The same with every `auto` chosen; raises UsageError for what this machine cannot do."""
        device = find_device(self.device)
        engine = self.engine if self.engine != AUTO else "onnx" if self.precision == "int8" else "torch"
        possible = _POSSIBLE.get((engine, device.type), ())
        if not possible:
            raise UsageError(f"the engine {engine} does not run on {device.type}", hint="--engine torch")
        precision = self.precision if self.precision != AUTO else _best_precision(possible, device)
        if precision not in possible:
            raise UsageError(
                f"the engine {engine} does not compute in {precision} on {device.type}",
                hint=f"one of {', '.join(possible)}" + ("; int8 is --engine onnx on a processor" * (engine == "torch")),
            )
        if self.is_compiled and device.type != "cuda":
            raise UsageError("compiling pays on a GPU only", hint="leave out --compile")
        return replace(
            self, device=str(device), engine=engine, precision=precision, threads=self.threads or fair_threads()
        )


def _best_precision(possible: tuple[str, ...], device: torch.device) -> str:
    if "fp32" not in possible:
        return possible[0]
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if "bf16" in possible and is_bfloat16_faster() else "fp32"


@cache
def is_bfloat16_faster() -> bool:
    """Whether this processor multiplies bfloat16 clearly faster than float32.

    Instructions for it say yes, and on x86 their lack says no: emulated, a product takes a hundred times as long, and
    seconds to try. Elsewhere both are tried for some milliseconds.
    """
    for known in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        if getattr(torch.cpu, known, lambda: False)():
            return True
    if platform.machine().lower() in ("x86_64", "amd64"):
        return False
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left = torch.ones(512, 768, dtype=dtype)
        right = torch.ones(768, 768, dtype=dtype)
        tries = []
        for _ in range(6):
            started = time.perf_counter()
            torch.mm(left, right)
            tries.append(time.perf_counter() - started)
        seconds[dtype] = min(tries)
    return seconds[torch.bfloat16] < 0.8 * seconds[torch.float32]
