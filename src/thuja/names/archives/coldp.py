"""Catalogue of Life data packages (ColDP 1.1, github.com/CatalogueOfLife/coldp).

Either one table NameUsage, or the three tables Name, Taxon and Synonym. A usage's `parentID` is the
taxon above it or, for a synonym, its accepted taxon. Without any parent ids, the ranks are columns.
"""

import polars as pl

from thuja.names.archives.archive import Archive, vernacular_frame
from thuja.names.archives.canonical import tidy_names
from thuja.names.archives.languages import language_code
from thuja.names.archives.metadata import about_archive
from thuja.names.archives.tables import Table, with_header
from thuja.names.archives.unpacking import Members
from thuja.names.archives.words import folded, rank_word, status_word, unknown_words
from thuja.names.lineages import ACCEPTED, fill_given, place

_GIVEN = ("kingdom", "phylum", "class", "order", "family", "genus")
_NAME = ("ID", "scientificName", "authorship", "rank")
_NO_TAXON = ("bare name",)
"""A name that is neither accepted nor anybody's synonym."""


def read_coldp(members: Members) -> Archive:
    """Read a ColDP archive; raises BadFile for tables without ids or names."""
    tables = _tables(members)
    written, given = _of_usages(tables["nameusage"]) if "nameusage" in tables else _of_three(tables)
    problems = unknown_words(written["status"])
    is_synonym = ~status_word(pl.col("status"), is_elsewhere=pl.lit(False)).is_in(ACCEPTED)
    frame = written.with_columns(
        rank_word(pl.col("rank")).alias("rank"),
        pl.when(is_synonym).then("parent").alias("accepted"),
        status_word(pl.col("status"), is_elsewhere=pl.lit(False)).alias("status"),
    )
    placed = place(frame.with_columns(tidy_names(frame["name"])))
    return Archive(
        about=about_archive(members, source=f"ColDP archive {members.path.name}"),
        usages=placed.usages if given is None else fill_given(placed.usages, given),
        vernaculars=_vernacular_names(tables.get("vernacularname")),
        problems=(*problems, *placed.problems),
    )


def _tables(members: Members) -> dict[str, Table]:
    stems = ("nameusage", "name", "taxon", "synonym", "vernacularname")
    names = {stem: name for stem in stems if (name := members.table(stem))}
    if "nameusage" in names:
        names = {stem: name for stem, name in names.items() if stem in ("nameusage", "vernacularname")}
    fetched = members.fetch(*names.values())
    return {stem: with_header(fetched[name], name) for stem, name in names.items()}


def _of_usages(table: Table) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Usages in the source's words, and the ranks given in columns where there are no parents."""
    table.require("ID", "scientificName", "status")
    rows = table.read([*_NAME, "status", "parentID"])
    is_taxon = ~folded(pl.col("status")).is_in(_NO_TAXON)
    # Synonyms have their accepted taxon for a parent, also where ranks are columns.
    is_synonym = ~status_word(pl.col("status"), is_elsewhere=pl.lit(False)).is_in(ACCEPTED)
    has_parents = len(rows.filter(~is_synonym & pl.col("parentID").is_not_null())) > 0
    given = None if has_parents else rows.select(pl.col("ID").alias("id")).hstack(table.read(_GIVEN))
    written = rows.filter(is_taxon).select(
        pl.col("ID").alias("id"),
        pl.col("scientificName").alias("name"),
        "authorship",
        "rank",
        "status",
        pl.col("parentID").alias("parent"),
    )
    return written, given


def _of_three(tables: dict[str, Table]) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    tables["name"].require("ID", "scientificName")
    tables["taxon"].require("ID", "nameID")
    names = tables["name"].read(_NAME).rename({"ID": "nameID", "scientificName": "name"}).unique("nameID", keep="first")
    taxa = tables["taxon"].read(["ID", "nameID", "parentID", "provisional"])
    has_parents = taxa["parentID"].null_count() < len(taxa)
    given = None if has_parents else taxa.select(pl.col("ID").alias("id")).hstack(tables["taxon"].read(_GIVEN))
    is_provisional = pl.col("provisional").str.to_lowercase().is_in(["true", "1", "t", "yes"]).fill_null(False)
    accepted = taxa.select(
        pl.col("ID").alias("id"),
        "nameID",
        pl.when(is_provisional).then(pl.lit("provisionally accepted")).otherwise(pl.lit("accepted")).alias("status"),
        pl.col("parentID").alias("parent"),
    )
    usages = [accepted]
    if "synonym" in tables:
        tables["synonym"].require("taxonID", "nameID")
        synonyms = tables["synonym"].read(["ID", "taxonID", "nameID", "status"])
        # A synonym needs no id of its own, and one name may be a synonym of two taxa.
        own = pl.concat_str(pl.col("nameID"), pl.lit("~"), pl.col("taxonID"))
        usages.append(
            synonyms.select(
                pl.coalesce("ID", own).alias("id"),
                "nameID",
                pl.col("status").fill_null("synonym"),
                pl.col("taxonID").alias("parent"),
            )
        )
    written = pl.concat(usages).join(names, on="nameID", how="left", maintain_order="left")
    return written.select("id", "name", "authorship", "rank", "status", "parent"), given


def _vernacular_names(table: Table | None) -> pl.DataFrame:
    if table is None:
        return vernacular_frame()
    table.require("taxonID", "name")
    rows = table.read(["taxonID", "name", "language", "preferred", "sourceID"])
    return vernacular_frame(
        rows.select(
            pl.col("taxonID").alias("id"),
            pl.col("name"),
            language_code(pl.col("language")).alias("language"),
            pl.col("preferred").str.to_lowercase().is_in(["true", "1", "t", "yes"]).alias("is_preferred"),
            pl.col("sourceID").alias("source"),
        )
    )
