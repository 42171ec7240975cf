"""Grounds and what stands before the specimen. Habitats differ in texture, never in mean colour."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from thuja.biosphere.colours import Colour, direction
from thuja.biosphere.scene import Scene

Field = npt.NDArray[np.float32]
"""One number a pixel, (S, S)."""


def ground(scene: Scene, size: int, generator: np.random.Generator) -> Field:
    """The picture's ground, (size, size, 3), around mid-grey over many scenes, whatever the habitat."""
    texture = _standard(_TEXTURES[scene.habitat](size, generator))
    drift = _standard(noise(size, 3, generator))
    main, second = ground_colours(scene)
    # A texture changes brightness above all; a slow drift changes hue. Both have mean zero.
    steps = scene.ground_contrast * texture[..., None] * (0.6 + 0.8 * (main + 0.5))
    steps += 0.16 * drift[..., None] * second
    # Every habitat has litter of the middle sizes, so that no scale of detail is one habitat's own.
    litter = _standard(noise(size, 11, generator)) + _standard(noise(size, 23, generator))
    steps += (0.055 * litter)[..., None]
    shown = np.clip(0.5 + main + steps, 0.02, 0.98)
    # A lopsided texture loses more at one end of the scale: what the cut took from the mean is given back.
    return np.asarray(shown + (0.5 + main - shown.mean(axis=(0, 1))), dtype=np.float32)


def ground_colours(scene: Scene) -> tuple[Colour, Colour]:
    """The ground's main colour and the way it drifts, both as steps from mid-grey."""
    main = scene.ground_value + scene.ground_saturation * 0.6 * direction(scene.ground_hue)
    return main, direction(scene.ground_hue + 90)


def occluders(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """The coverage (mode L) of what stands in front: bubbles, pebbles, leaves or blades by habitat."""
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
    """Smooth noise, (size, size): `cells` bumps across, from a coarse grid of normal numbers."""
    grid = generator.standard_normal((cells + 2, cells + 2), dtype=np.float32)
    image = Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _grid(size: int, generator: np.random.Generator) -> tuple[Field, Field]:
    """Coordinates across the frame, 0 at its centre, turned by a random angle."""
    angle = generator.uniform(0, 2 * np.pi)
    line: Field = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x: Field = line * cosine + line[:, None] * sine
    y: Field = line[:, None] * cosine - line * sine
    return x, y


def _water(size: int, generator: np.random.Generator) -> Field:
    """The net of light on the bed of shallow water."""
    x, y = _grid(size, generator)
    warp = 0.05 * noise(size, 4, generator)
    first = np.abs(np.sin(9 * (x + warp) + generator.uniform(0, 6)))
    second = np.abs(np.sin(8 * (y - warp) + 5 * x + generator.uniform(0, 6)))
    return np.asarray((1 - np.minimum(first, second)) ** 3, dtype=np.float32)


def _soil(size: int, generator: np.random.Generator) -> Field:
    """Crumbs and stones of all sizes."""
    image = Image.new("L", (size, size), 90)
    pen = ImageDraw.Draw(image)
    for x, y, reach, grey in generator.random((80, 4)) * (1.1, 1.1, 1, 1) - (0.05, 0.05, 0, 0):
        r = (0.012 + 0.05 * reach**2) * size
        pen.ellipse([x * size - r, y * size - r, x * size + r, y * size + r], fill=int(20 + 200 * grey))
    crumbs = generator.random((size, size), dtype=np.float32)
    return np.asarray(image, dtype=np.float32) / 255 + 0.35 * crumbs


def _leaf(size: int, generator: np.random.Generator) -> Field:
    """A leaf's midrib and side veins."""
    x, y = _grid(size, generator)
    rib = np.abs(y - generator.uniform(-0.4, 0.4))
    veins = np.abs((((x + 0.8 * rib) * 5 + generator.random()) % 1) - 0.5)
    blade = np.minimum(veins * 2, rib * 12) ** 0.4 + 0.12 * noise(size, 6, generator)
    # Some leaves have light veins, some dark: else the rib near the centre would be a cue of place.
    return np.asarray(blade if generator.random() < 0.5 else -blade, dtype=np.float32)


def _sand(size: int, generator: np.random.Generator) -> Field:
    """Wind ripples and grains."""
    x, _ = _grid(size, generator)
    ripples = np.sin(42 * x + generator.uniform(0, 2 * np.pi) + 1.6 * noise(size, 4, generator))
    return np.asarray(ripples + 0.9 * (generator.random((size, size), dtype=np.float32) - 0.5), dtype=np.float32)


def _night(size: int, generator: np.random.Generator) -> Field:
    """Soft discs of light in the dark."""
    image = Image.new("L", (size, size), 0)
    for x, y, reach, grey in generator.random((12, 4)) * (1.3, 1.3, 1, 1) - (0.15, 0.15, 0, 0):
        r = (0.04 + 0.10 * reach) * size
        disc = Image.new("L", (int(2 * r) + 2,) * 2)
        ImageDraw.Draw(disc).ellipse([1, 1, 2 * r, 2 * r], fill=255)
        image.paste(int(120 + 130 * grey), (int(x * size - r), int(y * size - r)), disc)
    return np.asarray(np.asarray(image) / 255, dtype=np.float32)


_TEXTURES: dict[str, Callable[[int, np.random.Generator], Field]] = {
    "water": _water,
    "soil": _soil,
    "leaf": _leaf,
    "sand": _sand,
    "night": _night,
}


def _standard(field: Field) -> Field:
    """Mean 0, spread 1."""
    centred = field - field.mean()
    return np.asarray(centred / (centred.std() + 1e-6), dtype=np.float32)
