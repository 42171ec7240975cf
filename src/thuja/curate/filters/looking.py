"""A row's image for the filters that look at it, and those filters as column expressions of Daft's."""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import daft
import polars as pl
from daft import Series, col
from PIL import Image

from thuja.curate.filters.batches import Reasons, as_struct, batch_of, filled_struct
from thuja.curate.steps import Frame, mark_dropped
from thuja.errors import ImageError
from thuja.images import decode, read_place
from thuja.images.crops import cropped

COLUMNS = ("place", "crop", "drop_reason")
"""What `images_of` reads."""
_BATCH = 64
_SIDE = 720
"""The papers' longer side; a JPEG is decoded no larger than it takes to have it."""


def images_of(batch: pl.DataFrame, wanted: Sequence[bool] | None = None) -> Iterator[Image.Image | None]:
    """Each row's image, one at a time; None for a row that is dropped, not wanted, or has none that decodes."""
    rows = batch.select(*COLUMNS).rows()
    for (place, crop, reason), is_wanted in zip(rows, wanted or [True] * len(rows), strict=True):
        yield image_at(place, crop) if place and not reason and is_wanted else None


def image_at(place: str, crop: str | None = None) -> Image.Image | None:
    """The image at a place, or its part that `crop` (`left,top,width,height`) says; None if it does not decode."""
    try:
        return cropped(decode(read_place(place), draft=None if crop else _SIDE), crop)
    except ImageError:
        return None  # `check` has looked at it: what changed since is `pack`'s to say


@daft.cls(use_process=False)
class ImageFilter:
    """As BatchFilter, in batches that leave room for their images."""

    def __init__(self, function: Reasons, columns: Sequence[str]) -> None:
        self._function = function
        self._columns = tuple(columns)

    @daft.method.batch(return_dtype=filled_struct(), batch_size=_BATCH)
    def look(self, *values: Series) -> object:
        """The filled columns of each row as one struct."""
        batch = batch_of(self._columns, values)
        return as_struct(self._function(batch), batch.height)


def looked_at(frame: Frame, function: Reasons, columns: Sequence[str], *, step: str, fills: Sequence[str]) -> Frame:
    """As `batches.filtered`, for a function that opens images."""
    look = cast(Callable[..., daft.Expression], ImageFilter(function, columns).look)  # on columns, an expression
    frame = frame.with_column("found", look(*(col(name) for name in columns)))
    frame = frame.with_columns({name: col("found")[name] for name in fills})
    return mark_dropped(frame, col("found")["reason"], step).exclude("found")
