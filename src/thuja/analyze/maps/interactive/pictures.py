"""The pictures of a map's points: small ones on sheets inside the page, and links for the others."""

import base64
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import numpy as np
from PIL import Image, ImageOps

from thuja.analyze.maps.interactive.columns import Json, clean, packed
from thuja.errors import ImageError
from thuja.images import decode, encode_jpeg, read_place, to_rgb
from thuja.images.places import is_stretch
from thuja.report import web_address

_LOG = logging.getLogger(__name__)

Picture = Path | str | None
"""A file here, or a stretch of one (`thuja.images.stretch`), or an http(s) address."""

_ACROSS: Final = 16
"""Thumbnails across a sheet and down it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """JPEG sheets of thumbnails: `rows` are the points that have one, in order; `unreadable` files gave none."""

    cell: int
    rows: Sequence[int]
    sheets: Sequence[bytes]
    unreadable: int = 0

    def to_json(self) -> Json:
        """What the page must know of them; the sheets themselves stand beside it."""
        return {"cell": self.cell, "across": _ACROSS, "rows": packed(np.array(self.rows, dtype="<u4"))}

    def texts(self) -> Iterator[str]:
        """Each sheet in base 64."""
        return (base64.b64encode(sheet).decode() for sheet in self.sheets)


def draw_sheets(
    pictures: Sequence[Picture], generator: np.random.Generator, *, most: int, cell: int, quality: int
) -> Sheets:
    """Thumbnails, `cell` pixels square, of at most `most` of the files among the pictures, drawn at random.

    A file that cannot be read is counted and skipped; another one takes its place.
    """
    local = [row for row, picture in enumerate(pictures) if isinstance(picture, Path)]
    rows: list[int] = []
    sheets: list[bytes] = []
    unreadable = 0
    sheet = Image.new("RGB", (_ACROSS * cell, _ACROSS * cell))
    for row in generator.permutation(local) if most else ():
        path = pictures[row]
        assert isinstance(path, Path)
        try:
            # Twice the size in draft, so that a large photo is not decoded whole.
            small = ImageOps.fit(to_rgb(decode(read_place(str(path)), draft=2 * cell)), (cell, cell))
        except (ImageError, OSError) as error:
            _LOG.debug("no thumbnail of %s: %s", path, error)
            unreadable += 1
            continue
        place = len(rows) % _ACROSS**2
        sheet.paste(small, (place % _ACROSS * cell, place // _ACROSS * cell))
        rows.append(int(row))
        if place == _ACROSS**2 - 1:
            sheets.append(encode_jpeg(sheet, quality))
        if len(rows) == most:
            break
    if len(rows) % _ACROSS**2:
        # The last sheet is cut below its last line.
        height = -(-(len(rows) % _ACROSS**2) // _ACROSS) * cell
        sheets.append(encode_jpeg(sheet.crop((0, 0, _ACROSS * cell, height)), quality))
    return Sheets(cell=cell, rows=rows, sheets=sheets, unreadable=unreadable)


def packed_links(pictures: Sequence[Picture], folder: Path) -> Json:
    """Addresses of the pictures as a page in `folder` finds them, without what all of them begin with.

    A file becomes a relative path; of addresses http and https alone stand, all else is no link.
    """
    links = [_link(picture, folder.resolve()) for picture in pictures]
    known = [link for link in links if link is not None]
    prefix = _beginning(min(known), max(known)) if known else ""
    return {
        "prefix": prefix,
        "rest": [link if link is None else link[len(prefix) :] for link in links] if known else [],
    }


def _beginning(first: str, last: str) -> str:
    """What two words, and so all between them by the alphabet, begin with."""
    same = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return first[: min(len(first), len(last)) if same is None else same]


def _link(picture: Picture, folder: Path) -> str | None:
    if picture is None:
        return None
    if isinstance(picture, Path):
        if is_stretch(str(picture)):  # no browser opens what lies inside a tar
            return None
        try:
            relative = os.path.relpath(picture.absolute(), folder)
        except ValueError:  # another drive
            return None
        # "./" keeps a name with a colon from being read as a scheme.
        return "./" + quote(relative.replace(os.sep, "/").encode("utf-8", errors="surrogateescape"))
    return web_address(clean(picture)) or None
