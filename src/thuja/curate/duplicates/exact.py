"""Copies that are equal in a column: in the hash of their bytes, or in that of their decoded pixels."""

from daft import col, lit
from daft.functions import regexp_extract, when

from thuja.curate.duplicates.copies import RANK_NAMES, contradicts
from thuja.curate.steps import Frame, mark_dropped

STEP = "duplicates"
CONFLICT = "conflicting_duplicate"


def drop_equal(frame: Frame, key: str, reason: str) -> Frame:
    """Keep the best of the rows with one value of `key`; `frame` has a column `copy_order`.

    Copies whose taxa contradict each other cannot both be right, and none of them is kept. A name of fewer ranks
    contradicts no fuller one.
    """
    lows = [col(name).min().alias(f"low_{name}") for name in RANK_NAMES]
    highs = [col(name).max().alias(f"high_{name}") for name in RANK_NAMES]
    count, first = col("uuid").count().alias("copies"), col("copy_order").min().alias("first_copy")
    kept = frame.where(col("drop_reason").is_null() & col(key).not_null())
    groups = kept.groupby(key).agg(count, first, *lows, *highs).where(col("copies") > lit(1))
    groups = groups.with_column("is_conflict", contradicts("low_", "high_")).select(key, "first_copy", "is_conflict")
    frame = frame.join(groups, on=key, how="left")
    nothing = lit(None).cast("string")
    is_kept = col("drop_reason").is_null()
    is_later = is_kept & (col("copy_order") != col("first_copy")).fill_null(False)
    is_conflict = is_kept & col("is_conflict").fill_null(False)
    best = regexp_extract(col("first_copy"), r"\n([^\n]*)\z", 1)
    frame = frame.with_column("duplicate_of", when(is_later & ~is_conflict, best).otherwise(col("duplicate_of")))
    reasons = when(is_conflict, lit(CONFLICT)).when(is_later, lit(reason)).otherwise(nothing)
    return mark_dropped(frame, reasons, STEP).exclude("first_copy", "is_conflict")
