"""From finished units to what a user reads: the table of captions, shards that bear them, a catalog, a manifest."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.captions.check.finding import Finding
from thuja.captions.make.inputs import CATALOG, Inputs, Unit
from thuja.captions.make.rows import CAPTIONS_SCHEMA, REJECTED
from thuja.captions.make.unit_tables import read_unit
from thuja.errors import EmptyInput, ImageError
from thuja.images import read_place, shard_bytes
from thuja.jobs import Progress, Units, atomic_path, cores, spread
from thuja.record import CATALOG_SCHEMA, Record
from thuja.shards import ShardFacts, index_shard, read_shard, write_manifest, write_shard
from thuja.shards.manifest import read_facts

CAPTIONS: Final = "captions.parquet"
SHARDS: Final = "shards"
DROPPED_BY: Final = "captions"
_ROWS: Final = 2_000
_FEW: Final = 5_000
"""Pictures that one process writes sooner than others are started."""

Said = Mapping[str, str | None]
"""The captions of a unit by uuid; None for a reject, and no entry for a picture that is not in the shard."""


def write_captions(units: Units, folder: Path, repeats: Mapping[str, Finding], *, is_strict: bool) -> Path:
    """Put the tables of all units together in their order; what repeats is told, and rejected where `is_strict`."""
    with (
        atomic_path(folder / CAPTIONS) as temporary,
        pq.ParquetWriter(temporary, CAPTIONS_SCHEMA, compression="zstd") as writer,
    ):
        for path in sorted(units.folder.glob("unit-??????")):
            table = read_unit(path)
            for begin in range(0, len(table), _ROWS):
                rows = [
                    _with_repeat(row, repeats, is_strict=is_strict) for row in table.slice(begin, _ROWS).to_pylist()
                ]
                writer.write_table(pa.Table.from_pylist(rows, schema=CAPTIONS_SCHEMA))
    return folder / CAPTIONS


def _with_repeat(row: dict[str, Any], repeats: Mapping[str, Finding], *, is_strict: bool) -> dict[str, Any]:
    finding = repeats.get(row["uuid"])
    if finding is None:
        return row
    scores = json.loads(row["scores"] or "{}") | {finding.check: round(finding.score, 4)}
    told = {"scores": json.dumps(scores), "score": min(row["score"], finding.score)}
    if not is_strict:
        return row | told
    return row | told | {
        "caption": None, "status": REJECTED, "reasons": [finding.check], "why": [finding.reason]
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One shard to write: a unit, and what is said of its pictures."""

    unit: Unit
    said: Said


def write_shards(inputs: Inputs, units: Units, folder: Path, *, text_keys: bool | None) -> None:
    """Write every unit's shard with its captions, take the shards of other splits along, and write the manifest.

    `text_keys` None: as the shard that a unit comes from. Pictures that cannot be decoded are left out.
    """
    shards = folder / SHARDS
    shards.mkdir(exist_ok=True)
    progress = Progress(total=None, label="writing shards", unit="pictures")
    job = partial(_write_shard, folder=shards, text_keys=text_keys)
    facts: list[ShardFacts] = []
    is_small = pq.read_metadata(folder / CAPTIONS).num_rows < _FEW
    with closing(spread(job, _tasks(inputs, units, folder), workers=1 if is_small else min(4, cores()))) as written:
        for one in written:
            if one is not None:
                facts.append(one)
                progress.advance(one.samples)
    progress.close()
    facts += [_linked(path, shards / path.name) for path in inputs.other_shards]
    if facts:
        write_manifest(shards, facts)


def _tasks(inputs: Inputs, units: Units, folder: Path) -> Iterator[_Task]:
    """The captions stand in the table in the order of the units, so that one pass deals them out."""
    sizes = [pq.read_metadata(path).num_rows for path in sorted(units.folder.glob("unit-??????"))]
    with pq.ParquetFile(folder / CAPTIONS) as file:
        rows = _said(file)
        for unit, size in zip(inputs.units(), sizes, strict=False):
            yield _Task(unit=unit, said=dict(next(rows) for _ in range(size)))


