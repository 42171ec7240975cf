"""What a newer backbone says otherwise than an older one."""

from enum import StrEnum

import polars as pl

from thuja.names.backbone import Backbone
from thuja.names.spelling import keyed
from thuja.names.store import ACCEPTED, LINEAGE


class Change(StrEnum):
    """What happened to a name."""

    ADDED = "added"
    GONE = "gone"
    NOW_SYNONYM = "now a synonym"
    NOW_ACCEPTED = "now accepted"
    OTHER_TAXON = "of another taxon"
    RANK = "re-ranked"
    LINEAGE = "moved"


def changes(old: Backbone, new: Backbone, *, only: pl.Series | None = None) -> pl.DataFrame:
    """The names that the backbones differ in, sorted: `name`, `change`, `old`, `new` (what each says of it).

    A name of several kingdoms is compared kingdom by kingdom. `only` confines it to these names.
    """
    keys = None if only is None else only.to_frame("name").select(keyed(pl.col("name")).alias("key")).unique()
    before, after = _said(old, keys), _said(new, keys)
    several = pl.concat([before, after]).group_by("key").agg(pl.col("kingdom").n_unique().alias("kingdoms"))
    several = several.filter(pl.col("kingdoms") > 1).select("key", pl.lit(value=True).alias("is_several"))
    both = _by_kingdom(before, several).join(
        _by_kingdom(after, several), on=["key", "within"], how="full", coalesce=True, suffix="_new", nulls_equal=True
    )
    table = both.with_columns(_change().alias("change")).filter(pl.col("change").is_not_null())
    name = pl.coalesce("name", "name_new")
    shown = table.select(name.alias("name"), "change", pl.col("said").alias("old"), pl.col("said_new").alias("new"))
    return shown.sort("name", "change", "old", "new")


def _said(backbone: Backbone, keys: pl.DataFrame | None) -> pl.DataFrame:
    """What a backbone says of each of its names: `key, name, kingdom, is_accepted, accepted, rank, above`."""
    names = backbone.tables.names.select("key", "name", "rank", "status", "taxon", "authorship")
    if keys is not None:
        names = names.join(keys, on="key", how="semi")
    taxa = backbone.tables.taxa[names["taxon"].cast(pl.Int64).to_numpy()]
    above = backbone.tables.lineages[taxa["lineage"].cast(pl.Int64).to_numpy()]
    lineage = above.select(pl.concat_str([pl.col(rank).fill_null("-") for rank in LINEAGE[:-1]], separator=" > "))
    return names.select(
        "key",
        "name",
        above["kingdom"],
        pl.col("status").cast(pl.String).is_in(list(ACCEPTED)).alias("is_accepted"),
        taxa["name"].alias("accepted"),
        pl.col("rank").cast(pl.String),
        lineage.to_series().alias("above"),
    )  # fmt: skip


def _by_kingdom(said: pl.DataFrame, several: pl.DataFrame) -> pl.DataFrame:
    """A row a name, or a name and kingdom where it stands in several: what is said of it, of all its taxa."""
    rows = said.join(several, on="key", how="left").with_columns(
        pl.when(pl.col("is_several")).then("kingdom").alias("within"),
        pl.when("is_accepted")
        .then(pl.lit("accepted"))
        .otherwise(pl.concat_str(pl.lit("= "), "accepted"))
        .alias("status"),
    )
    parts = {name: pl.col(name).unique().sort().str.join("; ") for name in ("status", "rank", "above", "accepted")}
    grouped = rows.group_by("key", "within").agg(
        pl.col("name").min(), pl.col("is_accepted").any(), *(part.alias(name) for name, part in parts.items())
    )
    said_of = pl.concat_str("rank", pl.lit(", "), "status", pl.lit(", "), "above")
    return grouped.with_columns(said_of.alias("said"))


def _change() -> pl.Expr:
    is_here, was_here = pl.col("name_new").is_not_null(), pl.col("name").is_not_null()
    differs = {name: pl.col(name) != pl.col(f"{name}_new") for name in ("accepted", "rank", "above")}
    was, is_ = pl.col("is_accepted"), pl.col("is_accepted_new")
    return (
        pl.when(~was_here).then(pl.lit(str(Change.ADDED)))
        .when(~is_here).then(pl.lit(str(Change.GONE)))
        .when(was & ~is_).then(pl.lit(str(Change.NOW_SYNONYM)))
        .when(~was & is_).then(pl.lit(str(Change.NOW_ACCEPTED)))
        .when(differs["rank"]).then(pl.lit(str(Change.RANK)))
        .when(differs["accepted"]).then(pl.lit(str(Change.OTHER_TAXON)))
        .when(differs["above"]).then(pl.lit(str(Change.LINEAGE)))
    )  # fmt: skip
