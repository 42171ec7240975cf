"""Trains a small captioner on pictures, their captions, and words to go by that are sometimes left out.

One model learns all conditions: each step draws whether descriptions and examples are there, so that models with and
without them are one and the same in all but what they are given to read.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from thuja.images import Preparation
from thuja.jobs import Progress
from thuja.model.captioner import CaptionerConfig, ImageCaptioner, Memory
from thuja.model.config import TextConfig, VisionConfig
from thuja.model.tokenizer import Tokenizer
from thuja.train.optim import build_optimizer, schedule
from thuja.train.shape import Optimizer

logger = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
CONDITIONS: Final = ("bare", "examples", "guided")
"""What a captioner is given beside the image: nothing, example captions, or these and a description."""
_BATCH: Final = 256
"""Pictures that are captioned together."""
_VISION: Final = VisionConfig(image_size=48, patch_size=12, width=96, layers=3, head_width=32)
_TEXT: Final = TextConfig(context_length=28, vocab_size=1024, width=96, heads=3, layers=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One species: its pictures (N, S, S, 3), their captions, ways to describe it, captions of its kin's pictures."""

    pixels: Pixels
    captions: Sequence[str]
    descriptions: Sequence[str]
    examples: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a captioner at work is given of each of S species: a description, empty for none, and example captions."""

    descriptions: Sequence[str]
    examples: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptioningSettings:
    """How long and on what: a step is `groups` species of `pictures` each, all in one condition.

    `shares` are how often a step is of each condition; `blank` how often a species' pictures are blanked, so that an
    image-blind captioner is one that was trained; `shown` how many example captions are given.
    """

    config: CaptionerConfig = field(default_factory=lambda: CaptionerConfig(vision=_VISION, text=_TEXT))
    steps: int = 1600
    groups: int = 12
    pictures: int = 4
    shares: Mapping[str, float] = field(default_factory=lambda: {"bare": 0.3, "examples": 0.2, "guided": 0.5})
    blank: float = 0.05
    shown: int = 2
    warmup: int = 100
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(lr=2e-3, weight_decay=0.05))


def train_captioner(lessons: Sequence[Lesson], settings: CaptioningSettings, *, seed: int) -> ImageCaptioner:
    """A captioner trained on these species; the same settings and seed give the same weights on one thread."""
    texts = [text for lesson in lessons for text in (*lesson.captions, *lesson.descriptions)]
    tokenizer = Tokenizer.train(texts, settings.config.text.vocab_size)
    config = settings.config
    model = ImageCaptioner.create(config, tokenizer, torch.Generator().manual_seed(seed))
    optimizer = build_optimizer([(list(model.named_parameters()), settings.optimizer.lr)], settings.optimizer)
    generator = np.random.default_rng([seed, 1])
    progress = Progress(total=settings.steps, label="captioner", unit="steps")
    said: list[float] = []
    model.train()
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = group["peak_lr"] * schedule(step, total=settings.steps, warmup=settings.warmup)
        loss = _loss(model, lessons, settings, generator=generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.optimizer.grad_clip or float("inf"))
        optimizer.step()
        said.append(loss.item())
        progress.advance(1, note=f"loss {np.mean(said[-100:]):.3f}")
    progress.close()
    return model.eval()


def _loss(
    model: ImageCaptioner, lessons: Sequence[Lesson], settings: CaptioningSettings, *, generator: np.random.Generator
) -> Tensor:
    """The mean cross-entropy of the captions' tokens in one step's condition."""
    names = tuple(settings.shares)
    odds = np.array([settings.shares[name] for name in names])
    condition = names[int(generator.choice(len(names), p=odds / odds.sum()))]
    chosen = [lessons[int(place)] for place in generator.integers(len(lessons), size=settings.groups)]
    rows = [generator.integers(len(lesson.captions), size=settings.pictures) for lesson in chosen]
    memory = _memory(model, chosen, condition, generator=generator, shown=settings.shown)
    memory = memory.repeated(settings.pictures)
    images = prepared(np.concatenate([lesson.pixels[own] for lesson, own in zip(chosen, rows, strict=True)]))
    is_blank = torch.from_numpy(generator.random(settings.groups) < settings.blank)
    images = images * ~is_blank.repeat_interleave(settings.pictures)[:, None, None, None]
    said = [lesson.captions[int(row)] for lesson, own in zip(chosen, rows, strict=True) for row in own]
    ids = model.tokenizer.pad(model.tokenizer.encode(said, model.config.text.context_length))
    logits = model(images, ids[:, :-1], memory)  # (B, T - 1, V)
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=model.tokenizer.pad_id)


def _memory(
    model: ImageCaptioner, chosen: Sequence[Lesson], condition: str, *, generator: np.random.Generator, shown: int
) -> Memory:
    """What a step's species are told of: a way to describe each and some examples, by the condition."""
    if condition == "bare":
        return model.nothing(len(chosen))
    descriptions = [
        lesson.descriptions[int(generator.integers(len(lesson.descriptions)))] if condition == "guided" else ""
        for lesson in chosen
    ]
    examples = [
        [lesson.examples[int(place)] for place in generator.integers(len(lesson.examples), size=shown)]
        for lesson in chosen
    ]
    return model.read(model.words(descriptions, examples))


def write_all(
    model: ImageCaptioner, pixels: Pixels, species: Sequence[int], told: Told, *, seed: int, is_blank: bool = False
) -> list[str]:
    """A caption of each of N pictures (N, S, S, 3), whose species tell what it is given; the same whenever asked.

    Drawn at BioCAP's temperature. Of blanked pictures nothing is seen.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        memory = model.read(model.words(told.descriptions, told.examples))
    rows = torch.tensor(species)
    found: list[str] = []
    for start in range(0, len(pixels), _BATCH):
        part = slice(start, start + _BATCH)
        images = prepared(pixels[part]) * (not is_blank)
        found += model.write(images, memory.at(rows[part]), generator)
    return found


def prepared(pixels: Pixels) -> Tensor:
    """(N, S, S, 3) pixels to (N, 3, S, S); a blank image is all zeros, CLIP's mean colour."""
    return torch.from_numpy(Preparation(size=pixels.shape[1]).normalize(pixels))
