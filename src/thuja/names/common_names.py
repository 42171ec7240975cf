"""What taxa are called: for each row of a table one common name, chosen by rule, never that of another rank unasked.

Of the names that the backbones hold for a row's own taxon the first is taken by, in this order: the languages as they
were asked for, the backbones in their order, names that a source prefers, the sources in the order of their names, the
alphabet. Only where none is found, and higher ranks were asked for, the next taxon above is looked at.

A taxon is found in every backbone: by its id in the one that resolved it, by its name, rank and lineage in the others
(a synonym there gives its accepted taxon, if that is of the same rank). Where several taxa of one name and rank agree
with the lineage equally well, none is taken.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from thuja.errors import UsageError
from thuja.names.agreement import HIGHER, Agreement, with_agreement
from thuja.names.backbone import Backbone, Hits
from thuja.names.installed import open_backbones
from thuja.names.queries import lineage_key
from thuja.names.resolver import Resolver
from thuja.names.rows import SEVEN, tidy_rows
from thuja.names.spelling import folded
from thuja.names.store import ACCEPTED
from thuja.taxonomy import Rank

ADDED = ["common_name", "common_name_rank", "common_name_language", "common_name_source"]
"""The columns that a table is given; null where nothing is known. The source is the backbone, and whom it names."""
RESOLVED = ("match_type", "resolution_status", "accepted_rank")
"""A table with one of these columns holds taxa, even where it holds `verbatim` too."""
_ACCEPTED = ["accepted_name", "accepted_rank", "accepted_id", "backbone"]
_TAXON = [*SEVEN, *_ACCEPTED]
_ASKED = ["name", "rank", "id", "backbone", *HIGHER]
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def common_names(
    table: pl.DataFrame,
    backbones: Sequence[str | Path | Backbone] | None = None,
    *,
    languages: Sequence[str] = ("en",),
    higher_rank: bool = False,
) -> pl.DataFrame:
    """The table with the columns `ADDED`, in its order.

    `table` holds taxa: what `resolve` answers, or any of kingdom ... species. A table with `verbatim` that nothing has
    resolved holds names, which are resolved first. `languages` are codes of ISO 639-1 (of three letters where it has
    none), the first preferred. Without `backbones` the embedded one is asked.

    Raises UsageError for a table without such columns, and for what is no language.
    """
    wanted = _checked(languages)
    opened = open_backbones(backbones)
    taxa = _taxa(table, opened)
    distinct = taxa.unique().sort(_TAXON)
    named = distinct.hstack(_named(distinct, opened, wanted, higher_rank=higher_rank))
    answers = taxa.join(named, on=_TAXON, how="left", maintain_order="left")
    return table.drop(ADDED, strict=False).hstack(answers.select(ADDED))


def _checked(languages: Sequence[str]) -> tuple[str, ...]:
    wanted = (languages,) if isinstance(languages, str) else tuple(dict.fromkeys(languages))
    wrong = [language for language in wanted if not _LANGUAGE.fullmatch(language)]
    if wrong or not wanted:
        raise UsageError(f'no language: "{wrong[0] if wrong else ""}"', hint="a code of ISO 639-1, such as en, de, pt")
    return wanted


def _taxa(table: pl.DataFrame, backbones: Sequence[Backbone]) -> pl.DataFrame:
    """The columns `_TAXON` without nulls; `accepted_rank` is empty where the row's own taxon is not known."""
    if not any(name in table.columns for name in ("verbatim", *RESOLVED, *SEVEN)):
        raise UsageError(
            f"the table has none of the columns verbatim, {', '.join(SEVEN)}", hint=f"found: {', '.join(table.columns)}"
        )
    if "verbatim" in table.columns and not any(name in table.columns for name in RESOLVED):
        table = Resolver(backbones).resolve_rows(table)
    ranks = tidy_rows(table).select(SEVEN)
    if "accepted_rank" in table.columns:
        held = [pl.col(name) if name in table.columns else pl.lit(None).alias(name) for name in _ACCEPTED]
        return ranks.hstack(table.select(held).cast(pl.String).fill_null(""))
    deepest = pl.coalesce(pl.when(pl.col(rank) != "").then(pl.lit(rank)) for rank in reversed(SEVEN))
    ranks = ranks.with_columns(deepest.fill_null("").alias("accepted_rank"), *_nothing("accepted_id", "backbone"))
    return ranks.with_columns(_name_at("accepted_rank").alias("accepted_name")).select(_TAXON)


