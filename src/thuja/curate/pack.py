"""Kept images into shards of even size, in a shuffled order that the seed fixes, each shard by itself.

First a plan: every kept row gets its shard and its place there, and the rows of a shard lie in a folder of their own.
Then each shard is packed from its folder, wherever there is a free processor, and is packed once: a killed run goes on
at the shard where it was.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import daft
import polars as pl
import pyarrow as pa
from daft import DataType, Series, Window, col, lit
from daft.functions import row_number

from thuja.curate.concurrent import ordered_map
from thuja.curate.outputs import json_object
from thuja.curate.parquet_frames import read_frame
from thuja.curate.recipe import ShardSettings
from thuja.curate.splits import draws
from thuja.curate.steps import Frame, Step, mark_dropped, parquet_files
from thuja.errors import EmptyInput, ImageError
from thuja.images import DEFAULT_LIMITS, Limits, decode, encode_jpeg, read_place, shard_bytes
from thuja.images.crops import crop_hash, cropped
from thuja.images.plain import shrunk
from thuja.jobs import Progress, atomic_path, write_json
from thuja.record import CATALOG_SCHEMA, SPLITS, Record
from thuja.shards import ShardFacts, even_sizes, write_shard
from thuja.shards.manifest import write_manifest

STEP = "pack"
_PLAN = "plan.json"
_ROWS = "rows"
_OUTCOME = {"uuid": pl.String(), "shard": pl.String(), "reason": pl.String()}
_COLUMNS = [*CATALOG_SCHEMA.names, "place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Where shards go, where their plan lies, and how they are made. `key` is what all of it depends on."""

    shards: Path
    plan: Path
    key: str
    settings: ShardSettings
    seed: int
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One record with its bytes for the shard, or the reason why they could not be had."""

    record: Record
    image: bytes
    reason: str = ""


def pack_step(packing: Packing) -> Step:
    """Write `<split>-00000.tar` and so on, and note in each row which shard it is in."""
    settings = asdict(packing.settings) | {"seed": packing.seed}
    return Step(name=STEP, settings=settings, apply=lambda frame: _pack(frame, packing))


def _pack(frame: Frame, packing: Packing) -> Frame:
    shards = _planned(frame, packing)
    _pack_all(shards, packing)
    facts = [ShardFacts(**one) for shard in shards for one in json_object(packing.plan / f"{shard}.json")["facts"]]
    if facts:
        write_manifest(packing.shards, facts)
    outcomes = [packing.plan / f"{shard}.parquet" for shard in shards]
    done = read_frame(outcomes) if outcomes else daft.from_arrow(pl.DataFrame(schema=_OUTCOME).to_arrow())
    frame = frame.exclude("shard_filename").join(done, on="uuid", how="left")
    frame = frame.with_column_renamed("shard", "shard_filename")
    return mark_dropped(frame, col("reason"), STEP).exclude("reason")


def _planned(frame: Frame, packing: Packing) -> list[str]:
    """The names of the shards, whose rows lie in the plan; made anew unless a killed run made the same one."""
    said = json_object(packing.plan / _PLAN)
    if said.get("key") == packing.key:
        return list(said["shards"])
    for folder in (packing.plan, packing.shards):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    kept = frame.where(col("drop_reason").is_null())
    narrow = kept.select("uuid", "split", draws(col("uuid"), packing.seed, STEP).alias("draw"))
    plan, counts = _numbered(narrow.collect())
    sizes = {split: even_sizes(counts[split], packing.settings.size) for split in SPLITS if counts.get(split)}
    shard = cast(Callable[..., daft.Expression], _shard_of)
    plan = plan.with_column("shard", shard(col("split"), col("number"), json.dumps(sizes)))
    rows = kept.select(*_COLUMNS).join(plan.select("uuid", "number", "shard"), on="uuid")
    rows.write_parquet(str((packing.plan / _ROWS).absolute()), partition_cols=["shard"], compression="zstd")
    shards = [_shard_name(split, number) for split, every in sizes.items() for number in range(len(every))]
    write_json(packing.plan / _PLAN, {"key": packing.key, "shards": shards})
    return shards


def _numbered(narrow: Frame) -> tuple[Frame, Mapping[str, int]]:
    """Each row's number in the order of its split, from 0, and how many a split has.

    Rows are first counted by the head of their draw and numbered behind that, so that no machine sorts them all.
    """
    narrow = narrow.with_column("head", col("draw").substr(0, 4))
    counts = narrow.groupby("split", "head").agg(col("uuid").count().alias("rows")).to_pylist()
    before: dict[str, list[Any]] = {"split": [], "head": [], "before": []}
    totals: dict[str, int] = {}
    for group in sorted(counts, key=lambda group: (group["split"], group["head"])):
        total = totals.get(group["split"], 0)
        for name, value in (("split", group["split"]), ("head", group["head"]), ("before", total)):
            before[name].append(value)
        totals[group["split"]] = total + group["rows"]
    if not totals:
        return narrow.with_column("number", lit(0)), totals
    place = row_number().over(Window().partition_by("split", "head").order_by("draw", "uuid"))
    narrow = narrow.with_column("place", place).join(daft.from_arrow(pa.table(before)), on=["split", "head"])
    return narrow.with_column("number", (col("before") + col("place") - lit(1)).cast(DataType.int64())), totals


@daft.func.batch(return_dtype=DataType.string(), use_process=False)
def _shard_of(splits: Series, numbers: Series, sizes: str) -> list[str]:
    """The shard of each row, from its number in its split; the first shards are the larger ones by one."""
    every: dict[str, list[int]] = json.loads(sizes)
    names = []
    for split, number in zip(splits.to_pylist(), numbers.to_pylist(), strict=True):
        large, small = every[split][0], every[split][-1]
        larger = every[split].count(large) if large != small else 0
        edge = larger * large
        index = number // large if number < edge else larger + (number - edge) // small
        names.append(_shard_name(split, index))
    return names


def _shard_name(split: str, number: int) -> str:
    return f"{split}-{number:05d}"


def _pack_all(shards: Sequence[str], packing: Packing) -> None:
    """Pack what is not packed, one shard after the other here, and all at once on a cluster."""
    waiting = [shard for shard in shards if not (packing.plan / f"{shard}.json").is_file()]
    if not waiting:
        return
    if daft.get_or_infer_runner_type() == "ray":
        packer = ShardPacker(packing)
        pack = cast(Callable[..., daft.Expression], packer.pack)
        frame = daft.from_pydict({"shard": waiting}).into_partitions(len(waiting))
        frame.select(pack(col("shard"))).collect()
        return
    progress = Progress(total=None, label="packing")
    for shard in waiting:
        pack_shard(shard, packing, progress)
    progress.close()


@daft.cls(use_process=False)
class ShardPacker:
    """Packs shards on whatever machine a row of the list of shards comes to."""

    def __init__(self, packing: Packing) -> None:
        self._packing = packing

    @daft.method.batch(return_dtype=DataType.string(), batch_size=1)
    def pack(self, shards: Series) -> list[str]:
        """Pack these shards; returns their names."""
        names: list[str] = shards.to_pylist()
        for shard in names:
            pack_shard(shard, self._packing)
        return names


def pack_shard(shard: str, packing: Packing, progress: Progress | None = None) -> None:
    """Write one shard, and beside the plan what became of its rows; last the file that says it is done."""
    rows = pl.read_parquet(parquet_files(packing.plan / _ROWS / f"shard={shard}"), glob=False, hive_partitioning=False)
    outcome: dict[str, list[str | None]] = {name: [] for name in _OUTCOME}
    path = packing.shards / f"{shard}.tar"

    def samples() -> Iterator[tuple[Record, bytes]]:
        ordered = rows.sort("number").iter_rows(named=True)
        for packed in ordered_map(lambda row: pack_one(row, packing.settings, packing.limits), ordered):
            outcome["uuid"].append(packed.record.uuid)
            outcome["shard"].append(None if packed.reason else path.name)
            outcome["reason"].append(packed.reason or None)
            if progress is not None:
                progress.advance(1)
            if not packed.reason:
                # In a shard the bytes are the shard's; where they lay tells of a person's folders.
                yield replace(packed.record, path=""), packed.image

    try:
        facts = [asdict(write_shard(path, samples(), text_keys=packing.settings.text_keys))]
    except EmptyInput:  # not one of its images could be had
        facts = []
    with atomic_path(packing.plan / f"{shard}.parquet") as temporary:
        pl.DataFrame(outcome, schema=_OUTCOME).write_parquet(temporary)
    write_json(packing.plan / f"{shard}.json", {"facts": facts})


def pack_one(row: Mapping[str, Any], settings: ShardSettings, limits: Limits) -> Packed:
    """Read an image again and bring its bytes into the shard's form.

    A file of the user's that changed since it was checked is not packed: its hash and size would be wrong.
    """
    record = Record.from_row(row)
    place, crop = row["place"], row["crop"]
    try:
        data = read_place(place, limits=limits)
        digest = sha256(data).hexdigest()
        if place == row["path"] and (crop_hash(digest, crop) if crop else digest) != record.sha256:
            return Packed(record=record, image=b"", reason="changed_file")
        if crop:
            image = shrunk(cropped(decode(data, limits=limits), crop), settings.max_side)
            return Packed(record=record, image=encode_jpeg(image))
        return Packed(record=record, image=shard_bytes(data, max_side=settings.max_side, limits=limits))
    except ImageError as error:
        return Packed(record=record, image=b"", reason=error.reason)
