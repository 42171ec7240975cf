"""Which basic colours a picture shows, and how much of each: in CIELAB, with wide borders between the terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.captions.check.finding import Pixels

_Floats = npt.NDArray[np.float32]
_SIDE: Final = 128
"""A picture is looked at in as many rows and columns at most."""
_TO_XYZ: Final = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=np.float32,
)
"""Linear sRGB to CIE XYZ, illuminant D65 (IEC 61966-2-1)."""
_WHITE: Final = np.array([0.95047, 1.0, 1.08883], dtype=np.float32)
_LEVELS: Final = np.arange(256, dtype=np.float32) / 255
_LINEAR: Final = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_PALE_GREY: Final = 10.0
"""Chroma that one pixel in twenty must exceed, or the picture shows no colours."""
_CAST: Final = 12.0
"""Chroma that one pixel in twenty must stay below, or the light may have a cast."""
_DIM: Final = 25.0
"""Lightness that one pixel in twenty must exceed, or the picture is too dark to tell colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A colour term in CIELAB: hues in degrees from `start` on clockwise to `end`, least chroma, lightness between."""

    start: float = 0.0
    end: float = 360.0
    chroma: tuple[float, float] = (0.0, 200.0)
    lightness: tuple[float, float] = (0.0, 100.0)


REGIONS: Final[Mapping[str, Region]] = {
    "black": Region(chroma=(0, 25), lightness=(0, 38)),
    "white": Region(chroma=(0, 28), lightness=(68, 100)),
    "gray": Region(chroma=(0, 18), lightness=(8, 92)),
    "brown": Region(start=20, end=100, chroma=(5, 70), lightness=(5, 80)),
    "red": Region(start=340, end=55, chroma=(18, 200)),
    "orange": Region(start=35, end=88, chroma=(22, 200), lightness=(25, 100)),
    "yellow": Region(start=65, end=118, chroma=(18, 200), lightness=(35, 100)),
    "green": Region(start=95, end=200, chroma=(7, 200)),
    "blue": Region(start=190, end=312, chroma=(6, 200)),
    "purple": Region(start=280, end=355, chroma=(6, 200)),
    "pink": Region(start=325, end=60, chroma=(8, 200), lightness=(40, 100)),
}
"""Borders lie far out: a shade belongs to every term that somebody might use for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The share of a picture that each basic term may be said of; `is_colourless` where no colour can be told."""

    shares: Mapping[str, float]
    is_colourless: bool


def palette_of(image: Pixels) -> Palette:
    """What colours an image (H, W, 3) shows; shares add up to more than 1, since terms overlap.

    Where nothing is near grey the light may have a cast (shade, dusk, leaves above, water): then each share is the
    larger of two, of the colours as they are and of those with their mean taken for grey.
    """
    lab = to_lab(_thinned(image))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    shares = _shares(lab)
    if float(np.percentile(chroma, 5)) > _CAST:
        balanced = _shares(lab - np.array([0, *lab[:, 1:].mean(axis=0)], dtype=np.float32))
        shares = {name: max(share, balanced[name]) for name, share in shares.items()}
    is_grey = float(np.percentile(chroma, 95)) < _PALE_GREY
    is_dim = float(np.percentile(lab[:, 0], 95)) < _DIM
    return Palette(shares=shares, is_colourless=is_grey or is_dim)


def _shares(lab: _Floats) -> dict[str, float]:
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    return {name: float(_is_within(region, lab[:, 0], chroma, hue).mean()) for name, region in REGIONS.items()}


def to_lab(pixels: Pixels) -> _Floats:
    """sRGB bytes (N, 3) as CIELAB (N, 3)."""
    xyz = _LINEAR[pixels] @ _TO_XYZ.T / _WHITE
    # CIE 15:2004: the cube root above (6/29)^3, a line below.
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = root[:, 0], root[:, 1], root[:, 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1).astype(np.float32)


def _thinned(image: Pixels) -> Pixels:
    """Every n-th row and column as pixels (N, 3), n the same for both."""
    step = max(1, -(-max(image.shape[:2]) // _SIDE))
    return image[::step, ::step].reshape(-1, 3)


def _is_within(region: Region, lightness: _Floats, chroma: _Floats, hue: _Floats) -> npt.NDArray[np.bool_]:
    turn = (hue - region.start) % 360
    in_hue = turn <= ((region.end - region.start) % 360 or 360)
    in_chroma = (chroma >= region.chroma[0]) & (chroma <= region.chroma[1])
    in_lightness = (lightness >= region.lightness[0]) & (lightness <= region.lightness[1])
    inside: npt.NDArray[np.bool_] = in_hue & in_chroma & in_lightness
    return inside
