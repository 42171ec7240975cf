"""Near-duplicates within one observation, and observations of too many images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import daft
import numpy as np
import numpy.typing as npt
from daft import DataType, Series, col, lit
from daft.functions import coalesce, to_struct

from thuja.curate.filters.observations import observation_key
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import UsageError

STEP = "bursts"
_ANSWER = {"uuid": DataType.string(), "reason": DataType.string(), "of": DataType.string()}
_HEX = 64
"""Digits of a PDQ hash of 256 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstSettings:
    """The recipe's [bursts].

    Of images of one observation whose PDQ hashes differ in at most `max_distance` of 256 bits (the papers' 10;
    -1 turns it off) the sharpest stays, and of more than `max_frames` (15; 0: any number) the sharpest so many.
    Hashes of a quality under `min_hash_quality` are of too plain an image to be matched.
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
    """The images of one observation, column by column."""

    uuids: Sequence[str]
    hashes: Sequence[str | None]
    qualities: Sequence[int | None]
    sharpness: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """One image that goes: near_duplicate of another, or one of too_many_frames."""

    uuid: str
    reason: str
    of: str | None = None


def burst_drops(frames: Frames, settings: BurstSettings) -> list[Dropped]:
    """Which images of one observation go.

    From the sharpest on (ties by uuid), an image stays when it is far from all that stay: each that goes is
    within the distance of the one it goes for, never of a chain. Costs images times those that stay.
    """
    sharpness = [-1.0 if value is None else value for value in frames.sharpness]
    order = sorted(range(len(frames.uuids)), key=lambda place: (-sharpness[place], frames.uuids[place]))
    bits, is_hashed = _bits(frames, settings.min_hash_quality)
    kept: list[int] = []
    hashed: list[int] = []
    drops = []
    for place in order:
        near = _nearest(bits, place, hashed) if is_hashed[place] else None
        if near is not None and near[1] <= settings.max_distance:
            drops.append(Dropped(uuid=frames.uuids[place], reason="near_duplicate", of=frames.uuids[near[0]]))
        elif settings.max_frames and len(kept) >= settings.max_frames:
            drops.append(Dropped(uuid=frames.uuids[place], reason="too_many_frames"))
        else:
            kept.append(place)
            if is_hashed[place]:
                hashed.append(place)
    return drops


def _bits(frames: Frames, min_quality: int) -> tuple[npt.NDArray[np.uint64], list[bool]]:
    """(N, 4) words of each hash, and whether it may be matched."""
    pairs = zip(frames.hashes, frames.qualities, strict=True)
    is_hashed = [
        text is not None and len(text) == _HEX and (quality is None or quality >= min_quality)
        for text, quality in pairs
    ]
    whole = "".join(
        (text or "") if is_good else "0" * _HEX for text, is_good in zip(frames.hashes, is_hashed, strict=True)
    )
    return np.frombuffer(bytes.fromhex(whole), dtype=np.uint64).reshape(-1, 4), is_hashed


def _nearest(bits: npt.NDArray[np.uint64], place: int, kept: Sequence[int]) -> tuple[int, int] | None:
    """The kept image that is nearest, and in how many bits it differs."""
    if not kept:
        return None
    distances = np.bitwise_count(bits[kept] ^ bits[place]).sum(axis=1)  # (K,)
    best = int(distances.argmin())
    return kept[best], int(distances[best])


@daft.cls(use_process=False)
class BurstFinder:
    """Judges observations, each a row of lists."""

    def __init__(self, settings: BurstSettings) -> None:
        self._settings = settings

    @daft.method.batch(return_dtype=DataType.list(DataType.struct(_ANSWER)), batch_size=2_000)
    def look(self, observations: Series) -> list[list[dict[str, Any]]]:
        """The images of each observation that go."""
        return [
            [asdict(drop) for drop in burst_drops(_frames(rows), self._settings)] for rows in observations.to_pylist()
        ]


def _frames(rows: Sequence[Mapping[str, Any]]) -> Frames:
    return Frames(
        uuids=[row["uuid"] for row in rows],
        hashes=[row["pdq"] for row in rows],
        qualities=[row["pdq_quality"] for row in rows],
        sharpness=[row["sharpness"] for row in rows],
    )


def bursts_step(settings: BurstSettings) -> Step:
    """Keep of each observation the images that differ, at most `max_frames`."""
    return Step(name=STEP, settings=asdict(settings), apply=lambda frame: _drop_bursts(frame, settings))


def _drop_bursts(frame: Frame, settings: BurstSettings) -> Frame:
    if settings.max_distance < 0 and not settings.max_frames:
        return frame
    facts = to_struct(*(col(name) for name in ("uuid", "pdq", "pdq_quality", "sharpness")))
    rows = frame.where(col("drop_reason").is_null()).select(
        observation_key().alias("observation"), facts.alias("image")
    )
    groups = rows.where(col("observation").not_null()).groupby("observation")
    lists = groups.agg(col("image").count().alias("images"), col("image").list_agg().alias("all"))
    look = cast(Callable[..., daft.Expression], BurstFinder(settings).look)  # on columns, an expression
    found = lists.where(col("images") > lit(1)).select(look(col("all")).alias("drop"))
    drops = found.explode("drop").where(col("drop").not_null())
    drops = drops.select(*(col("drop")[name].alias(f"burst_{name}") for name in _ANSWER))
    frame = frame.join(drops, left_on="uuid", right_on="burst_uuid", how="left")
    frame = frame.with_column("duplicate_of", coalesce(col("duplicate_of"), col("burst_of")))
    frame = mark_dropped(frame, col("burst_reason"), STEP)
    return frame.select(*(name for name in frame.column_names if not name.startswith("burst_")))
