"""Kept images into shards, in a shuffled order that the seed fixes, a few images in memory at a time."""

import io
import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import daft
import pyarrow as pa
from daft import col, lit
from PIL import Image

from thuja.curate.config import CurateConfig
from thuja.curate.splits import draws
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import ImageError
from thuja.images import Limits, decode, encode_jpeg, read_bytes
from thuja.jobs import Progress
from thuja.record import CATALOG_SCHEMA, SPLITS, Record
from thuja.shards import ShardWriter

STEP = "pack"
_PLAIN_SEGMENTS = frozenset({"APP0", "APP14"})
"""JFIF, and Adobe's colour transform: all that a JPEG without metadata has before its picture."""
_SCAN, _END = b"\xda", b"\xff\xd9"
_SEGMENT = re.compile(rb"\xff[\xe0-\xef\xfe]")
"""The mark of an application's segment or a comment."""

In = TypeVar("In")
Out = TypeVar("Out")


def pack_step(config: CurateConfig, folder: Path) -> Step:
    """Write `<split>-00000.tar` and so on into `folder`, and note in each row which shard it is in."""
    names = ("max_side", "seed", "shard_size", "text_keys")
    settings = {name: getattr(config, name) for name in names}
    return Step(name=STEP, settings=settings, apply=lambda frame: _pack(frame, config, folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One record with its bytes for the shard, or the reason why they could not be had."""

    record: Record
    image: bytes
    reason: str = ""


def _pack(frame: Frame, config: CurateConfig, folder: Path) -> Frame:
    shutil.rmtree(folder, ignore_errors=True)
    kept = frame.where(col("drop_reason").is_null()).with_column("draw", draws(col("uuid"), config.seed, "pack"))
    total = kept.count_rows()
    progress = Progress(total=total, label="packing")
    outcome: dict[str, list[str | None]] = {"uuid": [], "shard": [], "reason": []}
    for split in SPLITS:
        rows = kept.where(col("split") == lit(split)).sort(["draw", "uuid"]).select(*CATALOG_SCHEMA.names)
        records = (Record.from_row(row) for batch in rows.to_arrow_iter() for row in batch.to_pylist())
        for packed, shard in _write_split(records, split, config, folder):
            outcome["uuid"].append(packed.record.uuid)
            outcome["shard"].append(shard)
            outcome["reason"].append(packed.reason or None)
            progress.advance(1)
    progress.close()
    done = daft.from_arrow(pa.table(outcome, schema=pa.schema([(name, pa.string()) for name in outcome])))
    frame = (
        frame.exclude("shard_filename").join(done, on="uuid", how="left").with_column_renamed("shard", "shard_filename")
    )
    return mark_dropped(frame, col("reason"), STEP).exclude("reason")


def _write_split(
    records: Iterator[Record], split: str, config: CurateConfig, folder: Path
) -> Iterator[tuple[Packed, str | None]]:
    first = next(records, None)
    if first is None:
        return
    writer = ShardWriter(folder, split, max_count=config.shard_size, text_keys=config.text_keys)
    with writer:
        for packed in ordered_map(lambda record: pack_one(record, config), _chain(first, records)):
            # In a shard the bytes are the shard's; where they lay tells of a person's folders.
            yield packed, None if packed.reason else writer.write(replace(packed.record, path=""), packed.image)


def _chain(first: In, rest: Iterable[In]) -> Iterator[In]:
    yield first
    yield from rest


def pack_one(record: Record, config: CurateConfig) -> Packed:
    """Read a record's file again and bring its bytes into the shard's form.

    A file that changed since it was checked is not packed: its hash and size would be wrong.
    """
    try:
        data = read_bytes(Path(record.path), limits=config.limits)
        if sha256(data).hexdigest() != record.sha256:
            return Packed(record=record, image=b"", reason="changed_file")
        return Packed(record=record, image=shard_bytes(data, max_side=config.max_side, limits=config.limits))
    except ImageError as error:
        return Packed(record=record, image=b"", reason=error.reason)


def shard_bytes(data: bytes, *, max_side: int, limits: Limits) -> bytes:
    """The bytes as they are when they are a plain JPEG of at most `max_side`, else encoded anew.

    Plain: RGB, and no EXIF, colour profile or comment, so that no place or name of a person gets
    into a shard and no reader has to turn the picture.
    """
    if is_plain_jpeg(data, max_side):
        return data
    image = decode(data, limits=limits, draft=max_side)
    scale = max_side / max(image.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return encode_jpeg(image)


def is_plain_jpeg(data: bytes, max_side: int) -> bool:
    """Whether a file that decodes can stand in a shard as it is."""
    if not data.startswith(b"\xff\xd8\xff"):
        return False
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        segments: Iterable[tuple[str, Any]] = getattr(image, "applist", [("unknown", b"")])
        is_bare = all(name in _PLAIN_SEGMENTS for name, _ in segments) and not _hides_segments(data)
        return image.format == "JPEG" and image.mode == "RGB" and max(image.size) <= max_side and is_bare


def _hides_segments(data: bytes) -> bool:
    """Whether a JPEG may hold metadata where Pillow does not list it: behind its first scan, or its end.

    In a scan a byte 0xFF is followed by 0 or a restart mark, so that another mark found there is one
    (or a byte of a table between two scans: such a file is encoded anew for nothing).
    """
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != _SCAN:
        place += 2 + max(int.from_bytes(data[place + 2 : place + 4]), 2)
    return data.find(_END, place) != len(data) - len(_END) or _SEGMENT.search(data, place) is not None


def ordered_map(function: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
    """`map` over a few threads, in order, never more than a few items ahead."""
    workers = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Out]] = deque()
        for item in items:
            ahead.append(pool.submit(function, item))
            if len(ahead) > 4 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
