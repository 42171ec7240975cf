"""One lineage a taxon over a whole table, also where no backbone vouches for it.

A name that no backbone has comes with the lineage that its source gave, and sources differ. Rows of one name
and kingdom get one of their lineages: what a backbone vouches for most of, then what most rows say, then the most
complete, then the first of the alphabet; so do the genera, families, orders and classes above them.
"""

import polars as pl

from thuja.names.queries import lineage_key
from thuja.names.resolution import Status
from thuja.names.spelling import folded
from thuja.names.store import LINEAGE

_OPEN = [str(status) for status in (Status.GIVEN, Status.CONFLICT, Status.UNRESOLVED, Status.HIGHER_RANK)]
_HELD = ("accepted_name", "accepted_rank", "accepted_id", "backbone")


def one_lineage_each(answers: pl.DataFrame) -> pl.DataFrame:
    """The answers with one lineage for each taxon that no backbone vouches for.

    `answers` has the columns of an answer, `name` (what is looked up first), `given_kingdom` ... `given_genus`
    (tidy, without nulls), and `rows`, how many rows of the table it stands for. What the answer says otherwise
    than the row is told in `changed`.
    """
    level = pl.col("accepted_rank").replace_strict(
        LINEAGE, list(range(len(LINEAGE))), default=None, return_dtype=pl.Int64
    )
    is_open = pl.col("match_type").is_in(_OPEN) & (level.fill_null(-1) < LINEAGE.index("genus"))
    is_open &= pl.col("accepted_rank").is_null() | level.is_not_null()
    numbered = answers.with_row_index("place").with_columns(level.fill_null(-1).alias("vouched"))
    rest = numbered.filter(is_open)
    if rest.is_empty():
        return answers
    filled = rest.with_columns(_filled(rank, number) for number, rank in enumerate(LINEAGE))
    filled = filled.with_columns(_key(rank) for rank in LINEAGE)
    filled = filled.with_columns(folded(pl.col("name")).alias("of"))
    filled = _agreed(filled.filter(pl.col("of") != ""), "of", len(LINEAGE)).vstack(filled.filter(pl.col("of") == ""))
    for number in range(LINEAGE.index("genus"), 1, -1):
        rank = LINEAGE[number]
        is_named = pl.col(f"key_{rank}") != ""
        named = _agreed(filled.filter(is_named).with_columns(pl.col(f"key_{rank}").alias("of")), "of", number)
        filled = named.vstack(filled.filter(~is_named).select(named.columns))
    filled = _told(filled)
    return pl.concat([numbered.filter(~is_open), filled.select(numbered.columns)]).sort("place").select(answers.columns)


def _filled(rank: str, number: int) -> pl.Expr:
    """The rank as answered; below what is vouched for, as given."""
    given = pl.when(pl.col(f"given_{rank}") != "").then(f"given_{rank}")
    return pl.when((pl.col("vouched") < number) & pl.col(rank).is_null()).then(given).otherwise(rank).alias(rank)


def _key(rank: str) -> pl.Expr:
    return lineage_key(pl.col(rank), rank).alias(f"key_{rank}")


def _agreed(rows: pl.DataFrame, of: str, depth: int) -> pl.DataFrame:
    """Rows of one `of` and kingdom with the lineage above `depth` that wins among them.

    What is vouched for goes with the lineage, unless it is as deep as `of` itself: then each row keeps its own.
    """
    above = LINEAGE[1:depth]
    keys, others = ["key_kingdom", of], [f"key_{rank}" for rank in above]
    taken = [*_HELD, "vouched", *LINEAGE[:depth]]
    most = pl.min_horizontal("vouched", pl.lit(depth))
    # Spellings that fold alike are one lineage; it is written as the first of the alphabet.
    ordered = rows.with_columns(most.alias("most")).sort(
        *keys, *others, "most", *taken, descending=_falling(len(others) + 2, len(taken))
    )
    choices = ordered.group_by([*keys, *others], maintain_order=True).agg(
        pl.col("rows").sum(), pl.col("most").first(), pl.struct(taken).first().alias("choice")
    )
    complete = pl.sum_horizontal((pl.col(name) != "").cast(pl.Int32) for name in others)
    choices = choices.with_columns(complete.alias("complete")).sort(
        *keys, "most", "rows", "complete", *others, descending=[False, False, True, True, True, *[False] * len(others)]
    )
    best = choices.unique(keys, keep="first", maintain_order=True).select(*keys, "choice")
    joined = rows.join(best, on=keys, how="left")
    choice = pl.col("choice").struct
    is_moved = (pl.col("vouched") < depth) & (choice.field("vouched") < depth)
    held = [pl.when(is_moved).then(choice.field(name)).otherwise(name).alias(name) for name in (*_HELD, "vouched")]
    lineage = [choice.field(rank).alias(rank) for rank in LINEAGE[:depth]]
    return joined.with_columns(*held, *lineage).with_columns(_key(rank) for rank in LINEAGE).select(rows.columns)


def _falling(before: int, after: int) -> list[bool]:
    return [*[False] * before, True, *[False] * after]


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    changes = []
    for rank in LINEAGE:
        given, held = lineage_key(pl.col(f"given_{rank}"), rank), lineage_key(pl.col(rank), rank)
        is_other = (given != "") & (held != "") & (given != held)
        changes.append(
            pl.when(is_other).then(pl.concat_str(pl.lit(f"{rank}: "), f"given_{rank}", pl.lit(" -> "), rank))
        )
    changed = pl.concat_str(changes, separator="; ", ignore_nulls=True).replace("", None)
    said = pl.concat_str("reason", pl.lit("; its lineage is the table's choice for all rows of the name"))
    is_new = changed.is_not_null() & (changed != pl.col("changed").fill_null(""))
    return rows.with_columns(changed.alias("changed"), pl.when(is_new).then(said).otherwise("reason").alias("reason"))
