"""The second renderer: ink on paper. The same specimens in the same places, in a style that shares no pixel statistics.

Outlines are ink lines, colour 2 is hatched in its own ink and cross-hatched where it is the darker of the
two, colour 1 is paper under a light wash; the ground is a sparse line drawing of its habitat. There is no
soft light: ink lies thicker on the side away from it. Ink has hard edges, so a scene's blur is left out.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from thuja.biosphere import cameras, scenery
from thuja.biosphere.colours import Colour, direction
from thuja.biosphere.figure import Figure, coloured, figure, lay
from thuja.biosphere.frames import FINE
from thuja.biosphere.paints import LEVELS, PAINTS, Paint, colours_of, worn_pair
from thuja.biosphere.scene import Camera, Scene, Specimen
from thuja.biosphere.shapes import Points
from thuja.biosphere.traits import NEUTRAL

_OUTLINE = (0.09, 0.08, 0.10)
_PAPER = 0.87

Mask = npt.NDArray[np.bool_]


def hatched(specimen: Specimen, scene: Scene, size: int) -> Image.Image:
    """The picture drawn in ink, RGB, size x size."""
    generator = np.random.default_rng(scene.seed)
    image = _page(scene, size, generator)
    if not scene.is_empty:
        shape = figure(specimen, scene, size)
        corner = shape.fit.left, shape.fit.top
        if scene.camera is Camera.DRONE:
            _hatch_shadow(image, shape.cover(), corner, scene=scene)
        lay(image, _inked(shape, specimen, scene, size=size), corner)
    if cameras.has_foreground(scene):
        _lay_occluders(image, scene, np.random.default_rng([scene.seed, cameras.FOREGROUND]))
    return cameras.with_marks(cameras.seen_through_air(image, scene, generator), scene)


def _page(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """The paper with a drawing of the ground; its mean colour is the paper's, whatever is drawn."""
    lines = Image.new("L", (size, size))
    if scene.camera is Camera.LABORATORY:
        # Bright and dark of a glass edge are both lines here.
        lines = cameras.dish_lines(size, generator).point([min(255, 4 * abs(v - 128)) for v in range(256)])
    elif scene.camera is not Camera.MUSEUM and scene.habitat != NEUTRAL:
        is_fixed = scene.camera is Camera.CAMERA_TRAP
        hand = np.random.default_rng(scene.ground_seed) if is_fixed else generator
        lines = _ground_lines(scene, size, hand)
    strength = np.asarray(lines, dtype=np.float32) / -255
    tint = _tint(scene)
    ink = np.float32(0.35 + 1.2 * scene.ground_contrast) * (1 - 1.2 * (tint - tint.mean()))
    image = scenery.in_colour([strength * band for band in ink], tint)
    if scene.camera is Camera.MUSEUM:
        things, cover = cameras.museum_things(scene, size, generator)
        image.paste(things, (0, 0), cover)
    return image


def _tint(scene: Scene) -> Colour:
    """The colour of the paper."""
    tint = _PAPER + 0.2 * scene.ground_value + 0.10 * scene.ground_saturation * direction(scene.ground_hue)
    return np.asarray(tint, dtype=np.float32)


def _ground_lines(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """Where ink lies on the ground, mode L."""
    zoom = cameras.ABOVE if scene.camera is Camera.DRONE else 1.0
    image = Image.new("L", (size * FINE, size * FINE))
    pen = ImageDraw.Draw(image)
    angle = generator.uniform(0, 2 * np.pi)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    width = max(1, round(size * FINE * 0.006))
    # Strokes are laid over a disc that holds the frame however it is turned.
    for stroke in _STROKES[scene.habitat](zoom, generator):
        x, y = stroke[:, 0] / zoom, stroke[:, 1] / zoom
        turned = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1) + 0.5
        pen.line((turned * size * FINE).ravel().tolist(), fill=255, width=width)
    return image.reduce(FINE)


def _waves(zoom: float, generator: np.random.Generator) -> list[Points]:
    """Short wave lines in loose rows."""
    strokes = []
    for at in _scattered(26, zoom, generator):
        x = np.linspace(-0.5, 0.5, 14) * generator.uniform(0.16, 0.42)
        strokes.append(at + np.stack([x, 0.016 * np.sin(x * 48)], axis=1))
    return strokes


