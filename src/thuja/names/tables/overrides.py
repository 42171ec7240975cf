"""The user's own table of what names mean, which comes before everything else.

Columns: `name` (as it stands in the tables to resolve); any of kingdom ... genus, to which the row is then
confined; and the taxon: `taxon` (a scientific name that the backbones know), `taxon_id` (an id of a backbone), or a
lineage in `to_kingdom` ... `to_species`, which helps to tell a homonym in `taxon`, and alone is taken as it stands.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from thuja.errors import BadFile
from thuja.names.queries import lineage_key
from thuja.names.resolution import CERTAIN, Status
from thuja.names.resolver import RESULT, Resolver
from thuja.names.rows import SEVEN, tidy_rows
from thuja.names.spelling import folded
from thuja.names.store import LINEAGE
from thuja.names.tables.identifiers import IdentifierSources, identified
from thuja.names.tables.reading import opened_table

_TARGETS = ("taxon", "taxon_id", *(f"to_{rank}" for rank in SEVEN))
_NAMES = ("name", "scientific_name", "verbatim")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Overrides:
    """The rows of the table as answers: `key` (the name, folded), `on_kingdom` ... `on_genus`, and `RESULT`."""

    answers: pl.DataFrame

    @classmethod
    def load(cls, path: Path, resolver: Resolver, sources: IdentifierSources) -> "Overrides":
        """Read the table and find its taxa.

        Raises BadFile for a table of another layout, for a taxon that no backbone has, and for a name that
        stands twice with the same ranks.
        """
        with opened_table(path) as frame:
            table = _tidy(frame.collect(), path)
        keys = ["key", *(f"on_{rank}" for rank in LINEAGE)]
        twice = table.filter(pl.struct(keys).is_duplicated())
        if len(twice):
            lines = ", ".join(str(line) for line in twice["line"].head(5))
            raise BadFile(
                f"{path}: {twice['name'][0]} stands there more than once (lines {lines})",
                hint="keep one of the lines, or tell them apart by kingdom ... genus",
            )
        answers = pl.concat([_by_lineage(table), _by_name(table, resolver), _by_id(table, resolver, sources)])
        unknown = table.join(answers, on="line", how="anti").sort("line")
        if len(unknown):
            line = unknown.row(0, named=True)
            wanted = line["taxon_id"] or line["taxon"] or "no taxon"
            more = f" (and {len(unknown) - 1:,} more lines)" if len(unknown) > 1 else ""
            raise BadFile(
                f"{path}, line {line['line']}: {line['name']} is to mean {wanted}, which is no one taxon of "
                f"{', '.join(backbone.name for backbone in resolver.backbones)}{more}",
                hint="write an accepted name, an id such as inat:8010, or a lineage in to_kingdom ... to_species",
            )
        said = pl.concat_str(pl.lit(f"{path.name}, line "), pl.col("line").cast(pl.String))
        answers = answers.join(table.select("line", *keys), on="line", how="left").with_columns(
            pl.lit(str(Status.OVERRIDE)).alias("match_type"),
            pl.lit(1.0).alias("score"),
            said.alias("reason"),
            pl.lit("override").alias("asked_as"),
        )
        return cls(answers=answers.sort("line").select("line", *keys, *RESULT))

    def find(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The answers to the rows that the table names: `row` and `RESULT`.

        `rows` has `row`, `name` (what is looked up first) and the tidy ranks. Where several lines fit, the one with
        most ranks answers, then the one that stands first.
        """
        given = rows.select(
            "row",
            pl.col("name").alias("term"),
            folded(pl.col("name")).alias("key"),
            *(lineage_key(pl.col(rank), rank).alias(f"given_{rank}") for rank in LINEAGE),
        )
        both = given.join(self.answers.drop("term"), on="key", how="inner")
        limits = [pl.col(f"on_{rank}") for rank in LINEAGE]
        fits = [(limit == "") | (limit == pl.col(f"given_{rank}")) for limit, rank in zip(limits, LINEAGE, strict=True)]
        both = both.filter(pl.all_horizontal(fits)).with_columns(
            pl.sum_horizontal((limit != "").cast(pl.Int32) for limit in limits).alias("limits")
        )
        best = both.sort("row", "limits", "line", descending=[False, True, False])
        return best.unique("row", keep="first", maintain_order=True).select("row", *RESULT)


