"""Grounds and what stands before the specimen. Habitats differ in texture, never in mean colour."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from thuja.biosphere.colours import Colour, direction
from thuja.biosphere.scene import Scene
from thuja.biosphere.traits import NEUTRAL

Field = npt.NDArray[np.float32]
"""One number a pixel, (S, S)."""


def ground(scene: Scene, size: int, generator: np.random.Generator, *, zoom: float = 1.0) -> Image.Image:
    """The picture's ground, RGB, around mid-grey over many scenes, whatever the habitat.

    `zoom` above 1 makes its texture finer, as from far away.
    """
    if scene.habitat == NEUTRAL:
        return _neutral(size, generator)
    # Grains are drawn last: how many there are depends on the picture's size, and nothing else may.
    drift = noise(size, round(3 * zoom), generator) * np.float32(0.2)
    # Every habitat has litter of the middle sizes, so that no scale of detail is one habitat's own.
    litter = noise(size, round(11 * zoom), generator) + noise(size, round(23 * zoom), generator)
    litter *= np.float32(0.07)
    texture = _standard(_TEXTURES[scene.habitat](size, generator, zoom)) * np.float32(scene.ground_contrast)
    main, second = ground_colours(scene)
    # A texture changes brightness above all; a slow drift changes hue.
    return in_colour(
        [litter + texture * (1 + 0.8 * main[band]) + drift * second[band] for band in range(3)], 0.5 + main
    )


def in_colour(steps: list[Field], mean: Colour) -> Image.Image:
    """The picture whose three bands, (S, S) each, vary as `steps` do about exactly the mean colour given.

    A lopsided texture loses more at one end of the scale: what the cut takes from the mean is given back.
    """
    bands = []
    for step, middle in zip(steps, mean, strict=True):
        shown = np.clip(step - step.mean() + middle, 0.02, 0.98)
        shown += middle - shown.mean() + np.float32(0.5 / 255)
        bands.append(Image.fromarray((np.clip(shown, 0, 1) * 255).astype(np.uint8)))
    return Image.merge("RGB", bands)


def ground_colours(scene: Scene) -> tuple[Colour, Colour]:
    """The ground's main colour and the way it drifts, both as steps from mid-grey."""
    main = scene.ground_value + scene.ground_saturation * 0.6 * direction(scene.ground_hue)
    return np.asarray(main, dtype=np.float32), direction(scene.ground_hue + 90)


def with_occluders(image: Image.Image, scene: Scene, generator: np.random.Generator) -> Image.Image:
    """The picture behind bubbles, pebbles, leaves or blades of the ground's colours, by habitat."""
    size = image.width
    main, drift = ground_colours(scene)
    colour = 0.5 + main + generator.uniform(-0.25, 0.25) + 0.2 * drift
    grain = noise(size, 8, generator) * np.float32(0.08)
    front = Image.merge("RGB", [Image.fromarray(as_bytes(grain + band)) for band in colour])
    return Image.composite(front, image, occluders(scene, size, generator))


