"""A checklist against the labels: which labels its names take, and what is known of the names that take none.

A name is looked for among the labels as it is written; what is not there is resolved, and looked for by the accepted
name and by that one's synonyms, since labels may follow an older book than the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import fuzz, process

from thuja.errors import EmptyInput
from thuja.labels import Taxa
from thuja.names import CERTAIN, Resolver, embedded
from thuja.names.resolution import Status
from thuja.names.resolver import numbered
from thuja.names.rows import rows_of, tidy_rows
from thuja.names.tables.identifiers import IdentifierSources
from thuja.names.tables.reading import bad_file, open_sources
from thuja.taxonomy import RANKS, Rank, Taxon

_HIGHER = [rank.label for rank in RANKS[: Rank.SPECIES]]
_SEVEN = [rank.label for rank in RANKS]
SAID: Final = 3
"""Of many names, how many are said."""
_LIKE: Final = 80.0
"""How alike, of 100, a name is that may have been meant."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checked:
    """What came of a checklist's names.

    `rows` are the labels that they take, sorted. `absent` are taxa that are known and no label; `unknown` are names
    that mean nothing, `several` those that mean several taxa; `respelt` pairs of what was written and what was read.
    """

    names: int
    rows: npt.NDArray[np.int64]
    absent: tuple[Taxon, ...]
    unknown: tuple[str, ...]
    several: tuple[str, ...]
    respelt: tuple[tuple[str, str], ...]


def read_checklist(path: Path) -> pl.DataFrame:
    """The distinct rows of a table (or a .txt with a name a line), as `numbered` makes them, in their order.

    Raises UsageError, EmptyInput or BadFile.
    """
    with open_sources([path]) as sources:
        parts = []
        for source in sources:
            with bad_file(source.path):
                asked = source.columns.asked(IdentifierSources())
                parts.append(tidy_rows(source.frame.select(asked).collect()))
    return _distinct(pl.concat(parts), str(path))


def read_names(names: Sequence[str]) -> pl.DataFrame:
    """The same for a checklist that is at hand as names; raises EmptyInput where they are all empty."""
    return _distinct(rows_of(names), "the checklist")


def _distinct(rows: pl.DataFrame, where: str) -> pl.DataFrame:
    rows = numbered(rows.unique(maintain_order=True)).filter(pl.col("name") != "")
    if rows.is_empty():
        raise EmptyInput(f"{where} holds no name", hint="a name a line, or a column scientific_name")
    return rows


def check(taxa: Taxa, rows: pl.DataFrame, *, resolver: Resolver | None = None) -> Checked:
    """Look the rows of `read_checklist` up among taxa. Without a resolver the embedded backbone is asked."""
    finder = _Finder(taxa)
    found = finder.find(rows.select("asked", "name", *_HIGHER))
    rest = rows.join(found, on="asked", how="anti")
    answers = rest.head(0).select("asked", "name")
    taken = [found["row"]]
    if len(rest):
        resolver = resolver or Resolver([embedded()])
        answers = rest.select("asked", "name").hstack(resolver.resolve_rows(rest).drop("verbatim"))
        sure = answers.filter(pl.col("match_type").is_in(list(CERTAIN)), pl.col("accepted_name").is_not_null())
        by_accepted = finder.find(_asked(sure, pl.col("accepted_name")))
        others = _synonyms(sure.join(by_accepted, on="asked", how="anti"), resolver)
        by_synonym = finder.find(others)
        taken += [by_accepted["row"], by_synonym["row"]]
        answers = answers.with_columns(
            is_sure=pl.col("asked").is_in(sure["asked"].implode()),
            is_taken=pl.col("asked").is_in(pl.concat([by_accepted["asked"], by_synonym["asked"]]).implode()),
        )
    return _told(len(rows), pl.concat(taken), answers)


def _told(names: int, taken: pl.Series, answers: pl.DataFrame) -> Checked:
    rows = np.unique(taken.to_numpy())
    if answers.is_empty():
        return Checked(names=names, rows=rows, absent=(), unknown=(), several=(), respelt=())
    kind = pl.col("match_type")
    absent = answers.filter("is_sure", ~pl.col("is_taken")).select(pl.col(*_SEVEN, "common").fill_null(""))
    is_several = ~pl.col("is_sure") & (kind == Status.AMBIGUOUS)
    respelt = answers.filter("is_sure", kind.is_in([Status.VARIANT, Status.FUZZY, Status.WITHIN])).select(
        "name", "accepted_name"
    )
    return Checked(
        names=names,
        rows=rows,
        absent=tuple(dict.fromkeys(Taxon.from_columns(row) for row in absent.iter_rows(named=True))),
        unknown=tuple(answers.filter(~pl.col("is_sure") & ~is_several)["name"]),
        several=tuple(answers.filter(is_several)["name"]),
        respelt=tuple(respelt.iter_rows()),
    )


def _asked(rows: pl.DataFrame, name: pl.Expr) -> pl.DataFrame:
    return rows.select("asked", name.alias("name"), pl.col(_HIGHER).fill_null(""))


