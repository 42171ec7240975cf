"""The tiled losses beside their plain formulas: peak memory above the inputs, and time, forward and backward.

    python benchmarks/train_loss.py [clip keys sigmoid classes] [--batch 16384] [--dim 512] [--device cuda]

    clip     open_clip's ClipLoss on one device, written in its two matrix products and cross-entropies
    keys     the same with soft targets from a mask of what is true of what: seven clades an image
    sigmoid  open_clip's SigLipLoss
    classes  F.cross_entropy over --classes linear prototypes

Each figure is of a process of its own; what the inputs and their gradients take counts for neither.
Peaks are the kernel's on a CPU, the allocator's on CUDA.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from thuja.train.loss import Keys, Prototypes, clip_loss, cross_entropy_loss, sigmoid_loss

LOSSES = ("clip", "keys", "sigmoid", "classes")


class Inputs:
    """Unit images and texts (B, D), scale, bias, clades, classes; leaves that want gradients."""

    def __init__(self, args: argparse.Namespace) -> None:
        device, batch = args.device, args.batch
        generator = torch.Generator().manual_seed(0)
        image, text = (F.normalize(torch.randn(batch, args.dim, generator=generator), dim=1) for _ in range(2))
        self.image, self.text = (each.to(device).requires_grad_() for each in (image, text))
        self.scale = torch.tensor(1 / 0.07, device=device, requires_grad=True)
        self.bias = torch.tensor(-10.0, device=device, requires_grad=True)
        species = torch.randint(0, batch, (batch,), generator=generator)
        clades = torch.stack([species // 4 ** (6 - level) for level in range(7)], dim=1)
        level = torch.randint(0, 7, (batch,), generator=generator)
        spoken_of = clades[torch.arange(batch), level]
        self.keys = Keys(image=clades.to(device), text=spoken_of.to(device), level=level.to(device))
        self.target = (species % args.classes).to(device)
        self.heads = Prototypes(args.classes if "classes" in args.losses else 1, args.dim, generator=generator)
        self.heads.to(device)

    def leaves(self) -> list[Tensor]:
        return [self.image, self.text, self.scale, self.bias, *self.heads.parameters()]


def plain_clip(given: Inputs) -> Tensor:
    of_images = given.scale * given.image @ given.text.T
    of_texts = given.scale * given.text @ given.image.T
    target = torch.arange(len(of_images), device=of_images.device)
    return (F.cross_entropy(of_images, target) + F.cross_entropy(of_texts, target)) / 2


def plain_keys(given: Inputs) -> Tensor:
    logits = given.scale * given.image @ given.text.T
    mask = (given.keys.image[:, given.keys.level] == given.keys.text).to(logits.dtype)
    of_images, of_texts = mask / mask.sum(1, keepdim=True), mask.T / mask.sum(0)[:, None]
    return (F.cross_entropy(logits, of_images) + F.cross_entropy(logits.T, of_texts)) / 2


def plain_sigmoid(given: Inputs) -> Tensor:
    logits = given.scale * given.image @ given.text.T + given.bias
    sign = 2 * torch.eye(len(logits), device=logits.device) - 1
    return -F.logsigmoid(sign * logits).sum() / len(logits)


def plain_classes(given: Inputs) -> Tensor:
    return F.cross_entropy(given.heads(given.image), given.target)


def tiled(name: str, given: Inputs, tile: int | None) -> Tensor:
    if name == "classes":
        return cross_entropy_loss(given.image, given.heads, given.target, tile=tile)
    if name == "sigmoid":
        return sigmoid_loss(given.image, given.text, given.scale, bias=given.bias, tile=tile)
    keys = given.keys if name == "keys" else None
    return clip_loss(given.image, given.text, given.scale, keys=keys, tile=tile)


PLAIN: dict[str, Callable[[Inputs], Tensor]] = {
    "clip": plain_clip,
    "keys": plain_keys,
    "sigmoid": plain_sigmoid,
    "classes": plain_classes,
}


def peak(device: str) -> float:
    """The most memory held so far, MB."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(args: argparse.Namespace) -> None:
    """One loss in this process: MB above the inputs, seconds, and the value, as a line of JSON."""
    (name,) = args.losses
    given = Inputs(args)
    for leaf in given.leaves():
        leaf.grad = torch.zeros_like(leaf)
    tile = given.image.new_ones(64, 64)
    (tile @ tile).logsumexp(1)  # libraries are loaded before the peak is taken
    if args.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    before = peak(args.device)
    seconds = []
    for _ in range(args.rounds):
        started = time.perf_counter()
        loss = tiled(name, given, args.tile) if args.side == "tiled" else PLAIN[name](given)
        torch.autograd.backward(loss)
        value = loss.item()
        del loss
        if args.device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"mb": peak(args.device) - before, "s": min(seconds), "value": value}))


def measured(name: str, side: str, args: argparse.Namespace) -> dict[str, float]:
    """The same in a process of its own."""
    words = [sys.executable, str(Path(__file__)), name, "--side", side, "--device", args.device]
    for option in ("batch", "dim", "classes", "rounds", *(["tile"] if args.tile else [])):
        words += [f"--{option}", str(getattr(args, option))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"signal {-done.returncode}"
        print(f"{name} {side} failed: {reason}", file=sys.stderr)
        return {"mb": float("nan"), "s": float("nan"), "value": float("nan")}
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("losses", nargs="*", choices=[*LOSSES, []], default=list(LOSSES[:3]))
    parser.add_argument("--batch", type=int, default=16384)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--classes", type=int, default=16384)
    parser.add_argument("--tile", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--side", choices=["tiled", "plain"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        measure(args)
        return
    print(f"B = {args.batch:,}, D = {args.dim}, {args.device}, {torch.get_num_threads()} threads, forward and backward")
    print(f"{'loss':8} {'plain MB':>9} {'tiled MB':>9} {'share':>7} {'plain s':>8} {'tiled s':>8} {'speed':>7}  values")
    for name in args.losses:
        plain, ours = measured(name, "plain", args), measured(name, "tiled", args)
        print(
            f"{name:8} {plain['mb']:9,.0f} {ours['mb']:9,.0f} {ours['mb'] / plain['mb']:7.1%} {plain['s']:8.2f} "
            f"{ours['s']:8.2f} {plain['s'] / ours['s']:6.2f}x  {plain['value']:.6f} {ours['value']:.6f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
