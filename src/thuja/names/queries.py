"""What is asked, as columns: names taken apart, and the lineages they came with in one form."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from thuja.names.backbone import Backbone
from thuja.names.spelling import folded, folded_common
from thuja.names.store import LINEAGE
from thuja.names.written import PLACEHOLDERS, WrittenName, read_name

KINGDOMS = {
    "metazoa": "animalia",
    "viridiplantae": "plantae",
    "archaeplastida": "plantae",
    "chloroplastida": "plantae",
    "eumycota": "fungi",
    "eubacteria": "bacteria",
    "monera": "bacteria",
    "protista": "protozoa",
    "archaebacteria": "archaea",
    "virus": "viruses",
}
"""Other names of kingdoms (NCBI's, Open Tree's, older ones), folded."""
NO_KINGDOMS = ("eukaryota", "eukarya", "biota", "life", "incertae sedis")
"""What stands in a kingdom's column and says nothing."""

FAMILIES = {
    "compositae": "asteraceae",
    "cruciferae": "brassicaceae",
    "gramineae": "poaceae",
    "guttiferae": "clusiaceae",
    "labiatae": "lamiaceae",
    "leguminosae": "fabaceae",
    "palmae": "arecaceae",
    "umbelliferae": "apiaceae",
}
"""The eight families of plants that have two names by the botanical code (Article 18.5), folded."""

_PARTS = (
    "text",
    "key",
    "canonical",
    "binomial",
    "genus",
    "epithet",
    "infraspecific",
    "qualifier",
    "authorship",
    "kind",
)
_FOLDED = ("key", "canonical", "binomial", "genus", "epithet", "infraspecific")
_BINOMIAL = r"^[^\s×]+ [^\s×]+$"


def lineage_key(name: pl.Expr, rank: str) -> pl.Expr:
    """A higher taxon's name as it is compared: folded, placeholders empty, kingdoms under one name."""
    key = folded(name.fill_null(""))
    key = pl.when(key.is_in(list(PLACEHOLDERS))).then(pl.lit("")).otherwise(key)
    if rank == "kingdom":
        key = key.replace(KINGDOMS)
        key = pl.when(key.is_in(NO_KINGDOMS)).then(pl.lit("")).otherwise(key)
    # A label in the column of a rank ("barn owl" as the class) is no taxon's name.
    key = pl.when(key.str.contains(" ", literal=True)).then(pl.lit("")).otherwise(key)
    return key.replace(FAMILIES) if rank == "family" else key


def take_apart(names: pl.Series, backbones: Sequence[Backbone]) -> pl.DataFrame:
    """The parts of each name, folded (but `text`, `qualifier`, `authorship`, `lineage`), a row a name.

    A binomial that a backbone holds as it is written needs no parser: the parser would part it at its blank.
    """
    table = pl.DataFrame({"text": names}).with_columns(folded(pl.col("text")).replace(FAMILIES).alias("key"))
    is_known = pl.Series(np.any([is_binomial_of(backbone, table["key"]) for backbone in backbones], axis=0))
    parts = table["key"].str.split_exact(" ", 1).struct.unnest()
    known = table.with_columns(
        *(pl.col("key").alias(name) for name in ("canonical", "binomial")),
        parts["field_0"].alias("genus"),
        parts["field_1"].alias("epithet"),
        *(pl.lit("").alias(name) for name in ("infraspecific", "qualifier", "authorship", "kind")),
        pl.lit(None, pl.List(pl.String)).alias("lineage"),
    ).select(*_PARTS, "lineage")
    known = known.with_columns(pl.col("text").str.replace_all(r"[\s_]+", " ").str.strip_chars()).with_row_index("row")
    rest = pl.DataFrame(
        [_row(read_name(name)) for name in names.filter(~is_known)],
        schema={**dict.fromkeys(_PARTS, pl.String), "lineage": pl.List(pl.String)},
        orient="row",
    )
    rest = rest.with_columns(folded(pl.col(_FOLDED))).with_columns(pl.col("key").replace(FAMILIES))
    rest = rest.with_columns(known.filter(~is_known)["row"])
    table = pl.concat([known.filter(is_known), rest.select(known.columns)]).sort("row").drop("row")
    return table.with_columns(folded_common(pl.col("text")).alias("common_key"))


def is_binomial_of(backbone: Backbone, keys: pl.Series) -> np.ndarray:
    """Whether each key is a binomial that the backbone holds at the rank of species.  (N,) bool"""
    hits = backbone.by_key(keys)
    names = backbone.tables.names
    is_species = (names["rank"].gather(hits.found) == "species").to_numpy()
    is_species &= names["epithet"].gather(hits.found).is_not_null().to_numpy()
    held = np.zeros(len(keys), bool)
    held[hits.asked[is_species]] = True
    return np.asarray(held & keys.str.contains(_BINOMIAL).to_numpy())


def _row(written: WrittenName) -> tuple[object, ...]:
    return (
        written.text,
        written.text,
        written.canonical,
        written.binomial,
        written.genus,
        written.epithet.removeprefix("× "),
        written.infraspecific,
        written.qualifier,
        written.authorship,
        written.kind,
        list(written.lineage.names[: len(LINEAGE)]) if written.lineage.rank is not None else None,
    )
