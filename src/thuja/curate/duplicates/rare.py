"""Taxa with too few images."""

from daft import col, lit
from daft.functions import when

from thuja.curate.steps import Frame, Step, mark_dropped


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
