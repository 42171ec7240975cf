"""How much memory a step takes, counted from shapes alone, and the largest micro-batch that fits.

Counted is what autograd keeps for the backward pass, and what stays from step to step. A block of
width W keeps of each token 2 W numbers of the stream (both norms' inputs) and 14 W of the products:
queries, keys and values 3, mixed 1, the norms' outputs 2, the MLP's two sides of its activation 8.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

import torch

from thuja.errors import ThujaError, UsageError
from thuja.model import ModelConfig, TextConfig, TrunkConfig, VisionConfig
from thuja.model.cost import convs
from thuja.model.stages import FEATURE_DIM
from thuja.train.counts import count_weights
from thuja.train.parallel import Engine
from thuja.train.pictures import MARGIN
from thuja.train.precision import Precision
from thuja.train.tiles import default_tile
from thuja.train.tune import Distill, Tune

GIB: Final = 2**30
MIB: Final = 2**20
USABLE: Final = 0.9
"""The share of a device's free memory that is planned with: the rest goes to fragments and libraries."""

SMALLEST_TEXT_TOKENS: Final = 4096
"""Fewer tokens at once leave a GPU idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What one process does in a step, as far as memory is concerned.

    `images` of each stream, and `texts` distinct ones of `text_length` tokens on the mean, go
    through the towers `micro_batch` images and `text_tokens` tokens at a time; None is all at once.
    Of each stream's micro-batches, the last keeps its activations while the losses are computed.
    `recompute` is `checkpoint_blocks`; with `trains_images` false, the trunk's features are given.
    `tune` says which weights learn, and `distill` whether a copy of the start model is held beside them.
    """

    config: ModelConfig
    images: tuple[int, ...]
    texts: int
    text_length: int = 32
    micro_batch: int | None = None
    text_tokens: int | None = None
    precision: Precision = field(default_factory=Precision)
    processes: int = 1
    engine: Engine = "none"
    recompute: bool = False
    trains_images: bool = True
    tune: Tune = field(default_factory=Tune)
    distill: Distill = field(default_factory=Distill)

    def __post_init__(self) -> None:
        if not self.images or min(self.images) < 1 or self.texts < 0 or self.text_length < 1 or self.processes < 1:
            raise UsageError(
                f"a step has images, texts and processes, got {self.images}, {self.texts}, {self.processes}"
            )

    @property
    def text_seats(self) -> int:
        """Tokens that go through the text tower at once."""
        every = self.texts * self.text_length
        return every if self.text_tokens is None else min(every, max(self.text_tokens, self.text_length))

    @property
    def passes(self) -> tuple[int, ...]:
        """Images of each stream that go through the image tower at once."""
        return tuple(count if self.micro_batch is None else min(count, self.micro_batch) for count in self.images)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """Bytes on one process's device at the fullest moment of a step, by what they are for."""

    weights: int
    """The model's, with its adapters, and of a start model that is held beside it."""
    gradients: int
    optimizer: int
    images: int
    texts: int
    losses: int
    passing: int
    """Pixels, and the gradients between two blocks."""

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, part.name) for part in fields(self))

    def __str__(self) -> str:
        parts = [(part.name, getattr(self, part.name)) for part in fields(self)]
        return "\n".join(f"{name:<10} {sized(size):>12}" for name, size in [*parts, ("total", self.total)])


def estimate(work: Workload) -> MemoryEstimate:
    """What the step takes."""
    precision = work.precision
    counts = count_weights(work.config, work.tune, work.distill, trains_images=work.trains_images)
    parameters = counts.model + counts.added
    own, largest = _held_parameters(work, parameters)
    learning = own * counts.learning // parameters
    copies = 2 if precision.name.startswith("amp") else 0  # autocast's 16-bit copies stay until the backward
    size = precision.weight_bytes
    return MemoryEstimate(
        weights=(own + 2 * largest) * size + (own + largest) * copies + 4 * counts.teacher,
        gradients=(learning + largest) * size,
        optimizer=2 * learning * size,
        images=_image_bytes(work),
        texts=_text_bytes(work),
        losses=_loss_bytes(work),
        passing=_passing_bytes(work),
    )


