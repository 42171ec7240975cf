"""What step k needs, made from its number alone: rows, pictures, texts and crops, for one process's share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np
import torch
from torch import Tensor

from thuja.errors import EmptyInput, UsageError
from thuja.model import Tokenizer
from thuja.phrasing import CAPTION, Wording, phrase
from thuja.record import Record
from thuja.train.batch import Batch, Lesson, Share, TextTable, lesson
from thuja.train.corpus import spread_evenly
from thuja.train.drawing import Spoken, draw_step, speak
from thuja.train.order import Rows, SampleOrder
from thuja.train.pictures import crop_boxes
from thuja.train.recipe import Objective, Recipe
from thuja.train.sources import Source

PART = 256
"""Images that one worker decodes at a time."""
SAMPLE = 256
"""Records of each stream that are looked at before a run begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some consecutive images of one stream's batch."""

    stream: int
    uuids: Sequence[str]
    images: Tensor
    boxes: Tensor | None
    spoken: Sequence[Spoken]
    replaced: int
    reasons: Mapping[str, int]

    def pin_memory(self) -> "Part":
        """The same part in page-locked memory, from which a GPU copies without waiting."""
        return replace(self, images=self.images.pin_memory())


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Makes the parts of any step. It is handed to worker processes as it is."""

    recipe: Recipe
    sources: Mapping[str, Source]
    rank: int = 0
    size: int = 1
    wording: Wording = phrase
    part: int | None = None
    """Images in a part; None: a stream's whole share."""
    orders: Sequence[SampleOrder] = field(init=False)

    def __post_init__(self) -> None:
        for stream in self.recipe.streams:
            if stream.name not in self.sources:
                raise UsageError(f"no data for the stream {stream.name}", hint=f"--stream {stream.name}=FOLDER")
            if stream.batch_size % self.size:
                raise UsageError(
                    f"{self.size} processes cannot share batches of {stream.batch_size} of the stream {stream.name}",
                    hint=f"--set streams.{stream.name}.batch_size={stream.batch_size // self.size * self.size}",
                )
        orders = [
            SampleOrder(
                sizes=self.sources[stream.name].sizes,
                seed=self.recipe.seed,
                sampling=stream.sampling,
                window=stream.window,
            )
            for stream in self.recipe.streams
        ]
        object.__setattr__(self, "orders", orders)

    def parts(self) -> int:
        """How many parts a step has."""
        return len(self._cuts())

    def __call__(self, step: int, part: int) -> Part:
        """One part of one step; a function of its arguments and the seed alone."""
        place, first, last = self._cuts()[part]
        stream = self.recipe.streams[place]
        source = self.sources[stream.name]
        draws, generator = draw_step(stream, place=place, step=step, seed=self.recipe.seed)
        fetched = source.fetch(self._rows(place, step)[first:last])
        if fetched.frames is None:
            noise = generator.standard_normal((stream.batch_size, fetched.pixels.shape[1]), dtype=np.float32)
            deviation = self.recipe.feature_noise * source.deviation
            images, boxes = torch.from_numpy(fetched.pixels + noise[first:last] * deviation), None
        else:
            images = torch.from_numpy(fetched.pixels)
            crops = crop_boxes(
                fetched.frames, self.recipe.augmentation, generator, first=first, count=stream.batch_size
            )
            boxes = torch.from_numpy(crops)
        return Part(
            stream=place,
            uuids=[record.uuid for record in fetched.records],
            images=images,
            boxes=boxes,
            spoken=[speak(draw.cut(first, last), fetched.records, self.wording) for draw in draws],
            replaced=fetched.replaced,
            reasons=fetched.reasons,
        )

    def told_order(self, step: int) -> str:
        """Eight letters for which samples a step draws, in which order: the same in every process, however many."""
        told = sha256()
        for place in range(len(self.orders)):
            told.update(self._rows(place, step).tobytes())
        return told.hexdigest()[:8]

    def _rows(self, place: int, step: int) -> Rows:
        """The samples of a stream in a step, of all processes."""
        count = self.recipe.streams[place].batch_size
        return self.orders[place].rows(step * count, (step + 1) * count)

    def _cuts(self) -> list[tuple[int, int, int]]:
        """The parts of a step: the stream's place, the first image in the whole batch, and the last."""
        cuts = []
        for place, stream in enumerate(self.recipe.streams):
            share = stream.batch_size // self.size
            begin = self.rank * share
            size = self.part or share
            cuts += [(place, first, min(first + size, begin + share)) for first in range(begin, begin + share, size)]
        return cuts


