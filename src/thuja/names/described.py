"""Candidates in words: the lineage, name, rank and id of the taxon that each stands for."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from thuja.names.backbone import Backbone
from thuja.names.queries import lineage_key
from thuja.names.rows import SEVEN
from thuja.names.spelling import folded
from thuja.names.store import BELOW_SPECIES

_BELOW = list(BELOW_SPECIES)
_USUAL = [*SEVEN, "hybrid"]


def described(backbones: Sequence[Backbone], found: pl.DataFrame) -> pl.DataFrame:
    """Candidates with the lineage, name, rank, id and common name of their taxa, and a key that taxa share.

    A taxon below the species is described as its species, and one that a preferred backbone knows too by
    that one's lineage: a taxon has one lineage, whichever backbone its name was found in.
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
        held = _as_species(backbone, held)
        for preferred in reversed(backbones[:number]):
            held = _as_known_to(preferred, held)
        parts.append(part.hstack(held).hstack(matched))
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
    kingdom = held["kingdom"].gather(rows[hits.asked]).fill_null("")
    is_same = (species["rank"].cast(pl.String) == "species") & (species["kingdom"].fill_null("") == kingdom)
    species = species.filter(is_same).unique("asked", keep="first", maintain_order=True)
    numbered = held.with_row_index("asked").with_columns(pl.col("asked").cast(pl.Int64))
    joined = numbered.join(species.select("asked", "id", pl.col("common").alias("of_species")), on="asked", how="left")
    below = pl.Series(is_below)
    return joined.sort("asked").with_columns(
        pl.when(below).then(pl.format("{} {}", "genus", "species")).otherwise("accepted_name").alias("accepted_name"),
        pl.when(below).then(pl.lit("species")).otherwise("accepted_rank").alias("accepted_rank"),
        pl.when(below).then("id").otherwise("accepted_id").alias("accepted_id"),
        pl.when(below).then("of_species").otherwise("common").alias("common"),
    ).drop("asked", "id", "of_species")  # fmt: skip


def _as_known_to(backbone: Backbone, held: pl.DataFrame) -> pl.DataFrame:
    """The same taxa; where this backbone has one of the name in the kingdom, that one, or else its genus's lineage."""
    kingdoms = held.select(lineage_key(pl.col("kingdom"), "kingdom")).to_series()
    numbered = held.with_row_index("asked").with_columns(pl.col("asked").cast(pl.Int64))
    taxa = _the_one(backbone, held["accepted_name"], held["accepted_rank"], kingdoms=kingdoms)
    numbered = numbered.join(
        taxa.rename(lambda name: _NEW.get(name, name)), on="asked", how="left", maintain_order="left"
    )
    is_known = pl.col("new_id").is_not_null()
    is_other = pl.Series(held["species"].is_null() | held["accepted_rank"].is_in(["genus"]))
    genera = pl.select(pl.when(~is_other).then(held["genus"])).to_series()
    genus = _the_one(backbone, genera, pl.Series(["genus"] * len(held), dtype=pl.String), kingdoms=kingdoms)
    genus = genus.select("asked", *(pl.col(rank).alias(f"genus_{rank}") for rank in SEVEN[:-1]))
    numbered = numbered.join(genus, on="asked", how="left", maintain_order="left")
    above = [
        pl.when(is_known).then(f"new_{rank}").when(pl.col("genus_genus").is_not_null()).then(f"genus_{rank}")
        .otherwise(rank).alias(rank)
        for rank in SEVEN[:-1]
    ]  # fmt: skip
    own = [
        pl.when(is_known).then(f"new_{name}").otherwise(column).alias(column)
        for name, column in (("species", "species"), ("id", "accepted_id"), ("name", "accepted_name"))
    ]
    return numbered.with_columns(
        *above,
        *own,
        pl.coalesce("new_common", "common").alias("common"),
        pl.when(is_known).then(pl.lit(backbone.name)).otherwise("backbone_name").alias("backbone_name"),
    ).select(held.columns)


_NEW = {name: f"new_{name}" for name in (*SEVEN, "id", "name", "common")}


def _the_one(backbone: Backbone, names: pl.Series, ranks: pl.Series, *, kingdoms: pl.Series) -> pl.DataFrame:
    """The one taxon of each name and rank in its kingdom, with `asked`; no row where there are several."""
    keys = names.fill_null("").to_frame("name").select(folded(pl.col("name"))).to_series()
    hits = backbone.by_key(keys)
    known = backbone.lineages(backbone.tables.names["taxon"].gather(hits.found).to_numpy())
    theirs = known.select(lineage_key(pl.col("kingdom"), "kingdom")).to_series()
    is_same = (known["rank"].cast(pl.String) == ranks.gather(hits.asked)) & (theirs == kingdoms.gather(hits.asked))
    known = known.with_columns(pl.Series("asked", hits.asked)).filter(is_same & ranks.gather(hits.asked).is_in(_USUAL))
    known = known.unique(["asked", "id"], maintain_order=True).filter(pl.len().over("asked") == 1)
    return known.select("asked", *SEVEN, "id", "name", "common")
