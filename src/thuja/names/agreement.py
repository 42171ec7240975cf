"""Whether the lineage and the authors that came with a name are those of a candidate."""

import re
from enum import IntEnum
from functools import lru_cache

import numpy as np
import polars as pl

from thuja.names.backbone import Backbone
from thuja.names.queries import lineage_key
from thuja.names.store import LINEAGE

HIGHER = LINEAGE[:-1]
"""The ranks whose agreement counts: kingdom to family."""
_KINGDOMS = ["animalia", "plantae", "fungi", "bacteria", "archaea", "viruses"]
"""Kingdoms that everybody knows, whether a small backbone has them or not."""
_SOFT_KINGDOMS = ["chromista", "protozoa"]
"""Kingdoms that sources draw differently: algae and moulds stand in Plantae or Fungi elsewhere."""
_YEAR = re.compile(r"\d{4}")
_AUTHOR = re.compile(r"[^\W\d_]+")
_NO_AUTHORS = frozenset({"in", "ex", "and", "et", "al", "von", "van", "de", "der", "la", "le", "du", "f", "fil", "non"})


class Agreement(IntEnum):
    """What a rank given says of a candidate: nothing, the same, another known taxon, a name nobody knows, or
    another taxon of the same parent (the family it stood in before, in the same order)."""

    MISSING = 0
    AGREES = 1
    DIFFERS = 2
    UNKNOWN = 3
    NEAR = 4