def sized(count: int) -> str:
    """Bytes as a user reads them.

    >>> sized(3 * 2**30), sized(5 * 2**20)
    ('3.00 GiB', '5.00 MiB')
    """
    return f"{count / GIB:.2f} GiB" if count >= GIB // 10 else f"{count / MIB:.2f} MiB"


def fitted(work: Workload, budget: int) -> Workload:
    """The same step with the largest micro-batch (a power of two, or all at once) that fits the bytes of `budget`.

    Raises UsageError where not even one image at a time fits.
    """
    everything = replace(work, micro_batch=None, text_tokens=None)
    if estimate(everything).total <= budget:
        return everything
    for smaller in _smaller(everything):
        if estimate(smaller).total <= budget:
            return smaller
    least = estimate(smaller).total
    hint = (
        "--recompute"
        if not work.recompute
        else "--engine fsdp2 on more GPUs"
        if work.processes > 1
        else "a smaller model"
    )
    raise UsageError(f"one image at a time takes {sized(least)}, and there are {sized(budget)}", hint=hint)


def free_memory(device: torch.device) -> int:
    """Bytes that a run may plan with on the device: what is free, less a reserve; at least 0."""
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    elif device.type == "mps":
        free = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    else:
        processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        free = _free_host_memory() // max(1, processes)
    return max(0, int(free * USABLE))


