"""What two curations differ in, image by image: what a newer source added, withdrew, named or licensed otherwise.

The two catalogs are joined by uuid, a range of uuids at a time, so that catalogs of any size fit into memory: first the
ids alone with a hash of all that is compared, then the rows that differ. Ids are hashes, so the ranges are even.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from thuja.curate.changes import KINDS, CatalogChanges, Move
from thuja.curate.copies_moved import copies_into_training, hex_ranges
from thuja.curate.outputs import scan_catalog
from thuja.errors import BadFile
from thuja.jobs import atomic_path
from thuja.taxonomy import RANKS

CHANGES = "changes.parquet"
CHANGES_CSV = "changes.csv"
TAKE_DOWN = "take_down.csv"

MUST_LEAVE = r"licen[cs]e|take_?down|taken_down|withdrawn|withheld|person|leak"
"""Reasons of a drop, as a pattern, for which an image must leave shards that were made before."""

_RANKS = [rank.label for rank in RANKS]
_COLUMNS = [
    "uuid", "data_source", "source_id", *_RANKS, "license_name", "license_link", "sha256", "split", "shard_filename",
    "drop_reason", "dropped_by",
]  # fmt: skip
_OF_COPIES = ("uuid", "sha256", "pixel_hash", "duplicate_of", "split", "drop_reason")
_IDS_AT_ONCE = 4_000_000
_ROWS_AT_ONCE = 250_000
_SHOWN = 10
_TOTALS = ("read_old", "read_new", "kept_old", "kept_new", "same")
SCHEMA = {
    name: pl.Boolean() if name == "must_leave" else pl.String()
    for name in (
        "uuid",
        "change",
        "rank",
        "before",
        "after",
        "data_source",
        "source_id",
        "shard_filename",
        "must_leave",
    )
}
"""changes.parquet: one row a change. `rank` is the highest at which a label changed; `shard_filename` the old one."""


def compare_catalogs(old: Path, new: Path, out: Path) -> CatalogChanges:
    """Compare two catalogs (files, or folders of curations) and write changes.parquet and take_down.csv into `out`.

    Raises EmptyInput or BadFile for what is no catalog.
    """
    before, after = _narrow(scan_catalog(old)), _narrow(scan_catalog(new))
    rows = max(frame.select(pl.len()).collect().item() for frame in (before, after))
    totals = Counter[str]()
    file = Path(out) / CHANGES
    with atomic_path(file) as temporary:
        schema = pl.DataFrame(schema=SCHEMA).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for ends in hex_ranges(_count_of_ranges(rows)):
                ids = _joined_ids(before, after, ends=ends, names=(old, new))
                totals.update(_totals(ids))
                differing = ids.filter(pl.col("print").ne_missing(pl.col("print_new")))["uuid"].sort()
                for start in range(0, len(differing), _ROWS_AT_ONCE):
                    changes = _changes(_joined_rows(before, after, differing.slice(start, _ROWS_AT_ONCE)))
                    totals["same"] -= changes["uuid"].n_unique()
                    writer.write_table(changes.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
    _write_take_down(file, Path(out) / TAKE_DOWN)
    sides = [_narrow(scan_catalog(side), _OF_COPIES) for side in (old, new)]
    totals["copies"] = copies_into_training(*sides, ranges=_count_of_ranges(rows))
    return _summarize(file, totals, (old, new))


def write_changes_csv(out: Path) -> Path:
    """changes.parquet once more as changes.csv."""
    path = Path(out) / CHANGES_CSV
    with atomic_path(path) as temporary:
        pl.scan_parquet(Path(out) / CHANGES, glob=False).sink_csv(temporary)
    return path


def _narrow(rows: pl.LazyFrame, columns: Sequence[str] = _COLUMNS) -> pl.LazyFrame:
    """The columns that are compared; an older catalog may lack one."""
    there = rows.collect_schema().names()
    return rows.select(
        pl.col(name).cast(pl.String) if name in there else pl.lit(None, pl.String).alias(name) for name in columns
    )


def _count_of_ranges(rows: int) -> int:
    return max(1, math.ceil(rows / _IDS_AT_ONCE))


def _joined_ids(
    before: pl.LazyFrame, after: pl.LazyFrame, *, ends: tuple[str, str], names: tuple[Path, Path]
) -> pl.DataFrame:
    """The ids of one range: on either side a hash of what is compared, and whether the image is kept."""
    low, high = ends
    compared = pl.struct(name for name in _COLUMNS if name not in ("uuid", "shard_filename"))
    sides = []
    for side, name in zip((before, after), names, strict=True):
        rows = side.filter((pl.col("uuid") >= low) & (pl.col("uuid") < high))
        ids = rows.select("uuid", print=compared.hash(), is_kept=pl.col("drop_reason").is_null())
        found = ids.collect(engine="streaming")
        if found["uuid"].n_unique() != len(found):
            twice = found.filter(pl.col("uuid").is_duplicated())["uuid"][0]
            raise BadFile(f"the catalog {name} has an id twice: {twice}")
        sides.append(found)
    return sides[0].join(sides[1], on="uuid", how="full", coalesce=True, suffix="_new")


def _totals(ids: pl.DataFrame) -> dict[str, int]:
    return ids.select(
        read_old=pl.col("is_kept").is_not_null().sum(),
        read_new=pl.col("is_kept_new").is_not_null().sum(),
        kept_old=pl.col("is_kept").sum(),
        kept_new=pl.col("is_kept_new").sum(),
        same=pl.len(),
    ).row(0, named=True)


def _joined_rows(before: pl.LazyFrame, after: pl.LazyFrame, ids: pl.Series) -> pl.DataFrame:
    """Both sides of these images, a row an image: the old columns, the new ones with `_new`, and which side has it."""
    wanted = pl.col("uuid").is_between(pl.lit(ids[0]), pl.lit(ids[-1])) & pl.col("uuid").is_in(ids.implode())
    old, new = (side.filter(wanted).collect(engine="streaming") for side in (before, after))
    new = new.with_columns(in_new=True)
    return old.with_columns(in_old=True).join(new, on="uuid", how="full", coalesce=True, suffix="_new")


def _changes(joined: pl.DataFrame) -> pl.DataFrame:
    """One row a change, by id."""
    joined = joined.with_columns(
        pl.col("in_old", "in_new").fill_null(value=False),
        label=_label(""),
        label_new=_label("_new"),
        is_kept=pl.col("in_old").fill_null(value=False) & pl.col("drop_reason").is_null(),
        is_kept_new=pl.col("in_new").fill_null(value=False) & pl.col("drop_reason_new").is_null(),
    )
    both = pl.col("in_old") & pl.col("in_new")
    is_lost, is_back = (
        both & pl.col("is_kept") & ~pl.col("is_kept_new"),
        both & ~pl.col("is_kept") & pl.col("is_kept_new"),
    )
    relicensed = pl.any_horizontal(_differs("license_name"), _differs("license_link"))
    rewritten = (pl.col("sha256") != pl.col("sha256_new")).fill_null(value=False)
    moved = pl.col("is_kept") & pl.col("is_kept_new") & _differs("split")
    kinds: dict[str, tuple[pl.Expr, pl.Expr, pl.Expr]] = {
        "added": (~pl.col("in_old"), pl.lit(None), _fate("_new")),
        "withdrawn": (~pl.col("in_new"), _fate(""), pl.lit(None)),
        "reidentified": (both & (pl.col("label") != pl.col("label_new")), pl.col("label"), pl.col("label_new")),
        "relicensed": (both & relicensed, _licence(""), _licence("_new")),
        "bytes_changed": (both & rewritten, pl.col("sha256"), pl.col("sha256_new")),
        "dropped": (is_lost, pl.col("split"), pl.col("drop_reason_new")),
        "regained": (is_back, pl.col("drop_reason"), pl.col("split_new")),
        "split_moved": (both & moved, pl.col("split"), pl.col("split_new")),
    }
    must_leave = pl.col("is_kept") & (
        ~pl.col("in_new") | pl.col("drop_reason_new").str.contains(MUST_LEAVE).fill_null(value=False)
    )
    parts = [
        joined.filter(condition).select(
            "uuid",
            change=pl.lit(kind),
            rank=_highest_change() if kind == "reidentified" else pl.lit(None, pl.String),
            before=before.cast(pl.String),
            after=after.cast(pl.String),
            data_source=pl.coalesce("data_source", "data_source_new"),
            source_id=pl.coalesce("source_id", "source_id_new"),
            shard_filename="shard_filename",
            must_leave=must_leave,
        )
        for kind, (condition, before, after) in kinds.items()
    ]
    return pl.concat(parts).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).sort("uuid", "change")


def _label(end: str) -> pl.Expr:
    """The lineage in one cell; the empty text where there is none."""
    return pl.concat_str([f"{name}{end}" for name in _RANKS], separator=" ", ignore_nulls=True)


def _licence(end: str) -> pl.Expr:
    return pl.coalesce(f"license_name{end}", f"license_link{end}")


def _differs(name: str) -> pl.Expr:
    return pl.col(name).ne_missing(pl.col(f"{name}_new"))


def _fate(end: str) -> pl.Expr:
    return pl.coalesce(f"drop_reason{end}", f"split{end}", pl.lit("kept"))


def _highest_change() -> pl.Expr:
    return pl.coalesce(pl.when(_differs(name)).then(pl.lit(name)) for name in _RANKS)


def _write_take_down(changes: Path, path: Path) -> None:
    """The images that must leave the old shards: uuid, the shard, and why."""
    rows = pl.scan_parquet(changes, glob=False).filter("must_leave", pl.col("change").is_in(["withdrawn", "dropped"]))
    why = pl.when(pl.col("change") == "withdrawn").then(pl.lit("withdrawn")).otherwise("after").alias("reason")
    with atomic_path(path) as temporary:
        rows.select("uuid", "shard_filename", why).sink_csv(temporary)


def _summarize(file: Path, totals: Mapping[str, int], names: tuple[Path, Path]) -> CatalogChanges:
    rows = pl.scan_parquet(file, glob=False)
    counts = dict(rows.group_by("change").len().collect(engine="streaming").iter_rows())
    ranks = rows.filter(pl.col("change") == "reidentified").group_by("rank").len().collect(engine="streaming")
    by_rank = dict(ranks.iter_rows())
    leaving = rows.filter("must_leave", pl.col("change").is_in(["withdrawn", "dropped"])).select(pl.len())
    return CatalogChanges(
        old=str(names[0]),
        new=str(names[1]),
        **{name: totals[name] for name in _TOTALS},
        counts={kind: counts[kind] for kind in KINDS if kind in counts},
        by_rank={name: by_rank[name] for name in _RANKS if name in by_rank},
        moves={kind: _moves(rows, kind) for kind in KINDS if kind in counts and kind != "bytes_changed"},
        must_leave=leaving.collect().item(),
        copies_into_training=totals["copies"],
        file=str(file),
        take_down=str(file.with_name(TAKE_DOWN)),
    )


def _moves(rows: pl.LazyFrame, kind: str) -> list[Move]:
    """The commonest changes of a kind; of splits, all there are."""
    groups = rows.filter(pl.col("change") == kind).group_by("before", "after").agg(images=pl.len())
    found = groups.collect(engine="streaming").sort(
        "images", "before", "after", descending=[True, False, False], nulls_last=True
    )
    shown = found if kind == "split_moved" else found.head(_SHOWN)
    return [Move(before=before, after=after, images=images) for before, after, images in shown.iter_rows()]
