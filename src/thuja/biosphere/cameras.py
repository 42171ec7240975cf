"""What each kind of camera makes of a picture: its ground, the things about the specimen, its marks."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from thuja.biosphere import scenery
from thuja.biosphere.colours import from_hsv
from thuja.biosphere.frames import LABEL, STRIP
from thuja.biosphere.scene import Camera, Scene, Style
from thuja.biosphere.stamps import HEIGHT, written
from thuja.biosphere.traits import NEUTRAL

FOREGROUND = 1
"""Beside a scene's seed: what stands in front is drawn from these two, whatever ground there is."""
ABOVE = 2.0
"""How much finer the ground looks from a drone."""
_CARD, _EDGE, _INK, _WHITE = (241, 235, 218), (140, 130, 118), (34, 30, 28), (250, 250, 250)
_PATCHES = ((200, 30, 40), (240, 200, 30), (40, 150, 60), (40, 70, 180), (30, 30, 30), (130, 130, 130), (245, 245, 245))


def backdrop(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """The picture before anybody comes into it, RGB. A trap sees the ground of its place, the others that of the
    moment; a museum's board and a laboratory's dish are the same whatever the habitat."""
    if scene.camera is Camera.MUSEUM:
        return _board(scene, size, generator)
    if scene.camera is Camera.LABORATORY:
        return _dish(scene, size, generator)
    if scene.camera is Camera.CAMERA_TRAP:
        return scenery.ground(scene, size, np.random.default_rng(scene.ground_seed))
    return scenery.ground(scene, size, generator, zoom=ABOVE if scene.camera is Camera.DRONE else 1.0)


def has_foreground(scene: Scene) -> bool:
    """Whether something of a habitat stands in front: not indoors, nor on the ground that is no habitat's."""
    return scene.occluders > 0 and not _is_indoors(scene) and scene.habitat != NEUTRAL


def _is_indoors(scene: Scene) -> bool:
    return scene.camera in (Camera.MUSEUM, Camera.LABORATORY)


def seen_through_air(image: Image.Image, scene: Scene, generator: np.random.Generator) -> Image.Image:
    """The picture under the scene's veil, and with the sensor's noise: less of both on paper, less veil indoors."""
    is_paper = scene.style is Style.HATCHED
    haze = scene.haze * (0.35 if is_paper or _is_indoors(scene) else 1.0)
    noise = scene.noise * (0.35 if is_paper else 1.0)
    if haze:
        # A veil, not a gain: no channel is cut off, so light and dark stay as far from mid-grey as they were.
        veil = tuple(round(255 * band) for band in scene.veil)
        image = Image.blend(image, Image.new("RGB", image.size, veil), haze)
    if noise:
        moved = np.rint(128 + noise * 2 * (np.arange(256) - 127.5)).astype(np.uint8)
        grain = moved.take(np.frombuffer(generator.bytes(image.width * image.height * 3), dtype=np.uint8))
        image = ImageChops.add(image, Image.frombytes("RGB", image.size, grain.tobytes()), 1, -128)
    return image


def with_shadow(image: Image.Image, cover: Image.Image, corner: tuple[int, int], *, scene: Scene) -> Image.Image:
    """The picture with the shadow of a specimen of that coverage (mode L) whose box begins at `corner`.

    Outdoors there is none but from above: a shadow would tell shapes to a model that sees means only.
    """
    shadows = {
        Camera.MUSEUM: (0.016, 0.012, 0.5),
        Camera.LABORATORY: (0.010, 0.014, 0.22),
        Camera.DRONE: (0.045, 0.003, 0.5),
    }
    if scene.camera not in shadows:
        return image
    away, softness, depth = shadows[scene.camera]
    size = image.width
    angle = np.deg2rad(scene.light_heading)
    shift = round(float(np.cos(angle)) * away * size), round(float(np.sin(angle)) * away * size)
    shadow = Image.new("L", image.size, 255)
    shadow.paste(round(255 * (1 - depth)), (corner[0] + shift[0], corner[1] + shift[1]), cover)
    shadow = shadow.filter(ImageFilter.GaussianBlur(softness * size))
    return ImageChops.multiply(image, Image.merge("RGB", (shadow, shadow, shadow)))


def with_marks(image: Image.Image, scene: Scene) -> Image.Image:
    """The picture with what the camera itself writes into it; greys if it saw by its flash alone."""
    if scene.is_dark:
        image = _flashed(image)
    if scene.camera is Camera.CAMERA_TRAP:
        _write_strip(image, scene)
    elif scene.camera is Camera.DRONE:
        _write_corners(image, scene)
    return image


def _flashed(image: Image.Image) -> Image.Image:
    """In greys, bright in the middle of the frame and falling off towards its corners."""
    line = np.linspace(-1, 1, image.width, dtype=np.float32) ** 2
    gain = np.float32(1.12) - np.float32(0.40) * (line + line[:, None])
    grey = np.asarray(image.convert("L"), dtype=np.float32) * gain
    flat = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    return Image.merge("RGB", (flat, flat, flat))


def _write_strip(image: Image.Image, scene: Scene) -> None:
    """A dark strip along the lower edge: the stamp, and a battery."""
    size = image.width
    top = size - round(STRIP * size)
    image.paste((17, 18, 20), (0, top, size, size))
    unit = size / 128
    right = size - round(13 * unit)
    letters = written(scene.stamp, right - round(5 * unit), size)
    image.paste((232, 232, 226), (round(3 * unit), top + round((STRIP * 128 - HEIGHT) / 2 * unit)), letters)
    pen = ImageDraw.Draw(image)
    bottom = size - round(4 * unit)
    pen.rectangle((right, top + round(3 * unit), size - round(5 * unit), bottom), outline=(190, 190, 186))
    charge = right + round((2 + scene.ground_seed % 5) * unit)
    pen.rectangle((right, top + round(3 * unit), charge, bottom), fill=(190, 190, 186))


def _write_corners(image: Image.Image, scene: Scene) -> None:
    """The four corners of a viewfinder, and the stamp in the upper left one."""
    size = image.width
    unit = size / 128
    pen = ImageDraw.Draw(image)
    bright, dark = ((60, 56, 60), None) if scene.style is Style.HATCHED else ((242, 242, 242), (24, 24, 24))
    near, far, arm, wide = round(4 * unit), size - 1 - round(4 * unit), round(9 * unit), max(1, round(unit))
    for x, inward in ((near, arm), (far, -arm)):
        for y, down in ((near, arm), (far, -arm)):
            pen.line((x, y, x + inward, y), fill=bright, width=wide)
            pen.line((x, y, x, y + down), fill=bright, width=wide)
    if not scene.stamp:
        return
    letters = written(scene.stamp, size - round(16 * unit), size)
    at = round(8 * unit), size - round((8 + HEIGHT) * unit)
    if dark:
        image.paste(dark, (at[0] + wide, at[1] + wide), letters)
    image.paste(bright, at, letters)


def _board(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """A pale board with a label, a scale bar and sometimes a colour card along its lower edge."""
    tint = from_hsv(scene.ground_hue, 0.03 + 0.07 * scene.ground_saturation, 0.90 + 0.12 * scene.ground_value)
    things, cover = museum_things(scene, size, generator)
    image = _even(size, tint, generator, heading=scene.light_heading)
    image = with_shadow(image, cover, (0, 0), scene=scene)
    image.paste(things, (0, 0), cover)
    return image


def museum_things(scene: Scene, size: int, generator: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """The label with the stamp, the scale bar and the colour card: RGB, and its coverage, mode L."""
    is_left, has_card = (generator.random(2) < (0.5, 0.4)).tolist()
    scale = 2 * size / 128
    things, cover = Image.new("RGB", (2 * size, 2 * size)), Image.new("L", (2 * size, 2 * size))
    pen, cover_pen = ImageDraw.Draw(things), ImageDraw.Draw(cover)

    def box(left: float, top: float, right: float, bottom: float, colour: tuple[int, int, int]) -> None:
        corners = [
            left * scale,
            top * scale,
            max(right * scale - 1, left * scale),
            max(bottom * scale - 1, top * scale),
        ]
        pen.rectangle(corners, fill=colour)
        cover_pen.rectangle(corners, fill=255)

    label, bar = (4, 70) if is_left else (128 - 4 - 58, 10)
    top = 128 - LABEL * 128 + 1
    box(label, top, label + 58, 126, _EDGE)
    box(label + 0.5, top + 0.5, label + 57.5, 125.5, _CARD)
    _scribble(pen, (label + 3, top + 22.5), scale, generator=generator)
    for number in range(6):
        box(bar + 8 * number, 119, bar + 8 * number + 8, 122, _INK if number % 2 == 0 else _WHITE)
    for number in range(7):
        box(bar + 8 * number - (number > 0), 115, bar + 8 * number + (number == 0), 119, _INK)
    if has_card:
        for number, colour in enumerate(_PATCHES):
            box(bar + 7 * number, 103, bar + 7 * number + 7, 110, colour)
    things, cover = things.reduce(2), cover.reduce(2)
    unit = size / 128
    letters = written(scene.stamp, round(53 * unit), size, lines=2)
    things.paste(_INK, (round((label + 3) * unit), round((top + 3) * unit)), letters)
    return things, cover


def _scribble(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], scale: float, *, generator: np.random.Generator
) -> None:
    """A line of writing, too small to read, 50 pixels wide at 128 pixels a picture."""
    x, end = at[0], at[0] + 50
    while x < end:
        length = min(generator.uniform(4, 11), end - x)
        across = np.arange(0, length + 0.1, 0.8)
        down = generator.uniform(-0.9, 0.9, len(across))
        line = np.stack([x + across, at[1] + down], axis=1) * scale
        pen.line(line.ravel().tolist(), fill=(92, 86, 110), width=max(1, round(scale / 2)))
        x += length + 2.5


def _dish(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """The bright ground of a laboratory, from white to blue-grey, with a dish or a vial."""
    hue, saturation = 205 + 0.08 * (scene.ground_hue - 180), 0.02 + 0.18 * scene.ground_saturation
    tint = from_hsv(hue, saturation, 0.91 + 0.12 * scene.ground_value)
    band = dish_lines(size, generator)
    image = _even(size, tint, generator, heading=None)
    return ImageChops.add(image, Image.merge("RGB", (band, band, band)), 1, -128)


def dish_lines(size: int, generator: np.random.Generator) -> Image.Image:
    """The rim of a dish or the walls of a vial, and a little debris: brighter than 128 or darker, mode L."""
    fine = 2 * size
    lines = Image.new("L", (fine, fine), 128)
    pen = ImageDraw.Draw(lines)
    width = max(1, round(fine * 0.008))
    if generator.random() < 0.6:
        x, y = (0.5 + generator.uniform(-0.06, 0.06, 2)) * fine
        reach = generator.uniform(0.46, 0.56) * fine
        for step, level in ((0.024, 100), (0.016, 170), (0.008, 86), (0.0, 160)):
            r = reach + step * fine
            pen.ellipse((x - r, y - r, x + r, y + r), outline=level, width=width)
    else:
        wall, surface = generator.uniform((0.05, 0.05), (0.11, 0.12)) * fine
        for side in (wall, fine - wall):
            for step, level in ((-1.4, 96), (0.0, 170), (1.4, 84)):
                pen.line((side + step * width, 0, side + step * width, fine), fill=level, width=width)
        for step, level in ((0.0, 88), (1.5, 165)):
            top = surface + step * width
            pen.arc((wall, top - wall / 2, fine - wall, top + wall / 2), 0, 180, fill=level, width=width)
    for x, y, length, angle in (generator.random((10, 4)) * (fine, fine, 0.035 * fine, 360)).tolist():
        if length < 0.015 * fine:
            pen.ellipse((x, y, x + length / 2, y + length / 2), fill=50)
        else:
            pen.arc((x, y, x + 2 * length, y + 2 * length), angle, angle + 60, fill=56, width=max(1, width // 2))
    return lines.reduce(2)


def _even(size: int, tint: np.ndarray, generator: np.random.Generator, *, heading: float | None) -> Image.Image:
    """An even surface with a fine grain: brighter towards where the light comes from, or in the middle."""
    line = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    grain = np.frombuffer(generator.bytes(size * size), dtype=np.uint8).reshape(size, size)
    level = grain * np.float32(0.025 / 255)
    if heading is None:
        level -= np.float32(0.16) * (line**2 + (line**2)[:, None])
    else:
        angle = np.deg2rad(heading)
        level -= np.float32(0.07) * (line * np.float32(np.cos(angle)) + (line * np.float32(np.sin(angle)))[:, None])
    return scenery.in_colour([level] * 3, tint)
