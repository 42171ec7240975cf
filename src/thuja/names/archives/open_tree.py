"""The Open Tree of Life's taxonomy: taxonomy.tsv, synonyms.tsv, forwards.tsv, version.txt.

Layout and flags: doc/interim-format.md and doc/taxon-flags.md of OpenTreeOfLife/reference-taxonomy.
"""

import polars as pl

from thuja.names.archives.archive import FURTHER_ID_SCHEMA, Archive, vernacular_frame
from thuja.names.archives.canonical import tidy_names
from thuja.names.archives.ncbi import other_names
from thuja.names.archives.tables import barred, first_line, with_header
from thuja.names.archives.unpacking import Members
from thuja.names.archives.words import STATUS_WORDS, rank_word
from thuja.names.lineages import ACCEPTED, place
from thuja.names.store import About

LEFT_OUT = ("not_otu", "environmental", "environmental_inherited", "was_container", "inconsistent", "merged")
"""Flags of what is no taxon: containers, tombstones, samples. Their names are not offered at all."""

PROVISIONAL = ("hidden", "hidden_inherited", "viral", "barren")
"""Flags of taxa that the Open Tree keeps out of sight. Extinct, hybrid, infraspecific taxa and those of
uncertain place (incertae_sedis, unplaced, major_rank_conflict) are accepted like any other."""

_OTHERS = tuple(word for word, status in STATUS_WORDS.items() if status not in ACCEPTED)
_COMMON = ("genbank common name", "common name")


def read_open_tree(members: Members) -> Archive:
    """Read the Open Tree's taxonomy; raises BadFile where a column is missing."""
    paths = members.fetch("taxonomy.tsv", "synonyms.tsv", "forwards.tsv", "version.txt")
    table = barred(paths["taxonomy.tsv"], "taxonomy.tsv")
    table.require("uid", "parent_uid", "name", "rank")
    taxa = table.read(["uid", "parent_uid", "name", "rank", "flags"])
    names = pl.DataFrame(schema={"id": pl.String, "name": pl.String, "class": pl.String})
    if "synonyms.tsv" in paths:
        synonyms = barred(paths["synonyms.tsv"], "synonyms.tsv")
        synonyms.require("uid", "name")
        names = synonyms.read(["uid", "name", "type"]).rename({"uid": "id", "type": "class"})
        names = names.with_columns(pl.col("class").fill_null("synonym"))
    accepted, no_taxa = _accepted(taxa)
    written = pl.concat([accepted, other_names(accepted, names.filter(pl.col("class").is_in(_OTHERS)))])
    placed = place(written.with_columns(pl.lit(None, dtype=pl.String).alias("authorship")))
    kept = placed.usages.filter(~pl.col("accepted").is_in(no_taxa.implode()))
    version = first_line(paths["version.txt"], "version.txt").strip() if "version.txt" in paths else ""
    return Archive(
        about=About(
            name="ott",
            version=version.removeprefix("ott"),
            title="Open Tree of Life taxonomy",
            licence="CC0",
            url="https://tree.opentreeoflife.org/about/taxonomy-version",
            source=f"Open Tree taxonomy {members.path.name}",
        ),
        usages=kept,
        vernaculars=_vernacular_names(names),
        further_ids=_forwards(members),
        problems=placed.problems,
    )


def _accepted(taxa: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The usages of the nodes, and the ids of those that are no taxa, which lineages pass through all the same."""
    flags = pl.col("flags").fill_null("").str.split(",").list.eval(pl.element().str.strip_chars())
    marked = taxa.with_columns(
        flags.list.set_intersection(list(LEFT_OUT)).list.len().gt(0).alias("is_no_taxon"),
        flags.list.set_intersection(list(PROVISIONAL)).list.len().gt(0).alias("is_provisional"),
    )
    accepted = marked.select(
        pl.col("uid").alias("id"),
        pl.col("name"),
        rank_word(pl.col("rank")).alias("rank"),
        pl.when("is_provisional").then(pl.lit("provisional")).otherwise(pl.lit("accepted")).alias("status"),
        pl.col("parent_uid").alias("parent"),
        pl.lit(None, dtype=pl.String).alias("accepted"),
    )
    return accepted.with_columns(tidy_names(accepted["name"])), marked.filter("is_no_taxon")["uid"]


def _vernacular_names(names: pl.DataFrame) -> pl.DataFrame:
    common = names.filter(pl.col("class").is_in(_COMMON))
    return vernacular_frame(
        common.select(
            "id",
            "name",
            pl.lit("en").alias("language"),
            (pl.col("class") == _COMMON[0]).alias("is_preferred"),
            pl.lit("Open Tree").alias("source"),
        )
    )


def _forwards(members: Members) -> pl.DataFrame:
    if "forwards.tsv" not in members or not members.by_name["forwards.tsv"].size:
        return pl.DataFrame(schema=FURTHER_ID_SCHEMA)
    table = with_header(members.fetch("forwards.tsv")["forwards.tsv"], "forwards.tsv")
    table.require("id", "replacement")
    return table.read(["id", "replacement"]).rename({"replacement": "accepted"})
