"""The counts of a catalog, for card and report alike: a few group-bys over narrow columns, in a stream.

The largest result has a row per taxon, source and split: some millions of rows for 200 million images. What a rank and
a species are is said here once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from thuja.errors import BadFile
from thuja.taxonomy import RANKS

RANK_NAMES = [rank.label for rank in RANKS]
NEEDED = ("data_source", "split", "drop_reason", "dropped_by", "license_name", "license_link", *RANK_NAMES)
_OPTIONAL = (
    "img_type", "basis_of_record", "resolution_status", "dataset_key", "download_doi", "publisher", "country_code",
    "event_date", "sex", "life_stage", "leak_of", "information_withheld",
)  # fmt: skip
"""Columns that a table made elsewhere may lack."""
_DEEPEST = {"family": 5, "genus": 6, "species": 7}
"""Ranks that are counted as distinct lineages, and how many names of a lineage say which one it is."""
_SEPARATOR: Final = "\x1f"

YEAR: Final = pl.col("event_date").str.extract(r"^(1[6-9]\d\d|20\d\d)\b")
"""The year of a date that can be, of an image."""
_GROUPS: Mapping[str, Mapping[str, pl.Expr]] = {
    "licences": {name: pl.col(name) for name in ("license_name", "license_link")},
    "kinds": {name: pl.col(name) for name in ("img_type", "basis_of_record")},
    "statuses": {"resolution_status": pl.col("resolution_status")},
    "datasets": {name: pl.col(name) for name in ("data_source", "dataset_key", "download_doi")},
    "publisher": {"value": pl.col("publisher")},
    "country_code": {"value": pl.col("country_code")},
    "year": {"value": YEAR},
    "sex": {"value": pl.col("sex")},
    "life_stage": {"value": pl.col("life_stage")},
}
"""What kept images are counted by, besides taxa."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Small frames, each with a column `images`; all but `drops` and `leaks` are of kept images only.

    taxa: data_source, split, the seven ranks, keys of family, genus and species, depth (0 to 7), is_full.
    drops: dropped_by, drop_reason, data_source. leaks: benchmark, key, is_kept. licences, kinds, statuses and datasets
    have the columns of _GROUPS; each of `facts` one column, `value`. Empty texts count as unknown ones: null.
    """

    taxa: pl.DataFrame
    drops: pl.DataFrame
    leaks: pl.DataFrame
    licences: pl.DataFrame
    kinds: pl.DataFrame
    statuses: pl.DataFrame
    datasets: pl.DataFrame
    facts: Mapping[str, pl.DataFrame]
    withheld: int

    @property
    def kept(self) -> int:
        """How many images were kept."""
        return int(self.taxa["images"].sum())

    @property
    def read(self) -> int:
        """How many images the catalog speaks of."""
        return self.kept + int(self.drops["images"].sum())


def count_catalog(rows: pl.LazyFrame) -> Counts:
    """Count the rows of a catalog, see `outputs.scan_catalog`; raises BadFile where it lacks what a catalog has."""
    there = rows.collect_schema().names()
    missing = [name for name in NEEDED if name not in there]
    if missing:
        raise BadFile(f"the table is not a catalog: no column {', '.join(missing)}", hint="thuja curate writes one")
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in _OPTIONAL if name not in there)
    is_kept = pl.col("drop_reason").is_null()
    kept = rows.filter(is_kept)
    groups = {name: _count(kept, by) for name, by in _GROUPS.items()}
    tables = {name: groups.pop(name) for name in ("licences", "kinds", "statuses", "datasets")}
    is_withheld = pl.col("information_withheld").is_not_null()
    return Counts(
        taxa=_keyed(_count(kept, {name: pl.col(name) for name in ("data_source", "split", *RANK_NAMES)})),
        drops=_count(rows.filter(~is_kept), {n: pl.col(n) for n in ("dropped_by", "drop_reason", "data_source")}),
        leaks=_leaks(rows),
        facts=groups,
        withheld=int(kept.select(is_withheld.sum()).collect(engine="streaming").item()),
        **tables,
    )


def totals(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Images by some columns of a count, most first, ties by the columns."""
    return _ordered(frame.group_by(columns).agg(pl.col("images").sum()))


def has_rank(rank: str) -> pl.Expr:
    """Whether there is a name at a rank. A species without a genus is a label that nobody could place."""
    named = pl.col(rank).is_not_null()
    return named & pl.col("genus").is_not_null() if rank == "species" else named


def distinct(counts: Counts) -> list[int]:
    """Distinct taxa, species, genera and families of the kept images."""
    keys = counts.taxa.select(
        pl.col("lineage_key").n_unique(),
        *(pl.col(f"{name}_key").drop_nulls().n_unique() for name in ("species", "genus", "family")),
    )
    return [int(count) for count in keys.row(0)]


def full_labels(counts: Counts) -> int:
    """Kept images with a name at all seven ranks."""
    return int(counts.taxa.filter("is_full")["images"].sum())


def _count(rows: pl.LazyFrame, by: Mapping[str, pl.Expr]) -> pl.DataFrame:
    filled = [pl.when(part != "").then(part).alias(name) for name, part in by.items()]
    groups = rows.select(filled).group_by(list(by)).agg(images=pl.len().cast(pl.Int64))
    return _ordered(groups.collect(engine="streaming"))


def _ordered(counts: pl.DataFrame) -> pl.DataFrame:
    by = [name for name in counts.columns if name != "images"]
    return counts.sort("images", *by, descending=[True, *[False] * len(by)], nulls_last=True)


def _keyed(taxa: pl.DataFrame) -> pl.DataFrame:
    filled = [pl.col(rank).fill_null("") for rank in RANK_NAMES]
    keys = {
        f"{name}_key": pl.when(has_rank(name)).then(pl.concat_str(filled[:depth], separator=_SEPARATOR))
        for name, depth in _DEEPEST.items()
    }
    depth = pl.max_horizontal(
        pl.when(has_rank(name)).then(pl.lit(number)).otherwise(pl.lit(0))
        for number, name in enumerate(RANK_NAMES, start=1)
    )
    is_full = pl.all_horizontal(has_rank(name) for name in RANK_NAMES)
    lineage = pl.concat_str(filled, separator=_SEPARATOR)
    return taxa.with_columns(lineage_key=lineage, depth=depth, is_full=is_full, **keys)


def _leaks(rows: pl.LazyFrame) -> pl.DataFrame:
    """One row a benchmark and key; an image found by several keys counts for each."""
    found = rows.filter(pl.col("leak_of").is_not_null()).select(
        pl.col("leak_of").str.split(";").alias("leak"), is_kept=pl.col("drop_reason").is_null()
    )
    parts = found.explode("leak").filter(pl.col("leak") != "")
    named = parts.select(
        "is_kept",
        benchmark=pl.col("leak").str.replace(r":[^:]*$", ""),
        key=pl.col("leak").str.extract(r":([^:]*)$"),
    )
    groups = named.group_by("benchmark", "key", "is_kept").agg(images=pl.len().cast(pl.Int64))
    return groups.collect(engine="streaming").sort("benchmark", "key", "is_kept", nulls_last=True)