def _tidy(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Columns line, name, key, on_<rank>, taxon, taxon_id, to_<rank>, as text without nulls; nameless lines out."""
    table = table.rename({name: name.strip().lower() for name in table.columns})
    name = next((name for name in _NAMES if name in table.columns), None)
    if name is None or not set(_TARGETS) & set(table.columns):
        raise BadFile(
            f"{path} is no table of overrides: it needs name, and one of taxon, taxon_id, to_kingdom ... to_species",
            hint=f"found: {', '.join(table.columns)[:300]}",
        )

    def text(column: str) -> pl.Expr:
        held = pl.col(column).cast(pl.String).fill_null("") if column in table.columns else pl.lit("")
        return held.str.replace_all(r"\s+", " ").str.strip_chars()

    tidy = table.with_row_index("line", offset=2).select(
        pl.col("line").cast(pl.Int64),
        text(name).alias("name"),
        folded(text(name)).alias("key"),
        *(lineage_key(text(rank), rank).alias(f"on_{rank}") for rank in LINEAGE),
        *(text(target).alias(target) for target in _TARGETS),
    )
    return tidy.filter(pl.col("key") != "")


def _by_lineage(table: pl.DataFrame) -> pl.DataFrame:
    """Lines that give a lineage alone: it is the answer."""
    lineage = [pl.col(f"to_{rank}") for rank in SEVEN]
    own = table.filter(
        (pl.col("taxon") == "") & (pl.col("taxon_id") == "") & pl.any_horizontal(name != "" for name in lineage)
    )
    tidy = tidy_rows(own.select(name.alias(rank) for name, rank in zip(lineage, SEVEN, strict=True)))
    deepest = pl.coalesce(pl.when(pl.col(rank) != "").then(pl.lit(rank)) for rank in reversed(SEVEN))
    binomial = pl.when((pl.col("genus") != "") & (pl.col("species") != "")).then(
        pl.col("genus") + " " + pl.col("species")
    )
    name = pl.coalesce(binomial, *(pl.when(pl.col(rank) != "").then(rank) for rank in reversed(SEVEN)))
    said = tidy.with_columns(deepest.alias("accepted_rank"), name.alias("accepted_name"))
    said = said.with_columns(pl.when(pl.col(rank) != "").then(rank).alias(rank) for rank in SEVEN)
    return _results(pl.concat([own.select("line", term="name"), said], how="horizontal"))


def _by_name(table: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """Lines whose taxon is a name that a backbone vouches for."""
    own = table.filter((pl.col("taxon") != "") & (pl.col("taxon_id") == ""))
    asked = own.select(pl.col("taxon").alias("verbatim"), *(pl.col(f"to_{rank}").alias(rank) for rank in LINEAGE))
    answers = resolver.resolve_rows(asked).drop("verbatim", "term")
    both = pl.concat([own.select("line", term="name"), answers], how="horizontal")
    # A table that says what is meant is not guessed at: a misspelt taxon in it is an error.
    return _results(both.filter(pl.col("match_type").is_in(list(CERTAIN - {Status.FUZZY}))))


def _by_id(table: pl.DataFrame, resolver: Resolver, sources: IdentifierSources) -> pl.DataFrame:
    """Lines whose taxon is an id of an open backbone; a bare one is the first backbone's."""
    own = table.filter(pl.col("taxon_id") != "")
    plain = IdentifierSources.of(resolver.backbones, sources.plain or sources.names[0])
    rows = tidy_rows(own.select(pl.col("name").alias("verbatim")).clear(len(own))).hstack(
        own.select(
            pl.col("line").alias("row"),
            plain.key(pl.col("taxon_id"), "taxon_id").alias("taxon_id"),
            pl.lit("").alias("accepted_id"),
        )
    )
    answers = identified(rows, resolver).rename({"row": "line"}).drop("term")
    return _results(answers.join(own.select("line", term="name"), on="line", how="left"))


def _results(answers: pl.DataFrame) -> pl.DataFrame:
    """`line` and the columns of an answer, those that are not there null; what was looked up on the way is left out."""
    kept = ["accepted_name", "accepted_rank", "accepted_id", "backbone", "matched_name", "common", "term", *SEVEN]
    held = [
        pl.col(name).cast(pl.String)
        if name in kept and name in answers.columns
        else pl.lit(None, pl.String).alias(name)
        for name in RESULT
        if name not in ("score", "runner_up_score")
    ]
    scores = [pl.lit(None, pl.Float64).alias(name) for name in ("score", "runner_up_score")]
    return answers.select(pl.col("line").cast(pl.Int64), *held, *scores)
