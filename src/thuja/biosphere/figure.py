"""A specimen as flat shapes in fine pixels, before a style gives it light or ink."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageOps

from thuja.biosphere import ailments
from thuja.biosphere.bodies import body
from thuja.biosphere.frames import FINE, Field, Fit, fit
from thuja.biosphere.paints import LEVELS, Paint
from thuja.biosphere.scene import Scene, Specimen
from thuja.biosphere.shapes import Tone
from thuja.biosphere.skin import paint


@dataclass(frozen=True, slots=True)
class Figure:
    """A rasterised specimen: what each fine pixel shows (h, w), the heights it is lit by (mode L), what the
    texture adds to these (h, w) in units of `Part.height`, and the outlines, flat lists of x and y, rearmost first."""

    fit: Fit
    paints: npt.NDArray[np.uint8]
    heights: Image.Image
    relief: Field | None
    outlines: list[list[float]]

    def cover(self) -> Image.Image:
        """How much of each picture pixel of the box is specimen, mode L."""
        return Image.fromarray((self.paints != 0).astype(np.uint8) * np.uint8(255)).reduce(FINE)


def figure(specimen: Specimen, scene: Scene, size: int) -> Figure:
    """The specimen as the scene frames it in a picture of that size."""
    parts = body(specimen.looks, scene.stance)
    place = fit(parts, scene, size)
    # Tone and height of a part go into one image, a byte each, so that each outline is drawn once.
    layers = Image.new("I", (place.width, place.height))
    pen = ImageDraw.Draw(layers)
    corners = place.pixels_of(np.concatenate([part.outline for part in parts.parts])).ravel().tolist()
    outlines, start = [], 0
    for part in parts.parts:
        outline = corners[start : start + part.outline.size]
        start += part.outline.size
        pen.polygon(outline, fill=int(part.tone) | int(60 + 195 * part.height) << 8)
        outlines.append(outline)
    if specimen.ailments.wear:
        ailments.wear_edges(layers, place, specimen)
    layer = np.asarray(layers)
    tone, heights = (layer & 255).astype(np.uint8), Image.fromarray((layer >> 8).astype(np.uint8))
    skin = paint(specimen, tone, place.coordinates())
    paints = (skin.share * np.float32(LEVELS) + np.float32(1.5)).astype(np.uint8)
    paints *= tone != 0
    paints[tone == Tone.PUPIL] = Paint.PUPIL
    paints[tone == Tone.WHITE] = Paint.WHITE
    ill = specimen.ailments
    if ill.lesions or ill.parasites or ill.wear:
        drawn = Image.fromarray(paints)
        ailments.mark_coat(drawn, tone, place, specimen=specimen)
        ailments.lay_parasites(drawn, heights, place, specimen=specimen)
        paints = np.asarray(drawn)
    return Figure(place, paints, heights, skin.relief, outlines)


def lay(image: Image.Image, flesh: Image.Image, corner: tuple[int, int]) -> None:
    """Lay a specimen on a picture, in place: colours times coverage, or the ground would fringe the edges, and
    coverage as the fourth band (mode RGBX)."""
    bare = ImageOps.invert(flesh.getchannel("X"))
    under = image.crop((*corner, corner[0] + flesh.width, corner[1] + flesh.height))
    under = ImageChops.multiply(under, Image.merge("RGB", (bare, bare, bare)))
    image.paste(ImageChops.add(under, flesh.convert("RGB")), corner)


def coloured(table: npt.NDArray[np.uint8], which: npt.NDArray[np.uint16]) -> Image.Image:
    """The specimen in picture pixels, mode RGBX, from a table of colours (N, 4) and the row of each fine pixel."""
    pixels = table.view(np.uint32).ravel().take(which)
    fine = Image.frombuffer("RGBX", (which.shape[1], which.shape[0]), pixels.tobytes(), "raw", "RGBX", 0, 1)
    return fine.reduce(FINE)
