"""The shapes that bodies are made of: outlines in body coordinates, x towards the head, y up.

A body is about one unit long and centred on the origin.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""An outline or a path, (K, 2)."""
Place = tuple[float, float]


class Tone(IntEnum):
    """How a part is coloured: the patterned coat, one plain colour, or an eye."""

    COAT = 1
    FIRST = 2
    SECOND = 3
    PUPIL = 4
    WHITE = 5


PLAIN = (Tone.FIRST, Tone.SECOND)


@dataclass(frozen=True, slots=True)
class Part:
    """One outline, its tone, and how far it stands out towards the viewer (0 to 1); later parts lie on top."""

    outline: Points
    tone: Tone
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as it is drawn: its parts, later ones on top, and the two places that near views look at.

    `front` is the head or crown, `rear` the tail or root, at least 0.6 body units apart. A collar may
    lie anywhere on the line `spine`, across it.
    """

    parts: list[Part]
    front: Place
    rear: Place
    spine: tuple[Place, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """How a specimen holds itself: `gait` is the phase of its step, `curl` from -1 to 1 bends what is soft."""

    gait: float = 0.0
    curl: float = 0.0


_CORNERS = 28
_COSINES = np.cos(np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False))
_SINES = np.sin(np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False))


def ellipse(at: Place, radii: Place, turn: float = 0.0, *, power: float = 1.0) -> Points:
    """An ellipse turned by `turn` degrees; power below 1 squares it, above 1 draws it to points."""
    points = np.empty((_CORNERS, 2))
    if power == 1:
        points[:, 0], points[:, 1] = _COSINES * radii[0], _SINES * radii[1]
    else:
        points[:, 0] = np.sign(_COSINES) * np.abs(_COSINES) ** power * radii[0]
        points[:, 1] = np.sign(_SINES) * np.abs(_SINES) ** power * radii[1]
    return put(points, at, turn)


def disc(at: Place, radius: float) -> Points:
    """A small disc, of few corners."""
    points = np.empty((_CORNERS // 2, 2))
    points[:, 0] = at[0] + radius * _COSINES[::2]
    points[:, 1] = at[1] + radius * _SINES[::2]
    return points


def put(points: Points, at: Place | Points, turn: float = 0.0) -> Points:
    """Points (K, 2) turned about the origin by `turn` degrees, anticlockwise, and then moved there."""
    if turn:
        angle = np.deg2rad(turn)
        cosine, sine = np.cos(angle), np.sin(angle)
        points = points @ np.array([[cosine, sine], [-sine, cosine]])
    placed: Points = points + np.asarray(at)
    return placed


def flip(points: Points) -> Points:
    """Points mirrored in the body's axis."""
    return points * (1, -1)


def pair(parts: list[Part]) -> list[Part]:
    """Parts, and the same parts on the other side of the body's axis."""
    return parts + [Part(flip(part.outline), part.tone, part.height) for part in parts]


def rails(path: Points, widths: Points) -> tuple[Points, Points]:
    """The left and the right edge, (K, 2) each, of a band along a path (K, 2) of these half-widths (K,)."""
    steps = path[1:] - path[:-1]
    along = np.empty_like(path)
    along[0], along[-1] = steps[0], steps[-1]
    along[1:-1] = steps[1:] + steps[:-1]
    across = along[:, ::-1] * ((-1.0, 1.0) * (widths / (np.hypot(along[:, 0], along[:, 1]) + 1e-9))[:, None])
    return path + across, path - across


def ribbon(path: Points, start: float, end: float) -> Points:
    """The outline of a band along a path (K, 2), its half-width going from `start` to `end`."""
    left, right = rails(path, np.linspace(start, end, len(path), dtype=np.float64))
    return np.concatenate([left, right[::-1]])


def through(joints: list[Place], *, points: int = 9) -> Points:
    """A path (points, 2) through joints, evenly spaced between the first and the last."""
    corners = np.array(joints, dtype=np.float64)
    steps = np.hypot(*(corners[1:] - corners[:-1]).T)
    lengths = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0, lengths[-1], points)
    return np.stack([np.interp(places, lengths, corners[:, axis]) for axis in (0, 1)], axis=1)


def arc(at: Place | Points, length: float, heading: float, turn: float = 0.0, *, points: int = 9) -> Points:
    """A path (points, 2) of that length from `at`, which sets out at `heading` and turns `turn` degrees by its end."""
    headings = np.deg2rad(heading + turn * (np.arange(points - 1) / (points - 2)))
    path = np.zeros((points, 2))
    path[1:, 0], path[1:, 1] = np.cos(headings).cumsum(), np.sin(headings).cumsum()
    placed: Points = path * (length / (points - 1)) + np.asarray(at)
    return placed


def end(path: Points) -> Place:
    """The last point of a path."""
    return float(path[-1, 0]), float(path[-1, 1])


def bands(outline: Points, levels: Points, reaches: tuple[float, ...]) -> list[Points]:
    """What of an outline (K, 2) lies where its levels (K,) are within each reach of 0; may be of no points.

    All in one pass: every edge gives its first corner, and the places where it enters and leaves.
    """
    steps = np.concatenate([outline[1:], outline[:1]]) - outline
    rises = np.concatenate([levels[1:], levels[:1]]) - levels
    half = np.array(reaches)[:, None]
    shares = np.zeros((len(reaches), len(outline), 3))
    entry = half * -np.sign(rises)  # an edge that rises comes in from below
    rises = np.where(rises == 0, np.inf, rises)
    shares[..., 1], shares[..., 2] = (entry - levels) / rises, (-entry - levels) / rises
    keep = (shares > 0) & (shares < 1)
    keep[..., 0] = np.abs(levels) <= half
    corners = outline[:, None] + shares[..., None] * steps[:, None]  # (R, K, 3, 2)
    return [own[kept] for own, kept in zip(corners, keep, strict=True)]


def eye(at: Place, radius: float) -> list[Part]:
    """A white, and the pupil in it."""
    pupil = (at[0] + radius * 0.2, at[1])
    return [Part(disc(at, radius), Tone.WHITE, 0.9), Part(disc(pupil, radius * 0.6), Tone.PUPIL, 0.9)]
