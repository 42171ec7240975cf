"""The pictures of the walls: a few drawn fairly from millions, the same every time, read from wherever they lie.

Those with the least ids are drawn; ids are hashes, so nobody chose them.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from thuja.captions.make.finishing import CAPTIONS, SHARDS
from thuja.captions.make.rows import ACCEPTED
from thuja.errors import ImageError, ThujaError
from thuja.images import Limits, decode, encode_jpeg, read_place
from thuja.images.plain import shrunk
from thuja.shards.listing import find_samples

ACCEPTED_SHOWN: Final = 24
MENDED_SHOWN: Final = 8
PER_REASON: Final = 8
SIDE: Final = 320
LIMITS: Final = Limits(max_bytes=64 * 2**20, max_pixels=50_000_000)
"""A report opens no file that takes longer than a glance."""

_NARROW: Final = ("uuid", "status", "reasons", "tries")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Rows for the walls: accepted at once, accepted after rejected drafts, and rejected by their first reason."""

    accepted: Sequence[Row]
    mended: Sequence[Row]
    rejected: Mapping[str, Sequence[Row]]


def draw_rows(folder: Path) -> Drawn:
    """Draw from a table of captions, in two passes in bounded memory."""
    path = folder / CAPTIONS
    groups: dict[tuple[str, str], list[str]] = {}
    for row in _rows(path, _NARROW):
        group = _group(row)
        most = {"accepted": ACCEPTED_SHOWN, "mended": MENDED_SHOWN}.get(group[0], PER_REASON)
        groups[group] = heapq.nsmallest(most, [*groups.get(group, ()), row["uuid"]])
    wanted = {uuid for uuids in groups.values() for uuid in uuids}
    found = {row["uuid"]: row for row in _rows(path, None) if row["uuid"] in wanted}
    rows = {group: [found[uuid] for uuid in uuids] for group, uuids in groups.items()}
    return Drawn(
        accepted=rows.get(("accepted", ""), ()),
        mended=rows.get(("mended", ""), ()),
        rejected={reason: each for (kind, reason), each in sorted(rows.items()) if kind == "rejected"},
    )


def thumbnail(folder: Path, row: Row) -> bytes | None:
    """A small copy of a row's picture, of its pixels alone; None where it is gone or cannot be decoded."""
    try:
        image = decode(_bytes(folder, row), limits=LIMITS, draft=SIDE)
    except (ImageError, ThujaError):
        return None
    return encode_jpeg(shrunk(image, SIDE), quality=82)


def _bytes(folder: Path, row: Row) -> bytes:
    shard = folder / SHARDS / str(row["shard_filename"])
    if shard.is_file():
        (found,) = find_samples([shard], [row["uuid"]])
        return found.sample.image
    return read_place(str(row["path"] or ""), limits=LIMITS)


def _group(row: Row) -> tuple[str, str]:
    if row["status"] == ACCEPTED:
        return ("accepted" if row["tries"] == 1 else "mended", "")
    return ("rejected", row["reasons"][0] if row["reasons"] else "")


def _rows(path: Path, columns: Sequence[str] | None) -> Iterator[Row]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=2_000, columns=columns and list(columns)):
            yield from batch.to_pylist()