def collate(supply: Supply, step: int, parts: Sequence[Part], *, tokenizer: Tokenizer, context_length: int) -> Batch:
    """The parts of a step as one batch: each stream's together, the texts of all distinct and tokenised once."""
    table = TextTable()
    shares = []
    for place, stream in enumerate(supply.recipe.streams):
        own = [part for part in parts if part.stream == place]
        spoken = [_joined([part.spoken[number] for part in own]) for number in range(len(own[0].spoken))]
        boxes = [part.boxes for part in own if part.boxes is not None]
        shares.append(
            Share(
                name=stream.name,
                uuids=[uuid for part in own for uuid in part.uuids],
                images=_cat([part.images for part in own]),
                boxes=_cat(boxes) if boxes else None,
                lessons=[lesson(one, table) for one in spoken],
                replaced=sum(part.replaced for part in own),
                reasons=sum((Counter(part.reasons) for part in own), Counter()),
            )
        )
    tokens, place_of = table.tokens(tokenizer, context_length)
    placed = [replace(share, lessons=[_placed(one, place_of) for one in share.lessons]) for share in shares]
    return Batch(step=step, shares=placed, tokens=tokens, order=supply.told_order(step))


def _placed(one: Lesson, place_of: Tensor) -> Lesson:
    return replace(one, text_of=place_of[one.text_of])


def _cat(tensors: Sequence[Tensor]) -> Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))


def _joined(spoken: Sequence[Spoken]) -> Spoken:
    """What is said of consecutive parts of a batch, as one; a clade that two parts speak of is spoken of once."""
    if len(spoken) == 1:
        return spoken[0]
    texts = [text for one in spoken for text in one.texts]
    keys, levels = (np.concatenate([getattr(one, name) for one in spoken]) for name in ("keys", "levels"))
    image_keys = np.concatenate([one.image_keys for one in spoken])
    if len(keys) != len(image_keys):  # one text a clade, not one an image
        kept = sorted({key: place for place, key in reversed(list(enumerate(keys.tolist())))}.values())
        texts, keys, levels = [texts[place] for place in kept], keys[kept], levels[kept]
    return Spoken(name=spoken[0].name, texts=texts, keys=keys, levels=levels, image_keys=image_keys)


def check_sources(recipe: Recipe, sources: Mapping[str, Source]) -> None:
    """Refuse, before any time is spent, data that the recipe cannot be trained on.

    Looks at SAMPLE images of each stream, evenly spread: whether any has the kind of text that it is
    to be taught by. Raises EmptyInput or UsageError.
    """
    for stream in recipe.streams:
        source = sources[stream.name]
        if not len(source):
            raise EmptyInput(f"the stream {stream.name} has no images")
        if stream.batch_size > len(source):
            raise UsageError(
                f"the batch of {stream.batch_size:,} is larger than the {len(source):,} images of {stream.name}",
                hint=f"--set streams.{stream.name}.batch_size={max(2, len(source) // 4)}",
            )
        records = source.records(spread_evenly(len(source), SAMPLE))
        for objective in stream.objectives:
            if objective.is_captions and not any(record.caption for record in records):
                raise EmptyInput(
                    f"the stream {stream.name} has no captions, which its objective {objective.name} is taught by"
                )
            if not objective.is_captions and not any(_can_be_named(record, objective) for record in records):
                texts = f"streams.{stream.name}.objectives.{objective.name}.texts"
                captioned = f"it has captions: --set {texts}='{{\"caption\": 1}}' learns from those"
                raise EmptyInput(
                    f"the stream {stream.name} has no taxa, which its objective {objective.name} is taught by",
                    hint=captioned if any(record.caption for record in records) else "name what the images show",
                )
            taxa = {record.taxon for record in records if record.taxon.rank is not None}
            if not objective.is_captions and CAPTION not in objective.texts.weights and len(taxa) < 2:
                raise EmptyInput(f"training needs at least two taxa, and the stream {stream.name} has {len(taxa)}")


def _can_be_named(record: Record, objective: Objective) -> bool:
    return record.taxon.rank is not None or (CAPTION in objective.texts.weights and bool(record.caption))
