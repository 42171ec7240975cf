"""What is laid on a finished body: edges of its coat, collar, eyespots and the line along its back.

The marks are parts of their own rather than pixels of the coat, so they bend with the body and lie
under the eyes and wings that cover them.
"""

import numpy as np

from thuja.biosphere.shapes import PLAIN, Body, Part, Place, Points, Tone, bands, disc, ellipse, rails
from thuja.biosphere.traits import Looks

_EDGE = 0.02
"""How broad a collar's edge is, in body units."""


def dress(looks: Looks, body: Body) -> Body:
    """The body with the edge that its coat has, and its collar."""
    start, stop = np.asarray(body.spine[0]), np.asarray(body.spine[1])
    length = float(np.hypot(*(stop - start)))
    along = (stop - start) / length
    middle = length * looks.collar_place
    half = 0.018 + 0.062 * looks.collar_width
    parts: list[Part] = []
    for part in body.parts:
        if part.tone is not Tone.COAT:
            parts.append(part)
            continue
        outline = edge(looks.margin, part.outline)
        parts.append(Part(outline, Tone.COAT, part.height))
        levels = (outline - start) @ along - middle  # (K,)
        if levels.max() > -half - _EDGE and levels.min() < half + _EDGE:
            parts += _collar(outline, levels, half, height=part.height)
    return Body(parts=parts, front=body.front, rear=body.rear, spine=body.spine)


def _collar(outline: Points, levels: Points, half: float, *, height: float) -> list[Part]:
    """The band where an outline's levels (K,) are within `half` of 0, and its edges."""
    cuts = bands(outline, levels, (half + _EDGE, half))
    tones = (Tone.SECOND, Tone.FIRST)
    return [Part(cut, tone, height) for cut, tone in zip(cuts, tones, strict=True) if len(cut) > 2]


def edge(form: str, outline: Points) -> Points:
    """The outline (K, 2) with a smooth, scalloped, toothed or fringed edge."""
    if form == "smooth":
        return outline
    closed = np.concatenate([outline, outline[:1]])
    steps = closed[1:] - closed[:-1]
    lengths = np.concatenate([[0.0], np.hypot(steps[:, 0], steps[:, 1]).cumsum()])
    area = 0.5 * float(closed[:-1, 0] @ closed[1:, 1] - closed[:-1, 1] @ closed[1:, 0])
    # Area by half the outline's length is about half the width: a leaflet has smaller teeth than a shell.
    size = min(max(abs(area) * 2 / lengths[-1] / 0.07, 0.35), 1.0)
    wave, out = _EDGES[form]
    count = max(round(lengths[-1] / (wave * size)), 3) * len(out)
    places = np.arange(count + 4) * (lengths[-1] / count) % lengths[-1]
    around = np.stack([np.interp(places, lengths, closed[:, 0]), np.interp(places, lengths, closed[:, 1])], axis=1)
    along = around[4:] - around[:-4]
    outward = along[:, ::-1] * ((1, -1) * (np.copysign(1, area) / (np.hypot(along[:, 0], along[:, 1]) + 1e-9))[:, None])
    edged: Points = around[2:-2] + outward * (size * out[np.arange(2, count + 2) % len(out)])[:, None]
    return edged


_EDGES = {
    "scalloped": (0.10, np.array([-0.016, 0.016, 0.028, 0.032, 0.028, 0.016])),
    "toothed": (0.075, np.array([-0.012, 0.018, 0.05])),
    "fringed": (0.024, np.array([-0.004, 0.06])),
}
"""The length of one wave of an edge, and how far out its points lie."""


def ocelli(looks: Looks, places: Points, room: float) -> list[Part]:
    """Eyespots at the first `looks.ocelli` of the places (4, 2); none reaches farther than about `room`."""
    radius = max(min(room, 0.13) * (0.42 + 0.58 * looks.ocellus_size), 0.022)
    parts = []
    for x, y in places[: looks.ocelli]:
        parts += _ocellus(looks.ocellus_form, (float(x), float(y)), radius)
    return parts


def _ocellus(form: str, at: Place, radius: float) -> list[Part]:
    """One eyespot: a mark of colour 2 in a halo of colour 1, with a thin rim."""
    rim = min(0.014, radius * 0.25)
    if form == "bar":
        shapes = [(radius * 0.7, radius * 1.35), (radius * 0.7 - rim, radius * 1.35 - rim), (radius * 0.26, radius)]
        outlines = [ellipse(at, radii, power=0.7) for radii in shapes]
    else:
        outlines = [disc(at, radius + rim), disc(at, radius)]
        outlines.append(disc(at, radius * (0.7 if form == "disc" else 0.84)))
        if form == "ring":
            outlines.append(disc(at, radius * 0.52))
        elif form == "crescent":
            outlines.append(disc((at[0] + radius * 0.32, at[1] + radius * 0.1), radius * 0.6))
    # Colours 2 and 1 in turn, from the outside inwards: an eyespot stands out on either.
    return [Part(outline, PLAIN[1 - number % 2], 0.9) for number, outline in enumerate(outlines)]


def in_a_row(looks: Looks, start: Place, stop: Place) -> Points:
    """Places (n, 2) for n eyespots, evenly spread from one place to another; the middle for one."""
    shares = (np.arange(looks.ocelli) + 0.5) / looks.ocelli
    places: Points = np.asarray(start) + shares[:, None] * (np.asarray(stop) - np.asarray(start))
    return places


def in_pairs(looks: Looks, at: Place, apart: Place) -> Points:
    """Places (n, 2) for n eyespots symmetrical to the body's axis: in the middle, to both sides, or both."""
    x, y = at
    along, across = apart
    middle, near = [(x, y)], [(x, y + across), (x, y - across)]
    rows = {
        1: middle,
        2: near,
        3: [(x + along, y), (x - along * 0.5, y + across), (x - along * 0.5, y - across)],
        4: [(x + i * along, y + j * across) for i in (1, -1) for j in (1, -1)],
    }
    return np.array(rows[looks.ocelli])


def midline(looks: Looks, path: Points, girth: float, *, height: float = 0.8) -> list[Part]:
    """A line along a path: colour 2 between edges of colour 1. `girth` is the half-width of what it lies on."""
    width = 0.008 + min(0.45 * girth, 0.06) * looks.midline_width
    parts = []
    for share, tone in ((1.0, Tone.FIRST), (0.55, Tone.SECOND)):
        left, right = rails(path, np.full(len(path), width * share))
        parts.append(Part(np.concatenate([left, right[::-1]]), tone, height))
    return parts
