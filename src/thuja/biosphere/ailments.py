"""How illness shows: dark sores with a pale rim, pale parasites that cling, worn edges and scratches.

Every ailment has its place on the body, which only the coat's seed decides: a fixed lattice of places,
each with the severity from which on it is ill. So a worse specimen has all the sores of a milder one and
more, two views of one specimen agree, and what one end of a body looks like moves nothing at the other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from thuja.biosphere.frames import Fit
from thuja.biosphere.paints import Paint
from thuja.biosphere.scene import Specimen
from thuja.biosphere.shapes import Points, Tone

_REACH = 0.85
"""No body reaches further from its middle, in body units."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where on a body one ailment is, of those in the frame: body points (N, 2), sizes (N,) from 0 to 1, turns (N,)
    in radians, and the roughness of each outline, (N, 9) about 1."""

    at: Points
    sizes: Points
    turns: Points
    rough: Points

    def outlines(self, fit: Fit, radii: Points) -> list[list[float]]:
        """Rough round outlines of those radii (N,) in body units, as flat lists of fine pixels."""
        angles = np.linspace(0, 2 * np.pi, 9, endpoint=False) + self.turns[:, None]
        rays = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * (self.rough * radii[:, None])[..., None]
        return [p.ravel().tolist() for p in fit.pixels_of(self.at[:, None] + rays)]


def wear_edges(layers: Image.Image, fit: Fit, specimen: Specimen) -> None:
    """Bite notches out of the outline, in place; thin parts stay whole, or they would fall off.

    Of `layers` (mode I) the lowest byte is the tone, and all is 0 off the body.
    """
    severity = specimen.ailments.wear
    places = _places(specimen.coat_seed, 1, 0.05, threshold=severity / 2.6)
    tones = np.asarray(layers) & 255
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    rays = 0.045 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    outside = _holds(tones == 0, fit, places.at[:, None] + rays)  # (N, 8)
    is_edge = outside.any(axis=1) & ~(outside & np.roll(outside, 4, axis=1)).any(axis=1)
    is_edge &= _holds(tones == Tone.COAT, fit, places.at)
    chosen = _some(places, is_edge)
    outward = (outside[is_edge][..., None] * rays).sum(axis=1)
    outward /= np.hypot(outward[:, :1], outward[:, 1:]) + 1e-9
    bitten = _Places(chosen.at + 0.03 * outward, chosen.sizes, chosen.turns, chosen.rough)
    pen = ImageDraw.Draw(layers)
    for outline in bitten.outlines(fit, (0.022 + 0.028 * chosen.sizes) * (0.5 + 0.5 * severity)):
        pen.polygon(outline, fill=0)


def mark_coat(paints: Image.Image, tones: npt.NDArray[np.uint8], fit: Fit, *, specimen: Specimen) -> None:
    """Draw sores and scratches on the coat, in place."""
    is_coat = tones == Tone.COAT
    marked = paints.copy()
    pen = ImageDraw.Draw(marked)
    severity = specimen.ailments.wear
    scratched = _some(
        places := _places(specimen.coat_seed, 2, 0.16, threshold=severity / 1.5), _holds(is_coat, fit, places.at)
    )
    for at, size, turn in zip(scratched.at, scratched.sizes, scratched.turns, strict=True):
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        for step in (-0.012, 0.012):
            half = (0.035 + 0.05 * size) * (0.4 + 0.6 * severity)
            ends = at + across * step + along * np.array([[-half], [half]])
            pen.line(fit.pixels_of(ends).ravel().tolist(), fill=Paint.SCRATCH, width=_width(fit, 0.009))
    severity = specimen.ailments.lesions
    sore = _some(
        places := _places(specimen.coat_seed, 3, 0.11, threshold=severity / 1.4), _holds(is_coat, fit, places.at)
    )
    radii = (0.016 + 0.036 * sore.sizes**2) * (0.5 + 0.5 * severity)
    for rim, inner in zip(sore.outlines(fit, radii * 1.5), sore.outlines(fit, radii), strict=True):
        pen.polygon(rim, fill=Paint.RIM)
        pen.polygon(inner, fill=Paint.SORE)
    paints.paste(marked, mask=Image.fromarray(is_coat.astype(np.uint8) * np.uint8(255)))


def lay_parasites(paints: Image.Image, heights: Image.Image, fit: Fit, *, specimen: Specimen) -> None:
    """Draw ticks that cling to the body and stick out of its outline, in place."""
    severity = specimen.ailments.parasites
    places = _places(specimen.coat_seed, 4, 0.13, threshold=severity / 1.8)
    on_body = _holds(np.asarray(paints) != 0, fit, places.at)
    pen, height_pen = ImageDraw.Draw(paints), ImageDraw.Draw(heights)
    clinging = _some(places, on_body)
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for at, size, turn in zip(clinging.at, clinging.sizes, clinging.turns, strict=True):
        reach = (0.026 + 0.012 * size) * (0.6 + 0.4 * severity)
        axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

        def pixels(points: Points) -> list[float]:
            x, y = points[:, :1], points[:, 1:]
            return fit.pixels_of(at + (x * axes[0] + y * axes[1]) * reach).ravel().tolist()  # noqa: B023

        for foot in (-0.55, 0.05, 0.65):
            pen.line(
                pixels(np.array([(foot, -1.45), (foot * 0.5, 0), (foot, 1.45)])), Paint.PARASITE_LEG, _width(fit, 0.009)
            )
        pen.polygon(pixels(circle * (1.12, 0.84)), fill=Paint.PARASITE_LEG)
        pen.polygon(pixels(circle * (0.92, 0.62)), fill=Paint.PARASITE)
        pen.polygon(pixels(circle * (0.3, 0.3) + (0.95, 0)), fill=Paint.PARASITE_LEG)
        height_pen.polygon(pixels(circle * (1.12, 0.84)), fill=255)


def _places(seed: int, kind: int, cell: float, *, threshold: float) -> _Places:
    """The places of a jittered lattice that are ill at that threshold, from 0 (none) to 1 (all)."""
    generator = np.random.default_rng([seed, kind])
    line = np.arange(-_REACH, _REACH, cell)
    lattice = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    at = lattice + generator.uniform(0, 0.8, lattice.shape) * cell
    is_ill = generator.random(len(at)) < threshold
    sizes, turns = generator.random(len(at)), generator.uniform(0, 2 * np.pi, len(at))
    rough = generator.uniform(0.65, 1.25, (len(at), 9))
    return _some(_Places(at, sizes, turns, rough), is_ill)


def _some(places: _Places, chosen: Mask) -> _Places:
    return _Places(places.at[chosen], places.sizes[chosen], places.turns[chosen], places.rough[chosen])


def _holds(mask: Mask, fit: Fit, points: Points) -> Mask:
    """Whether body points (..., 2) lie in the frame and on the mask (h, w)."""
    columns, rows = np.moveaxis(np.floor(fit.pixels_of(points)).astype(int), -1, 0)
    inside = (columns >= 0) & (rows >= 0) & (columns < fit.width) & (rows < fit.height)
    held: Mask = inside & mask[np.clip(rows, 0, fit.height - 1), np.clip(columns, 0, fit.width - 1)]
    return held


def _width(fit: Fit, units: float) -> int:
    return max(1, round(fit.unit * units))
