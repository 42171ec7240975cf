"""What the images of a step are taught: texts drawn for each, and keys that say which text is true of which.

Everything is drawn for the whole batch from the step's own generator and then cut to a process's
share, so that the batch is the same whatever the number of processes.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from thuja.phrasing import CAPTION, TextType, Wording, phrase
from thuja.record import Record
from thuja.taxonomy import RANKS, Rank, Taxon
from thuja.train.recipe import WITHOUT_TEXT, Objective, Stream

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ABSENT = -1
"""The key of a rank that a lineage lacks, or of a text that an image lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The random numbers of one objective over a whole batch: which rank a text speaks of, which type it is."""

    objective: Objective
    levels: Integers  # (B,)
    numbers: Floats  # (B,) uniform on 0 to 1
    kind: TextType | None = None
    """The one text type of the batch, where the stream draws one."""

    def cut(self, first: int, last: int) -> "Draw":
        """The draw for images `first` to `last` of the batch."""
        return Draw(
            objective=self.objective,
            levels=self.levels[first:last],
            numbers=self.numbers[first:last],
            kind=self.kind,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What one objective says of b images.

    `texts` are b sentences, one an image and empty where it has none, with `keys` and `levels` of
    what they speak of; or, for the loss `levels`, every clade of these images once, in words. Losses
    without text have none. `image_keys` (b, K) are the clades of each image and, behind them, its own sentence.
    """

    name: str
    """The objective's."""
    texts: Sequence[str]
    keys: Integers
    levels: Integers
    image_keys: Integers


def draw_step(stream: Stream, *, place: int, step: int, seed: int) -> tuple[list[Draw], np.random.Generator]:
    """What a step draws for the stream at this `place` in the recipe, and the generator to draw crops from."""
    generator = np.random.default_rng([seed, 1, step, place])
    if stream.per_batch:
        objective, kind = _one_type(stream, step)
        return [_draw(objective, stream.batch_size, generator, kind=kind)], generator
    return [_draw(objective, stream.batch_size, generator, kind=None) for objective in stream.objectives], generator


def _draw(objective: Objective, count: int, generator: np.random.Generator, *, kind: TextType | None) -> Draw:
    levels = np.full(count, Rank.SPECIES, dtype=np.int64)
    if objective.ancestor_share:
        is_ancestor = generator.random(count) < objective.ancestor_share
        levels[is_ancestor] = generator.integers(Rank.CLASS, Rank.SPECIES, size=int(is_ancestor.sum()))
    return Draw(objective=objective, levels=levels, numbers=generator.random(count), kind=kind)


def _one_type(stream: Stream, step: int) -> tuple[Objective, TextType]:
    """The text type of a whole batch; where all are equally likely, the public code's own choice at this step."""
    choices = [
        (objective, kind, objective.weight * weight / sum(objective.texts.weights.values()))
        for objective in stream.objectives
        for kind, weight in objective.texts.weights.items()
    ]
    weights = [weight for *_, weight in choices]
    source = random.Random(step)
    is_even = max(weights) - min(weights) < 1e-9
    objective, kind, _ = source.choice(choices) if is_even else source.choices(choices, weights)[0]
    return objective, kind


def speak(draw: Draw, records: Sequence[Record], wording: Wording = phrase) -> Spoken:
    """The texts and keys of b images for one objective; `draw` is cut to them."""
    objective, taxa = draw.objective, [record.taxon for record in records]
    clades = np.array([clade_keys(taxon) for taxon in taxa], dtype=np.int64).reshape(len(taxa), len(RANKS))
    if objective.loss in WITHOUT_TEXT:
        nothing = np.zeros(0, dtype=np.int64)
        return Spoken(name=objective.name, texts=[], keys=nothing, levels=nothing, image_keys=clades)
    if objective.loss == "levels":
        return _every_level(objective, taxa, clades, wording=wording)
    texts, keys, levels = [], [], []
    for record, level, number in zip(records, draw.levels.tolist(), draw.numbers.tolist(), strict=True):
        kind = draw.kind or objective.texts.choose(number, has_caption=bool(record.caption))
        text, key, rank = _sentence(record, kind, level, wording=wording)
        texts.append(text)
        keys.append(key)
        levels.append(rank)
    spoken = np.array(keys, dtype=np.int64)
    said = np.array([text_key(text) if text else ABSENT for text in texts], dtype=np.int64)
    return Spoken(
        name=objective.name,
        texts=texts,
        keys=spoken,
        levels=np.array(levels, dtype=np.int64),
        # The eighth column is the sentence itself: a caption is true of its image, and of one with the same caption.
        image_keys=np.concatenate([clades, said[:, None]], axis=1),
    )


def _sentence(record: Record, kind: TextType | None, level: int, *, wording: Wording) -> tuple[str, int, int]:
    """A sentence, the key of what it speaks of, and the column of the keys where that stands."""
    if kind == CAPTION or kind is None:
        return record.caption, text_key(record.caption) if record.caption else ABSENT, len(RANKS)
    deepest = record.taxon.rank
    if deepest is None:
        return "", ABSENT, len(RANKS)
    rank = Rank(min(level, deepest))
    taxon = record.taxon if rank == deepest else record.taxon.at(rank)
    known = taxon.rank
    assert known is not None or rank < deepest
    if known is None:  # nothing is known above the deepest rank: speak of that
        taxon, known = record.taxon, deepest
    return wording(taxon, kind), clade_keys(record.taxon)[known], known


def _every_level(objective: Objective, taxa: Sequence[Taxon], clades: Integers, *, wording: Wording) -> Spoken:
    said: dict[tuple[int, int], str] = {}
    for taxon, keys in zip(taxa, clades.tolist(), strict=True):
        for rank, key in zip(RANKS, keys, strict=True):
            if key != ABSENT and (int(rank), key) not in said:
                said[int(rank), key] = wording(taxon.at(rank), "taxon")
    return Spoken(
        name=objective.name,
        texts=list(said.values()),
        keys=np.array([key for _, key in said], dtype=np.int64),
        levels=np.array([level for level, _ in said], dtype=np.int64),
        image_keys=clades,
    )


@lru_cache(maxsize=1 << 16)  # about a kilobyte each, in every worker
def clade_keys(taxon: Taxon) -> tuple[int, ...]:
    """Seven 63-bit numbers, equal where two taxa are of one clade; ABSENT for a rank without a name.

    A genus is told by its name and a species by both of its names, so that a lineage that lacks the
    order says the same; above them, clades are the same where the lineages agree down to that rank.

    >>> crow, raven = (Taxon(genus="Corvus", species=name) for name in ("corone", "corax"))
    >>> [ours == theirs for ours, theirs in zip(clade_keys(crow), clade_keys(raven))][-2:]
    [True, False]
    """
    names = taxon.names
    first = [Rank.GENUS if taxon.genus and rank >= Rank.GENUS else Rank.KINGDOM for rank in RANKS]
    return tuple(text_key("\x1f".join(names[first[rank] : rank + 1])) if names[rank] else ABSENT for rank in RANKS)


def text_key(text: str) -> int:
    """A 63-bit number for a text: the same on every machine, and for two texts the same by chance once in 10^18."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
