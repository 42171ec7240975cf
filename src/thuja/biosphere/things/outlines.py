"""What everything is drawn of: filled outlines in a box of 100 by 100, x to the right, y down, standing on y = 100."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

FIXED: dict[str, tuple[int, int, int]] = {
    "dark": (44, 44, 48),
    "hollow": (112, 106, 100),
    "metal": (158, 163, 170),
    "wood": (158, 116, 74),
    "glass": (196, 222, 232),
    "paper": (238, 236, 228),
    "glow": (255, 240, 170),
}
"""Tones that are the same whatever a thing's colour is."""

OWN = ("body", "shade", "light", "pale")
"""Tones of the thing's own colour; its pattern covers `body` alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One filled outline, (N, 2), in one of the tones of FIXED and OWN."""

    tone: str
    points: Points


def poly(tone: str, *corners: tuple[float, float]) -> Part:
    """A polygon by its corners."""
    return Part(tone, np.array(corners, dtype=np.float64))


def box(tone: str, left: float, top: float, size: tuple[float, float]) -> Part:
    """An upright rectangle of that width and height."""
    right, bottom = left + size[0], top + size[1]
    return poly(tone, (left, top), (right, top), (right, bottom), (left, bottom))


def oval(
    tone: str, centre: tuple[float, float], radii: tuple[float, float], turn: tuple[float, float] = (0, 360)
) -> Part:
    """An ellipse, or the part of it between two angles in degrees (0 is right, 90 down), closed by a chord."""
    steps = max(6, round(abs(turn[1] - turn[0]) / 15))
    angles = np.radians(np.linspace(turn[0], turn[1], steps + 1))
    return Part(tone, np.stack([centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)], axis=1))


def bar(tone: str, start: tuple[float, float], end: tuple[float, float], width: float) -> Part:
    """A straight stroke."""
    along = np.subtract(end, start)
    across = np.array([-along[1], along[0]]) * (width / 2 / float(np.hypot(*along)))
    return Part(tone, np.array([start + across, end + across, end - across, start - across]))


def arc(
    tone: str, centre: tuple[float, float], radii: tuple[float, float], turn: tuple[float, float], width: float
) -> Part:
    """A curved stroke along an ellipse, between two angles in degrees."""
    half = width / 2
    outer = oval(tone, centre, (radii[0] + half, radii[1] + half), turn).points
    inner = oval(tone, centre, (radii[0] - half, radii[1] - half), turn).points
    return Part(tone, np.concatenate([outer, inner[::-1]]))


def star_like(tone: str, count: int, radii: tuple[float, float], start: float = -90) -> Part:
    """A regular outline of that many corners about (50, 50), with a second radius between them."""
    angles = np.radians(start + np.arange(2 * count) * 180 / count)
    reach = np.where(np.arange(2 * count) % 2 == 0, radii[0], radii[1])
    return Part(tone, np.stack([50 + reach * np.cos(angles), 50 + reach * np.sin(angles)], axis=1))


def rim(parts: Sequence[Part]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all parts."""
    points = np.concatenate([part.points for part in parts])
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
