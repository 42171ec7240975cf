"""The pictures of a batch, by row alone: only what the answers name is read, and only what decodes is shown.

What leaves is a smaller JPEG of its pixels: no EXIF, no place, no other file than a picture.
"""

from pathlib import Path
from typing import Final

from thuja.errors import ImageError, UsageError
from thuja.images.decoding import Limits, encode_jpeg, read_image
from thuja.images.fetching import has_other_scheme, is_url
from thuja.predict.inputs.boxes import Box
from thuja.web.review.answers import Asked

SIDE: Final = 1024
"""The longest side of a picture that is shown, in pixels."""


def file_of(asked: Asked, answers: Path) -> Path:
    """Where the picture's file is: as the batch names it, from the folder of the answers or the working folder.

    Raises ImageError for a picture that lies on the web, or nowhere.
    """
    if is_url(asked.name) or has_other_scheme(asked.name):
        raise ImageError("this picture lies on the web, and is not fetched", reason="unreadable")
    if "\0" not in asked.name:
        for folder in (answers.parent, Path()):
            found = folder / asked.name
            if found.is_file():
                return found
    raise ImageError(f"there is no file for picture {asked.row} of the review", reason="unreadable")


def shown(asked: Asked, answers: Path, *, limits: Limits) -> bytes:
    """The picture, its box cut out, as a JPEG of at most SIDE pixels a side; raises ImageError."""
    box = box_of(asked)
    whole = read_image(file_of(asked, answers), limits=limits, draft=None if box else 2 * SIDE)
    image = whole if box is None else box.cut(whole)
    image.thumbnail((SIDE, SIDE))
    return encode_jpeg(image)


def box_of(asked: Asked) -> Box | None:
    """The part of the picture that was looked at, None for all of it; raises ImageError for what is no box."""
    if not asked.box:
        return None
    try:
        x, y, width, height = (float(side) for side in asked.box.split(","))
        return Box.of((x, y, width, height))
    except (ValueError, UsageError) as error:
        raise ImageError(f"not a box: {asked.box!r:.80}", reason="broken_crop") from error
