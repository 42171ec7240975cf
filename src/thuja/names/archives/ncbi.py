"""NCBI's taxdump: nodes.dmp, names.dmp and merged.dmp, of taxdump.tar.gz or taxdmp.zip.

Each node has one scientific name and any number of others, told apart by their name class (the
archive's readme.txt). Its kingdoms are sparse: thuja.names.lineages maps Metazoa and Viridiplantae, and lets the
domains Bacteria and Archaea, and Viruses, stand for one.
"""

from datetime import UTC, datetime

import polars as pl

from thuja.errors import BadFile
from thuja.names.archives.archive import FURTHER_ID_SCHEMA, Archive, vernacular_frame
from thuja.names.archives.canonical import split_author, tidy_names
from thuja.names.archives.tables import barred
from thuja.names.archives.unpacking import Members
from thuja.names.archives.words import STATUS_WORDS, rank_word
from thuja.names.lineages import place
from thuja.names.store import About

_COMMON = ("genbank common name", "common name")
_OTHERS = tuple(word for word, status in STATUS_WORDS.items() if status in ("synonym", "misspelling"))
_ROOT = "1"
_MAX_AUTHORITIES = 20
INFORMAL = (
    r"(?i)\b(?:sp|cf|aff|nr|gen)\. |\bsp\.$|uncultured|unclassified|unidentified|environmental|metagenome|unknown"
)
"""What stands in the names of things that were sequenced, and not described: they are provisional."""


def read_ncbi(members: Members) -> Archive:
    """Read a taxdump. Name classes that name no one taxon (in-part, includes, acronym, blast name, type
    material) are left out; names of undescribed things are provisional. Raises BadFile for other layouts.
    """
    paths = members.fetch("nodes.dmp", "names.dmp", "merged.dmp")
    if "names.dmp" not in paths:
        raise BadFile(f"{members.path} has nodes.dmp but no names.dmp", hint="fetch taxdump.tar.gz again")
    nodes = barred(paths["nodes.dmp"], "nodes.dmp", ["id", "parent", "rank"]).read(["id", "parent", "rank"])
    names = barred(paths["names.dmp"], "names.dmp", ["id", "name", "unique", "class"]).read(["id", "name", "class"])
    further = pl.DataFrame(schema=FURTHER_ID_SCHEMA)
    if "merged.dmp" in paths and members.by_name["merged.dmp"].size:
        further = barred(paths["merged.dmp"], "merged.dmp", ["id", "accepted"]).read(["id", "accepted"])
    placed = place(_written(nodes, names))
    made = datetime.fromtimestamp(paths["nodes.dmp"].stat().st_mtime, tz=UTC)
    return Archive(
        about=About(
            name="ncbi",
            version=made.date().isoformat(),
            title="NCBI Taxonomy",
            licence="public domain",
            url="https://www.ncbi.nlm.nih.gov/taxonomy",
            source=f"NCBI taxdump {members.path.name}",
        ),
        # "root" is nobody's name.
        usages=placed.usages.filter(pl.col("accepted") != _ROOT),
        vernaculars=_vernacular_names(names),
        further_ids=further,
        problems=placed.problems,
    )


def _written(nodes: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    # The root is its own parent by design; any other that is, is a fault.
    rooted = nodes.with_columns(pl.when(pl.col("id") != _ROOT).then("parent").alias("parent"))
    scientific = names.filter(pl.col("class") == "scientific name").unique("id", keep="first").select("id", "name")
    taxa = rooted.join(scientific, on="id", how="left", maintain_order="left")
    is_informal = pl.col("name").str.contains(INFORMAL).fill_null(False)
    accepted = taxa.select(
        "id",
        "name",
        rank_word(pl.col("rank")).alias("rank"),
        pl.when(is_informal).then(pl.lit("provisional")).otherwise(pl.lit("accepted")).alias("status"),
        "parent",
        pl.lit(None, dtype=pl.String).alias("accepted"),
    )
    written = pl.concat([accepted, other_names(accepted, names.filter(pl.col("class").is_in(_OTHERS)))])
    authored = _with_authors(written, names.filter(pl.col("class") == "authority").select("id", "name"))
    return authored.with_columns(tidy_names(authored["name"]))


def other_names(accepted: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Usages of the further names (`id` of the node, `name`, `class`), which have no ids of their own: they
    get the node's with a number. Authors are cut off; what then repeats one of the node's names is left out.
    """
    tidied = names.with_columns(tidy_names(names["name"]))
    bare, author = split_author(pl.col("name"))
    # A strain's name ends like an author's: only a year tells them apart.
    is_dated = author.str.contains(r"\b(?:1[6-9]|20)\d\d\b").fill_null(False)
    cut = tidied.with_columns(pl.when(is_dated).then(bare).otherwise("name").alias("name"))
    own = accepted.select("id", tidy_names(accepted["name"]))
    fresh = cut.unique(["id", "name"], keep="first", maintain_order=True).join(
        own, on=["id", "name"], how="anti", maintain_order="left"
    )
    of_node = fresh.join(accepted.select("id", "rank"), on="id", how="inner", maintain_order="left")
    number = pl.int_range(1, pl.len() + 1).over("id").cast(pl.String)
    return of_node.select(
        pl.concat_str(pl.col("id"), pl.lit("~"), number).alias("id"),
        "name",
        "rank",
        pl.col("class").replace_strict(STATUS_WORDS, default="synonym").alias("status"),
        pl.lit(None, dtype=pl.String).alias("parent"),
        pl.col("id").alias("accepted"),
    )


def _with_authors(written: pl.DataFrame, authorities: pl.DataFrame) -> pl.DataFrame:
    """`authorship` from the authority of the same node that begins with the name, and with no longer one."""
    node = pl.coalesce("accepted", "id").alias("node")
    # A node has a handful; without a limit, a made-up one would pair a million with a million names.
    few = authorities.filter(pl.int_range(pl.len()).over("id") < _MAX_AUTHORITIES)
    pairs = written.select("id", "name", node).join(
        few.rename({"id": "node", "name": "authority"}), on="node", how="inner"
    )
    fitting = pairs.filter(pl.col("authority").str.starts_with(pl.col("name") + " "))
    # "Corvus corax L." is the authority of the species, not of the genus beside it: the longest name fits.
    longest = fitting.sort(pl.col("name").str.len_bytes(), descending=True, maintain_order=True)
    authors = (
        longest.unique(["node", "authority"], keep="first", maintain_order=True)
        .select("id", pl.col("authority").str.strip_prefix(pl.col("name")).str.strip_chars().alias("authorship"))
        .sort("id", "authorship")
        .unique("id", keep="first")
    )
    return written.join(authors, on="id", how="left", maintain_order="left")


def _vernacular_names(names: pl.DataFrame) -> pl.DataFrame:
    common = names.filter(pl.col("class").is_in(_COMMON))
    is_preferred = pl.col("class") == _COMMON[0]
    return vernacular_frame(
        common.select(
            "id",
            "name",
            pl.lit("en").alias("language"),
            is_preferred.alias("is_preferred"),
            pl.lit("NCBI").alias("source"),
        ).sort("is_preferred", descending=True, maintain_order=True)
    )
