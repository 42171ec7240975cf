"""The places behind the things: eight scenes and a plain wall, none of which shows a thing that could be asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Floor:
    """Where things stand, in shares of the picture's height from its top: from `far` to `near`; boats at `water`."""

    far: float
    near: float
    water: float
    upper: float
    """Where what is above something else has its base."""


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws on a square picture in shares of its side."""

    image: Image.Image
    generator: np.random.Generator
    is_tall: bool = False
    """Whether what comes needs the whole height."""

    @property
    def side(self) -> int:
        return self.image.width

    def some(self, low: float, high: float) -> float:
        """A number between the two."""
        return float(self.generator.uniform(low, high))

    def tone(self, colour: Colour, spread: int = 14) -> Colour:
        """A colour near to that one."""
        shift = self.generator.integers(-spread, spread + 1, 4)
        red, green, blue = (
            min(255, max(0, level + int(part) + int(shift[3]))) for level, part in zip(colour, shift[:3], strict=True)
        )
        return red, green, blue

    def area(self, colour: Colour, *corners: tuple[float, float]) -> None:
        """Fill a polygon."""
        points = [(round(x * self.side), round(y * self.side)) for x, y in corners]
        ImageDraw.Draw(self.image).polygon(points, fill=colour)

    def band(self, colour: Colour, top: float, bottom: float, *, left: float = 0, right: float = 1) -> None:
        """Fill an upright rectangle."""
        side = self.side
        ends = (round(left * side), round(top * side), round(right * side) - 1, round(bottom * side) - 1)
        if ends[0] <= ends[2] and ends[1] <= ends[3]:
            ImageDraw.Draw(self.image).rectangle(ends, fill=colour)

    def disc(self, colour: Colour, centre: tuple[float, float], radii: tuple[float, float]) -> None:
        """Fill an ellipse."""
        (x, y), (rx, ry), side = centre, radii, self.side
        ends = [round((x - rx) * side), round((y - ry) * side), round((x + rx) * side), round((y + ry) * side)]
        ImageDraw.Draw(self.image).ellipse(ends, fill=colour)

    def fade(self, above: Colour, below: Colour, top: float, bottom: float) -> None:
        """Fill a band that goes from one colour to the other."""
        first, last = round(top * self.side), round(bottom * self.side)
        if last <= first:
            return
        share = np.linspace(0, 1, last - first)[:, None]
        rows = (np.array(above) * (1 - share) + np.array(below) * share).astype(np.uint8)
        self.image.paste(Image.fromarray(rows[:, None, :]).resize((self.side, last - first)), (0, first))


def _plain(paint: Painter) -> Floor:
    """Paper or a wall; the picture comes in the colour that the renderer chose for contrast."""
    wall = paint.image.getpixel((0, 0))
    assert isinstance(wall, tuple), "pictures are RGB"
    level = paint.some(0.86, 1.0)
    red, green, blue = (round(part * level) for part in wall[:3])
    paint.fade((wall[0], wall[1], wall[2]), (red, green, blue), 0, 1)
    return Floor(0.72, 0.94, 0.9, 0.44)


def _kitchen(paint: Painter) -> Floor:
    wall, edge = paint.tone((214, 208, 192)), paint.some(0.42, 0.58)
    paint.band(wall, 0, edge)
    step = paint.some(0.12, 0.2)
    joint = paint.tone((176, 170, 158), 8)
    start = paint.some(-step, 0)
    for n in range(12):
        paint.band(joint, 0, edge, left=start + n * step, right=start + n * step + 0.012)
        paint.band(joint, max(0.0, edge - n * step), max(0.0, edge - n * step + 0.012))
    wood = paint.tone((186, 140, 92), 24)
    dark = (round(wood[0] * 0.86), round(wood[1] * 0.86), round(wood[2] * 0.86))
    paint.band(wood, edge, 1)
    vanish = paint.some(0.3, 0.7)
    for n in range(9):
        x = -0.6 + n * 0.28
        top = vanish + (x - vanish) * 0.55
        paint.area(dark, (top, edge), (top + 0.008, edge), (x + 0.016, 1), (x, 1))
    paint.band(dark, edge, edge + 0.015)
    return Floor(edge + 0.16, 0.95, 0.9, edge - 0.02)


def _shelf(paint: Painter) -> Floor:
    paint.band(paint.tone((206, 202, 198), 26), 0, 1)
    board = paint.tone((140, 98, 62), 26)
    front = (round(board[0] * 0.7), round(board[1] * 0.7), round(board[2] * 0.7))
    upper, lower = paint.some(0.42, 0.47), paint.some(0.88, 0.93)
    for y in (lower,) if paint.is_tall else (upper, lower):
        paint.band(board, y - 0.02, y + 0.012)
        paint.band(front, y + 0.012, y + 0.05)
        paint.fade((150, 148, 145), (196, 193, 190), y + 0.05, min(1.0, y + 0.11))
    for x in (paint.some(-0.02, 0.02), paint.some(0.97, 1.0)):
        paint.band(front, 0, 1, left=max(0.0, x), right=min(1.0, x + 0.03))
    return Floor(lower, lower, lower, upper)


def _sky(paint: Painter, horizon: float) -> None:
    paint.fade(paint.tone((96, 152, 214), 20), paint.tone((198, 220, 236)), 0, horizon)
    for _ in range(int(paint.generator.integers(0, 5))):
        x, y, grey = paint.some(0, 1), paint.some(0.04, horizon * 0.8), paint.tone((232, 236, 242), 8)
        for n in range(4):
            paint.disc(grey, (x + 0.06 * n, y - 0.015 * (n % 2)), (paint.some(0.05, 0.09), paint.some(0.015, 0.035)))


def _street(paint: Painter) -> Floor:
    curb = paint.some(0.56, 0.66)
    _sky(paint, curb)
    x = -paint.some(0, 0.2)
    while x < 1:
        width, top = paint.some(0.18, 0.34), paint.some(0.02, 0.22)
        front = paint.tone((172, 150, 132), 30)
        paint.band(front, top, curb, left=max(0.0, x), right=min(1.0, x + width))
        pane = (round(front[0] * 0.6), round(front[1] * 0.62), round(front[2] * 0.68))
        for row in range(4):
            for column in range(3):
                left, y = x + width * (0.12 + 0.29 * column), top + 0.05 + 0.12 * row
                if y + 0.06 < curb and left + width * 0.17 > 0:
                    paint.band(pane, y, y + 0.06, left=max(0.0, left), right=min(1.0, left + width * 0.17))
        x += width
    paint.band(paint.tone((176, 174, 170), 12), curb, curb + 0.1)
    paint.band(paint.tone((128, 126, 124), 8), curb + 0.1, curb + 0.115)
    paint.band(paint.tone((94, 94, 98), 12), curb + 0.115, 1)
    return Floor(curb + 0.12, 0.96, 0.9, 0.4)


def _road(paint: Painter) -> Floor:
    horizon, vanish = paint.some(0.34, 0.5), paint.some(0.3, 0.7)
    _sky(paint, horizon)
    paint.fade(paint.tone((190, 180, 150), 20), paint.tone((170, 150, 112), 20), horizon, 1)
    paint.area(paint.tone((92, 92, 96), 12), (vanish - 0.02, horizon), (vanish + 0.02, horizon), (1.25, 1), (-0.25, 1))
    line = paint.tone((236, 234, 224), 8)
    for n in range(5):
        near, far = 0.72**n, 0.72 ** (n + 0.5)
        y, z = horizon + (1 - horizon) * near, horizon + (1 - horizon) * far
        a, b = vanish + (0.5 - vanish) * near, vanish + (0.5 - vanish) * far
        paint.area(line, (a - 0.022 * near, y), (a + 0.022 * near, y), (b + 0.022 * far, z), (b - 0.022 * far, z))
    return Floor(horizon + 0.26, 0.95, 0.9, horizon - 0.02)


def _ripples(paint: Painter, colour: Colour, *, top: float, bottom: float) -> None:
    for n in range(22):
        share = (n + paint.some(0, 1)) / 22
        y, width = top + (bottom - top) * share, 0.05 + 0.15 * share
        x = paint.some(-0.1, 1)
        paint.area(colour, (x, y), (x + width / 2, y - 0.007), (x + width, y), (x + width / 2, y + 0.007))


def _beach(paint: Painter) -> Floor:
    horizon = paint.some(0.3, 0.42)
    shore = horizon + paint.some(0.12, 0.2)
    _sky(paint, horizon)
    sea = paint.tone((44, 118, 160), 16)
    paint.fade(sea, paint.tone((110, 178, 190), 12), horizon, shore)
    _ripples(paint, paint.tone((170, 212, 220), 8), top=horizon + 0.02, bottom=shore)
    paint.fade(paint.tone((228, 208, 160), 10), paint.tone((214, 188, 138), 10), shore, 1)
    foam, tilt = paint.tone((240, 242, 238), 6), paint.some(-0.03, 0.03)
    paint.area(
        foam,
        (0, shore - 0.012 + tilt),
        (0.5, shore + 0.012),
        (1, shore - 0.012 - tilt),
        (1, shore + 0.012 - tilt),
        (0.5, shore + 0.034),
        (0, shore + 0.012 + tilt),
    )
    _ripples(paint, paint.tone((200, 174, 126), 6), top=shore + 0.08, bottom=1)
    return Floor(shore + 0.2, 0.95, shore - 0.01, horizon)


def _field(paint: Painter) -> Floor:
    horizon = paint.some(0.4, 0.55)
    _sky(paint, horizon)
    soil, vanish = paint.tone((148, 116, 78), 22), paint.some(0.2, 0.8)
    paint.band(soil, horizon, 1)
    furrow = (round(soil[0] * 0.8), round(soil[1] * 0.8), round(soil[2] * 0.78))
    for n in range(15):
        x, top = -1.3 + n * 0.26, vanish + (n - 7) * 0.05
        paint.area(furrow, (top, horizon), (top + 0.02, horizon), (x + 0.13, 1), (x, 1))
    return Floor(horizon + 0.2, 0.95, 0.9, horizon - 0.02)


def _night(paint: Painter) -> Floor:
    horizon = paint.some(0.55, 0.68)
    paint.fade(paint.tone((12, 16, 44), 8), paint.tone((44, 52, 104), 12), 0, horizon)
    for _ in range(int(paint.generator.integers(25, 60))):
        size = paint.some(0.003, 0.008)
        paint.disc(paint.tone((226, 228, 236), 20), (paint.some(0, 1), paint.some(0, horizon)), (size, size))
    x, y = paint.some(0.1, 0.9), paint.some(0.08, 0.2)
    paint.disc((236, 234, 214), (x, y), (0.055, 0.055))
    paint.fade(paint.tone((52, 56, 72), 8), paint.tone((82, 84, 92), 8), horizon, 1)
    return Floor(horizon + 0.12, 0.95, 0.9, 0.44)


def _harbour(paint: Painter) -> Floor:
    horizon = paint.some(0.3, 0.4)
    quay = paint.some(0.68, 0.76)
    _sky(paint, horizon)
    far = paint.tone((128, 140, 152), 12)
    for _ in range(5):
        x, width = paint.some(-0.1, 1), paint.some(0.1, 0.25)
        paint.band(far, horizon - paint.some(0.02, 0.08), horizon, left=max(0.0, x), right=min(1.0, x + width))
    paint.fade(paint.tone((70, 112, 136), 14), paint.tone((46, 84, 112), 12), horizon, quay)
    _ripples(paint, paint.tone((132, 168, 184), 8), top=horizon + 0.03, bottom=quay)
    stone = paint.tone((150, 146, 140), 12)
    paint.band(stone, quay, 1)
    joint = (round(stone[0] * 0.78), round(stone[1] * 0.78), round(stone[2] * 0.78))
    for n in range(3):
        paint.band(joint, quay + 0.05 + 0.1 * n, quay + 0.06 + 0.1 * n)
        for m in range(6):
            left = 0.2 * m + 0.1 * (n % 2)
            paint.band(
                joint, quay + 0.06 + 0.1 * n, min(1.0, quay + 0.15 + 0.1 * n), left=left, right=min(1.0, left + 0.01)
            )
    post = paint.tone((92, 70, 52), 10)
    for x in (paint.some(0.02, 0.15), paint.some(0.85, 0.95)):
        paint.band(post, quay - 0.1, quay + 0.04, left=x, right=x + 0.035)
    return Floor(quay + 0.12, 0.96, quay - 0.04, horizon)


BACKDROPS: Mapping[str, Callable[[Painter], Floor]] = {
    "plain": _plain,
    "kitchen": _kitchen,
    "shelf": _shelf,
    "street": _street,
    "road": _road,
    "beach": _beach,
    "field": _field,
    "night": _night,
    "harbour": _harbour,
}
