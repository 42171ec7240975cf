"""Where a text tower runs, and what its matrices are in."""

import os

import torch

from thuja.encode.pipeline import available_cpus
from thuja.errors import UsageError
from thuja.model import Model
from thuja.model.packed import cast_matrices


def place_text_tower(model: Model, *, device: str, precision: str, processes: int = 1) -> str:
    """Move the model and cast its text tower, in place; returns the precision it has: fp32 or bf16.

    `auto` is a GPU where there is one (of several, LOCAL_RANK's), and bf16 where the processor
    multiplies in it. `processes` share this machine's processors. Raises UsageError for cuda
    without a GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("this machine has no CUDA device that torch sees", hint="--device cpu")
    is_gpu = device != "cpu" and torch.cuda.is_available()
    if precision == "auto":
        precision = "bf16" if is_gpu or _has_bf16() else "fp32"
    local = int(os.environ.get("LOCAL_RANK", "0"))
    model.to(torch.device("cuda", local % torch.cuda.device_count()) if is_gpu else torch.device("cpu"))
    cast_matrices(model.transformer, torch.bfloat16 if precision == "bf16" else torch.float32)
    torch.set_num_threads(max(1, available_cpus() // processes))
    return precision


def _has_bf16() -> bool:
    """Whether this processor has instructions for bfloat16 (AVX-512 BF16 or AMX)."""
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
