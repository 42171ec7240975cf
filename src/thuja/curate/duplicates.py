"""Exact duplicates, by the hash of the bytes; and species with too few images."""

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


def rare_step(min_images: int) -> Step:
    """Drop the taxa that have fewer images than this."""
    return Step(name="rare", settings={"min_images": min_images}, apply=lambda frame: _drop_rare(frame, min_images))


def _drop_rare(frame: Frame, min_images: int) -> Frame:
    if min_images <= 1:
        return frame
    counts = frame.where(col("drop_reason").is_null()).groupby("lineage").agg(col("uuid").count().alias("images"))
    frame = frame.join(counts.where(col("images") < lit(min_images)), on="lineage", how="left")
    reason = when(col("images").not_null(), lit("too_few_images")).otherwise(lit(None).cast("string"))
    return mark_dropped(frame, reason, "rare").exclude("images")