def _stones(zoom: float, generator: np.random.Generator) -> list[Points]:
    """Outlines of stones, and grit."""
    angles = np.linspace(0, 2 * np.pi, 10)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    strokes = []
    for at in _scattered(30, zoom, generator):
        rough = generator.uniform(0.75, 1.15, (10, 1))
        rough[-1] = rough[0]
        strokes.append(at + circle * rough * (0.015 + 0.055 * generator.random() ** 2) * (1.2, 0.85))
    return strokes + _dots(90, zoom, generator)


def _veins(zoom: float, generator: np.random.Generator) -> list[Points]:
    """A midrib and the side veins that leave it in pairs."""
    reach, height = 0.75 * zoom, generator.uniform(-0.3, 0.3)
    strokes = [
        np.array([(-reach, height), (reach, height)]),
        np.array([(-reach, height + 0.012), (reach, height + 0.008)]),
    ]
    for foot in np.arange(-2 * reach, reach, 0.13) + generator.uniform(0, 0.13):
        out = np.linspace(0, reach + 0.3, 8)
        for side in (-1, 1):
            strokes.append(np.stack([foot + 0.75 * out + 0.12 * out**2, height + side * out], axis=1))
    return strokes


def _ripples(zoom: float, generator: np.random.Generator) -> list[Points]:
    """Long ripples, here and there broken, and grains."""
    strokes = []
    reach = 0.75 * zoom
    for height in np.arange(-reach, reach, 0.095):
        x = np.linspace(-reach, reach, round(40 * zoom))
        y = height + 0.02 * np.sin(9 * x + 2 * height + generator.uniform(0, 1.5)) + 0.01 * np.sin(23 * x)
        gap = int(generator.integers(4, len(x) - 8))
        strokes += [np.stack([x, y], axis=1)[:gap], np.stack([x, y], axis=1)[gap + 4 :]]
    return strokes + _dots(80, zoom, generator)


def _discs(zoom: float, generator: np.random.Generator) -> list[Points]:
    """Outlines of discs of light."""
    angles = np.linspace(0, 2 * np.pi, 24)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    reaches = generator.uniform(0.04, 0.14, round(16 * zoom**2))
    return [at + circle * reach for at, reach in zip(_scattered(16, zoom, generator), reaches, strict=True)]


def _dots(count: int, zoom: float, generator: np.random.Generator) -> list[Points]:
    return [at + np.array([(0.0, 0.0), (0.006, 0.004)]) for at in _scattered(count, zoom, generator)]


def _scattered(count: int, zoom: float, generator: np.random.Generator) -> Points:
    """Random places, as many as keep their distance whatever the zoom, (N, 2) about 0."""
    return generator.uniform(-0.72 * zoom, 0.72 * zoom, (round(count * zoom**2), 2))


_STROKES: dict[str, Callable[[float, np.random.Generator], list[Points]]] = {
    "water": _waves,
    "soil": _stones,
    "leaf": _veins,
    "sand": _ripples,
    "night": _discs,
}


