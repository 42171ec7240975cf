"""Which of several copies is the best, and whether their names contradict each other."""

from functools import reduce
from typing import Final

import daft
import polars as pl
from daft import DataType, Series, col, lit
from daft.functions import coalesce, concat

from thuja.curate.licences import OPENNESS, openness, stricter_licences
from thuja.taxonomy import RANKS

RANK_NAMES: Final = [rank.label for rank in RANKS]
SPLIT_ORDER: Final = ("test", "val", "unseen", "train")
"""Of copies in several given splits the test one stays: a published test set keeps its images."""
_COLUMNS: Final = ["uuid", "path", "split", "width", "height", "license_name", "license_link", *RANK_NAMES]
_MOST_PIXELS: Final = 10**13 - 1


def lineage_text() -> daft.Expression:
    """The seven names of a row in one text, one a line, empty where there is none."""
    names = [coalesce(col(name), lit("")) for name in RANK_NAMES]
    return reduce(lambda left, right: concat(concat(left, lit("\n")), right), names)


def copy_orders(rows: pl.DataFrame) -> pl.Series:
    """A text by which the best copy comes first, and no two rows are equal.

    By given split, resolution, depth of the label, openness of the licence, then path and uuid, whatever the order of
    the rows. The uuid stands behind the last line break.
    """
    split = pl.col("split").replace_strict(
        {name: i for i, name in enumerate(SPLIT_ORDER)}, default=9, return_dtype=pl.Int64
    )
    pixels = pl.lit(_MOST_PIXELS) - (pl.col("width") * pl.col("height")).fill_null(0).clip(0, _MOST_PIXELS)
    depth = pl.sum_horizontal(pl.col(name).is_null().cast(pl.Int64) for name in RANK_NAMES)
    licences = stricter_licences(rows["license_name"], rows["license_link"])
    places = {name: openness(name) for name in OPENNESS}
    openest = licences.replace_strict(places, default=openness(None), return_dtype=pl.Int64)
    order = pl.format(
        "{}{}{}{}{}\n{}",
        split.fill_null(9),
        pixels.cast(pl.String).str.zfill(13),
        depth,
        pl.lit(openest).cast(pl.String).str.zfill(2),
        pl.col("path").fill_null(""),
        pl.col("uuid"),
    )
    return rows.select(order.alias("copy_order"))["copy_order"]


@daft.func.batch(return_dtype=DataType.string(), use_process=False)
def _copy_orders(*columns: Series) -> Series:
    rows = pl.DataFrame(
        {name: pl.from_arrow(column.to_arrow()) for name, column in zip(_COLUMNS, columns, strict=True)}
    )
    types: dict[str, type[pl.DataType]] = {
        name: pl.Int64 if name in ("width", "height") else pl.String for name in _COLUMNS
    }
    return Series.from_arrow(
        copy_orders(rows.select(pl.col(name).cast(kind) for name, kind in types.items())).to_arrow()
    )


def copy_order() -> daft.Expression:
    """`copy_orders` of a frame's rows."""
    return _copy_orders(*(col(name) for name in _COLUMNS))


def contradicts(left: str, right: str) -> daft.Expression:
    """Whether two sets of rank columns, told apart by these prefixes, name one rank differently; never null."""
    found = lit(False)
    for name in RANK_NAMES:
        differs = col(f"{left}{name}") != col(f"{right}{name}")
        found = found | differs.fill_null(False)
    return found