def occluders(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """The coverage of what stands in front, mode L."""
    scale = 2 * size
    image = Image.new("L", (scale, scale))
    pen = ImageDraw.Draw(image)
    for _ in range(scene.occluders):
        x, y = generator.uniform(0.05, 0.95, 2) * scale
        reach = generator.uniform(0.05, 0.10) * scale
        if scene.habitat in ("water", "soil"):
            pen.ellipse([x - reach, y - reach * 0.9, x + reach, y + reach * 0.9], fill=255)
        elif scene.habitat == "leaf":
            angle = generator.uniform(0, np.pi)
            along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
            shape = [(2.2, 0), (0.8, 0.7), (-0.8, 0.6), (-2.0, 0), (-0.8, -0.6), (0.8, -0.7)]
            pen.polygon([tuple(np.array([x, y]) + reach * (a * along + b * across)) for a, b in shape], fill=255)
        else:
            lean = generator.uniform(-0.25, 0.25) * scale
            width = generator.uniform(0.012, 0.03) * scale
            pen.polygon([(x - width, scale), (x + lean, 0.1 * scale), (x + width, scale)], fill=255)
    return image.reduce(2)


def noise(size: int, cells: int, generator: np.random.Generator) -> Field:
    """Smooth noise, (size, size), of about unit spread at the grid's points: `cells` bumps across."""
    grid = generator.standard_normal((cells + 2, cells + 2), dtype=np.float32)
    image = Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _neutral(size: int, generator: np.random.Generator) -> Image.Image:
    """Mid-grey with a slight grain: the ground of no habitat."""
    grain = np.frombuffer(generator.bytes(size * size), dtype=np.uint8).reshape(size, size)
    # 0 to 255 becomes -6 to 6.
    grey = Image.fromarray((grain // 20 + np.uint8(122)).astype(np.uint8))
    return Image.merge("RGB", (grey, grey, grey))


@lru_cache(maxsize=8)
def _line(size: int) -> Field:
    line: Field = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    line.flags.writeable = False
    return line


def _grid(size: int, generator: np.random.Generator) -> tuple[Field, Field]:
    """Coordinates across the frame, 0 at its centre, turned by a random angle."""
    angle = generator.uniform(0, 2 * np.pi)
    line = _line(size)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return line * cosine + (line * sine)[:, None], (line * cosine)[:, None] - line * sine


def _water(size: int, generator: np.random.Generator, zoom: float) -> Field:
    """The net of light on the bed of shallow water."""
    x, y = _grid(size, generator)
    warp = noise(size, round(4 * zoom), generator) * np.float32(0.05 / zoom)
    phase = generator.uniform(0, 6, 2).astype(np.float32)
    finer = np.float32(zoom)
    first = np.abs(np.sin(9 * finer * (x + warp) + phase[0]))
    second = np.abs(np.sin(finer * (8 * (y - warp) + 5 * x) + phase[1]))
    level = 1 - np.minimum(first, second)
    return np.asarray(level * level * level, dtype=np.float32)


def _soil(size: int, generator: np.random.Generator, zoom: float) -> Field:
    """Crumbs and stones of all sizes."""
    image = Image.new("L", (size, size), 90)
    pen = ImageDraw.Draw(image)
    stones = generator.random((round(80 * zoom * zoom), 4)) * (1.1, 1.1, 1, 1) - (0.05, 0.05, 0, 0)
    places = stones[:, :2] * size
    reaches = (0.012 + 0.05 * stones[:, 2:3] ** 2) * size / zoom
    boxes = np.concatenate([places - reaches, places + reaches], axis=1).tolist()
    for box, grey in zip(boxes, (20 + 200 * stones[:, 3]).astype(int).tolist(), strict=True):
        pen.ellipse(box, fill=grey)
    crumbs = noise(size, round(40 * zoom), generator) * np.float32(17)
    grains = np.frombuffer(generator.bytes(size * size), dtype=np.uint8).reshape(size, size)
    crumbs += np.float32(0.16) * grains
    return crumbs + np.asarray(image, dtype=np.float32)


def _leaf(size: int, generator: np.random.Generator, zoom: float) -> Field:
    """A leaf's midrib and side veins."""
    x, y = _grid(size, generator)
    rib = np.abs(y - np.float32(generator.uniform(-0.4, 0.4)))
    turns = (x + np.float32(0.8) * rib) * np.float32(5 * zoom) + np.float32(generator.random())
    veins = np.abs(turns - np.floor(turns) - np.float32(0.5))
    blade = np.minimum(veins * 2, rib * np.float32(12 * zoom)) ** np.float32(0.4)
    blade += np.float32(0.12) * noise(size, round(6 * zoom), generator)
    # Some leaves have light veins, some dark: else the rib near the centre would be a cue of place.
    return np.asarray(blade if generator.random() < 0.5 else -blade, dtype=np.float32)


def _sand(size: int, generator: np.random.Generator, zoom: float) -> Field:
    """Wind ripples and grains."""
    x, _ = _grid(size, generator)
    turns = np.float32(42 * zoom) * x + np.float32(1.6) * noise(size, round(4 * zoom), generator)
    ripples = np.sin(turns + np.float32(generator.uniform(0, 2 * np.pi)))
    grains = np.frombuffer(generator.bytes(size * size), dtype=np.uint8).reshape(size, size)
    return np.asarray(ripples + grains * np.float32(0.9 / 255), dtype=np.float32)


def _night(size: int, generator: np.random.Generator, zoom: float) -> Field:
    """Soft discs of light in the dark."""
    image = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(image)
    discs = generator.random((round(12 * zoom * zoom), 4)) * (1.3, 1.3, 1, 1) - (0.15, 0.15, 0, 0)
    for x, y, reach, grey in discs.tolist():
        r = (0.04 + 0.10 * reach) * size / zoom
        pen.ellipse([x * size - r, y * size - r, x * size + r, y * size + r], fill=int(120 + 130 * grey))
    return np.asarray(image, dtype=np.float32)


_TEXTURES: dict[str, Callable[[int, np.random.Generator, float], Field]] = {
    "water": _water,
    "soil": _soil,
    "leaf": _leaf,
    "sand": _sand,
    "night": _night,
}


def _standard(field: Field) -> Field:
    """Mean 0, spread 1."""
    centred = field - field.mean()
    return np.asarray(centred / (centred[::2, ::2].std() + np.float32(1e-6)), dtype=np.float32)


def as_bytes(values: Field | Colour) -> npt.NDArray[np.uint8]:
    """Shares from 0 to 1 as pixels from 0 to 255."""
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
