"""What a data card counts, from the catalog alone: group-bys in a stream, so that 200 million rows fit.

The largest table is one row a taxon, source and split; everything of taxa is counted from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.errors import BadFile
from thuja.taxonomy import RANKS

RANK_NAMES = [rank.label for rank in RANKS]
UNKNOWN = "not told"
NEEDED = ("data_source", "split", "drop_reason", "dropped_by", "license_name", "license_link", *RANK_NAMES)
TAIL = ((1, 1), (2, 9), (10, 49), (50, 499), (500, None))
"""How many images a taxon has, from and to, in the table of the long tail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogCounts:
    """Tables of one catalog; all but `drops` are of the images that were kept.

    `sources`, `kingdoms` and `splits` have images, taxa and species; `kingdoms` also distinct names
    at each rank; `depth` the images by their deepest rank; `datasets` one row a data set of a source.
    """

    read: int
    kept: int
    taxa: int
    species: int
    full: int
    sources: pl.DataFrame
    kingdoms: pl.DataFrame
    depth: pl.DataFrame
    tail: pl.DataFrame
    splits: pl.DataFrame
    licences: pl.DataFrame
    kinds: pl.DataFrame
    statuses: pl.DataFrame
    drops: pl.DataFrame
    datasets: pl.DataFrame
    withheld: int


def count_catalog(catalog: Path) -> CatalogCounts:
    """Count a catalog.parquet; raises BadFile for a file that is none."""
    try:
        rows = pl.scan_parquet(catalog)
        columns = rows.collect_schema().names()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadFile(f"{catalog} is not a catalog: {str(error).splitlines()[0]}") from error
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise BadFile(f"{catalog} is not a catalog: no column {', '.join(missing)}", hint="thuja curate writes one")
    rows = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in _OPTIONAL if name not in columns)
    kept = rows.filter(pl.col("drop_reason").is_null())
    taxa = _groups(kept, ["data_source", "split", *RANK_NAMES])
    drops = _groups(rows.filter(pl.col("drop_reason").is_not_null()), ["dropped_by", "drop_reason"])
    total = int(taxa["images"].sum())
    each = taxa.group_by(RANK_NAMES).agg(pl.col("images").sum())
    return CatalogCounts(
        read=total + int(drops["images"].sum()),
        kept=total,
        taxa=each.height,
        species=_species(each),
        full=int(each.filter(pl.all_horizontal(pl.col(RANK_NAMES).is_not_null()))["images"].sum()),
        sources=_told(taxa, "data_source"),
        kingdoms=_kingdoms(taxa),
        depth=_depth(each),
        tail=_tail(each),
        splits=_told(taxa, "split"),
        licences=_groups(kept, ["license_name", "license_link"]),
        kinds=_groups(kept, ["img_type", "basis_of_record"]),
        statuses=_groups(kept, ["resolution_status"]),
        drops=drops,
        datasets=_groups(kept, ["data_source", "dataset_key", "download_doi"]),
        withheld=int(
            kept.select(pl.col("information_withheld").is_not_null().sum()).collect(engine="streaming").item()
        ),
    )


_OPTIONAL = ("img_type", "basis_of_record", "resolution_status", "dataset_key", "download_doi", "information_withheld")


def _groups(rows: pl.LazyFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Images by these columns, most first, ties by the columns; empty texts count as unknown ones."""
    filled = [pl.when(pl.col(key) != "").then(pl.col(key)).alias(key) for key in keys]
    counts = rows.select(filled).group_by(keys).agg(pl.len().cast(pl.Int64).alias("images"))
    found = counts.collect(engine="streaming")
    return found.sort("images", *keys, descending=[True, *[False] * len(keys)], nulls_last=True)


def _species(taxa: pl.DataFrame) -> int:
    named = taxa.filter(pl.col("genus").is_not_null() & pl.col("species").is_not_null())
    return named.select(RANK_NAMES).unique().height


def _told(taxa: pl.DataFrame, column: str) -> pl.DataFrame:
    """Images, taxa, species and images with all seven ranks, by a column."""
    is_species = pl.col("genus").is_not_null() & pl.col("species").is_not_null()
    is_full = pl.all_horizontal(pl.col(RANK_NAMES).is_not_null())
    lineages = taxa.group_by(column, *RANK_NAMES).agg(pl.col("images").sum())
    counts = lineages.group_by(column).agg(
        pl.col("images").sum(),
        pl.len().cast(pl.Int64).alias("taxa"),
        is_species.sum().cast(pl.Int64).alias("species"),
        pl.col("images").filter(is_full).sum().alias("full"),
    )
    return counts.sort("images", column, descending=[True, False], nulls_last=True)


def _kingdoms(taxa: pl.DataFrame) -> pl.DataFrame:
    """Images by kingdom, and how many distinct lineages there are down to each rank that is named."""
    images = taxa.group_by("kingdom").agg(pl.col("images").sum())
    for number, rank in enumerate(RANK_NAMES[1:], 1):
        lineages = taxa.filter(pl.col(rank).is_not_null()).select(RANK_NAMES[: number + 1]).unique()
        counts = lineages.group_by("kingdom").agg(pl.len().cast(pl.Int64).alias(rank))
        images = images.join(counts, on="kingdom", how="left", nulls_equal=True)
    filled = images.with_columns(pl.col(RANK_NAMES[1:]).fill_null(0))
    return filled.sort("images", "kingdom", descending=[True, False], nulls_last=True)


def _depth(taxa: pl.DataFrame) -> pl.DataFrame:
    """Images and taxa by the deepest rank that has a name."""
    deepest = pl.coalesce(
        pl.when(pl.col(rank).is_not_null()).then(pl.lit(number))
        for number, rank in reversed(list(enumerate(RANK_NAMES)))
    )
    counts = taxa.group_by(deepest.fill_null(-1).alias("rank")).agg(
        pl.col("images").sum(), pl.len().cast(pl.Int64).alias("taxa")
    )
    named = pl.col("rank").replace_strict({-1: "none", **dict(enumerate(RANK_NAMES))}, return_dtype=pl.String)
    return counts.sort("rank", descending=True).with_columns(named)


def _tail(taxa: pl.DataFrame) -> pl.DataFrame:
    """How many taxa have how many images."""
    rows = []
    for low, high in TAIL:
        chosen = taxa.filter(pl.col("images").is_between(low, high if high is not None else 2**62))
        name = str(low) if low == high else f"{low} to {high}" if high else f"{low} and more"
        rows.append({"images a taxon": name, "taxa": chosen.height, "images": int(chosen["images"].sum())})
    return pl.DataFrame(rows)
