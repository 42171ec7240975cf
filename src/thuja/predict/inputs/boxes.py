"""A box in an image: where it is, in pixels or in shares of the image, and what is cut out by it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from thuja.encode.tables import Flaw
from thuja.errors import UsageError
from thuja.images.crops import cropped

_LOOSE = 1.001
"""Shares as detectors round them may end a little beyond the border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """From the left and the top, width and height: shares of the upright image when `is_relative`, else pixels."""

    x: float
    y: float
    width: float
    height: float
    is_relative: bool

    def __post_init__(self) -> None:
        sides = (self.x, self.y, self.width, self.height)
        if not all(map(math.isfinite, sides)) or self.width <= 0 or self.height <= 0:
            raise UsageError(f"a box is a place and a width and height above zero, got {sides}")

    @classmethod
    def of(cls, sides: Sequence[float]) -> "Box":
        """From x, y, width and height: shares where the box then lies within the unit square, else pixels."""
        x, y, width, height = sides
        is_relative = min(x, y) >= 0 and max(x + width, y + height) <= _LOOSE
        return cls(x=x, y=y, width=width, height=height, is_relative=is_relative)

    def cut(self, image: Image.Image) -> Image.Image:
        """The part of the image; raises ImageError where the box lies outside of it."""
        across, down = image.size if self.is_relative else (1, 1)
        sides = (self.x * across, self.y * down, self.width * across, self.height * down)
        return cropped(image, ",".join(map(repr, sides)))

    def shares(self, size: tuple[int, int] | None) -> str:
        """ "x,y,width,height" in shares of an image of this size, clipped to it; empty where that is not known."""
        if not self.is_relative and size is None:
            return ""
        across, down = (1, 1) if self.is_relative or size is None else size
        left, right = (min(max(edge / across, 0.0), 1.0) for edge in (self.x, self.x + self.width))
        top, bottom = (min(max(edge / down, 0.0), 1.0) for edge in (self.y, self.y + self.height))
        return ",".join(f"{side:.6g}" for side in (left, top, right - left, bottom - top))


def box_in(cells: Mapping[str, object], columns: Sequence[str]) -> Box | Flaw | None:
    """The box in a row's cells: four columns of numbers, or one that holds all four; None where they are empty."""
    values = [cells.get(column) for column in columns]
    if all(value is None or value == "" for value in values):
        return None
    try:
        sides = values if len(columns) > 1 else _listed(values[0])
        x, y, width, height = (float(str(side)) for side in sides)
        return Box.of((x, y, width, height))
    except (ValueError, TypeError, RecursionError, UsageError):
        shown = ", ".join(map(str, values))[:80]
        return Flaw("broken_box", f"not a box of x, y, width and height: {shown}")


def _listed(value: object) -> Iterable[object]:
    """The numbers of a cell such as `10,20,300,400` or `[0.1, 0.2, 0.3, 0.4]`, or of a list."""
    if isinstance(value, Mapping):
        return list(value.values())
    if not isinstance(value, str):
        return value if isinstance(value, Iterable) else [value]
    text = value.strip()
    listed = json.loads(text) if text.startswith("[") else text.split(",")
    return listed if isinstance(listed, list) else []
