"""Near-duplicates within one observation, and observations of too many images."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import daft
from daft import DataType, Series, col, lit
from daft.functions import coalesce, to_struct

from thuja.curate.duplicates.copies import SPLIT_ORDER, lineage_text
from thuja.curate.filters.observations import KEYS, observed
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import UsageError

STEP = "bursts"
_ANSWER = {"uuid": DataType.string(), "reason": DataType.string(), "of": DataType.string()}
_FACTS = ("uuid", "pdq", "pdq_quality", "sharpness", "split", "taxon")
_HEX = 64
"""Digits of a PDQ hash of 256 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstSettings:
    """The recipe's [bursts].

    Of images of one observation whose PDQ hashes differ in at most `max_distance` of 256 bits (the papers' 10;
    -1 turns it off) the sharpest stays, and of more than `max_frames` (15; 0: any number) the sharpest so many; an
    image that a source gave to a test set goes for none of another set. Taxa that contradict each other are not
    matched, nor are hashes of a quality under `min_hash_quality`, which are of too plain an image.
    """

    max_distance: int = 10
    max_frames: int = 15
    min_hash_quality: int = 50

    def __post_init__(self) -> None:
        if not -1 <= self.max_distance <= 128:
            raise UsageError(f"bursts.max_distance must lie between -1 (off) and 128 bits, got {self.max_distance}")
        if self.max_frames < 0:
            raise UsageError(f"bursts.max_frames must not be negative, got {self.max_frames}", hint="0 turns it off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """The images of one observation, column by column; a taxon is its seven names, one a line."""

    uuids: Sequence[str]
    hashes: Sequence[str | None]
    qualities: Sequence[int | None]
    sharpness: Sequence[float | None]
    splits: Sequence[str | None]
    taxa: Sequence[str]


Kept = tuple[int, str, str]
"""The hash, the uuid and the taxon of an image that stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One image that goes: near_duplicate of another, or one of too_many_frames."""

    uuid: str
    reason: str
    of: str | None = None


def burst_drops(frames: Frames, settings: BurstSettings) -> list[Dropped]:
    """Which images of one observation go.

    From the sharpest on, a test set's first (ties by uuid), an image stays when it is far from all that stay: each
    that goes is within the distance of the one it goes for, never of a chain. Costs images times those that stay.
    """
    sharpness = [-1.0 if value is None else value for value in frames.sharpness]
    sets = [SPLIT_ORDER.index(name) if name in SPLIT_ORDER else len(SPLIT_ORDER) for name in frames.splits]
    order = sorted(range(len(frames.uuids)), key=lambda place: (sets[place], -sharpness[place], frames.uuids[place]))
    kept, hashed, drops = 0, list[Kept](), []
    for place in order:
        uuid, bits = frames.uuids[place], _bits(frames.hashes[place], frames.qualities[place], settings)
        near = None if bits is None else _near(bits, frames.taxa[place], hashed, most=settings.max_distance)
        if near is not None:
            drops.append(Dropped(uuid=uuid, reason="near_duplicate", of=near))
        elif settings.max_frames and kept >= settings.max_frames:
            drops.append(Dropped(uuid=uuid, reason="too_many_frames"))
        else:
            kept += 1
            if bits is not None:
                hashed.append((bits, uuid, frames.taxa[place]))
    return drops


def _bits(text: str | None, quality: int | None, settings: BurstSettings) -> int | None:
    """A hash as one number; None where it may not be matched."""
    if text is None or len(text) != _HEX or (quality is not None and quality < settings.min_hash_quality):
        return None
    return int(text, 16)


def _near(bits: int, taxon: str, kept: Sequence[Kept], *, most: int) -> str | None:
    """Of the kept images within the distance, and of no other taxon, the nearest.

    Python's own numbers: an observation has a few images, and numpy takes longer to be called than to count.
    """
    best, uuid = most + 1, None
    for other, name, other_taxon in kept:
        distance = (bits ^ other).bit_count()
        if distance < best and not _contradict(taxon, other_taxon):
            best, uuid = distance, name
    return uuid


def _contradict(one: str, other: str) -> bool:
    """Whether two taxa have different names at a rank that both know."""
    pairs = zip(one.split("\n"), other.split("\n"), strict=True) if one != other else ()
    return any(left and right and left != right for left, right in pairs)


@daft.cls(use_process=False)
class BurstFinder:
    """Judges observations, each a row of lists."""

    def __init__(self, settings: BurstSettings) -> None:
        self._settings = settings

    @daft.method.batch(return_dtype=DataType.list(DataType.struct(_ANSWER)), batch_size=2_000)
    def look(self, observations: Series) -> list[list[dict[str, Any]]]:
        """The images of each observation that go."""
        return [
            [{"uuid": drop.uuid, "reason": drop.reason, "of": drop.of} for drop in burst_drops(group, self._settings)]
            for group in _groups(observations)
        ]


def _groups(observations: Series) -> Iterator[Frames]:
    """Each list of images as columns; a column of the whole batch is taken out of Arrow at once."""
    lists = observations.to_arrow()
    images, ends = lists.flatten(), lists.value_lengths().to_numpy(zero_copy_only=False).cumsum()
    columns = [images.field(name).to_pylist() for name in _FACTS]
    start = 0
    for end in ends.tolist():
        uuids, hashes, qualities, sharpness, splits, taxa = (column[start:end] for column in columns)
        yield Frames(uuids=uuids, hashes=hashes, qualities=qualities, sharpness=sharpness, splits=splits, taxa=taxa)
        start = end


def bursts_step(settings: BurstSettings) -> Step:
    """Keep of each observation the images that differ, at most `max_frames`."""
    return Step(name=STEP, settings=asdict(settings), apply=lambda frame: _drop_bursts(frame, settings))


def _drop_bursts(frame: Frame, settings: BurstSettings) -> Frame:
    if settings.max_distance < 0 and not settings.max_frames:
        return frame
    kept = frame.where(col("drop_reason").is_null()).with_column("taxon", lineage_text())
    rows = observed(kept.select(*KEYS, *_FACTS))
    rows = rows.select(col("group"), to_struct(*(col(name) for name in _FACTS)).alias("image"))
    lists = rows.groupby("group").agg(col("image").count().alias("images"), col("image").list_agg().alias("all"))
    look = cast(Callable[..., daft.Expression], BurstFinder(settings).look)  # on columns, an expression
    found = lists.where(col("images") > lit(1)).select(look(col("all")).alias("drop"))
    drops = found.explode("drop").where(col("drop").not_null())
    drops = drops.select(*(col("drop")[name].alias(f"burst_{name}") for name in _ANSWER))
    frame = frame.join(drops, left_on="uuid", right_on="burst_uuid", how="left")
    frame = frame.with_column("duplicate_of", coalesce(col("duplicate_of"), col("burst_of")))
    frame = mark_dropped(frame, col("burst_reason"), STEP)
    return frame.select(*(name for name in frame.column_names if not name.startswith("burst_")))
