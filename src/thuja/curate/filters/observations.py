"""Which rows are images of one observation."""

import daft
from daft import col, lit
from daft.functions import coalesce, concat, when


def observation_key() -> daft.Expression:
    """One text for all images of one observation (or camera sequence), null where the row names none.

    The key of one source means nothing to another, so the source goes before it.
    """
    key = coalesce(col("sequence_id"), col("observation_id"), col("occurrence_id"), col("gbif_id"))
    known = when(key.not_null() & (key != lit("")), key).otherwise(lit(None).cast("string"))
    return concat(concat(coalesce(col("data_source"), lit("")), lit("\n")), known)
