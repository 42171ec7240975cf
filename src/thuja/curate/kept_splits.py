"""Splits that outlive an update: what was measured on is never trained on later.

An image keeps the split that the old catalog gave it. What is the same image takes the same split: the better copy of
which it is a duplicate by now, the copy that was dropped for it then, and any with the same bytes or pixels. So does
what belongs with it (the same observation or location, where splits are drawn by those). A species that was held out
stays held out, with all its images old and new.
"""

from collections.abc import Mapping
from pathlib import Path

import daft
import polars as pl
import pyarrow as pa
from daft import col, lit
from daft.functions import coalesce, when

from thuja.curate.outputs import scan_catalog
from thuja.curate.parquet_frames import read_frame
from thuja.curate.steps import Frame, Step
from thuja.taxonomy import RANKS, Taxon

STEP = "kept_splits"
_STRICTEST: Mapping[str, int] = {"test": 0, "unseen": 1, "val": 2, "train": 3}
"""Of several splits that an image may claim, the first: a test set keeps its images."""
_HASHES = ("sha256", "pixel_hash")
_RANKS = [rank.label for rank in RANKS]


def kept_splits(old: Path) -> pl.LazyFrame:
    """The uuid and split of every image that the old catalog kept, lazily."""
    rows = scan_catalog(old)
    return rows.filter(pl.col("drop_reason").is_null() & pl.col("split").is_not_null()).select("uuid", "split")


def held_out_lineages(old: Path) -> list[str]:
    """The lineages of the species that the old catalog held out of training, as the column `lineage` has them."""
    rows = scan_catalog(old).filter(pl.col("drop_reason").is_null(), pl.col("split") == "unseen")
    taxa = rows.select(_RANKS).unique().collect(engine="streaming")
    return sorted({Taxon.from_columns(row).taxonomic_name for row in taxa.to_dicts()})


def kept_splits_step(old: Path, *, group: str = "") -> Step:
    """Give the images that the old catalog split their split again; goes before the step that draws splits.

    `old` is a catalog or the folder of a curation, `group` the column by which whole groups are split
    (`observation_id`, `location_id`), empty where images are split one by one. Rows that the old catalog says nothing
    of are left open. A split that the source gives counts where it is stricter than the old one.
    """
    path = Path(old) / "catalog.parquet" if Path(old).is_dir() else Path(old)
    scan_catalog(path)
    status = path.stat()
    settings = {"old": str(path.absolute()), "size": status.st_size, "written": status.st_mtime_ns, "group": group}
    return Step(name=STEP, settings=settings, apply=lambda frame: keep_splits(frame, path, group=group))


def keep_splits(frame: Frame, old: Path, *, group: str = "") -> Frame:
    """Fill `split` of the kept rows from the old catalog."""
    claims = _old_claims(old)
    frame = frame.join(claims.select("uuid", col("claim").alias("uuid_claim")), on="uuid", how="left")
    for name in _HASHES:
        same = claims.where(col(name).not_null()).groupby(name).agg(col("claim").min().alias(f"{name}_claim"))
        frame = frame.join(same, on=name, how="left")
    named = [f"{name}_claim" for name in ("uuid", *_HASHES)]
    frame = frame.with_column("own_claim", _least(*(col(name) for name in named))).exclude(*named)
    frame = _add_claim(
        frame, frame.where(col("duplicate_of").not_null()), key="duplicate_of", to="uuid", name="copies_claim"
    )
    if group:
        members = frame.with_column("own_claim", coalesce(col("own_claim"), col("copies_claim")))
        frame = _add_claim(frame, members.where(col(group).not_null()), key=group, to=group, name="group_claim")
    else:
        frame = frame.with_column("group_claim", lit(None).cast("int64"))
    frame = _add_held_out(frame, held_out_lineages(old))
    return _settled(frame).exclude("own_claim", "copies_claim", "group_claim", "is_held_out")


def _old_claims(old: Path) -> Frame:
    """`uuid`, the hashes and `claim`: of each image that was kept, and of each that was dropped as a copy of one."""
    catalog = read_frame([old])
    there = {*catalog.column_names}
    text = [col(name) if name in there else lit(None).cast("string").alias(name) for name in (*_HASHES, "duplicate_of")]
    catalog = catalog.select("uuid", "drop_reason", "split", *text)
    kept = catalog.where(col("drop_reason").is_null() & col("split").not_null())
    kept = kept.select("uuid", *_HASHES, _place(col("split")).alias("claim"))
    copies = catalog.where(col("drop_reason").not_null() & col("duplicate_of").not_null())
    copies = copies.select("uuid", *_HASHES, "duplicate_of")
    onward = copies.select(col("uuid").alias("of"), col("duplicate_of").alias("of_that"))
    # a frame of a burst may have been dropped for one that was dropped as a duplicate after
    copies = copies.join(onward, left_on="duplicate_of", right_on="of", how="left")
    copies = copies.with_column("duplicate_of", coalesce(col("of_that"), col("duplicate_of")))
    claims = kept.select(col("uuid").alias("of"), "claim")
    copies = copies.join(claims, left_on="duplicate_of", right_on="of").select("uuid", *_HASHES, "claim")
    return kept.concat(copies)


def _least(*claims: daft.Expression) -> daft.Expression:
    """The strictest of several claims, null where there is none."""
    none = lit(len(_STRICTEST))
    least = none
    for claim in claims:
        known = coalesce(claim, none)
        least = when(known < least, known).otherwise(least)
    return when(least < none, least).otherwise(lit(None)).cast("int64")


def _add_claim(frame: Frame, rows: Frame, *, key: str, to: str, name: str) -> Frame:
    """The strictest claim among `rows` that share `key`, for the rows of `frame` whose `to` is that key."""
    known = rows.where(col("own_claim").not_null())
    claims = known.groupby(key).agg(col("own_claim").min().alias(name)).select(col(key).alias("claimed"), col(name))
    return frame.join(claims, left_on=to, right_on="claimed", how="left")


def _add_held_out(frame: Frame, lineages: list[str]) -> Frame:
    columns = {"lineage": pa.array(lineages, pa.string()), "is_held_out": pa.array([True] * len(lineages), pa.bool_())}
    return frame.join(daft.from_arrow(pa.table(columns)), on="lineage", how="left")


def _settled(frame: Frame) -> Frame:
    """The split of each kept row: a held-out species' is `unseen`; else the strictest claim, if there is one.

    The copies of an image are one image, so that it follows them; its group counts only where neither says anything.
    An image of a held-out species that turned out to be of another one may not be trained on: it is tested on.
    """
    none = lit(len(_STRICTEST))
    own, copies, group = (coalesce(col(name), none) for name in ("own_claim", "copies_claim", "group_claim"))
    claim = when(copies < own, copies).otherwise(own)
    claim = when(claim < none, claim).otherwise(group)
    given = coalesce(_place(col("split")), none)
    claim = when((claim < none) & (given < claim), given).otherwise(claim)
    split = col("split")
    for name, place in _STRICTEST.items():
        split = when(claim == lit(place), lit("test" if name == "unseen" else name)).otherwise(split)
    split = when(coalesce(col("is_held_out"), lit(False)), lit("unseen")).otherwise(split)
    return frame.with_column("split", when(col("drop_reason").is_null(), split).otherwise(col("split")))


def _place(split: daft.Expression) -> daft.Expression:
    place = lit(None).cast("int64")
    for name, number in _STRICTEST.items():
        place = when(split == lit(name), lit(number)).otherwise(place)
    return place.cast("int64")
