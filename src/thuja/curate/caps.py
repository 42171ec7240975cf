"""Caps: how many images an observation, a source and a taxon may have; and taxa with too few."""

from dataclasses import asdict, dataclass
from typing import Final

import daft
from daft import Window, col, lit
from daft.functions import coalesce, row_number, when

from thuja.curate.groups import with_observations
from thuja.curate.splits import draws
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import UsageError

STEP: Final = "caps"
_NARROW: Final = ("uuid", "data_source", "sequence_id", "observation_id", "occurrence_id", "gbif_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapSettings:
    """[caps]: at most so many images of one taxon (lineage), source and observation, and at least so many of a taxon.

    What goes beyond a maximum is drawn evenly. Images whose source gives them a split other than train are neither
    counted nor dropped by a maximum: a published test set stays whole. `min_images` counts all that is left.
    """

    min_images: int = 1
    max_images: int | None = None
    max_per_source: int | None = None
    max_per_observation: int | None = None

    def __post_init__(self) -> None:
        for name in ("min_images", "max_images", "max_per_source", "max_per_observation"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"caps.{name} must be at least 1, got {value}", hint="leave it out for no cap")
        if self.max_images is not None and self.max_images < self.min_images:
            raise UsageError(f"caps.max_images is {self.max_images}, which is below min_images, {self.min_images}")


def caps_step(settings: CapSettings, *, seed: int) -> Step:
    """Drop images beyond the caps, then taxa with too few.

    Reasons: over_observation_cap, over_source_cap, over_taxon_cap, too_few_images. An observation's images go first,
    so that a cap on a taxon is not filled by a few of them.
    """
    told = asdict(settings) | {"seed": seed}
    return Step(name=STEP, settings=told, apply=lambda frame: _cap(frame, settings, seed))


def _cap(frame: Frame, settings: CapSettings, seed: int) -> Frame:
    if settings.max_per_observation is not None:
        rows = with_observations(_capped_rows(frame).select(*_NARROW)).select("uuid", col("group").alias("key"))
        frame = _drop_beyond(frame, rows, settings.max_per_observation, draw=(seed, "observation"))
    if settings.max_per_source is not None:
        rows = _capped_rows(frame).select("uuid", coalesce(col("data_source"), lit("")).alias("key"))
        frame = _drop_beyond(frame, rows, settings.max_per_source, draw=(seed, "source"))
    if settings.max_images is not None:
        rows = _capped_rows(frame).select("uuid", col("lineage").alias("key"))
        frame = _drop_beyond(frame, rows, settings.max_images, draw=(seed, "taxon"))
    return _drop_rare(frame, settings.min_images)


def _capped_rows(frame: Frame) -> Frame:
    trains = coalesce(col("split"), lit("train")) == lit("train")
    return frame.where(col("drop_reason").is_null() & trains)


def _drop_beyond(frame: Frame, rows: Frame, most: int, *, draw: tuple[int, str]) -> Frame:
    """Drop what the draw puts beyond the first `most` of each key; only keys that have more are sorted at all."""
    seed, what = draw
    counts = rows.groupby("key").agg(col("uuid").count().alias("images"))
    rows = rows.join(counts.where(col("images") > lit(most)).select("key"), on="key", how="inner")
    rows = rows.with_column("draw", draws(col("uuid"), seed, f"cap {what}"))
    order = Window().partition_by("key").order_by(["draw", "uuid"])
    beyond = rows.with_column("number", row_number().over(order)).where(col("number") > lit(most))
    frame = frame.join(beyond.select("uuid", "number"), on="uuid", how="left")
    return mark_dropped(frame, _when(col("number").not_null(), f"over_{what}_cap"), STEP).exclude("number")


def _drop_rare(frame: Frame, min_images: int) -> Frame:
    if min_images <= 1:
        return frame
    counts = frame.where(col("drop_reason").is_null()).groupby("lineage").agg(col("uuid").count().alias("images"))
    frame = frame.join(counts.where(col("images") < lit(min_images)), on="lineage", how="left")
    return mark_dropped(frame, _when(col("images").not_null(), "too_few_images"), STEP).exclude("images")


def _when(is_met: daft.Expression, reason: str) -> daft.Expression:
    return when(is_met, lit(reason)).otherwise(lit(None).cast("string"))
