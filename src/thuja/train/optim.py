"""AdamW's parameter groups and the learning-rate schedule of the papers."""

import math
from collections.abc import Iterable

import torch
from torch import nn

from thuja.train.recipe import Optimizer


def build_optimizer(
    groups: Iterable[tuple[Iterable[tuple[str, nn.Parameter]], float]], settings: Optimizer
) -> torch.optim.AdamW:
    """AdamW over (named parameters, peak learning rate) groups.

    Weights of one dimension or none (gains, biases, temperatures) are not decayed, as in the
    papers' code. Each group keeps its peak in `peak_lr`; the schedule scales it.
    """
    parameter_groups = []
    for named, lr in groups:
        trained = [parameter for _, parameter in named if parameter.requires_grad]
        for is_decayed in (True, False):
            chosen = [parameter for parameter in trained if (parameter.ndim > 1) == is_decayed]
            if chosen:
                decay = settings.weight_decay if is_decayed else 0.0
                parameter_groups.append({"params": chosen, "lr": lr, "peak_lr": lr, "weight_decay": decay})
    return torch.optim.AdamW(parameter_groups, lr=settings.lr, betas=settings.betas, eps=settings.eps)


def schedule(step: int, *, total: int, warmup: int) -> float:
    """The share of the peak learning rate at `step`: linear warm-up, then a cosine to zero.

    >>> [round(schedule(step, total=10, warmup=2), 3) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.038]
    """
    warmup = min(warmup, total // 2)
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))
