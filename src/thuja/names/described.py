"""Candidates in words: the lineage, name, rank and id of the taxon that each stands for."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from thuja.names.backbone import Backbone
from thuja.names.rows import SEVEN
from thuja.names.store import BELOW_SPECIES

_BELOW = list(BELOW_SPECIES)


def described(backbones: Sequence[Backbone], found: pl.DataFrame) -> pl.DataFrame:
    """Candidates with the lineage, name, rank, id and common name of their taxa, and a key that taxa share.

    A taxon below the species is described as its species.
    """
    parts = []
    for number, backbone in enumerate(backbones):
        part = found.filter(pl.col("backbone") == number)
        row, taxon = part["row"].to_numpy(), part["taxon"].to_numpy()
        names, held = backbone.tables.names, backbone.lineages(taxon)
        safe = np.maximum(row, 0)
        matched = pl.DataFrame(
            {
                "matched_name": names["name"].gather(safe) if len(names) else [],
                "matched_rank": names["rank"].gather(safe).cast(pl.String) if len(names) else [],
                "matched_status": names["status"].gather(safe).cast(pl.String) if len(names) else [],
            }
        ).with_columns(pl.when(pl.Series(row >= 0)).then(pl.all()))
        held = held.rename({"id": "accepted_id", "rank": "accepted_rank", "name": "accepted_name"}).drop("authorship")
        held = held.with_columns(pl.col("accepted_rank").cast(pl.String), pl.lit(backbone.name).alias("backbone_name"))
        parts.append(part.hstack(_as_species(backbone, held)).hstack(matched))
    table = pl.concat(parts) if parts else found
    return table.with_columns(
        pl.concat_str([pl.col(rank).fill_null("") for rank in SEVEN], separator="|").str.to_lowercase().alias("answer"),
    )


def _as_species(backbone: Backbone, held: pl.DataFrame) -> pl.DataFrame:
    is_below = held["accepted_rank"].is_in(_BELOW).to_numpy() & held["species"].is_not_null().to_numpy()
    rows = np.flatnonzero(is_below)
    if not len(rows):
        return held
    binomials = held["genus"].gather(rows).fill_null("") + " " + held["species"].gather(rows)
    hits = backbone.by_key(binomials.str.to_lowercase())
    taxon = backbone.tables.names["taxon"].gather(hits.found).to_numpy()
    species = backbone.lineages(taxon).with_columns(pl.Series("asked", rows[hits.asked]))
    species = species.filter(pl.col("rank").cast(pl.String) == "species").unique(
        "asked", keep="first", maintain_order=True
    )
    numbered = held.with_row_index("asked").with_columns(pl.col("asked").cast(pl.Int64))
    joined = numbered.join(species.select("asked", "id", pl.col("common").alias("of_species")), on="asked", how="left")
    below = pl.Series(is_below)
    return joined.sort("asked").with_columns(
        pl.when(below).then(pl.format("{} {}", "genus", "species")).otherwise("accepted_name").alias("accepted_name"),
        pl.when(below).then(pl.lit("species")).otherwise("accepted_rank").alias("accepted_rank"),
        pl.when(below).then("id").otherwise("accepted_id").alias("accepted_id"),
        pl.when(below).then("of_species").otherwise("common").alias("common"),
    ).drop("asked", "id", "of_species")  # fmt: skip