def _nothing(*names: str) -> list[pl.Expr]:
    return [pl.lit("").alias(name) for name in names]


def _name_at(rank: str) -> pl.Expr:
    """The name of the taxon at the rank that a column says: a binomial of a species. Empty without its genus."""
    both = pl.when(pl.col("genus") != "").then(pl.col("genus") + " " + pl.col("species")).otherwise(pl.lit(""))
    values = {label: both if label == "species" else pl.col(label) for label in SEVEN}
    found = pl.coalesce(pl.when(pl.col(rank) == label).then(value) for label, value in values.items())
    return found.fill_null("")


def _named(
    taxa: pl.DataFrame, backbones: Sequence[Backbone], languages: tuple[str, ...], *, higher_rank: bool
) -> pl.DataFrame:
    """The columns `ADDED` of each taxon: its own rank, then (if asked) the ranks above it from below."""
    level = _level(pl.col("accepted_rank"))
    rows = taxa.with_columns(level.alias("level")).with_row_index("row")
    own = rows.with_columns(
        pl.col("accepted_name").alias("name"), pl.col("accepted_rank").alias("rank"), pl.col("accepted_id").alias("id")
    ).filter(pl.col("rank") != "")
    answers = _spoken(_compared(own, pl.col("level")), backbones, languages)
    for rank in reversed(SEVEN if higher_rank else []):
        number = SEVEN.index(rank)
        above = rows.filter(pl.col("level") > number, pl.col(rank) != "").join(answers, on="row", how="anti")
        above = above.with_columns(pl.lit(rank).alias("rank"), *_nothing("id", "backbone"))
        above = above.with_columns(_name_at("rank").alias("name")).filter(pl.col("name") != "")
        answers = pl.concat([answers, _spoken(_compared(above, pl.lit(number)), backbones, languages)])
    return rows.select("row").join(answers, on="row", how="left", maintain_order="left").select(ADDED)


def _level(rank: pl.Expr) -> pl.Expr:
    """0 for a kingdom to 6 for a species, 7 for what is below it, for the ranks between and for none."""
    levels = {label: number for number, label in enumerate(SEVEN)} | {"hybrid": int(Rank.SPECIES)}
    return rank.replace_strict(levels, default=len(SEVEN), return_dtype=pl.Int64)


def _compared(rows: pl.DataFrame, level: pl.Expr) -> pl.DataFrame:
    """Rows whose lineage is as it is compared: its keys, above the taxon's level only."""
    return rows.with_columns(
        pl.when(level > number).then(lineage_key(pl.col(rank), rank)).otherwise(pl.lit("")).alias(rank)
        for number, rank in enumerate(HIGHER)
    )


def _spoken(rows: pl.DataFrame, backbones: Sequence[Backbone], languages: tuple[str, ...]) -> pl.DataFrame:
    """`row` and `ADDED` of the rows that a backbone has a name for; `rows` has `row` and the columns `_ASKED`."""
    asked = rows.select(_ASKED).unique().sort(_ASKED)
    parts = []
    for number, backbone in enumerate(backbones):
        found = _taxa_of(backbone, asked).join(_by_taxon(backbone, languages), on="taxon", how="inner")
        parts.append(found.with_columns(pl.lit(number).alias("order"), _source(backbone.name).alias("source")))
    spoken = pl.concat(parts).sort(
        "asked", "language_order", "order", "is_preferred", "source", "name",
        descending=[False, False, False, True, False, False],
    ).unique("asked", keep="first", maintain_order=True)  # fmt: skip
    spoken = spoken.select("asked", common_name="name", common_name_language="language", common_name_source="source")
    answers = asked.with_row_index("asked").with_columns(pl.col("asked").cast(pl.Int64))
    answers = answers.join(spoken, on="asked", how="inner").with_columns(pl.col("rank").alias("common_name_rank"))
    return rows.select("row", *_ASKED).join(answers, on=_ASKED, how="inner").select("row", *ADDED)


