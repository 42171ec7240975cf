"""The renderer: a specimen in a scene becomes a picture.

The body is drawn at twice the size as flat outlines, part ids in one image and heights in another.
The blurred heights give the slopes that light falls on, ids and the coat's pattern give the colour;
then it is halved and laid over the ground.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from thuja.biosphere import scenery
from thuja.biosphere.bodies import body
from thuja.biosphere.colours import colour_pair
from thuja.biosphere.scene import Scene, Specimen
from thuja.biosphere.shapes import Part, Points, Tone
from thuja.biosphere.skin import paint
from thuja.errors import UsageError

_SIZES = (16, 4096)
"""Below, nothing can be told apart; above, one picture takes gigabytes."""
_FINE = 2
"""Body pixels per picture pixel, each way."""

Pixels = npt.NDArray[np.float32]


def draw(specimen: Specimen, scene: Scene, size: int = 128) -> Image.Image:
    """The picture, RGB, size x size; the same specimen and scene always give the same pixels."""
    check_size(size)
    generator = np.random.default_rng(scene.seed)
    canvas = scenery.ground(scene, size, generator)  # (S, S, 3)
    _lay_body(canvas, specimen, scene)
    if scene.occluders:
        _lay_occluders(canvas, scene, generator)
    # A veil, not a gain: no channel is cut off, so light and dark stay as far from mid-grey as they were.
    canvas += np.float32(scene.haze) * (np.asarray(scene.veil, dtype=np.float32) - canvas)
    if scene.noise:
        canvas += scene.noise * (generator.random(canvas.shape, dtype=np.float32) - 0.5) * 2
    image = Image.fromarray(_bytes(canvas))
    if scene.blur * size / 128 > 0.2:
        image = image.filter(ImageFilter.GaussianBlur(scene.blur * size / 128))
    return image


def check_size(size: int) -> None:
    """Raises UsageError for a picture size that cannot be drawn."""
    least, most = _SIZES
    if not least <= size <= most:
        raise UsageError(f"cannot draw pictures of {size} pixels", hint=f"--size takes {least} to {most}")


@dataclass(frozen=True, slots=True)
class _Fit:
    """Where a body comes to lie: fine pixel = body point @ matrix + offset, in a box of `width` x `height` fine
    pixels whose upper left corner is picture pixel (`left`, `top`)."""

    matrix: Points
    offset: Points
    left: int
    top: int
    width: int
    height: int


def _fit(parts: list[Part], scene: Scene, size: int) -> _Fit:
    """Turn, mirror and scale the body so that it fills its share of the frame, and find its place."""
    points = np.concatenate([part.outline for part in parts])
    angle = np.deg2rad(scene.angle)
    cosine, sine = np.cos(angle), np.sin(angle)
    mirror = -1.0 if scene.is_mirrored else 1.0
    # Foreshorten along the body, mirror, turn; then y runs downwards in pixels.
    matrix = np.diag([scene.foreshortening * mirror, 1.0]) @ np.array([[cosine, -sine], [-sine, -cosine]])
    turned = points @ matrix
    low, high = turned.min(axis=0), turned.max(axis=0)
    scale = scene.fill * size * _FINE / max(high - low)
    room = size * _FINE - (high - low) * scale
    corner = np.asarray(scene.place) * room
    left, top = (int(c // _FINE) - 1 for c in corner)
    width, height = (int(np.ceil(e / _FINE) + 3) * _FINE for e in (high - low) * scale)
    offset = corner - low * scale - np.array([left, top]) * _FINE
    return _Fit(matrix * scale, offset, left, top, width, height)


def _lay_body(canvas: Pixels, specimen: Specimen, scene: Scene) -> None:
    """Draw the specimen onto the canvas (S, S, 3), in place."""
    size = canvas.shape[0]
    parts = body(specimen.looks, scene.stance).parts
    fit = _fit(parts, scene, size)
    tones, heights = _outline(parts, fit)
    colours = _colour(tones, specimen, fit)
    # Light moves a colour towards white or black as far as there is room, the same both ways.
    colours += 2 * colours * (1 - colours) * _shade(heights, scene, size)[..., None]
    is_body = tones > 0
    colours[~is_body] = 0
    # Colours are multiplied by coverage before halving, or the ground would fringe the edges.
    fine = np.asarray(Image.fromarray(_bytes(colours)).reduce(_FINE), dtype=np.float32) / 255
    cover = np.asarray(Image.fromarray(is_body.astype(np.uint8) * 255).reduce(_FINE), dtype=np.float32)[..., None] / 255
    rows, columns = _inside(fit, size)
    target = canvas[rows[0] : rows[1], columns[0] : columns[1]]
    window = (
        slice(rows[0] - fit.top, rows[1] - fit.top),
        slice(columns[0] - fit.left, columns[1] - fit.left),
    )
    target *= 1 - cover[window]
    target += fine[window]


def _outline(parts: list[Part], fit: _Fit) -> tuple[npt.NDArray[np.uint8], Image.Image]:
    """Part tones (h, w), 0 for none, and heights (mode L), both in fine pixels."""
    tones, heights = Image.new("L", (fit.width, fit.height)), Image.new("L", (fit.width, fit.height))
    tone_pen, height_pen = ImageDraw.Draw(tones), ImageDraw.Draw(heights)
    for part in parts:
        corners = (part.outline @ fit.matrix + fit.offset).ravel().tolist()
        tone_pen.polygon(corners, fill=int(part.tone))
        height_pen.polygon(corners, fill=int(60 + 195 * part.height))
    return np.asarray(tones), heights


def _colour(tones: npt.NDArray[np.uint8], specimen: Specimen, fit: _Fit) -> Pixels:
    """The unlit colour of each fine pixel, (h, w, 3)."""
    first, second = colour_pair(specimen.looks)
    if specimen.is_reversed:
        first, second = second, first
    back = np.linalg.inv(fit.matrix).astype(np.float32)
    x = np.arange(fit.width, dtype=np.float32) - np.float32(fit.offset[0])
    y = (np.arange(fit.height, dtype=np.float32) - np.float32(fit.offset[1]))[:, None]
    skin = paint(specimen, tones, x * back[0, 0] + y * back[1, 0], x * back[0, 1] + y * back[1, 1])
    colours = first + skin.share[..., None] * (second - first)
    colours[tones == Tone.PUPIL] = 0.05
    colours[tones == Tone.WHITE] = 0.95
    return np.asarray(colours, dtype=np.float32)


def _shade(heights: Image.Image, scene: Scene, size: int) -> Pixels:
    """How much brighter or darker light makes each fine pixel, (h, w), around 0."""
    reach = max(1.0, 0.016 * size * _FINE)
    soft = np.asarray(heights.filter(ImageFilter.BoxBlur(reach)).filter(ImageFilter.BoxBlur(reach)), dtype=np.float32)
    angle = np.deg2rad(scene.light_heading)
    slope = np.zeros_like(soft)
    slope[:, 1:-1] += (soft[:, 2:] - soft[:, :-2]) * np.float32(np.cos(angle))
    slope[1:-1] += (soft[2:] - soft[:-2]) * np.float32(np.sin(angle))
    shade: Pixels = np.clip(slope * np.float32(scene.light_strength * reach / 90), -0.5, 0.5)
    return shade


def _lay_occluders(canvas: Pixels, scene: Scene, generator: np.random.Generator) -> None:
    size = canvas.shape[0]
    cover = np.asarray(scenery.occluders(scene, size, generator), dtype=np.float32)[..., None] / 255
    main, drift = scenery.ground_colours(scene)
    step = generator.uniform(-0.25, 0.25)
    colour = 0.5 + main + step + 0.2 * drift + 0.08 * scenery.noise(size, 8, generator)[..., None]
    canvas += cover * (colour - canvas)


def _inside(fit: _Fit, size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The rows and columns of the picture that the body's box covers."""
    bottom, right = fit.top + fit.height // _FINE, fit.left + fit.width // _FINE
    return (max(fit.top, 0), min(bottom, size)), (max(fit.left, 0), min(right, size))


def _bytes(values: Pixels) -> npt.NDArray[np.uint8]:
    return (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
