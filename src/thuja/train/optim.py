"""AdamW's parameter groups and the learning-rate schedule of the papers."""

import math
from collections.abc import Iterable
from itertools import product

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from thuja.train.shape import Optimizer


def build_optimizer(
    groups: Iterable[tuple[Iterable[tuple[str, nn.Parameter]], float]], settings: Optimizer
) -> torch.optim.AdamW:
    """AdamW over (named parameters, peak learning rate) groups.

    Weights of one dimension or none (gains, biases, temperatures) are not decayed, as in the
    papers' code. Each group keeps its peak in `peak_lr`; the schedule scales it. torch's fused
    kernels do the step; they cannot take parameters that FSDP2 has split with others in one group.
    """
    parameter_groups = []
    for named, lr in groups:
        trained = [parameter for _, parameter in named if parameter.requires_grad]
        for is_decayed, is_split in product((True, False), repeat=2):
            chosen = [p for p in trained if (p.ndim > 1, isinstance(p, DTensor)) == (is_decayed, is_split)]
            if chosen:
                decay = settings.weight_decay if is_decayed else 0.0
                parameter_groups.append({"params": chosen, "lr": lr, "peak_lr": lr, "weight_decay": decay})
    return torch.optim.AdamW(parameter_groups, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True)


def schedule(step: int, *, total: int, warmup: int) -> float:
    """The share of the peak learning rate at `step`: linear warm-up, then a cosine to zero.

    >>> [round(schedule(step, total=10, warmup=2), 3) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.038]
    """
    warmup = warmup_of(warmup, total)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))


def warmup_of(steps: int, total: int) -> int:
    """Steps of warm-up in a run of `total`: a short run warms up for half of it at most."""
    return min(steps, total // 2)