def _source(backbone: str) -> pl.Expr:
    """Whose name it is: `inat: iNaturalist`, or the backbone alone where it names nobody else."""
    is_other = (pl.col("source").fill_null("") != "") & (pl.col("source") != backbone)
    return pl.when(is_other).then(pl.lit(f"{backbone}: ") + pl.col("source")).otherwise(pl.lit(backbone))


@lru_cache(maxsize=8)
def _by_taxon(backbone: Backbone, languages: tuple[str, ...]) -> pl.DataFrame:
    """The best name of each taxon in each language: `taxon, name, language, is_preferred, source, language_order`."""
    order = {language: number for number, language in enumerate(languages)}
    spoken = backbone.tables.vernaculars.with_columns(
        pl.col("language").cast(pl.String), pl.col("taxon").cast(pl.Int64)
    )
    spoken = spoken.filter(pl.col("language").is_in(languages)).with_columns(
        pl.col("language").replace_strict(order, return_dtype=pl.Int64).alias("language_order"),
        pl.col("source").cast(pl.String).fill_null(""),
    )
    best = spoken.drop("common_key").sort(
        "taxon", "language_order", "is_preferred", "source", "name", descending=[False, False, True, False, False]
    )
    return best.unique(["taxon", "language_order"], keep="first", maintain_order=True)


def _taxa_of(backbone: Backbone, asked: pl.DataFrame) -> pl.DataFrame:
    """The taxa of a backbone that are meant: `asked` (the row's place) and `taxon`, rarely several a row."""
    ours = np.flatnonzero(((asked["backbone"] == backbone.name) & (asked["id"] != "")).to_numpy())
    hits = backbone.by_id(asked["id"].gather(ours))
    by_id = _of_rank(backbone, asked, Hits(ours[hits.asked], hits.found))
    by_id = by_id.filter(pl.col("is_accepted")).select("asked", "taxon").unique(maintain_order=True)
    rest = np.setdiff1d(np.arange(len(asked)), by_id["asked"].to_numpy())
    keys = asked.select(folded(pl.col("name"))).to_series().gather(rest)
    hits = backbone.by_key(keys)
    found = _of_rank(backbone, asked, Hits(rest[hits.asked], hits.found))
    found = with_agreement(backbone, asked.select(HIGHER), found).filter(~pl.col("is_contradicted"))
    agrees, unknown = (_count(value) for value in (Agreement.AGREES, Agreement.UNKNOWN))
    found = found.filter((agrees > 0) | (unknown == 0))  # a kingdom that the backbone lacks is hardly the taxon's own
    merit = agrees + pl.col("is_accepted") * (len(HIGHER) + 1)  # an accepted name before any synonym
    found = found.with_columns(merit.alias("merit")).filter(pl.col("merit") == pl.col("merit").max().over("asked"))
    lineage = backbone.tables.taxa["lineage"].gather(found["taxon"])
    is_one = pl.col("lineage").n_unique().over("asked") == 1
    by_name = found.with_columns(lineage.alias("lineage")).filter(is_one).select("asked", "taxon").unique()
    return pl.concat([by_id, by_name])


def _count(value: Agreement) -> pl.Expr:
    return pl.sum_horizontal((pl.col(rank) == int(value)).cast(pl.Int64) for rank in HIGHER)


def _of_rank(backbone: Backbone, asked: pl.DataFrame, hits: Hits) -> pl.DataFrame:
    """The taxa that names stand for and that have the rank asked for: `asked, taxon, is_accepted`."""
    chosen = backbone.tables.names.select("taxon", "status")[hits.found]
    rank = backbone.tables.taxa["rank"].gather(chosen["taxon"]).cast(pl.String)
    found = pl.DataFrame({"asked": hits.asked, "rank": asked["rank"].gather(hits.asked), "held": rank}).hstack(
        chosen.with_columns(pl.col("taxon").cast(pl.Int64), pl.col("status").cast(pl.String))
    )
    is_rank = pl.col("rank").replace("hybrid", "species") == pl.col("held").replace("hybrid", "species")
    found = found.filter(is_rank, pl.col("status") != "misapplied")
    return found.select("asked", "taxon", pl.col("status").is_in(ACCEPTED).alias("is_accepted"))
