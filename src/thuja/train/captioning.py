"""Trains a small captioner on pictures, their captions, and words to go by that are sometimes left out.

One model learns all conditions: each step draws whether descriptions and examples are there, so that models with and
without them are one and the same in all but what they are given to read. Before that its image tower learns to tell
kinds of things apart, as the towers of large captioners have: a decoder that can read would else not learn to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.images import Preparation
from thuja.jobs import Progress
from thuja.model.captioner import CaptionerConfig, ImageCaptioner, Memory
from thuja.model.config import TextConfig
from thuja.model.sight import SightConfig
from thuja.model.tokenizer import Tokenizer
from thuja.model.transformer import draw
from thuja.train.optim import build_optimizer, schedule
from thuja.train.shape import Optimizer

Pixels = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]
CONDITIONS: Final = ("bare", "examples", "guided")
"""What a captioner is given beside the image: nothing, example captions, or these and a description."""
_BATCH: Final = 256
"""Pictures that are captioned together."""
_VISION: Final = SightConfig()
_TEXT: Final = TextConfig(context_length=28, vocab_size=1024, width=96, heads=3, layers=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One species: what kind of thing it is, its pictures (N, S, S, 3), their captions and what each shows, by name;
    ways to describe the species, and captions of its kin's pictures."""

    kind: str
    pixels: Pixels
    captions: Sequence[str]
    shown: Sequence[Mapping[str, str]]
    descriptions: Sequence[str]
    examples: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a captioner at work is given of each of S species: a description, empty for none, and example captions."""

    descriptions: Sequence[str]
    examples: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptioningSettings:
    """`looks` steps for the image tower alone at kinds of things, then `closer` looks at all that pictures show, then
    `steps` of captions: `species` a step, `pictures` of each.

    `shares` are how often a step is of each condition; `blank` how often a picture is blanked, so that an image-blind
    captioner is one that was trained; `examples` how many example captions are given; `move` by how many pixels
    pictures are moved at most. What is looked at counts `look` beside their captions.
    """

    config: CaptionerConfig = field(default_factory=lambda: CaptionerConfig(vision=_VISION, text=_TEXT))
    looks: int = 350
    closer: int = 0
    steps: int = 500
    species: int = 32
    pictures: int = 2
    shares: Mapping[str, float] = field(default_factory=lambda: {"bare": 0.35, "examples": 0.2, "guided": 0.45})
    blank: float = 0.05
    examples: int = 2
    move: int = 2
    look: float = 0.2
    warmup: int = 100
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(lr=2e-3, weight_decay=0.05))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    """All N pictures of all lessons: pixels, tokens of captions (N, T), what is shown (N, K), -1 for unknown, how many
    values each of these facts has, the kind of thing first; and each lesson's rows."""

    pixels: Pixels
    tokens: Tensor
    shown: Tensor
    sizes: Sequence[int]
    rows: Sequence[Rows]

    @classmethod
    def of(cls, lessons: Sequence[Lesson], tokenizer: Tokenizer, length: int) -> "_Pool":
        facts = [{"": lesson.kind, **shown} for lesson in lessons for shown in lesson.shown]
        names = sorted({name for one in facts for name in one})
        values = [sorted({one[name] for one in facts if name in one}) for name in names]
        shown = [
            [its.index(one[name]) if name in one else -1 for name, its in zip(names, values, strict=True)]
            for one in facts
        ]
        ends = np.cumsum([len(lesson.captions) for lesson in lessons])
        return cls(
            pixels=np.concatenate([lesson.pixels for lesson in lessons]),
            tokens=tokenizer.pad(tokenizer.encode([one for lesson in lessons for one in lesson.captions], length)),
            shown=torch.tensor(shown),
            sizes=[len(its) for its in values],
            rows=[np.arange(end - len(one.captions), end) for one, end in zip(lessons, ends, strict=True)],
        )


