"""The renderer of things: facts become a picture.

All is drawn at twice the size as filled outlines and halved; patterns, shading, light, blur and sensor noise are laid
over it. Coordinates are rounded to whole fine pixels, and no font is used: the bytes are the same on any machine.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from thuja.biosphere.things.backdrops import BACKDROPS, Painter
from thuja.biosphere.things.facts import Facts
from thuja.biosphere.things.layout import Placed, is_tall, lay_out, with_shadows
from thuja.biosphere.things.lexicon import COLOURS
from thuja.biosphere.things.outlines import FIXED, OWN
from thuja.errors import UsageError

SIZES = (32, 2048)
"""Below, five things cannot be counted; above, one picture takes a gigabyte."""
_FINE = 2
"""Drawn pixels per picture pixel, each way."""
_JITTER, _LEVEL = 5, 12
"""A colour strays so far, each channel alone and all together; two basic colours stay further apart."""
_GAIN = {"dim": (0.45, 0.6), "even": (0.86, 1.02), "bright": (1.14, 1.26)}

Colour = tuple[int, int, int]
Pixels = npt.NDArray[np.float32]
_WALLS: tuple[Colour, ...] = (
    (246, 246, 244),
    (226, 224, 216),
    (188, 204, 214),
    (206, 192, 170),
    (120, 132, 140),
    (62, 66, 74),
    (176, 190, 168),
    (214, 186, 186),
)


def check_size(size: int) -> None:
    """Raise UsageError for a picture too small to tell anything, or too large to hold."""
    if not SIZES[0] <= size <= SIZES[1]:
        raise UsageError(f"a picture of things is {SIZES[0]} to {SIZES[1]} pixels wide, got {size}")


def draw_thing(facts: Facts, size: int = 128) -> Image.Image:
    """The picture, RGB, size x size; the same facts always give the same pixels."""
    check_size(size)
    generator = np.random.default_rng(facts.seed)
    colours = {group.kind: own_colour(group.colour, generator) for group in facts.groups}
    side = size * _FINE
    canvas = Image.new("RGB", (side, side), _wall(tuple(colours.values()), generator))
    floor = BACKDROPS[facts.scene](Painter(canvas, generator, is_tall=is_tall(facts)))
    items = lay_out(facts, floor, generator)
    canvas = _with_shadows(canvas, items)
    for item in items:
        _draw_item(canvas, item, colours, generator=generator)
    return _seen(canvas, facts, generator)


def own_colour(name: str, generator: np.random.Generator) -> Colour:
    """A colour of that name, each time a little another."""
    red, green, blue = COLOURS[name]
    shifts = [int(shift) for shift in generator.integers(-_JITTER, _JITTER + 1, 3)]
    level = int(generator.integers(-_LEVEL, _LEVEL + 1))
    return _whole((red + level + shifts[0], green + level + shifts[1], blue + level + shifts[2]))


def _whole(levels: tuple[float, float, float]) -> Colour:
    red, green, blue = (min(255, max(0, round(level))) for level in levels)
    return red, green, blue


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return _whole((red, green, blue))


def _wall(colours: tuple[Colour, ...], generator: np.random.Generator) -> Colour:
    """One of the walls that all colours stand out from."""
    apart = [
        wall for wall in _WALLS if all(sum(abs(a - b) for a, b in zip(wall, c, strict=True)) > 120 for c in colours)
    ]
    return apart[int(generator.integers(len(apart)))]


def _with_shadows(canvas: Image.Image, items: list[Placed]) -> Image.Image:
    """The ground darkened below what stands on it; drawn small, as it is soft anyway."""
    rims = with_shadows(items)
    if not rims:
        return canvas
    side = canvas.width // 4
    mask = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(mask)
    for left, _, right, bottom in rims:
        flat = (right - left) * 0.09
        ends = (left * 1.0, bottom - flat, right * 1.0, bottom + flat)
        pen.ellipse([round(end * side) for end in ends], fill=120)
    soft = mask.filter(ImageFilter.BoxBlur(max(1, side // 40))).resize(canvas.size, Image.Resampling.BILINEAR)
    return Image.composite(Image.new("RGB", canvas.size, (20, 20, 26)), canvas, soft)


def _draw_item(
    canvas: Image.Image, item: Placed, colours: dict[str, Colour], *, generator: np.random.Generator
) -> None:
    """The back of a thing, what is in it, and its front; then its pattern and the light on it."""
    _draw_parts(canvas, item, colours[item.group.kind], generator=generator, span=(0, item.kind.front))
    for held in item.inner:
        _draw_item(canvas, held, colours, generator=generator)
    if item.kind.front < len(item.kind.parts):
        _draw_parts(
            canvas, item, colours[item.group.kind], generator=generator, span=(item.kind.front, len(item.kind.parts))
        )


def _draw_parts(
    canvas: Image.Image, item: Placed, colour: Colour, *, generator: np.random.Generator, span: tuple[int, int]
) -> None:
    tones = {
        **FIXED,
        "body": colour,
        "shade": _mixed(colour, (0, 0, 0), 0.3) if max(colour) > 60 else _mixed(colour, (255, 255, 255), 0.2),
        "light": _mixed(colour, (255, 255, 255), 0.35),
        "pale": _mixed(colour, (236, 244, 248), 0.62),
    }
    edge = _mixed(colour, (0, 0, 0), 0.5) if max(colour) > 60 else (92, 92, 98)
    has_edge = item.kind.family != "glyph"  # a sign's strokes are of many pieces
    parts = item.kind.parts[span[0] : span[1]]
    outlines = [np.rint(item.map(part.points) * canvas.width).astype(int) for part in parts]
    low = np.maximum(np.min([outline.min(axis=0) for outline in outlines], axis=0), 0)
    high = np.minimum(np.max([outline.max(axis=0) for outline in outlines], axis=0) + 1, canvas.width)
    if (high <= low).any():
        return
    # 0 nothing, 128 any part, 255 what the pattern covers.
    mask = Image.new("L", (int(high[0] - low[0]), int(high[1] - low[1])), 0)
    pen, stencil = ImageDraw.Draw(canvas), ImageDraw.Draw(mask)
    for part, outline in zip(parts, outlines, strict=True):
        points = outline.ravel().tolist()
        pen.polygon(points, fill=tones[part.tone], outline=edge if has_edge and part.tone in OWN else None)
        stencil.polygon((outline - low).ravel().tolist(), fill=255 if part.tone == "body" else 128)
    place = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    area = np.asarray(canvas.crop(place), dtype=np.float32)
    covers = np.asarray(mask)
    if item.group.pattern != "plain":
        area = _patterned(area, covers == 255, item, frame=(place, canvas.width, _ink(colour)))
    canvas.paste(Image.fromarray(_lit(area, covers > 0, generator).astype(np.uint8)), place[:2])


def _ink(colour: Colour) -> Colour:
    """What a pattern is drawn in: a lighter or darker tone of the thing's own colour, so its name stays true."""
    is_light = sum(colour) > 400
    return _mixed(colour, (0, 0, 0), 0.55) if is_light else _mixed(colour, (255, 255, 255), 0.7)


