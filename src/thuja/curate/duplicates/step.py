"""The step that keeps one copy of every image, and the counts of what it dropped."""

from dataclasses import asdict
from typing import cast

import daft
import polars as pl
from daft import col, lit
from daft.functions import coalesce, when

from thuja.curate.duplicates.confirming import Embed
from thuja.curate.duplicates.copies import SPLIT_ORDER, copy_order
from thuja.curate.duplicates.exact import STEP, drop_equal
from thuja.curate.duplicates.near import SecondLook, near_copies
from thuja.curate.duplicates.settings import DuplicateSettings
from thuja.curate.handed_names import describe
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import UsageError
from thuja.images import DEFAULT_LIMITS, Limits

_DEFAULT = DuplicateSettings()


def duplicates_step(
    settings: DuplicateSettings = _DEFAULT, *, embed: Embed | None = None, limits: Limits = DEFAULT_LIMITS
) -> Step:
    """Keep the best copy of every image: by bytes, by pixels, and where it is asked for, of near copies.

    Reasons: `duplicate`, `duplicate_pixels`, `near_duplicate`, each with the kept copy in `duplicate_of`, and
    `conflicting_duplicate`. Near copies need `pdq`, and their files for `confirm`; `embed` is for "embedding".
    """
    is_asked = settings.perceptual and settings.confirm == "embedding"
    if is_asked and embed is None:
        raise UsageError(
            'duplicates are to be confirmed by "embedding", and no embedding is given', hint='confirm = "pixels"'
        )
    look = SecondLook(settings=settings, limits=limits, embed=embed if is_asked else None)
    told = asdict(settings) | {"first": list(SPLIT_ORDER), "embed": describe(look.embed)}
    return Step(name=STEP, settings=told, apply=lambda frame: _drop_duplicates(frame, look))


def dropped_by_clade(frame: Frame) -> pl.DataFrame:
    """What a step table or a catalog lost as duplicates: `data_source`, `kingdom`, `class`, `drop_reason`, `images`."""
    keys = ["data_source", "kingdom", "class", "drop_reason"]
    dropped = frame.where((col("dropped_by") == lit(STEP)).fill_null(False))
    counts = dropped.groupby(*keys).agg(col("uuid").count().alias("images")).to_arrow()
    return cast(pl.DataFrame, pl.from_arrow(counts)).sort(*keys, nulls_last=True)


def _drop_duplicates(frame: Frame, look: SecondLook) -> Frame:
    settings = look.settings
    frame = frame.with_column("copy_order", copy_order())
    if settings.exact:
        frame = drop_equal(frame, "sha256", "duplicate")
    if settings.pixels:
        frame = drop_equal(frame, "pixel_hash", "duplicate_pixels")
        frame = _follow(frame, frame.select("uuid", "duplicate_of")) if settings.exact else frame
    if settings.perceptual:
        found = daft.from_arrow(near_copies(frame, look).to_arrow())
        frame = _follow(_drop_near(frame, found), found)
    return frame.exclude("copy_order")


def _drop_near(frame: Frame, found: Frame) -> Frame:
    near = found.select("uuid", col("duplicate_of").alias("near_of"))
    frame = frame.join(near, on="uuid", how="left")
    frame = frame.with_column("duplicate_of", coalesce(col("near_of"), col("duplicate_of")))
    reason = when(col("near_of").not_null(), lit("near_duplicate")).otherwise(lit(None).cast("string"))
    return mark_dropped(frame, reason, STEP).exclude("near_of")


def _follow(frame: Frame, copies: Frame) -> Frame:
    """Point to the kept copy where the copy that a row was dropped for has been dropped for another one since."""
    moved = copies.where(col("duplicate_of").not_null())
    moved = moved.select(col("uuid").alias("moved_from"), col("duplicate_of").alias("moved_to"))
    frame = frame.join(moved, left_on="duplicate_of", right_on="moved_from", how="left")
    return frame.with_column("duplicate_of", coalesce(col("moved_to"), col("duplicate_of"))).exclude("moved_to")