def _inked(shape: Figure, specimen: Specimen, scene: Scene, *, size: int) -> Image.Image:
    """The specimen in ink and wash, in picture pixels, mode RGBX."""
    first, second = worn_pair(specimen)
    hatched_ink = 0.27 + 0.50 * (second - 0.5)
    table = np.full((3, PAINTS, 4), 255, dtype=np.uint8)  # bare paper or wash, hatching, outline
    table[0, :, :3] = scenery.as_bytes(colours_of(specimen))
    table[0, 1 : LEVELS + 2, :3] = scenery.as_bytes(0.80 + 0.36 * (first - 0.5))
    table[0, 1 + LEVELS // 2 : LEVELS + 2, :3] = scenery.as_bytes(0.90 + 0.12 * (second - 0.5))
    table[1, :, :3] = table[0, :, :3]
    table[1, 1 + LEVELS // 2 : LEVELS + 2, :3] = scenery.as_bytes(hatched_ink)
    table[2, :, :3] = scenery.as_bytes(np.asarray(_OUTLINE, dtype=np.float32))
    table[2, Paint.WHITE :, :3] = table[0, Paint.WHITE :, :3]
    table[:, 0] = 0
    is_darker = float(second.mean()) < 0.5 or (float(second.mean()) == 0.5 and specimen.is_reversed)
    which = _hatching(shape, scene, size, is_crossed=is_darker).astype(np.uint16)
    which[_ink_lines(shape, scene, size)] = 2
    which *= PAINTS
    which += shape.paints
    return coloured(table.reshape(-1, 4), which)


def _hatching(shape: Figure, scene: Scene, size: int, *, is_crossed: bool) -> Mask:
    """Parallel lines across the light at every fine pixel of the box, (h, w), and those across them."""
    x = np.arange(shape.fit.width, dtype=np.int32) + shape.fit.left * FINE
    y = (np.arange(shape.fit.height, dtype=np.int32) + shape.fit.top * FINE)[:, None]
    period = max(4, round(7 * size / 128))
    width = max(1, round(0.36 * period))
    falls = np.cos(np.deg2rad(scene.light_heading)) * np.sin(np.deg2rad(scene.light_heading)) > 0
    lines = ((x + y if falls else x - y) % period) < width
    if is_crossed:
        lines |= ((x - y if falls else x + y) % period) < width
    return np.asarray(lines, dtype=np.bool_)


def _ink_lines(shape: Figure, scene: Scene, size: int) -> Mask:
    """Outlines of the parts, (h, w), and of the whole, thicker on the side away from the light."""
    image = Image.new("L", (shape.fit.width, shape.fit.height))
    pen = ImageDraw.Draw(image)
    width = max(1, round(size / 128))
    for outline in shape.outlines:
        pen.polygon(outline, fill=0)
        pen.line(outline + outline[:2], fill=1, width=width)
    lines: Mask = np.asarray(image) != 0
    if shape.relief is not None:
        # Of a texture, its ridges.
        lines |= shape.relief > 0.86 * max(float(shape.relief.max()), 1e-6)
    cover = shape.paints != 0
    angle = np.deg2rad(scene.light_heading)
    heavy = (1.5 + scene.light_strength) * width
    away = round(float(np.cos(angle)) * heavy), round(float(np.sin(angle)) * heavy)
    rim = round(1.5 * size / 128 + 0.25)
    for columns, rows in ((rim, 0), (-rim, 0), (0, rim), (0, -rim), away):
        lines |= ~_shifted(cover, columns, rows)
    return lines


def _shifted(mask: Mask, columns: int, rows: int) -> Mask:
    """The mask as seen that many pixels further right and down; what lies outside counts as covered."""
    height, width = mask.shape
    seen = np.ones_like(mask)
    seen[max(-rows, 0) : height - max(rows, 0), max(-columns, 0) : width - max(columns, 0)] = mask[
        max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)
    ]
    return seen


def _hatch_shadow(image: Image.Image, cover: Image.Image, corner: tuple[int, int], *, scene: Scene) -> None:
    """The shadow that a drone sees, as lines."""
    size = image.width
    shadow = cameras.with_shadow(Image.new("RGB", image.size, (255, 255, 255)), cover, corner, scene=scene).getchannel(
        "R"
    )
    line = np.arange(size)
    lines = Image.fromarray(
        (((line + line[:, None]) % max(2, round(3 * size / 128))) == 0).astype(np.uint8) * np.uint8(255)
    )
    dark = shadow.point([255 if value < 190 else 0 for value in range(256)])
    image.paste((70, 66, 70), (0, 0), ImageChops.multiply(dark, lines))


def _lay_occluders(image: Image.Image, scene: Scene, generator: np.random.Generator) -> None:
    """Bubbles, pebbles, leaves or blades as flat paper shapes with an outline, in place."""
    cover = scenery.occluders(scene, image.width, generator)
    colour = _tint(scene) + generator.uniform(-0.15, 0.05)
    image.paste(tuple(scenery.as_bytes(colour).tolist()), (0, 0), cover)
    width = 2 * max(1, round(image.width / 128)) + 1
    edge = ImageChops.subtract(cover, cover.filter(ImageFilter.MinFilter(width)))
    image.paste((60, 56, 60), (0, 0), edge)