def _synonyms(answers: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """Every other name of the accepted taxa, a row each, above which only the kingdom has to be the same."""
    parts = [_asked(answers.head(0), pl.col("name"))]
    for backbone in resolver.backbones:
        own = answers.filter(pl.col("backbone") == backbone.name)
        hits = backbone.by_id(own["accepted_id"])
        names = backbone.tables.names
        of_taxon = pl.DataFrame({"asked": own["asked"].gather(hits.asked), "taxon": names["taxon"].gather(hits.found)})
        spoken = names.lazy().select("taxon", "name").join(of_taxon.unique().lazy(), on="taxon").collect()
        rows = spoken.join(own.drop("name"), on="asked")
        parts.append(rows.select("asked", pl.col("name").cast(pl.String), *_only_kingdom()).unique(maintain_order=True))
    return pl.concat(parts)


def _only_kingdom() -> list[pl.Expr]:
    above = [pl.lit("").alias(rank) for rank in _HIGHER[1:]]
    return [pl.col("kingdom").fill_null(""), *above]


class _Finder:
    """Labels by name: a label's own scientific name, or that of a taxon above it."""

    def __init__(self, taxa: Taxa) -> None:
        self._taxa = taxa
        names = pl.from_arrow(taxa.scientific_names().arrow)
        self._own = pl.DataFrame({"name": names}).with_row_index("row").cast({"row": pl.Int64})

    def find(self, asked: pl.DataFrame) -> pl.DataFrame:
        """The labels (`row`) that each of `asked` takes, of which `name` and the ranks above it are given.

        A name that means several taxa takes those whose lineage is the one given, if that tells them apart; a name
        whose kingdom is another one takes none.
        """
        hits = self._named(asked.select("asked", "name").unique(maintain_order=True))
        hits = self._with_lineages(hits).join(asked, on="asked", suffix="_given", maintain_order="left")
        hits = hits.filter(_agrees("kingdom"))
        several = _several(hits)
        alone = hits.join(several, on="asked", how="anti")
        told = hits.join(several, on="asked", how="semi").filter(_agrees(rank) for rank in _HIGHER)
        told = told.join(_several(told), on="asked", how="anti")
        return pl.concat([alone, told]).select("asked", "row").unique(maintain_order=True)

    def _named(self, names: pl.DataFrame) -> pl.DataFrame:
        """Pairs of who asked and a label, with the depth of the name: 6 for the label's own below genus."""
        parts = [names.join(self._own, on="name").select("asked", "row", depth=pl.lit(int(Rank.SPECIES), pl.Int64))]
        for rank in RANKS[: Rank.SPECIES]:
            column = self._taxa.column(rank.label)
            code = pl.Series(column.codes_of(names["name"].to_list()), dtype=pl.Int64)
            wanted = names.select("asked", code=code).filter(pl.col("code") > 0)
            if len(wanted):
                rows = np.flatnonzero(np.isin(column.codes, wanted["code"].unique().to_numpy()))
                below = pl.DataFrame({"row": rows, "code": column.codes[rows].astype(np.int64)})
                parts.append(wanted.join(below, on="code").select("asked", "row", depth=pl.lit(int(rank), pl.Int64)))
        # A genus that is a label itself has its name twice: as its own, and at its rank.
        return pl.concat(parts).group_by("asked", "row", maintain_order=True).agg(pl.col("depth").min())

    def _with_lineages(self, hits: pl.DataFrame) -> pl.DataFrame:
        rows = hits["row"].to_numpy()
        return hits.with_columns(
            pl.Series(rank, self._taxa.column(rank).take(rows).texts(), dtype=pl.String) for rank in _HIGHER
        )


def _agrees(rank: str) -> pl.Expr:
    """Whether the label's name at a rank and the one given are the same, or one of them is missing."""
    ours, theirs = pl.col(rank), pl.col(f"{rank}_given")
    return (ours == "") | (theirs == "") | (ours == theirs)


def _several(hits: pl.DataFrame) -> pl.DataFrame:
    """Who asked by a name of several taxa: at several ranks, or below several names of a rank above it.

    A binomial stands for one species in a kingdom, wherever the labels place it.
    """
    names = []
    for rank in RANKS[: Rank.SPECIES]:
        tells = (pl.col("depth") > int(rank)) & (pl.col(rank.label) != "")
        if rank > Rank.KINGDOM:
            tells &= pl.col("depth") < int(Rank.SPECIES)
        names.append(pl.when(tells).then(rank.label).alias(rank.label))
    counts = (
        hits.select("asked", "depth", *names)
        .group_by("asked", maintain_order=True)
        .agg(pl.col("depth").n_unique(), *(pl.col(rank).drop_nulls().n_unique() for rank in _HIGHER))
    )
    return counts.filter(pl.any_horizontal(pl.col("depth", *_HIGHER) > 1)).select("asked")


def likest_names(taxa: Taxa, names: Sequence[str]) -> list[str]:
    """For each of a few names that none of the taxa has, the scientific name among them that it is most like.

    A single word is compared with the names of ranks down to genus, others with whole names. Empty where none is like.
    """
    words = [name for rank in _HIGHER for name in taxa.column(rank).names]
    wholes = list(taxa.scientific_names()) if any(" " in name.strip() for name in names) else []
    found = []
    for name in names:
        sought = name.strip().capitalize()
        best = process.extractOne(sought, wholes if " " in sought else words, scorer=fuzz.ratio, score_cutoff=_LIKE)
        found.append("" if best is None else best[0])
    return found


def said(names: Sequence[str], *, most: int = SAID) -> str:
    """The first few of many names."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
