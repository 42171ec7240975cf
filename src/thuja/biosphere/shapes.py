"""The shapes that bodies are made of: outlines in body coordinates, x towards the head, y up.

A body is about one unit long and centred on the origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""An outline or a path, (K, 2)."""


class Tone(IntEnum):
    """How a part is coloured: the patterned coat, one plain colour, or an eye."""

    COAT = 1
    FIRST = 2
    SECOND = 3
    PUPIL = 4
    WHITE = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One outline, its tone, and how far it stands out towards the viewer (0 to 1); later parts lie on top."""

    outline: Points
    tone: Tone
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as it is drawn: its parts, later ones on top, and the two places that near views look at.

    `front` is the head or crown, `rear` the tail or root, at least 0.6 body units apart.
    """

    parts: list[Part]
    front: tuple[float, float]
    rear: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """How a specimen holds itself: `gait` is the phase of its step, `curl` from -1 to 1 bends what is soft."""

    gait: float = 0.0
    curl: float = 0.0


def ellipse(at: tuple[float, float], radii: tuple[float, float], turn: float = 0.0, *, power: float = 1.0) -> Points:
    """An ellipse turned by `turn` degrees; power below 1 squares it, above 1 draws it to points."""
    angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    cosines, sines = np.cos(angles), np.sin(angles)
    x = np.sign(cosines) * np.abs(cosines) ** power * radii[0]
    y = np.sign(sines) * np.abs(sines) ** power * radii[1]
    return move(rotate(np.stack([x, y], axis=1), turn), at)


def rotate(points: Points, degrees: float) -> Points:
    """Points (K, 2) turned about the origin, anticlockwise."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    turned: Points = np.asarray(points) @ np.array([[cosine, sine], [-sine, cosine]])
    return turned


def move(points: Points, by: tuple[float, float] | Points) -> Points:
    """Points (K, 2) shifted."""
    moved: Points = points + np.asarray(by)
    return moved


def flip(points: Points) -> Points:
    """Points mirrored in the body's axis."""
    return points * (1, -1)


def ribbon(path: Points, start: float, end: float) -> Points:
    """The outline of a band along a path (K, 2), its half-width going from `start` to `end`."""
    along = np.gradient(path, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    widths = np.linspace(start, end, len(path))[:, None]
    return np.concatenate([path + across * widths, (path - across * widths)[::-1]])


def limb(joints: Sequence[tuple[float, float]], start: float, end: float) -> Points:
    """A jointed limb through the points given."""
    return ribbon(np.asarray(joints, dtype=np.float64), start, end)


def arc(at: tuple[float, float], length: float, heading: float, turn: float, *, points: int = 9) -> Points:
    """A path (points, 2) of that length from `at`, which sets out at `heading` and turns `turn` degrees by its end."""
    headings = np.deg2rad(heading + np.linspace(0, turn, points - 1))
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1) * length / (points - 1)
    return np.concatenate([[at], at + np.cumsum(steps, axis=0)])


def mouth(form: str, at: tuple[float, float], length: float, thick: float) -> Points:
    """A beak, snout or trunk that sets out from `at` along +x."""
    x, y = at
    if form == "blunt":
        return ellipse((x + length * 0.2, y), (length * 0.35 + thick * 0.3, thick), power=0.7)
    if form == "pointed":
        return np.array([(x, y + thick), (x + length, y), (x, y - thick)])
    if form == "hooked":
        return np.array(
            [
                (x, y + thick),
                (x + length * 0.6, y + thick * 0.8),
                (x + length, y - thick * 0.2),
                (x + length * 0.85, y - thick * 1.9),
                (x + length * 0.55, y - thick * 0.5),
                (x, y - thick),
            ]
        )
    return ribbon(arc(at, length * 1.5, 5, -35), thick * 0.5, thick * 0.3)


def tail(form: str, at: tuple[float, float], length: float, width: float) -> list[Points]:
    """The outlines of a tail that sets out from `at` along -x; `width` is its half-width where it is widest."""
    x, y = at
    if form == "round":
        return [ellipse((x - length * 0.45, y), (length * 0.55, width * 0.8))]
    if form == "forked":
        return [
            np.array([(x, y + width * 0.4), (x - length, y + width * 1.3), (x - length * 0.45, y)]),
            np.array([(x, y - width * 0.4), (x - length, y - width * 1.3), (x - length * 0.45, y)]),
        ]
    if form == "pointed":
        return [np.array([(x, y + width * 0.6), (x - length * 1.25, y), (x, y - width * 0.6)])]
    angles = np.deg2rad(np.linspace(130, 230, 9))
    rim = np.stack([x + length * np.cos(angles) * 1.05, y + width * 1.5 * np.sin(angles)], axis=1)
    return [np.concatenate([[(x, y + width * 0.2)], rim, [(x, y - width * 0.2)]])]


def ornament(form: str, at: tuple[float, float], length: float) -> list[Points]:
    """What stands on a head at `at`, upwards."""
    x, y = at
    if form == "crest":
        return [ribbon(arc(at, length * (1 - 0.12 * i), 80 + 28 * i, 25), 0.028, 0.012) for i in range(4)]
    if form == "horns":
        return [ribbon(arc((x - 0.03 * i, y), length * 1.2, 70 + 15 * i, 75), 0.035, 0.004) for i in range(2)]
    if form == "antennae":
        paths = [arc(at, length * 1.3, 45 + 35 * i, 25) for i in range(2)]
        knobs = [ellipse((float(path[-1, 0]), float(path[-1, 1])), (0.03, 0.03)) for path in paths]
        return [ribbon(path, 0.011, 0.008) for path in paths] + knobs
    if form == "spines":
        feet = np.linspace(-0.10, 0.05, 4)
        return [
            np.array([(x + f - 0.022, y - 0.03), (x + f * 1.6 - 0.02, y + length * 0.7), (x + f + 0.022, y - 0.03)])
            for f in feet
        ]
    return []


def eye(at: tuple[float, float], radius: float) -> list[Part]:
    """A white, and the pupil in it."""
    pupil = (at[0] + radius * 0.2, at[1])
    return [
        Part(ellipse(at, (radius, radius)), Tone.WHITE, 0.9),
        Part(ellipse(pupil, (radius * 0.6, radius * 0.6)), Tone.PUPIL, 0.9),
    ]
