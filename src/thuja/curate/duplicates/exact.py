"""Exact duplicates, by the hash of the bytes."""

from daft import col, lit
from daft.functions import coalesce, concat, when

from thuja.curate.steps import Frame, Step, mark_dropped

_FIRST = {"test": "0", "val": "1", "unseen": "2", "train": "3"}
"""Of copies in several given splits the test one stays: a published test set keeps its pictures."""


def duplicates_step() -> Step:
    """Keep one copy of every image, the first by given split and path.

    Copies with different taxa contradict each other, and none of them is kept.
    """
    return Step(name="duplicates", settings={"first": list(_FIRST)}, apply=_drop_duplicates)


def _drop_duplicates(frame: Frame) -> Frame:
    split = lit("4")
    for name, place in _FIRST.items():
        # Where a condition is null, Daft's `when` gives null and not its `otherwise`.
        split = when(coalesce(col("split"), lit("")) == lit(name), lit(place)).otherwise(split)
    order = concat(concat(split, col("path")), concat(lit("\n"), col("uuid")))
    frame = frame.with_column("copy_order", order)
    groups = (
        frame.where(col("drop_reason").is_null())
        .groupby("sha256")
        .agg(
            col("uuid").count().alias("copies"),
            col("lineage").count_distinct().alias("copy_taxa"),
            col("copy_order").min().alias("first_copy"),
        )
        .where(col("copies") > lit(1))
    )
    frame = frame.join(groups, on="sha256", how="left")
    is_conflict, is_later = col("copy_taxa") > lit(1), col("copy_order") != col("first_copy")
    nothing = lit(None).cast("string")
    reason = when(is_conflict, lit("conflicting_duplicate")).when(is_later, lit("duplicate")).otherwise(nothing)
    return mark_dropped(frame, reason, "duplicates").exclude("copies", "copy_taxa", "copy_order", "first_copy")
