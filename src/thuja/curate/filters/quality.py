"""Images too small, too blurred or too blank to learn from, by what `check` measured."""

from dataclasses import asdict, dataclass
from functools import partial

import polars as pl

from thuja.curate.filters.batches import filtered
from thuja.curate.steps import Step
from thuja.errors import UsageError

STEP = "quality"
COLUMNS = ("width", "height", "sharpness", "contrast")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """The recipe's [quality]; 0 turns a line off. What was not measured is not dropped for it.

    `min_side` is the papers' 224 pixels, of the file or the crop as the source has it. The papers have no
    rule on blur or blank images; `min_sharpness` and `min_contrast` are those of `measures`.
    """

    min_side: int = 224
    min_sharpness: float = 0.0
    min_contrast: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value >= 0:
                raise UsageError(f"quality.{name} must not be negative, got {value}", hint="0 turns it off")


def quality_reasons(batch: pl.DataFrame, settings: QualitySettings) -> pl.Series:
    """too_small, near_blank or blurred; null for a row that stays."""
    is_small = pl.min_horizontal("width", "height") < settings.min_side
    is_blank = pl.col("contrast") < settings.min_contrast
    is_blurred = pl.col("sharpness") < settings.min_sharpness
    reasons = {"too_small": is_small, "near_blank": is_blank, "blurred": is_blurred}
    first = [pl.when(is_met).then(pl.lit(reason)) for reason, is_met in reasons.items()]
    return batch.select(pl.coalesce(first).alias("reason")).to_series()


def _reasons(batch: pl.DataFrame, settings: QualitySettings) -> pl.DataFrame:
    return pl.DataFrame({"reason": quality_reasons(batch, settings)})


def quality_step(settings: QualitySettings) -> Step:
    """Drop what is too small, near-blank or blurred."""
    function = partial(_reasons, settings=settings)
    return Step(
        name=STEP,
        settings=asdict(settings),
        apply=lambda frame: filtered(frame, function, COLUMNS, step=STEP),
        is_rowwise=True,
    )