def with_agreement(backbone: Backbone, queries: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Each candidate (`asked`, `taxon`) with an `Agreement` a rank, and whether its lineage contradicts the one given.

    `queries` has the ranks from kingdom to family and, where names are asked, `key` and `given_genus`.
    A kingdom that differs contradicts, and so do more ranks that differ than agree.
    """
    asked, taxon = found["asked"].to_numpy(), found["taxon"].to_numpy()
    lineage = backbone.tables.taxa["lineage"].gather(taxon).to_numpy()
    distinct, place = np.unique(lineage, return_inverse=True)
    above = backbone.tables.lineages[distinct].select(lineage_key(pl.col(rank), rank).alias(rank) for rank in HIGHER)
    level = _levels(backbone.tables.taxa["rank"].gather(taxon).cast(pl.String))
    # What stands in the column of genera is no phylum of that name.
    is_genus = np.zeros(len(asked), bool)
    if "given_genus" in queries.columns:
        said = (queries["given_genus"] != "") & (queries["given_genus"] == queries["key"])
        is_genus = said.gather(asked).to_numpy()
    codes = {}
    for number, rank in enumerate(HIGHER):
        given = queries[rank].gather(asked)
        code = _agreement(given, above[rank].gather(place), _known(backbone, rank), rank=rank)
        # Ctenophora with the class Insecta is no phylum.
        if number:
            parent = above[HIGHER[number - 1]].gather(place)
            is_near = (code == Agreement.DIFFERS) & _share_parent(backbone, rank, given, parent=parent)
            code = np.where(is_near, np.uint8(Agreement.NEAR), code)
        is_given = (given != "").to_numpy() | (is_genus if rank == "family" else False)
        is_above = is_given & (level < number)
        codes[rank] = np.where(is_above, np.uint8(Agreement.DIFFERS), code)
    stack = np.stack(list(codes.values()), axis=1)  # (N, 5)
    agrees, differs = (stack == Agreement.AGREES).sum(axis=1), (stack == Agreement.DIFFERS).sum(axis=1)
    is_contradicted = (codes["kingdom"] == Agreement.DIFFERS) | (differs > agrees)
    columns = [pl.Series(rank, code, dtype=pl.UInt8) for rank, code in codes.items()]
    return found.with_columns(*columns, pl.Series("is_contradicted", is_contradicted, dtype=pl.Boolean))


def _levels(ranks: pl.Series) -> np.ndarray:
    """0 for a kingdom to 5 for a genus; 6 for all below and for ranks between.  (N,) int"""
    return ranks.replace_strict(
        LINEAGE, list(range(len(LINEAGE))), default=len(LINEAGE), return_dtype=pl.Int64
    ).to_numpy()


def _agreement(given: pl.Series, held: pl.Series, known: pl.Series, *, rank: str) -> np.ndarray:
    distinct = given.unique()
    unknown = distinct.filter(~distinct.is_in(known.implode()))
    is_open = pl.col("given").is_in(unknown.implode())
    if rank == "kingdom":
        is_open &= ~pl.col("given").is_in(_KINGDOMS)
        is_open |= pl.col("given").is_in(_SOFT_KINGDOMS) | pl.col("held").is_in(_SOFT_KINGDOMS)
    code = (
        pl.when((pl.col("given") == "") | (pl.col("held") == ""))
        .then(int(Agreement.MISSING))
        .when(pl.col("given") == pl.col("held"))
        .then(int(Agreement.AGREES))
        .when(is_open)
        .then(int(Agreement.UNKNOWN))
        .otherwise(int(Agreement.DIFFERS))
    )
    pairs = pl.DataFrame({"given": given, "held": held})
    return pairs.select(code.cast(pl.UInt8)).to_series().to_numpy()


def _share_parent(backbone: Backbone, rank: str, given: pl.Series, *, parent: pl.Series) -> np.ndarray:
    """Whether the backbone holds the taxon given under the candidate's parent.  (N,) bool"""
    asked = pl.DataFrame({"parent": parent, "given": given}).with_row_index("row")
    rows = asked.join(_pairs(backbone, rank), on=["parent", "given"], how="semi")["row"].to_numpy()
    is_held = np.zeros(len(given), bool)
    is_held[rows] = True
    return is_held


def kingdom_of(backbone: Backbone, taxa: pl.Series) -> pl.Series:
    """The kingdom of rows of `taxa`, as kingdoms are compared: the column `kingdom_key`."""
    lineage = backbone.tables.taxa["lineage"].gather(taxa.to_numpy()).to_numpy()
    kingdoms = backbone.tables.lineages.select(lineage_key(pl.col("kingdom"), "kingdom").alias("kingdom_key"))
    return kingdoms.to_series().gather(lineage)


@lru_cache(64)
def _pairs(backbone: Backbone, rank: str) -> pl.DataFrame:
    """Every taxon of a rank (`given`) with the one above it (`parent`)."""
    above = HIGHER[HIGHER.index(rank) - 1]
    pairs = backbone.tables.lineages.select(above, rank).unique().drop_nulls()
    return pairs.select(
        lineage_key(pl.col(above), above).alias("parent"), lineage_key(pl.col(rank), rank).alias("given")
    )


@lru_cache(64)
def _known(backbone: Backbone, rank: str) -> pl.Series:
    names = backbone.tables.lineages.select(pl.col(rank).unique())
    return names.select(lineage_key(pl.col(rank), rank)).to_series()


def authors_agree(ours: pl.Series, theirs: pl.Series) -> np.ndarray:
    """Whether the authors written are those of the name; missing where either has none.  (N,) uint8"""
    code = np.zeros(len(ours), np.uint8)
    rows = np.flatnonzero(((ours != "") & (theirs.fill_null("") != "")).to_numpy())
    for row, left, right in zip(rows, ours.gather(rows).to_list(), theirs.gather(rows).to_list(), strict=True):
        code[row] = Agreement.AGREES if same_authors(left, right) else Agreement.DIFFERS
    return code


def same_authors(ours: str, theirs: str) -> bool:
    """Whether two authorships share an author, in full or abbreviated, and do not name years apart.

    >>> same_authors("L.", "(Linnaeus, 1758)"), same_authors("Gould 1841", "Linnaeus, 1758")
    (True, False)
    """
    left, right = _years(ours), _years(theirs)
    if left and right:
        return min(abs(one - other) for one in left for other in right) <= 1
    return any(one.startswith(other) or other.startswith(one) for one in _authors(ours) for other in _authors(theirs))


def _years(text: str) -> list[int]:
    return [int(year) for year in _YEAR.findall(text)]


def _authors(text: str) -> list[str]:
    return [word for word in _AUTHOR.findall(text.lower()) if word not in _NO_AUTHORS]
