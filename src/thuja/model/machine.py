"""The machine that a model runs on: its device, its processors, and what glibc does with freed memory."""

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

import torch

from thuja.errors import UnknownName, UsageError

AUTO: Final = "auto"


def find_device(name: str = AUTO) -> torch.device:
    """The device of that name; `auto` is this process's GPU where there is one, or else the processor.

    torchrun's LOCAL_RANK says which GPU is this process's, for `auto` and for `cuda` alike. Raises
    UnknownName for a word that names no device, UsageError for one that this machine lacks.
    """
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if name == AUTO:
        if torch.cuda.is_available():
            return torch.device("cuda", local % torch.cuda.device_count())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UnknownName.of("device", name, [AUTO, "cpu", "cuda", "cuda:1", "mps"]) from error
    there = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if device.type == "cuda" and device.index is None and there["cuda"]:
        device = torch.device("cuda", local % there["cuda"])
    if (device.index or 0) >= there.get(device.type, 0):
        raise UsageError(f"this machine has no device {name}", hint="--device auto takes what there is")
    return device


def available_cpus() -> int:
    """Processors that this process may use: its affinity, and its container's share (cgroup v2)."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return affinity
    share = affinity if quota == "max" else max(1, int(quota) // int(period))
    return min(affinity, share)


def fair_threads() -> int:
    """This process's part of the processors, where torchrun started several on this machine."""
    try:
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    except ValueError:
        processes = 1
    return max(1, available_cpus() // max(1, processes))


def limit_torch_threads() -> None:
    """Let torch use no more threads than this container has processors."""
    allowed = available_cpus()
    if torch.get_num_threads() > allowed:
        torch.set_num_threads(allowed)


_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_memory() -> bool:
    """Let glibc keep what a batch frees for the next batch; whether this C library can be told.

    A batch's activations are tens of megabytes each. By default each is mapped from the kernel and
    given back, and every page of it faults again: 6,000 to 150,000 faults a batch, by the model.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 64 * 2**20))
    return all(mallopt(name, value) == 1 for name, value in settings)


def give_back_memory() -> bool:
    """Give the system what is free by now of what was kept; whether this C library can be told."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is None:
        return False
    trim(0)
    return True