def out_of_memory(work: Workload, device: torch.device) -> ThujaError:
    """What to say when the device was full all the same: the micro-batch it was, and one that fits."""
    size = f" ({torch.cuda.get_device_properties(device).total_memory / GIB:.0f} GiB)" if device.type == "cuda" else ""
    micro_batch = max(work.passes)
    half = max(1, 2 ** (micro_batch.bit_length() - 1) // (1 if micro_batch & (micro_batch - 1) else 2))
    hint = f"--micro-batch {half}" if micro_batch > 1 else "--recompute, or --engine fsdp2 on more GPUs"
    return ThujaError(
        f"out of memory at a micro-batch of {micro_batch:,} on {device}{size}, estimated at "
        f"{sized(estimate(work).total)}",
        hint=hint,
    )


def with_micro_batch(work: Workload, micro_batch: int) -> Workload:
    """The same step by that many images at once, with text passes that take about as much as the images'."""
    tokens = SMALLEST_TEXT_TOKENS
    while _text_bytes(replace(work, text_tokens=2 * tokens)) <= _image_bytes(replace(work, micro_batch=micro_batch)):
        if tokens >= work.texts * work.text_length:
            break
        tokens *= 2
    return replace(work, micro_batch=micro_batch, text_tokens=tokens)


def _smaller(work: Workload) -> Iterator[Workload]:
    """Ever smaller micro-batches, powers of two."""
    micro_batch = 2 ** (max(max(work.images) - 1, 1).bit_length() - 1)
    while micro_batch >= 1:
        yield with_micro_batch(work, micro_batch)
        micro_batch //= 2


def _held_parameters(work: Workload, parameters: int) -> tuple[int, int]:
    """How many one process holds all the time, and how many of the largest block it gathers for a while."""
    if work.engine != "fsdp2":
        return parameters, 0
    text = work.config.text
    widths = [(text.width, text.mlp_ratio)]
    vision = work.config.vision
    if isinstance(vision, VisionConfig):
        widths.append((vision.width, vision.mlp_ratio))
    largest = max(int(width * width * (4 + 2 * ratio)) for width, ratio in widths)
    rest = text.vocab_size * text.width  # the root's parameters stay gathered; most of them embed tokens
    return parameters // work.processes + rest, largest


def _image_bytes(work: Workload) -> int:
    """Activations of the passes that are kept, and all features."""
    vision, precision = work.config.vision, work.precision
    if isinstance(vision, TrunkConfig):
        features = sum(work.images) * FEATURE_DIM * precision.stream_bytes
        kept = _map_numbers(vision) * precision.product_bytes
    else:
        features = sum(work.images) * vision.width * precision.stream_bytes
        kept = 0
        if work.tune.method != "last":
            kept += 3 * vision.image_size**2 * precision.product_bytes  # what the patches are made of
            kept += _tokens(vision) * vision.width * precision.stream_bytes  # what the first norm saw
        kept += _tokens(vision) * _tower_bytes(work, vision, layers=_layers_kept(work, vision))
        if vision.pool == "token":  # past the keys and values of the last block, only the class token goes on
            part = vision.width * (precision.stream_bytes + (2 + 2 * vision.mlp_ratio) * precision.product_bytes)
            kept -= 0 if work.recompute else int(_tokens(vision) * part)
    return features + (sum(work.passes) * kept if work.trains_images else 0)


def _text_bytes(work: Workload) -> int:
    """Activations of the pass that is kept and of the old names, where the tower learns, and all embeddings."""
    text, old = work.config.text, work.distill.names if work.distill.weight else 0
    layers = _layers_kept(work, text) if work.tune.towers == "both" else 0
    seats = work.text_seats + old * work.text_length
    return seats * _tower_bytes(work, text, layers=layers) + 2 * (work.texts + old) * work.config.embed_dim * 4


def _passing_bytes(work: Workload) -> int:
    """Pixels on their way in, and the gradients of one block, after it was computed again where it is."""
    vision, text, precision = work.config.vision, work.config.text, work.precision
    size, blocks = vision.image_size, 2 if work.recompute else 1
    passing = work.text_seats * _block_bytes(text, precision)
    if work.trains_images and isinstance(vision, VisionConfig):
        passing = max(passing, max(work.passes) * _tokens(vision) * _block_bytes(vision, precision))
    pixels = 3 * round(size * MARGIN) ** 2 + 2 * 3 * size * size * 4  # kept bytes, sampled, normalised
    return blocks * passing + (max(work.passes) * pixels if work.trains_images else 0)


def _map_numbers(vision: TrunkConfig) -> int:
    """Numbers that a trunk keeps of an image: every map, and for a wide kernel what it saw with its margin.

    What a channel-wise convolution gives is kept in a second layout for the one that follows.
    """
    numbers, before = 0, vision.image_size
    for conv in convs(vision.image_size):
        numbers += conv.out * conv.size**2 * (2 if conv.groups > 1 else 1)
        if conv.kernel > 1:
            stride = round(before / conv.size)
            numbers += conv.channels * (stride * (conv.size - 1) + conv.kernel) ** 2
        before = conv.size
    return numbers


def _tokens(vision: VisionConfig) -> int:
    """Positions that an image takes in the tower, the class token's among them."""
    return 1 + max(1, int(vision.grid**2 * (1 - vision.patch_dropout)))


def _layers_kept(work: Workload, tower: VisionConfig | TextConfig) -> int:
    """Blocks that the gradient reaches."""
    return min(tower.layers, work.tune.layers) if work.tune.method == "last" else tower.layers


def _tower_bytes(work: Workload, tower: VisionConfig | TextConfig, *, layers: int) -> int:
    """What so many blocks keep of a token; their inputs alone where the rest is computed again."""
    if work.recompute:
        return layers * tower.width * work.precision.stream_bytes
    return layers * _block_bytes(tower, work.precision)


def _block_bytes(tower: VisionConfig | TextConfig, precision: Precision) -> int:
    """What one block keeps of a token; the last terms are the norms' means and deviations, and the soft-max's sums."""
    products = 6 * tower.width + 2 * int(tower.width * tower.mlp_ratio)
    return 2 * tower.width * precision.stream_bytes + products * precision.product_bytes + 16 + 4 * tower.heads


def _loss_bytes(work: Workload) -> int:
    """Embeddings of all processes and of this one with their gradients, in float32, and two tiles of logits."""
    own = max(work.images)
    every = own * work.processes
    tile = min(default_tile(work.precision.device), every)
    return 4 * work.config.embed_dim * (6 * own + 6 * every) + 2 * 4 * tile * tile


def _free_host_memory() -> int:
    """What Linux calls available, or less where the container's limit (cgroup v2) is nearer; elsewhere half of all."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - used))
