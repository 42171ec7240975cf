"""WebDataset shards as a source: thuja's own and TreeOfLife's. Images stay where they are, within the tars."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.sources.expressions import STEP, frame_of_rows
from thuja.curate.sources.spec import Notes, SourceSpec
from thuja.errors import UsageError
from thuja.images.places import stretch
from thuja.record import printable
from thuja.shards import Entry, Fault, Sample, read_entry, scan_shard

PATH_OPTIONS: tuple[str, ...] = ()
"""The options that are paths."""
_IMAGES = ("jpg", "jpeg", "png", "webp")
_ROWS = 5_000
_FOUND_ANEW = (
    "shard_filename", "resolution_status", "resolution_score", "pixel_hash", "pdq", "pdq_quality", "sharpness",
    "contrast", "person_score", "animal_score", "specimen_class", "drop_reason", "dropped_by", "duplicate_of",
    "leak_of", "sha256", "md5", "file_size", "width", "height", "crop", "path",
)  # fmt: skip
"""What a Record tells of the image before it was packed, or what this curation finds out itself."""


def read_shards(spec: SourceSpec, notes: Notes) -> Iterator[pl.DataFrame]:
    """A row a sample; `path` is a tar, or a folder of tars, read in the order of their names.

    A Record's own columns are kept; of TreeOfLife's text members the names are. The sample's uuid stays, its `place` is
    its stretch of the tar, and a split is taken from a tar's name (`val-00003.tar`) where no Record says one. Dropped:
    `no_image`, `no_record`, `bad_record`, `too_large`. Damage between the samples is noted by its reason
    (`broken_header`, `cut_short`). Raises UsageError or BadFile.
    """
    spec.refuse_other_options(())
    rows: list[dict[str, Any]] = []
    for shard in _find(spec.path):
        for found in scan_shard(shard):
            if isinstance(found, Fault):
                notes[found.reason] += 1
                continue
            row = _row(shard, found, _name_of(spec.path))
            rows.append(row | {"data_source": spec.name} if spec.name else row)
            if len(rows) == _ROWS:
                yield frame_of_rows(rows)
                rows = []
    if rows:
        yield frame_of_rows(rows)


def files_of(spec: SourceSpec) -> list[Path]:
    """The tars of a folder."""
    return [*spec.path.rglob("*.tar")] if spec.path.is_dir() else []


def _find(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    shards = sorted(path.rglob("*.tar")) if path.is_dir() else []
    if not shards:
        raise UsageError(f"there are no shards at {path}", hint="a .tar file, or a folder of them")
    return shards


def _name_of(path: Path) -> str:
    return path.resolve().name.removesuffix(".tar")


def _row(shard: Path, entry: Entry, data_source: str) -> dict[str, Any]:
    """The row of one sample; its image is not read, only its texts are."""
    key = printable(entry.key)
    row: dict[str, Any] = {
        "data_source": data_source,
        "source_id": f"{shard.name}#{key}",
        "path": f"{os.path.abspath(shard)}#{key}",  # noqa: PTH100 - a string of a million rows
        "drop_reason": None,
        "dropped_by": None,
    }
    suffix = next((suffix for suffix in _IMAGES if suffix in entry.members), None)
    if suffix is None or not entry.members[suffix][1]:
        return row | {"drop_reason": "no_image", "dropped_by": STEP}
    offset, size = entry.members[suffix]
    row |= {"place": stretch(os.path.abspath(shard), offset, size), "file_size": size}  # noqa: PTH100
    # of the image one byte is read: its texts are all that is looked at
    found = read_entry(shard, replace(entry, members={**entry.members, suffix: (offset, min(size, 1))}))
    if isinstance(found, Fault):
        return row | {"drop_reason": found.reason, "dropped_by": STEP}
    return row | _told(found, shard)


def _told(sample: Sample, shard: Path) -> dict[str, Any]:
    row = sample.record.to_row()
    told = {name: value for name, value in row.items() if value is not None and name not in _FOUND_ANEW}
    name = told.pop("scientific_name", None) or sample.texts.get("scientific_name")
    told["verbatim_name"] = told.get("verbatim_name") or name or None
    told["uuid"] = _uuid(told.get("uuid"))
    told.setdefault("split", _split(shard))
    return told


def _uuid(text: object) -> str | None:
    """A key that is no UUID, as LAION's, may come again in the next tar."""
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        return None


def _split(shard: Path) -> str | None:
    word = shard.name.partition("-")[0]
    return word if word in ("train", "val", "test", "unseen") else None
