"""Framing: where in the picture a body comes to lie, and at what scale."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.biosphere.scene import Camera, Scene
from thuja.biosphere.shapes import Body, Points
from thuja.biosphere.traits import View

FINE = 2
"""Body pixels per picture pixel, each way."""
STRIP = 11 / 128
"""The height of a camera trap's info strip, as a share of the frame."""
LABEL = 30 / 128
"""The height of what a museum lays along the lower edge."""
_NEAR = 0.54
"""How many body units a near view is wide at most."""
_BEYOND = 0.06
"""How far beyond its end a near view looks, in body units: with this, no corner of it comes within reach of what
sits at the other end, at any angle."""
_MARGIN = 0.06
"""Room about a body, in body units, for parasites that stick out."""

Field = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a body comes to lie: fine pixel = body point @ matrix + offset, in a box of `width` x `height` fine
    pixels whose upper left corner is picture pixel (`left`, `top`)."""

    matrix: Points
    offset: Points
    left: int
    top: int
    width: int
    height: int

    @property
    def unit(self) -> float:
        """How many fine pixels a body unit is across the body's axis."""
        return float(np.hypot(*self.matrix[1]))

    def pixels_of(self, points: Points) -> Points:
        """Body points (..., 2) in fine pixels of the box."""
        # Written out: a matrix product may round differently from machine to machine.
        x, y = points[..., 0], points[..., 1]
        columns = x * self.matrix[0, 0] + y * self.matrix[1, 0] + self.offset[0]
        rows = x * self.matrix[0, 1] + y * self.matrix[1, 1] + self.offset[1]
        return np.stack([columns, rows], axis=-1)

    def coordinates(self) -> tuple[Field, Field]:
        """The body coordinates x and y of every fine pixel of the box, (height, width) each."""
        (a, b), (c, d) = self.matrix.tolist()
        area = a * d - b * c
        x = np.arange(self.width) - self.offset[0]
        y = (np.arange(self.height) - self.offset[1])[:, None]
        body_x = (x * (d / area)).astype(np.float32) + (y * (-c / area)).astype(np.float32)
        body_y = (x * (-b / area)).astype(np.float32) + (y * (a / area)).astype(np.float32)
        return body_x, body_y


def fit(body: Body, scene: Scene, size: int) -> Fit:
    """Turn, mirror and scale the body as the scene asks, and find its place in a frame of `size` pixels."""
    matrix = _turned(scene)
    if scene.view in (View.FRONT, View.REAR):
        ends = (body.front, body.rear) if scene.view is View.FRONT else (body.rear, body.front)
        return _near(np.array(ends), matrix, scene, size=size)
    points = np.concatenate([part.outline for part in body.parts])
    turned = Fit(matrix, np.zeros(2), 0, 0, 0, 0).pixels_of(points)
    low, high = turned.min(axis=0), turned.max(axis=0)
    extent = high - low
    frame = size * FINE
    scale = scene.fill * frame / max(extent)
    room = np.array([1.0, 1.0 - STRIP - 1 / size if scene.camera is Camera.CAMERA_TRAP else 1.0]) * frame
    scale = min(scale, *(room / extent))
    free = room - extent * scale
    if scene.camera is Camera.MUSEUM:
        # The board is laid out: what has room above the label lies there.
        above = free[1] - LABEL * frame
        free[1] = above if above > 0 else free[1]
    corner = np.asarray(scene.place) * free
    margin = _MARGIN * scale
    low_corner = np.maximum(np.floor((corner - margin) / FINE), 0).astype(int)
    high_corner = np.minimum(np.ceil((corner + extent * scale + margin) / FINE) + 1, size).astype(int)
    left, top = low_corner.tolist()
    width, height = ((high_corner - low_corner) * FINE).tolist()
    return Fit(matrix * scale, corner - low * scale - low_corner * FINE, left, top, width, height)


def _turned(scene: Scene) -> Points:
    """Foreshorten along the body, mirror, turn; then y runs downwards, as pixels do."""
    angle = np.deg2rad(scene.angle)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    along = scene.foreshortening * (-1.0 if scene.is_mirrored else 1.0)
    return np.array([[along * cosine, -along * sine], [-sine, -cosine]])


def _near(ends: Points, matrix: Points, scene: Scene, *, size: int) -> Fit:
    """A view of the first of two ends of a body, (2, 2), that depends on nothing else of it."""
    outward = ends[0] - ends[1]
    looked_at = ends[0] + _BEYOND * outward / np.sqrt((outward**2).sum())
    zoom = 1 + 0.5 * min(max(scene.fill - 0.5, 0.0), 0.5)
    # A body that is turned away shows more of its length: the frame comes nearer, to keep the other end out.
    scale = size * FINE * zoom / _NEAR / scene.foreshortening
    aside = (np.asarray(scene.place) - 0.5) * 0.05 * size * FINE
    middle = np.array([0.5, 0.5 - STRIP / 2 if scene.camera is Camera.CAMERA_TRAP else 0.5]) * size * FINE
    at = Fit(matrix * scale, np.zeros(2), 0, 0, 0, 0).pixels_of(looked_at)
    return Fit(matrix * scale, middle + aside - at, 0, 0, size * FINE, size * FINE)
