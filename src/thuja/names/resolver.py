"""Resolve names against backbones: what is known of each, scored, with a reason; never a silent guess.

Every row is answered by itself: the order of the rows and how they are parted among calls and machines
changes nothing. Equal rows are resolved once.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from thuja.errors import UsageError
from thuja.names.agreement import HIGHER, kingdom_of
from thuja.names.backbone import Backbone
from thuja.names.candidates import find_candidates
from thuja.names.decisions import ANSWER, decide
from thuja.names.described import described
from thuja.names.evidence import evidence, shares, weights
from thuja.names.features import How, features
from thuja.names.installed import open_backbones
from thuja.names.placed import Placed
from thuja.names.queries import lineage_key, take_apart
from thuja.names.resolution import Resolution, Status
from thuja.names.rows import GIVEN, SEVEN, resolutions, rows_of, tidy_rows
from thuja.names.store import LINEAGE
from thuja.taxonomy import Taxon

THRESHOLD = 0.8
"""How probable an answer has to be to be accepted."""
ROWS = 150_000
"""Distinct rows resolved at a time: bounds the memory."""
RESULT = [*ANSWER, "infraspecific", "qualifier", "asked_as", "term"]
"""The columns of a resolved row besides `verbatim`: the answer, what the name itself says, what was looked up."""
_EPITHET = r"^(\p{Ll}[\p{Ll}-]+(us|um|is|ae|i|a|ens|ans|ax|ex|ix|ox|yx|ops|eps|or)|(sp|spp|indet)\.?)$"
_VOUCHED = ("score", "accepted_name", "accepted_rank", "accepted_id", "backbone", "matched_name", "common")
_ABBREVIATED = r"^(\p{Lu})\. ?(\p{Ll}{2,}.*)$"


class Resolver:
    """Resolves names against backbones, the first of them preferred.

    >>> world = Backbone.from_taxa("world", [Taxon(kingdom="Animalia", genus="Corvus", species="corax")])
    >>> Resolver([world]).resolve("corvus_corax").taxon.kingdom
    'Animalia'
    """

    def __init__(self, backbones: Sequence[Backbone], *, threshold: float = THRESHOLD) -> None:
        if not backbones or not 0 <= threshold <= 1:
            raise UsageError(
                f"{len(backbones)} backbones and a threshold of {threshold}",
                hint="one at least; a threshold from 0 to 1",
            )
        self.backbones = list(backbones)
        self.threshold = threshold

    def resolve(self, name: str, hint: Taxon | None = None) -> Resolution:
        """One name; `hint` is the lineage (and common name) that came with it, as far as known."""
        return self.resolve_all([name], [hint or Taxon()])[0]

    def resolve_all(self, names: Sequence[str], hints: Sequence[Taxon]) -> list[Resolution]:
        """Many names, in their order. A blank name falls back to the name in its hint."""
        given = rows_of(names, hints)
        return resolutions(given, self.resolve_rows(given))

    def resolve_rows(self, given: pl.DataFrame, *, advance: Callable[[int], None] | None = None) -> pl.DataFrame:
        """The answers to rows of `verbatim`, the seven ranks and `common`, in their order: `verbatim` and `RESULT`.

        Missing columns count as columns without values; others are left out. `advance` is told how many distinct
        rows have been answered since it was told last.
        """
        given = tidy_rows(given)
        distinct = given.unique().sort(GIVEN)
        starts = range(0, max(len(distinct), 1), ROWS)
        parts = []
        for start in starts:
            parts.append(self._resolve(distinct[start : start + ROWS]))
            if advance is not None:
                advance(len(parts[-1]))
        answers = pl.concat(parts)
        places = distinct.with_row_index("answer")
        place = given.join(places, on=GIVEN, how="left", maintain_order="left")["answer"]
        return given.select("verbatim").hstack(answers.select(RESULT)[place.to_numpy()])

    def _resolve(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Each row by its name; those unknown by their ranks, by their common name, by the deepest rank known."""
        rows = numbered(rows)
        answers = self._answer(rows.with_columns(pl.col("name").alias("term")), "name")
        answers = self._told_by_common_name(rows, answers)
        others = {
            "ranks": (pl.col("ranks") != pl.col("name")) & pl.col("ranks").str.contains(" "),
            "common": (pl.col("common") != "") & (pl.col("common") != pl.col("name")),
        }
        for column, is_other in others.items():
            open_ = answers.filter(_is_open()).select("asked")
            rest = rows.join(open_, on="asked", how="semi").filter(is_other)
            if len(rest):
                found = self._answer(rest.with_columns(pl.col(column).alias("term")), column)
                answers = _replaced(answers, found.filter(~_is_open()))
        return self._by_lineage(rows, self._by_doubted(answers))

    def _told_by_common_name(self, rows: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
        """Homonyms whose row has a common name: *Morus* with "white mulberry" is the tree, not the gannet."""
        rest = rows.join(answers.filter(match_type=Status.AMBIGUOUS).select("asked"), on="asked", how="semi")
        rest = rest.filter((pl.col("common") != "") & (pl.col("common") != pl.col("name")))
        if rest.is_empty():
            return answers
        said = self._answer(rest.with_columns(pl.col("common").alias("term")), "common")
        said = said.filter(pl.col("accepted_name").is_not_null()).select("asked", *HIGHER)
        told = rest.drop(HIGHER).join(said, on="asked", how="inner").with_columns(pl.col(HIGHER).fill_null(""))
        if told.is_empty():
            return answers
        found = self._answer(told.with_columns(pl.col("name").alias("term")), "name")
        found = found.filter(pl.col("accepted_name").is_not_null())
        reason = pl.format("{}, told by its common name", "reason").alias("reason")
        return _replaced(answers, found.with_columns(reason, pl.lit(None, pl.String).alias("changed")))

    def _by_doubted(self, answers: pl.DataFrame) -> pl.DataFrame:
        """`Corvidae sp.` is the family: what a name in doubt doubts, where it is no genus."""
        word = pl.col("term").str.extract(r"^\s*(\p{Lu}\p{Ll}{3,})\b")
        rest = answers.filter(_is_open(), pl.col("qualifier") != "", word.is_not_null())
        if rest.is_empty():
            return answers
        rows = rest.select("asked", pl.lit("").alias("genus"), *(pl.lit("").alias(rank) for rank in HIGHER), term=word)
        found = self._answer(rows, "name").filter(pl.col("match_type") == Status.EXACT)
        said = rest.select("asked", said="qualifier", whole="term")
        found = found.join(said, on="asked", how="inner").with_columns(
            pl.lit(Status.HIGHER_RANK).alias("match_type"),
            pl.format("{} names {} {} only", "whole", _article("accepted_rank"), "accepted_rank").alias("reason"),
            qualifier="said",
            term="whole",
        )
        return _replaced(answers, found.select(answers.columns))

    def _answer(self, rows: pl.DataFrame, asked_as: str) -> pl.DataFrame:
        queries = self.queries(rows)
        answers = decide(queries, self.candidates(queries), self.threshold)
        is_called = answers["match_type"] == Status.COMMON_NAME
        below = pl.when(is_called).then(pl.lit("")).otherwise("infraspecific").alias("infraspecific")
        return answers.hstack(queries.select(below, "qualifier", pl.lit(asked_as).alias("asked_as"), "term"))

    def queries(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with a `term` to look up, taken apart; a lineage in the term stands in for ranks not given."""
        is_short = pl.col("term").str.contains(_ABBREVIATED) & pl.col("genus").str.starts_with(
            pl.col("term").str.head(1)
        )
        rest = pl.col("term").str.extract(_ABBREVIATED, 2)
        term = pl.when(is_short & (pl.col("genus") != "")).then(pl.col("genus") + " " + rest).otherwise("term")
        terms = rows.select(term.alias("term")).to_series()
        distinct = terms.unique().sort()
        parts = take_apart(distinct, self.backbones)
        parts = parts[distinct.search_sorted(terms, "left").to_numpy()]
        said = [pl.col("lineage").list.get(number, null_on_oob=True).fill_null("") for number in range(len(HIGHER))]
        lineage = rows.select(HIGHER).hstack(
            parts.select(one.alias(f"said_{rank}") for one, rank in zip(said, HIGHER, strict=True))
        )
        lineage = lineage.select(
            lineage_key(pl.when(pl.col(rank) == "").then(f"said_{rank}").otherwise(rank), rank).alias(rank)
            for rank in HIGHER
        )
        own = rows.select("asked", "term", given_genus=lineage_key(pl.col("genus"), "genus"))
        return own.hstack(parts).hstack(lineage)

    def candidates(self, queries: pl.DataFrame) -> pl.DataFrame:
        """The described candidates of queries, each with its `probability` and `log_odds`."""
        found, rows = self.found(queries)
        log_odds = evidence(rows, weights())
        probability = shares(found["asked"].to_numpy(), log_odds, len(queries))
        number = queries["asked"].gather(found["asked"].to_numpy())
        found = found.with_columns(
            number.alias("asked"), pl.Series("probability", probability), pl.Series("log_odds", log_odds)
        )
        return described(self.backbones, found.rename({rank: f"{rank}_code" for rank in HIGHER}))

    def found(self, queries: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray]:
        """The candidates of all backbones, and their features in the order of `FEATURES`."""
        parts: list[pl.DataFrame] = []
        rows: list[np.ndarray] = []
        for number, backbone in enumerate(self.backbones):
            found = find_candidates(backbone, queries)
            found = found.with_columns(pl.lit(number, pl.UInt8).alias("backbone"), kingdom_of(backbone, found["taxon"]))
            if parts:
                found = _not_settled(pl.concat(parts), found)
            rows.append(features(backbone, number, queries, found=found))
            parts.append(found)
        return pl.concat(parts), np.concatenate(rows)

    def _by_lineage(self, rows: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
        """What is left gets the deepest rank it came with that is known; the name itself stays unresolved."""
        rest = rows.join(answers.filter(_is_open()).select("asked"), on="asked", how="semi")
        deepest = pl.coalesce(pl.when(pl.col(rank) != "").then(pl.lit(rank)) for rank in reversed(HIGHER))
        rest = rest.with_columns(deepest.alias("deepest")).filter(pl.col("deepest").is_not_null())
        given = rest.select("asked")
        for rank in reversed(HIGHER):
            some = rest.filter(pl.col(rank) != "")
            if some.is_empty():
                continue
            above = [pl.lit("").alias(name) for name in LINEAGE[LINEAGE.index(rank) :]]
            found = self._answer(some.with_columns(pl.col(rank).alias("term"), *above), "lineage")
            found = found.filter((pl.col("match_type") == Status.EXACT) & (pl.col("accepted_rank") == rank))
            answers = _replaced(answers, _known_above(found, some, answers, rank=rank))
            rest = rest.join(found, on="asked", how="anti")
        is_given = _is_open() & pl.col("asked").is_in(given["asked"].implode())
        return answers.with_columns(
            pl.when(is_given).then(pl.lit(Status.GIVEN)).otherwise("match_type").alias("match_type"),
            pl.when(is_given).then(pl.lit("in no backbone, nor the lineage given")).otherwise("reason").alias("reason"),
        )


def _not_settled(preferred: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The candidates of a later backbone in kingdoms where no preferred one holds the name itself."""
    is_held = pl.col("how").is_in([int(How.EXACT), int(How.SPECIES_OF)]) & ~pl.col("is_contradicted")
    held = preferred.filter(is_held).select("asked", "kingdom_key").unique()
    return found.join(held, on=["asked", "kingdom_key"], how="anti", maintain_order="left")


def numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Tidy rows with their numbers (`asked`), and what is looked up first (`name`) and next (`ranks`)."""
    name, ranks = _terms()
    rows = rows.with_row_index("asked").with_columns(pl.col("asked").cast(pl.Int64))
    return rows.with_columns(name.alias("name"), ranks.alias("ranks"))


def _terms() -> tuple[pl.Expr, pl.Expr]:
    """What is looked up first: the name, or the ranks where it says less than they do; and what the ranks say."""
    both = pl.when((pl.col("genus") != "") & (pl.col("species") != "")).then(pl.col("genus") + " " + pl.col("species"))
    deepest = [pl.when(pl.col(rank) != "").then(rank) for rank in reversed(SEVEN)]
    ranks = pl.coalesce(both, *deepest, pl.lit(""))
    verbatim = pl.col("verbatim")
    # An epithet, or "sp.", in a column of its own.
    is_epithet = verbatim.str.contains(_EPITHET) & (pl.col("genus") != "") & (pl.col("species") == "")
    is_epithet &= verbatim != pl.col("genus").str.to_lowercase()
    says_less = pl.any_horizontal(verbatim.str.to_lowercase() == pl.col(rank).str.to_lowercase() for rank in LINEAGE)
    whole = pl.when(is_epithet).then(pl.col("genus") + " " + verbatim)
    name = pl.when((verbatim != "") & ~(says_less & both.is_not_null())).then(verbatim)
    return pl.coalesce(whole, name, pl.when(ranks != "").then(ranks), pl.col("common")), ranks


def _article(column: str) -> pl.Expr:
    return pl.when(pl.col(column).str.contains("^[aeiou]")).then(pl.lit("an")).otherwise(pl.lit("a"))


def _is_open() -> pl.Expr:
    return pl.col("match_type").is_in([Status.UNRESOLVED, Status.EMPTY])


def _replaced(answers: pl.DataFrame, better: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([answers.join(better, on="asked", how="anti"), better]).sort("asked")


def _known_above(found: pl.DataFrame, rows: pl.DataFrame, first: pl.DataFrame, *, rank: str) -> pl.DataFrame:
    """Answers by a higher rank, with the runner-up that the name itself had."""
    named = first.select("asked", "runner_up", "runner_up_score", "infraspecific", "qualifier")
    facts = rows.select("asked", "name", "deepest")
    table = found.drop("runner_up", "runner_up_score", "infraspecific", "qualifier")
    table = table.join(named, on="asked", how="left").join(facts, on="asked", how="left")
    # A kingdom alone, which the row gave, is no answer.
    is_deepest = (pl.col("deepest") == rank) & (rank != "kingdom")
    said = pl.format("{} is in no backbone; the " + rank + " given, {}, is", "name", "accepted_name")
    nothing = [pl.when(is_deepest).then(pl.col(name)).alias(name) for name in _VOUCHED]
    return table.with_columns(
        *nothing,
        pl.when(is_deepest).then(pl.lit(Status.HIGHER_RANK)).otherwise(pl.lit(Status.GIVEN)).alias("match_type"),
        said.alias("reason"),
    ).select(first.columns)


def resolve(
    names: Sequence[str],
    lineages: pl.DataFrame | Sequence[Taxon] | None = None,
    *,
    backbones: Sequence[str | Path | Backbone] | None = None,
    threshold: float = THRESHOLD,
) -> pl.DataFrame:
    """What each name means: a row a name, in their order, with the columns `verbatim` and `RESULT`.

    `lineages` says what came with each name: a table with any of kingdom ... species and common, or taxa.
    `backbones` are open, or names of installed ones, or paths, the first preferred; without them, the embedded one.

    >>> resolve(["Corvus corax", "Corvus coraxx"])["match_type"].to_list()
    ['exact', 'fuzzy']
    """
    return Resolver(open_backbones(backbones), threshold=threshold).resolve_rows(rows_of(names, lineages))


def resolve_names(
    names: Sequence[str],
    hints: Sequence[Taxon],
    *,
    backbones: Sequence[str | Path | Placed] = (),
    threshold: float = THRESHOLD,
) -> list[Resolution]:
    """`Resolver.resolve_all` as a function that other processes can import; a backbone is opened once in each.

    A `Placed` backbone is opened where this machine of a cluster has it. Without any, the embedded one is asked.
    """
    paths = [backbone.path() if isinstance(backbone, Placed) else backbone for backbone in backbones]
    return Resolver(open_backbones(paths), threshold=threshold).resolve_all(names, hints)
