"""A linear probe on frozen embeddings: one vector a class, learnt from where its name stands."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

BATCH = 8192
"""Photos of a step, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """Photos as (N, D) embeddings of length one, and their (N,) classes."""

    vectors: Floats
    classes: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """(C, D) vectors of length one that were best at a check, that step, and the accuracy there (mean over classes)."""

    vectors: Floats
    step: int
    score: float


def fit_probe(
    taught: Taught,
    checked: Taught,
    start: Floats,
    *,
    scale: float,
    steps: int = 400,
    lr: float = 3e-3,
    patience: int = 10,
) -> Probe:
    """Minimise the cross-entropy of softmax(scale * vectors @ w.T), w of length one, from `start` (C, D) on.

    Adam with a constant rate; a check every ten steps on `checked`, and an end after `patience`
    checks without a better one. The classes of `checked` that `taught` has not keep their start.
    """
    vectors, classes = torch.from_numpy(taught.vectors), torch.from_numpy(taught.classes)
    weights = torch.from_numpy(start).clone().requires_grad_()
    optimizer = torch.optim.Adam([weights], lr=lr)
    generator = torch.Generator().manual_seed(0)
    best = Probe(vectors=start, step=0, score=_score(torch.from_numpy(start), checked))
    for step in range(1, steps + 1):
        rows = torch.randperm(len(vectors), generator=generator)[:BATCH] if len(vectors) > BATCH else slice(None)
        logits = scale * vectors[rows] @ F.normalize(weights, dim=1).T  # (b, C)
        loss = F.cross_entropy(logits, classes[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if step % 10 == 0:
            unit = F.normalize(weights.detach(), dim=1)
            score = _score(unit, checked)
            if score > best.score:
                best = Probe(vectors=unit.numpy().copy(), step=step, score=score)
            if step - best.step >= 10 * patience:
                break
    return best


def _score(weights: Tensor, checked: Taught) -> float:
    answers = (torch.from_numpy(checked.vectors) @ weights.T).argmax(dim=1).numpy()
    is_right = answers == checked.classes
    return float(np.mean([is_right[checked.classes == name].mean() for name in np.unique(checked.classes)]))
