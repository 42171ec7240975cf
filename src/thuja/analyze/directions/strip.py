"""The strip of pictures from one end of a direction to the other, as one drawing that holds its pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from thuja.errors import ImageError, UsageError
from thuja.images import decode, encode_jpeg, read_place
from thuja.report import INK, data_uri, escape

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

TILE: Final = 112
"""Pixels of a side."""
_GAP, _LINE = 8, 14
_TRIES: Final = 25
"""Pictures that are tried for one place before it stays empty."""
_LONGEST: Final = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class StripSettings:
    """How many places from end to end, and how many pictures at each of them."""

    columns: int = 10
    pictures: int = 3

    def __post_init__(self) -> None:
        if self.columns < 2 or self.pictures < 1:
            raise UsageError(
                f"a strip has at least two places of one picture, got {self.columns} places of {self.pictures}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The drawing (SVG), the images shown (positions among the scores) and how many could not be read."""

    drawing: str
    shown: Sequence[int]
    unreadable: int


def strip(
    scores: Floats, places: Sequence[str], species: Indices, captions: Sequence[str], settings: StripSettings
) -> Strip:
    """Pictures of M images along their scores (M,), the least to the left.

    `places` are files or stretches of files (`thuja.images.stretch`), "" where there is none; `species` (M,) are
    numbers. Species weigh alike along the strip, and a place shows different ones as far as it can. What is missing or
    broken is passed over and counted. Raises ImageError where no picture at all can be read.
    """
    order = np.argsort(scores, kind="stable")
    sizes = np.bincount(species)[species[order]]
    along = np.cumsum(1 / sizes)
    along = (along - along[0]) / max(float(along[-1] - along[0]), np.finfo(float).tiny)
    tiles = _Tiles(places)
    shown: list[list[int]] = []
    for middle in np.linspace(0, 1, settings.columns):
        near = order[np.argsort(np.abs(along - middle), kind="stable")]
        shown.append(_chosen(near, species, tiles, settings.pictures))
    if not tiles.read:
        raise ImageError(f"none of {len(tiles.bad)} pictures for the strip could be read")
    return Strip(
        drawing=_drawn(shown, tiles, captions, scores),
        shown=[row for column in shown for row in column],
        unreadable=len(tiles.bad),
    )


class _Tiles:
    """Pictures made small, each read once."""

    def __init__(self, places: Sequence[str]) -> None:
        self._places = places
        self.read: dict[int, bytes] = {}
        self.bad: set[int] = set()
        self.used: set[int] = set()

    def has(self, row: int) -> bool:
        """Whether there is a picture of this image; reads it at the first call."""
        if row in self.read or row in self.bad or not self._places[row]:
            return row in self.read
        try:
            picture = decode(read_place(self._places[row]), draft=2 * TILE)
        except ImageError:
            self.bad.add(row)
            return False
        self.read[row] = encode_jpeg(ImageOps.fit(picture, (TILE, TILE), Image.Resampling.LANCZOS), quality=82)
        return True


def _chosen(near: Indices, species: Indices, tiles: _Tiles, count: int) -> list[int]:
    """The nearest pictures that are not shown yet: of the few nearest each species once, then whatever comes."""
    free = [int(row) for row in near[: _TRIES * count] if int(row) not in tiles.used]
    found: list[int] = []
    for again in (False, True):
        for row in free if again else free[: 2 * count]:
            is_fresh = again or species[row] not in {species[one] for one in found}
            if len(found) < count and row not in found and is_fresh and tiles.has(row):
                found.append(row)
    tiles.used.update(found)
    return found


def _drawn(shown: Sequence[Sequence[int]], tiles: _Tiles, captions: Sequence[str], scores: Floats) -> str:
    """Columns of tiles with their captions; a line below says where along the direction they lie."""
    step, height = TILE + _GAP, TILE + _GAP + _LINE
    width, tall = step * len(shown) - _GAP, height * max(map(len, shown)) + 2 * _LINE
    parts = []
    for place, column in enumerate(shown):
        for row, image in enumerate(column):
            parts.append(_tile(tiles.read[image], captions[image], x=place * step, y=row * height))
        if column:
            middle = float(np.median(scores[list(column)]))
            parts.append(_text(f"{middle:.3g}", x=place * step + TILE / 2, y=tall - _LINE / 2, anchor="middle"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}" width="{width}" height="{tall}" '
        f'font-family="DejaVu Sans, sans-serif" font-size="10" fill="{INK}">{"".join(parts)}</svg>'
    )


def _tile(image: bytes, caption: str, *, x: float, y: float) -> str:
    picture = f'<image x="{x}" y="{y}" width="{TILE}" height="{TILE}" href="{data_uri(image)}"/>'
    short = caption if len(caption) <= _LONGEST else f"{caption[: _LONGEST - 1]}…"
    title = f"<title>{escape(caption)}</title>"
    return f"<g>{title}{picture}{_text(short, x=x, y=y + TILE + _LINE - 3)}</g>"


def _text(words: str, *, x: float, y: float, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
