"""What each kind of camera makes of a picture: its ground, the things about the specimen, its marks."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from thuja.biosphere import scenery
from thuja.biosphere.colours import from_hsv
from thuja.biosphere.frames import LABEL, STRIP
from thuja.biosphere.scene import Camera, Scene
from thuja.biosphere.stamps import HEIGHT, written

_ABOVE = 2.0
"""How much finer the ground looks from a drone."""
_CARD = (0.93, 0.91, 0.85)
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
    return scenery.ground(scene, size, generator, zoom=_ABOVE if scene.camera is Camera.DRONE else 1.0)


def lay_shadow(image: Image.Image, cover: Image.Image, corner: tuple[int, int], scene: Scene) -> Image.Image:
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


def lay_marks(image: Image.Image, scene: Scene) -> Image.Image:
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
    near, far, arm, wide = round(4 * unit), size - 1 - round(4 * unit), round(9 * unit), max(1, round(unit))
    for x, inward in ((near, arm), (far, -arm)):
        for y, down in ((near, arm), (far, -arm)):
            pen.line((x, y, x + inward, y), fill=(240, 240, 240), width=wide)
            pen.line((x, y, x, y + down), fill=(240, 240, 240), width=wide)
    if scene.stamp:
        letters = written(scene.stamp, size - round(16 * unit), size)
        at = round(8 * unit), size - round((8 + HEIGHT) * unit)
        image.paste((20, 20, 20), (at[0] + wide, at[1] + wide), letters)
        image.paste((245, 245, 245), at, letters)


def _board(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """A pale board with a label, a scale bar and sometimes a colour card along its edges."""
    tint = from_hsv(scene.ground_hue, 0.06 + 0.06 * scene.ground_saturation, 0.88 + 0.12 * scene.ground_value)
    image = _even(size, tint, generator, heading=scene.light_heading)
    is_left, has_card = generator.random(2) < (0.5, 0.4)
    scale = 2 * size / 128
    things = Image.new("RGB", (2 * size, 2 * size))
    cover = Image.new("L", things.size)
    left = 4 if is_left else 128 - 4 - 58
    bar = 70 if is_left else 10
    _draw_label(things, cover, left, generator)
    pens = ImageDraw.Draw(things), ImageDraw.Draw(cover)
    for number in range(6):
        box = [(bar + 8 * number) * scale, 118 * scale, (bar + 8 * number + 8) * scale - 1, 121 * scale]
        pens[0].rectangle(box, fill=(25, 25, 25) if number % 2 == 0 else (250, 250, 250))
        pens[1].rectangle(box, fill=255)
    for number in range(7):
        box = [(bar + 8 * number) * scale - 1, 113.5 * scale, (bar + 8 * number) * scale, 118 * scale]
        pens[0].rectangle(box, fill=(25, 25, 25))
        pens[1].rectangle(box, fill=255)
    if has_card:
        for number, colour in enumerate(_PATCHES):
            box = [(bar + 7 * number) * scale, 102 * scale, (bar + 7 * number + 7) * scale - 1, 109 * scale]
            pens[0].rectangle(box, fill=colour)
            pens[1].rectangle(box, fill=255)
    things, flat = things.reduce(2), cover.reduce(2)
    image = lay_shadow(image, flat, (0, 0), scene)
    image.paste(things, (0, 0), flat)
    unit = size / 128
    letters = written(scene.stamp, round(52 * unit), size, lines=2)
    image.paste((40, 34, 30), (round((left + 3) * unit), round((128 - LABEL * 128 + 5) * unit)), letters)
    return image


def _draw_label(things: Image.Image, cover: Image.Image, left: int, generator: np.random.Generator) -> None:
    """A card with a ruled frame, room for the stamp, and lines of writing too small to read."""
    scale = things.width / 128
    top = 128 - LABEL * 128 + 1
    box = [left * scale, top * scale, (left + 58) * scale, 125 * scale]
    ImageDraw.Draw(cover).rectangle(box, fill=255)
    pen = ImageDraw.Draw(things)
    pen.rectangle(box, fill=tuple(int(255 * c) for c in _CARD), outline=(120, 110, 100))
    y = (top + 23.5) * scale
    x = (left + 3) * scale
    while x < (left + 50) * scale:
        length = generator.uniform(4, 11) * scale
        steps = np.arange(0, min(length, (left + 55) * scale - x), scale * 0.8)
        heights = y + generator.uniform(-1, 1, len(steps)) * scale
        pen.line(np.stack([x + steps, heights], axis=1).ravel().tolist(), fill=(70, 66, 90), width=max(1, round(scale / 2)))
        x += length + 2 * scale


def _dish(scene: Scene, size: int, generator: np.random.Generator) -> Image.Image:
    """The bright ground of a laboratory, the rim of a dish or the walls of a vial, a little debris."""
    tint = from_hsv(205 + 0.08 * (scene.ground_hue - 180), 0.02 + 0.2 * scene.ground_saturation, 0.92 + 0.1 * scene.ground_value)
    image = _even(size, tint, generator, heading=None)
    fine = 2 * size
    walls = Image.new("L", (fine, fine), 128)
    pen = ImageDraw.Draw(walls)
    width = max(1, round(fine * 0.008))
    if generator.random() < 0.6:
        x, y = (0.5 + generator.uniform(-0.07, 0.07, 2)) * fine
        reach = generator.uniform(0.46, 0.58) * fine
        for step, level in ((0.024, 105), (0.016, 165), (0.008, 96), (0.0, 158)):
            r = reach + step * fine
            pen.ellipse((x - r, y - r, x + r, y + r), outline=level, width=width)
    else:
        wall, surface = generator.uniform((0.05, 0.04), (0.11, 0.12)) * fine
        for side in (wall, fine - wall):
            for step, level in ((-1.4, 100), (0, 165), (1.4, 90)):
                pen.line((side + step * width, 0, side + step * width, fine), fill=level, width=width)
        for step, level in ((0, 96), (1.5, 160)):
            pen.arc((wall, surface - wall / 2 + step * width, fine - wall, surface + wall / 2 + step * width), 0, 180, fill=level, width=width)
    for x, y, length, angle in (generator.random((9, 4)) * (fine, fine, 0.035 * fine, 6.28)).tolist():
        if length < 0.012 * fine:
            r = length / 4
            pen.ellipse((x - r, y - r, x + r, y + r), fill=60)
        else:
            pen.arc((x, y, x + 2 * length, y + 2 * length), angle * 57, angle * 57 + 60, fill=70, width=max(1, width // 2))
    band = walls.reduce(2)
    return ImageChops.add(image, Image.merge("RGB", (band, band, band)), 1, -128)


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
