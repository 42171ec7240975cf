"""The renderer: a specimen in a scene becomes a picture.

The body is drawn at twice the size as flat outlines, part ids in one image and heights in another
(figure.py). The blurred heights give the slopes that light falls on, a table gives the colour of each
paint under each light; then it is halved and laid over the ground. hatch.py draws the same with ink.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from thuja.biosphere import cameras, hatch, scenery
from thuja.biosphere.bodies import PLANS
from thuja.biosphere.figure import Figure, coloured, figure, lay
from thuja.biosphere.frames import FINE
from thuja.biosphere.paints import PAINTS, colours_of
from thuja.biosphere.scene import Camera, Scene, Specimen, Style
from thuja.errors import UsageError

_SIZES = (16, 4096)
"""Below, nothing can be told apart; above, one picture takes gigabytes."""
_LIGHTS = 65
"""From the darkest light on a colour to the brightest; odd, so that the middle one changes nothing."""


def draw(specimen: Specimen, scene: Scene, size: int = 128) -> Image.Image:
    """The picture, RGB, size x size; the same specimen and scene always give the same pixels."""
    check_size(size)
    if scene.style is Style.HATCHED:
        return hatch.hatched(specimen, scene, size)
    generator = np.random.default_rng(scene.seed)
    image = cameras.backdrop(scene, size, generator)
    if not scene.is_empty:
        image = _with_specimen(image, specimen, scene)
    if cameras.has_foreground(scene):
        front = np.random.default_rng([scene.seed, cameras.FOREGROUND])
        image = scenery.with_occluders(image, scene, front)
    image = cameras.seen_through_air(image, scene, generator)
    if scene.blur * size / 128 > 0.2:
        image = image.filter(ImageFilter.GaussianBlur(scene.blur * size / 128))
    return cameras.with_marks(image, scene)


def silhouette(specimen: Specimen, scene: Scene, size: int = 128) -> Image.Image:
    """White where the specimen is, before anything stands in front of it, black elsewhere, mode L."""
    check_size(size)
    image = Image.new("L", (size, size))
    if not scene.is_empty:
        shape = figure(specimen, scene, size)
        image.paste(shape.cover(), (shape.fit.left, shape.fit.top))
    return image


def check_size(size: int) -> None:
    """Raises UsageError for a picture size that cannot be drawn."""
    least, most = _SIZES
    if not least <= size <= most:
        raise UsageError(f"cannot draw pictures of {size} pixels", hint=f"--size takes {least} to {most}")


def _with_specimen(image: Image.Image, specimen: Specimen, scene: Scene) -> Image.Image:
    """The picture with the specimen in it, and its shadow."""
    shape = figure(specimen, scene, image.width)
    corner = shape.fit.left, shape.fit.top
    flesh = _lit(shape, specimen, scene, size=image.width)
    image = cameras.with_shadow(image, flesh.getchannel("X"), corner, scene=scene)
    lay(image, flesh, corner)
    if scene.camera is Camera.MUSEUM and PLANS[specimen.looks.body_plan].turns:
        _pin(image, shape, scene)
    return image


def _lit(shape: Figure, specimen: Specimen, scene: Scene, *, size: int) -> Image.Image:
    """The specimen under the scene's light, in picture pixels: colours times coverage, and coverage (mode RGBX)."""
    light = np.linspace(-0.5, 0.5, _LIGHTS, dtype=np.float32)[:, None, None]
    colours = colours_of(specimen)
    # Light moves a colour towards white or black as far as there is room, the same both ways.
    lit = colours + 2 * colours * (1 - colours) * light  # (lights, paints, 3)
    table = np.full((_LIGHTS, PAINTS, 4), 255, dtype=np.uint8)
    table[..., :3] = lit * 255 + np.float32(0.5)
    table[:, 0] = 0
    which = _shade(shape, scene, size).astype(np.uint16)
    which *= PAINTS
    which += shape.paints
    return coloured(table.reshape(-1, 4), which)


def _shade(shape: Figure, scene: Scene, size: int) -> np.ndarray:
    """Which of the lights falls on each fine pixel, (h, w); the middle one is plain."""
    reach = max(0.5, 0.016 * size)
    small = shape.heights.reduce(FINE)
    soft = np.asarray(small.filter(ImageFilter.BoxBlur(reach)).filter(ImageFilter.BoxBlur(reach)), dtype=np.float32)
    if shape.relief is not None:
        soft = soft + 195 * shape.relief[::FINE, ::FINE]
    angle = np.deg2rad(scene.light_heading)
    slope = np.zeros_like(soft)
    slope[:, 1:-1] = (soft[:, 2:] - soft[:, :-2]) * np.float32(np.cos(angle))
    slope[1:-1] += (soft[2:] - soft[:-2]) * np.float32(np.sin(angle))
    slope *= np.float32(scene.light_strength * reach / 90 * (_LIGHTS - 1))
    slope += np.float32(_LIGHTS / 2)
    lights = Image.fromarray(np.clip(slope, 0, _LIGHTS - 1).astype(np.uint8))
    return np.asarray(lights.resize((shape.fit.width, shape.fit.height), Image.Resampling.NEAREST))


def _pin(image: Image.Image, shape: Figure, scene: Scene) -> None:
    """The head of the pin that holds a specimen on its board."""
    at = shape.fit.pixels_of(np.zeros(2)) / FINE + (shape.fit.left, shape.fit.top)
    radius = 0.018 * image.width
    pen = ImageDraw.Draw(image)
    for step, share, colour in ((0.0, 1.0, (28, 28, 30)), (-0.3, 0.4, (225, 225, 230))):
        x, y = at + step * radius
        r = share * radius
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