def _patterned(
    area: Pixels, covers: npt.NDArray[np.bool_], item: Placed, *, frame: tuple[tuple[int, int, int, int], int, Colour]
) -> Pixels:
    """The area with the pattern in ink where it covers: stripes, dots and checks lie in the thing's own box."""
    (left, top, right, bottom), side, ink = frame
    back = np.linalg.inv(item.matrix)
    x = (np.arange(left, right, dtype=np.float32) + 0.5) / side - np.float32(item.shift[0])
    y = (np.arange(top, bottom, dtype=np.float32) + 0.5) / side - np.float32(item.shift[1])
    u = np.float32(back[0, 0]) * x[None, :] + np.float32(back[0, 1]) * y[:, None]  # (H, W), 0 to 100
    v = np.float32(back[1, 0]) * x[None, :] + np.float32(back[1, 1]) * y[:, None]
    cell = 15.0
    if item.group.pattern == "striped":
        is_ink = (v % cell) < cell * 0.42
    elif item.group.pattern == "checked":
        is_ink = ((u // cell) + (v // cell)) % 2 == 1
    else:
        shifted = u + (cell / 2) * ((v // cell) % 2)
        is_ink = (shifted % cell - cell / 2) ** 2 + (v % cell - cell / 2) ** 2 < (cell * 0.33) ** 2
    inked = area.copy()
    inked[is_ink & covers] = ink
    return inked


def _lit(area: Pixels, covers: npt.NDArray[np.bool_], generator: np.random.Generator) -> Pixels:
    """Light from one side: brighter there, darker at the other, on the thing alone."""
    strength = generator.uniform(-0.16, 0.16)
    slope = np.linspace(-strength, strength, area.shape[1], dtype=np.float32)
    gain = 1 + covers * slope[None, :]  # (H, W)
    lit: Pixels = np.clip(area * gain[..., None], 0, 255).astype(np.float32)
    return lit


def _seen(canvas: Image.Image, facts: Facts, generator: np.random.Generator) -> Image.Image:
    """What the camera makes of it: blur, light, a tint, shade across the picture, and noise."""
    picture = canvas.reduce(_FINE)
    size = picture.width
    blur = max(0.0, generator.uniform(-0.9, 1.1)) * size / 128
    if blur > 0.25:
        picture = picture.filter(ImageFilter.BoxBlur(blur))
    levels = np.asarray(picture, dtype=np.float32)
    gain = generator.uniform(*_GAIN[facts.light]) * (1 + generator.uniform(-0.06, 0.06, 3))
    slope = _slope(size) * np.float32(generator.uniform(-0.18, 0.18))
    if generator.random() < 0.5:
        slope = slope.T
    levels = levels * (1 + slope[..., None]) * gain.astype(np.float32)
    noise = abs(generator.normal(0, 6))
    levels += noise * generator.standard_normal(levels.shape, dtype=np.float32)
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8))


@lru_cache(maxsize=4)
def _slope(size: int) -> Pixels:
    """From -1 at the left to 1 at the right, (1, S)."""
    return np.linspace(-1, 1, size, dtype=np.float32)[None, :]
