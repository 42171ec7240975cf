"""The tables of a data card, made from the counts of its catalog."""

from dataclasses import dataclass

import polars as pl

from thuja.curate.catalog_counts import RANK_NAMES, Counts, distinct, full_labels, has_rank, totals

UNKNOWN = "not told"
TAIL = ((1, 1), (2, 9), (10, 49), (50, 499), (500, None))
"""How many images a taxon has, from and to, in the table of the long tail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTables:
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


def card_tables(counts: Counts) -> CardTables:
    """What a card tells of these counts."""
    taxa, species, *_ = distinct(counts)
    return CardTables(
        read=counts.read,
        kept=counts.kept,
        taxa=taxa,
        species=species,
        full=full_labels(counts),
        sources=_told(counts.taxa, "data_source"),
        kingdoms=_kingdoms(counts.taxa),
        depth=_depth(counts.taxa),
        tail=_tail(counts.taxa),
        splits=_told(counts.taxa, "split"),
        licences=counts.licences,
        kinds=counts.kinds,
        statuses=counts.statuses,
        drops=totals(counts.drops, "dropped_by", "drop_reason"),
        datasets=counts.datasets,
        withheld=counts.withheld,
    )


def _told(taxa: pl.DataFrame, column: str) -> pl.DataFrame:
    """Images, taxa, species and images with all seven ranks, by a column."""
    counts = taxa.group_by(column).agg(
        pl.col("images").sum(),
        pl.col("lineage_key").n_unique().cast(pl.Int64).alias("taxa"),
        pl.col("species_key").drop_nulls().n_unique().cast(pl.Int64).alias("species"),
        pl.col("images").filter(pl.col("is_full")).sum().alias("full"),
    )
    return counts.sort("images", column, descending=[True, False], nulls_last=True)


def _kingdoms(taxa: pl.DataFrame) -> pl.DataFrame:
    """Images by kingdom, and how many distinct lineages there are down to each rank that is named."""
    images = taxa.group_by("kingdom").agg(pl.col("images").sum())
    for number, rank in enumerate(RANK_NAMES[1:], 1):
        lineages = taxa.filter(has_rank(rank)).select(RANK_NAMES[: number + 1]).unique()
        counts = lineages.group_by("kingdom").agg(pl.len().cast(pl.Int64).alias(rank))
        images = images.join(counts, on="kingdom", how="left", nulls_equal=True)
    filled = images.with_columns(pl.col(RANK_NAMES[1:]).fill_null(0))
    return filled.sort("images", "kingdom", descending=[True, False], nulls_last=True)


def _depth(taxa: pl.DataFrame) -> pl.DataFrame:
    """Images and taxa by the deepest rank that has a name."""
    counts = taxa.group_by("depth").agg(
        pl.col("images").sum(), pl.col("lineage_key").n_unique().cast(pl.Int64).alias("taxa")
    )
    named = pl.col("depth").replace_strict({0: "none", **dict(enumerate(RANK_NAMES, 1))}, return_dtype=pl.String)
    return counts.sort("depth", descending=True).select(named.alias("rank"), "images", "taxa")


def _tail(taxa: pl.DataFrame) -> pl.DataFrame:
    """How many taxa have how many images."""
    taxa = taxa.group_by("lineage_key").agg(pl.col("images").sum())
    rows = []
    for low, high in TAIL:
        chosen = taxa.filter(pl.col("images").is_between(low, high if high is not None else 2**62))
        name = str(low) if low == high else f"{low} to {high}" if high else f"{low} and more"
        rows.append({"images a taxon": name, "taxa": chosen.height, "images": int(chosen["images"].sum())})
    return pl.DataFrame(rows)
