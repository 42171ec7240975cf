"""A training step by part, on a processor: what benchmarks/train.py starts in a process of its own.

    python benchmarks/train_parts.py MODEL SHARDS BATCH PRECISION

Seconds of the processor (both threads together), medians of some steps, and the share of the rate
of float32 products of the tower's own shapes, measured between the steps. The backward of each
tower is timed apart by handing it a gradient.
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch

from thuja.model.config import VisionConfig
from thuja.model.cost import image_flops, text_flops
from thuja.model.machine import keep_memory
from thuja.train.learner import Passes, weighed
from thuja.train.opening import open_sources
from thuja.train.optim import build_optimizer
from thuja.train.precision import Precision
from thuja.train.start import start_learner
from thuja.train.supply import Supply, collate
from train_ours import Ours, count_tokens

T = TypeVar("T")
STEPS = 4


class Parts:
    """Seconds of the processor by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def timed(self, name: str, work: Callable[[], T]) -> T:
        started = time.process_time()
        found = work()
        self.seconds[name].append(time.process_time() - started)
        return found

    def median(self, name: str) -> float:
        """Of all steps but the first."""
        return statistics.median(self.seconds[name][1:])


def main(model: str, shards: str, batch: int, precision: str) -> None:
    keep_memory()
    recipe = Ours(model=model, shards=shards, out="", steps=9, batch=batch, images=batch, precision=precision).recipe()
    sources = open_sources(recipe, {"life": shards})
    learner = start_learner(recipe, sources).train()
    learner.passes = Passes(precision=Precision(name=precision))
    supply = Supply(recipe=recipe, sources=sources)
    optimizer = build_optimizer([(learner.named_parameters(), 1e-6)], recipe.optimizer)
    config = learner.model.config
    assert isinstance(config.vision, VisionConfig)
    W = config.vision.width
    left, right = torch.randn(batch * config.vision.grid**2, W), torch.randn(W, 4 * W)
    products = max(1, int(2e11 / (2 * left.numel() * right.shape[1])))
    parts, tokens = Parts(), count_tokens("tree")
    for step in range(STEPS):
        made = parts.timed("data", lambda: supply(step, 0))  # noqa: B023
        batched = partial(collate, supply, step, [made], tokenizer=learner.model.tokenizer, context_length=77)
        given = parts.timed("collate", batched)
        features = parts.timed("image tower", lambda: learner._features(given.shares[0], seed=(0, 0)))  # noqa: B023
        texts = parts.timed("text tower", lambda: learner._texts(given.tokens))  # noqa: B023
        cut = [each.detach().requires_grad_() for each in (features, texts)]
        lesson = given.shares[0].lessons[0]
        losses = parts.timed("loss", lambda: {"life/pairs": learner._loss("life", lesson, cut[0], texts=cut[1])})  # noqa: B023
        parts.timed("loss backward", lambda: torch.autograd.backward(weighed(losses, recipe)))  # noqa: B023
        parts.timed("image backward", lambda: torch.autograd.backward(features, cut[0].grad))  # noqa: B023
        parts.timed("text backward", lambda: torch.autograd.backward(texts, cut[1].grad))  # noqa: B023
        parts.timed("optimiser", optimizer.step)
        optimizer.zero_grad(set_to_none=True)
        parts.timed("product", lambda: [left @ right for _ in range(products)])
    rate = products * 2 * left.numel() * right.shape[1] / parts.median("product") / 1e9
    whole = sum(parts.median(name) for name in parts.seconds if name != "product")
    work = {
        "image tower": batch * image_flops(config) / 1e9,
        "text tower": statistics.median(tokens) * text_flops(config, 16) / 16 / 1e9,
    }
    work |= {"image backward": 2 * work["image tower"], "text backward": 2 * work["text tower"]}
    print(f"products of {left.shape[0]} x {W} x {4 * W}: {rate:.1f} GFLOP a second of the processor")
    print(f"tokens run {statistics.median(tokens):,.0f} of {77 * batch:,}")
    for name in parts.seconds:
        if name != "product":
            seconds = parts.median(name)
            share = f"{work[name] / seconds / rate:5.0%} of the matrix rate" if name in work else ""
            print(f"{name:15} {seconds:6.2f} s {seconds / whole:5.0%} {share}")
    print(f"whole {whole:.2f} s, {sum(work.values()) / whole / rate:.0%} of the matrix rate by the nominal work")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
