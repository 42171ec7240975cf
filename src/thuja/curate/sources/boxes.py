"""Bounding boxes as crops: whole pixels, clipped at the image's border."""

import polars as pl


def crop_of(left: str, top: str, width: str, height: str, *, image_width: str, image_height: str) -> pl.Expr:
    """The catalog's `crop`, `left,top,width,height` in whole pixels, from columns of numbers in pixels.

    Edges are rounded to the nearest pixel and clipped at the border; where the image's size is not known, at zero
    alone. Null for a box with no area in the image, or with a number missing.
    """

    def edge(value: pl.Expr, limit: str) -> pl.Expr:
        within = pl.min_horizontal(value.round(), pl.col(limit))  # ignores a null limit
        return pl.max_horizontal(within, pl.lit(0.0))

    sides = [pl.col(name) for name in (left, top, width, height)]
    x, y, wide, high = sides
    start_x, start_y = edge(x, image_width), edge(y, image_height)
    crop_width, crop_height = edge(x + wide, image_width) - start_x, edge(y + high, image_height) - start_y
    numbers = [start_x, start_y, crop_width, crop_height]
    is_known = pl.all_horizontal(side.is_not_null() for side in sides)
    has_area = is_known & (wide > 0) & (high > 0) & (crop_width >= 1) & (crop_height >= 1)
    return pl.when(has_area).then(
        pl.format("{},{},{},{}", *(number.cast(pl.Int64, strict=False) for number in numbers))
    )
