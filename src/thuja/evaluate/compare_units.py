"""What two models are compared by: the questions that both were asked, and what each one's answer is worth.

An answer is worth 1 where it is the truth and 0 where not; a ranked list, its average precision. Questions that a model
was asked in several folds or runs count once, by the mean.
"""

from typing import Final

import polars as pl
import pyarrow as pa

KEYS: Final = ("part", "unit")
RELEVANT: Final = "relevant"


def units_of(answers: pa.Table) -> pl.DataFrame:
    """A row a question: `part`, `unit` (what was asked), `path`, `truth`, `answer`, `value` and `group`.

    `group` is what a bootstrap draws: what the task says, or else the true class.
    """
    frame = pl.DataFrame(pl.from_arrow(answers))
    for name in ("query", "score"):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    unit = [pl.coalesce(pl.col("query"), pl.col("path"))]
    unit = [pl.col("task"), *unit] if "task" in frame.columns else unit
    frame = frame.with_columns(pl.concat_str(unit, separator=": ", ignore_nulls=True).alias("unit"))
    if _is_ranked(frame):
        return _ranked(frame)
    value = pl.col("value") if "value" in frame.columns else pl.col("truth") == pl.col("answer")
    frame = frame.with_columns(value.cast(pl.Float64).fill_null(0.0).alias("value"), _group(frame))
    firsts = [pl.col(name).first() for name in ("path", "truth", "answer", "group")]
    return frame.group_by(KEYS, maintain_order=True).agg(*firsts, pl.col("value").mean())


def shared_units(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """The questions that both were asked: the columns of the first, and `other`, `other_answer` of the second."""
    if _is_listed(first) and _is_listed(second):
        first, second = _over_both(first, second)
    other = second.select(*KEYS, pl.col("value").alias("other"), pl.col("answer").alias("other_answer"))
    return first.join(other, on=KEYS, how="inner", maintain_order="left")


def with_whole(units: pl.DataFrame) -> pl.DataFrame:
    """The same with all questions together as the part "", where a task tells only of its parts."""
    return pl.concat([units.with_columns(pl.lit("").alias("part")), units])


def _group(frame: pl.DataFrame) -> pl.Expr:
    told = [pl.col("group")] if "group" in frame.columns else []
    return pl.coalesce(*told, pl.col("truth")).alias("group")


def _is_ranked(frame: pl.DataFrame) -> bool:
    return len(frame) > 0 and "place" in frame.columns and bool((frame["answer"] == RELEVANT).all())


def _ranked(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a query: the sum of precisions at its relevant images, and how many there are (`found`)."""
    is_hit = (pl.col("truth") == RELEVANT).cast(pl.Int64)
    ordered = frame.sort("place").with_columns(is_hit.alias("hit"))
    precision = pl.col("hit").cum_sum().over(KEYS) / pl.col("place") * pl.col("hit")
    return (
        ordered.with_columns(precision.alias("precision"))
        .group_by(KEYS, maintain_order=True)
        .agg(
            pl.col("path").first(),
            pl.col("truth").first(),
            pl.col("truth").first().alias("answer"),
            pl.col("query").first().alias("group"),
            pl.col("precision").sum().alias("value"),
            pl.col("path").filter(pl.col("hit") == 1).alias("found"),
        )
    )


def _is_listed(units: pl.DataFrame) -> bool:
    return "found" in units.columns


def _over_both(first: pl.DataFrame, second: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Average precision over the relevant images that either found: a list that was cut does not tell of others."""
    both = first.select(*KEYS, "found").join(second.select(*KEYS, pl.col("found").alias("more")), on=KEYS, how="inner")
    counts = both.select(*KEYS, pl.col("found").list.set_union("more").list.len().clip(1).alias("count"))

    def scaled(units: pl.DataFrame) -> pl.DataFrame:
        found = units.join(counts, on=KEYS, how="inner", maintain_order="left")
        return found.with_columns(pl.col("value") / pl.col("count")).drop("found", "count")

    return scaled(first), scaled(second)