def _said(file: pq.ParquetFile) -> Iterator[tuple[str, str | None]]:
    for batch in file.iter_batches(batch_size=_ROWS, columns=["uuid", "caption"]):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_shard(task: _Task, *, folder: Path, text_keys: bool | None) -> ShardFacts | None:
    path = folder / f"{task.unit.name}.tar"
    if path.exists():  # a run that was killed wrote it
        return read_facts(path)
    if text_keys is None:
        text_keys = _has_text_keys(task.unit.source)
    try:
        return write_shard(path, _samples(task), text_keys=text_keys)
    except EmptyInput:
        return None


def _samples(task: _Task) -> Iterator[tuple[Record, bytes]]:
    for picture in task.unit.pictures():
        if picture.fault is not None or picture.uuid not in task.said:
            continue
        try:
            image = shard_bytes(read_place(picture.place), max_side=None)
        except ImageError:
            continue  # the table of captions says why
        # In a shard the bytes are the shard's; where they lay tells of a person's folders.
        yield replace(picture.record, caption=task.said[picture.uuid] or "", path=""), image


def _has_text_keys(source: Path | None) -> bool:
    if source is None:
        return False
    first = next(iter(index_shard(source)), None)
    return first is not None and any(name.endswith(".txt") for name in first.members)


def _linked(source: Path, path: Path) -> ShardFacts:
    """A shard that is taken along as it is: a second name of the same bytes where the disk allows it."""
    if not path.exists():
        try:
            os.link(source, path)
        except OSError:
            with atomic_path(path) as temporary:
                shutil.copyfile(source, temporary)
    return read_facts(path)


def write_catalog(inputs: Inputs, folder: Path, *, is_limited: bool) -> Path:
    """The catalog with the captions in their column: a curation's own rows, else those of the shards that were written.

    A picture that could not be used is dropped, with its reason.
    """
    path = folder / CATALOG
    if inputs.catalog is None:
        _catalog_of_shards(folder, path)
    else:
        _catalog_of_curation(inputs.catalog, folder, path, is_limited=is_limited)
    return path


def _catalog_of_curation(source: Path, folder: Path, path: Path, *, is_limited: bool) -> None:
    rows = pl.scan_parquet(source, glob=False)
    names = rows.collect_schema().names()
    said = pl.scan_parquet(folder / CAPTIONS, glob=False).select(
        "uuid",
        pl.col("caption").alias("_caption"),
        pl.lit(value=True).alias("_is_asked"),
        pl.when(pl.col("tries") == 0).then(pl.col("reasons").list.first()).alias("_reason"),
    )
    rows = rows.join(said, on="uuid", how="inner" if is_limited else "left", maintain_order="left")
    is_dropped = pl.col("_reason").is_not_null()
    changed = (
        [pl.when("_is_asked").then("_caption").otherwise("caption").alias("caption")]
        if "caption" in names
        else [pl.col("_caption").alias("caption")]
    )
    for name, value in (("drop_reason", pl.col("_reason")), ("dropped_by", pl.lit(DROPPED_BY))):
        if name in names:
            changed.append(pl.when(is_dropped).then(value).otherwise(name).alias(name))
    rows = rows.with_columns(changed).select([*names, *(["caption"] if "caption" not in names else [])])
    with atomic_path(path) as temporary:
        rows.sink_parquet(temporary, compression="zstd", maintain_order=True)


def _catalog_of_shards(folder: Path, path: Path) -> None:
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, CATALOG_SCHEMA, compression="zstd") as writer:
        for shard in sorted((folder / SHARDS).glob("*.tar")):
            for rows in _parts(_shard_rows(shard)):
                writer.write_table(pa.Table.from_pylist(rows, schema=CATALOG_SCHEMA))
        for rows in _parts(_dropped_rows(folder)):
            writer.write_table(pa.Table.from_pylist(rows, schema=CATALOG_SCHEMA))


def _shard_rows(shard: Path) -> Iterator[dict[str, Any]]:
    for sample in read_shard(shard):
        yield sample.record.to_row() | {"shard_filename": shard.name, "path": f"{shard.name}#{sample.record.uuid}"}


def _dropped_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Pictures that nobody could be asked about: what is known of them stands in the table of captions."""
    with pq.ParquetFile(folder / CAPTIONS) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                if row["tries"] == 0:
                    known = {name: row.get(name) for name in CATALOG_SCHEMA.names if name != "shard_filename"}
                    yield known | {"drop_reason": row["reasons"][0], "dropped_by": DROPPED_BY}


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _ROWS:
            yield waiting
            waiting = []
    if waiting:
        yield waiting