def train_captioner(lessons: Sequence[Lesson], settings: CaptioningSettings, *, seed: int) -> ImageCaptioner:
    """A captioner trained on these species; the same settings and seed give the same weights on one thread."""
    texts = [text for lesson in lessons for text in (*lesson.captions, *lesson.descriptions)]
    tokenizer = Tokenizer.train(texts, settings.config.text.vocab_size)
    # Texts of few words make fewer tokens than they may.
    config = replace(settings.config, text=replace(settings.config.text, vocab_size=tokenizer.vocab_size))
    pool = _Pool.of(lessons, tokenizer, config.text.context_length)
    drawn = torch.Generator().manual_seed(seed)
    model = ImageCaptioner.create(config, tokenizer, drawn)
    teller = nn.Linear(config.text.width, sum(pool.sizes))  # tells what is shown; not kept
    draw(teller.weight, config.text.width**-0.5, drawn)
    nn.init.zeros_(teller.bias)
    named = [*model.named_parameters(), *teller.named_parameters()]
    optimizer = build_optimizer([(named, settings.optimizer.lr)], settings.optimizer)
    generator = np.random.default_rng([seed, 1])
    model.train()
    for total, stage in ((settings.looks, "looking"), (settings.closer, "looking closer"), (settings.steps, "writing")):
        progress = Progress(total=total, label=stage, unit="steps")
        for step in range(total):
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * schedule(step, total=total, warmup=settings.warmup)
            if stage != "writing":
                rows = generator.integers(len(pool.pixels), size=settings.species * settings.pictures)
                seen = model.see(prepared(_moved(pool.pixels[rows], settings.move, generator)))
                loss = _look_loss(teller(seen.mean(dim=1)), pool, rows, is_closer=stage == "looking closer")
            else:
                loss = _loss(model, teller, pool, lessons=lessons, settings=settings, generator=generator)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_([each for _, each in named], settings.optimizer.grad_clip or float("inf"))
            optimizer.step()
            progress.advance(1, note=f"loss {loss.item():.3f}")
        progress.close()
    return model.eval()


def _loss(
    model: ImageCaptioner,
    teller: nn.Linear,
    pool: _Pool,
    *,
    lessons: Sequence[Lesson],
    settings: CaptioningSettings,
    generator: np.random.Generator,
) -> Tensor:
    """The mean cross-entropy of the captions' tokens in one step's condition, and of what is shown."""
    chosen = generator.integers(len(lessons), size=settings.species)
    rows = np.concatenate([generator.choice(pool.rows[int(one)], size=settings.pictures) for one in chosen])
    is_seen = torch.from_numpy(generator.random(len(rows)) >= settings.blank)
    images = prepared(_moved(pool.pixels[rows], settings.move, generator))
    seen = model.see(images * is_seen[:, None, None, None])
    names = tuple(settings.shares)
    odds = np.array([settings.shares[name] for name in names])
    condition = names[int(generator.choice(len(names), p=odds / odds.sum()))]
    told = [lessons[int(one)] for one in chosen]
    memory = _memory(model, told, condition, generator=generator, count=settings.examples).repeated(settings.pictures)
    ids = pool.tokens[rows]
    ids = ids[:, : int((ids != model.tokenizer.pad_id).sum(dim=1).max())]
    logits = model.follow(seen, ids[:, :-1], memory)  # (N, T - 1, V)
    words = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=model.tokenizer.pad_id)
    look = _look_loss(teller(seen.mean(dim=1)), pool, rows, is_closer=settings.closer > 0)
    return words + settings.look * look


def _look_loss(said: Tensor, pool: _Pool, rows: Rows, *, is_closer: bool) -> Tensor:
    """The cross-entropy of the kind of thing by scores (N, values of all facts); closer, the sum over all facts."""
    shown = pool.shown[torch.from_numpy(rows)]
    parts = torch.split(said, list(pool.sizes), dim=1)
    losses = [
        F.cross_entropy(part, shown[:, name], ignore_index=-1, reduction="sum")
        / (shown[:, name] >= 0).sum().clamp(min=1)
        for name, part in enumerate(parts[: None if is_closer else 1])
    ]
    return torch.stack(losses).sum()


def _memory(
    model: ImageCaptioner, told: Sequence[Lesson], condition: str, *, generator: np.random.Generator, count: int
) -> Memory:
    """What a step's species are told of: a way to describe each and some examples, by the condition."""
    if condition == "bare":
        return model.nothing(len(told))
    descriptions = [
        lesson.descriptions[int(generator.integers(len(lesson.descriptions)))] if condition == "guided" else ""
        for lesson in told
    ]
    examples = [
        [lesson.examples[int(place)] for place in generator.integers(len(lesson.examples), size=count)]
        for lesson in told
    ]
    return model.read(model.words(descriptions, examples))


def _moved(pixels: Pixels, most: int, generator: np.random.Generator) -> Pixels:
    """The pictures (N, S, S, 3) each moved by up to so many pixels, their edges drawn out."""
    side = pixels.shape[1]
    wide = np.pad(pixels, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    places = generator.integers(2 * most + 1, size=(len(pixels), 2)).tolist()
    return np.stack([one[y : y + side, x : x + side] for one, (y, x) in zip(wide, places, strict=True)])


def write_all(
    model: ImageCaptioner, pixels: Pixels, *, species: Sequence[int], told: Told, seed: int, is_blank: bool = False
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
