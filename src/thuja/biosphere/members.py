"""The members of bodies that traits of their own describe: limbs, mouths, tails and ornaments.

Each sets out from a place in a direction (`heading`, degrees), so that a beak, a style and a spout
are one thing, and what is said of one body plan can be seen on every other.
"""

import numpy as np

from thuja.biosphere.shapes import Part, Place, Points, Tone, arc, disc, end, put, rails, ribbon
from thuja.biosphere.traits import Looks

_ALONG = np.linspace(0, 1, 9)
SHANK = 1 - 0.4 * _ALONG
"""The half-widths along a limb that tapers, as shares of its width."""
BLADE = 0.28 + 0.72 * np.sin(_ALONG * 1.9) ** 0.9
"""The half-widths along a petal or a leaflet."""
_TO_A_POINT = np.clip((1 - _ALONG) / 0.55, 0.02, 1)
_ROUND = np.deg2rad(np.linspace(125, -125, 11))
_TIPS: dict[str, Points] = {
    "pointed": np.array([(0.6, 0.0)]),
    "round": np.stack([0.75 + np.cos(_ROUND) * 1.25, np.sin(_ROUND) * 1.25], axis=1),
    "forked": np.array([(0.3, 1.0), (2.7, 1.9), (2.4, 1.1), (0.9, 0.0), (2.4, -1.1), (2.7, -1.9), (0.3, -1.0)]),
    "flat": np.array([(0.1, 1.1), (0.7, 2.0), (1.4, 2.0), (1.4, -2.0), (0.7, -2.0), (0.1, -1.1)]),
}
"""What closes a limb at its end, in units of its half-width there: x onwards, y to its left."""


def limb(looks: Looks, path: Points, width: float, *, tone: Tone, height: float, profile: Points = SHANK) -> list[Part]:
    """A limb along a path (9, 2) with its tip and its marks; `width` is its half-width when the trait is at 0.5."""
    widths = profile * (width * (0.5 + looks.limb_width))
    if looks.limb_tip == "pointed":
        widths = widths * _TO_A_POINT
    left, right = rails(path, widths)
    tip = _tip(looks.limb_tip, path, max(float(widths[-1]) * 0.95, 0.029 if looks.limb_tip != "pointed" else 0.01))
    parts = [Part(np.concatenate([left, tip, right[::-1]]), tone, height)]
    first, second = (Tone.SECOND, Tone.FIRST) if tone is not Tone.SECOND else (Tone.FIRST, Tone.SECOND)
    if looks.limb_marks == "tipped":
        parts.append(Part(np.concatenate([left[6:], tip, right[:5:-1]]), first, height))
    elif looks.limb_marks == "ringed":
        for start in (2, 4, 6):
            parts.append(_section(left, right, start, tone=first, height=height))
            if tone is Tone.COAT:
                parts.append(_section(left, right, start + 1, tone=second, height=height))
    elif looks.limb_marks == "striped":
        for share, own in ((0.62, second), (0.42, first)) if tone is Tone.COAT else ((0.45, first),):
            over, under = path + (left - path) * share, path + (right - path) * share
            parts.append(Part(np.concatenate([over, under[::-1]]), own, height))
    return parts


def _section(left: Points, right: Points, start: int, *, tone: Tone, height: float) -> Part:
    return Part(np.concatenate([left[start : start + 2], right[start : start + 2][::-1]]), tone, height)


def _tip(form: str, path: Points, size: float) -> Points:
    """The points (K, 2) that close a limb from its left edge to its right one."""
    onward = path[-1] - path[-2]
    onward /= np.hypot(onward[0], onward[1]) + 1e-9
    tip: Points = path[-1] + size * (_TIPS[form] @ np.array([onward, (-onward[1], onward[0])]))
    return tip


def mouth(looks: Looks, at: Place, heading: float, *, thick: float = 0.04) -> list[Part]:
    """A beak, snout, spout or style: colour 2 on a border of colour 1, so that it shows on any coat.

    `thick` is its half-width at the foot.
    """
    length = 0.09 + 0.20 * looks.mouth_length
    border = min(0.4 * thick, 0.015)
    outer = put(_mouth_form(looks.mouth, length + border, thick + border), at, heading)
    inner = put(_mouth_form(looks.mouth, length - border, thick - border * 0.4), at, heading)
    return [Part(outer, Tone.FIRST, 0.85), Part(inner, Tone.SECOND, 0.95)]


def _mouth_form(form: str, length: float, thick: float) -> Points:
    """A mouth that sets out from the origin along +x."""
    if form == "blunt":
        full = thick * 1.25
        corners = [(-0.02, full), (length * 0.5, full), (length * 0.68, full * 0.6)]
    elif form == "pointed":
        corners = [(-0.02, thick * 1.1), (length * 0.4, thick * 0.55), (length * 1.15, 0.002)]
    elif form == "hooked":
        return np.array(
            [
                (-0.02, thick),
                (length * 0.5, thick * 1.05),
                (length * 0.85, thick * 0.5),
                (length, -thick * 0.7),
                (length * 0.88, -thick * 2.3),
                (length * 0.72, -thick * 0.8),
                (length * 0.45, -thick * 0.45),
                (-0.02, -thick),
            ]
        )
    else:
        slim = thick * 0.48
        corners = [(-0.02, slim), (length * 1.05, slim), (length * 1.12, slim * 2.4), (length * 1.3, slim * 2.4)]
    side = np.array(corners)
    return np.concatenate([side, (side * (1, -1))[::-1]])


def tail(looks: Looks, at: Place, heading: float, *, width: float = 0.10) -> list[Part]:
    """A tail, root or holdfast; `width` is its half-width where it is widest."""
    length = 0.10 + 0.28 * looks.tail_length
    parts: list[Part] = []
    for outline in _tail_forms(looks.tail, length, width):
        parts.append(Part(put(outline, at, heading), Tone.SECOND, 0.35))
        # A streak of colour 1 down the middle sets it off from a ground of colour 2's brightness.
        core = outline * (0.82, 0.5) if looks.tail != "forked" else outline * 0.72 + outline.mean(axis=0) * 0.2
        parts.append(Part(put(core, at, heading), Tone.FIRST, 0.4))
    return parts


def _tail_forms(form: str, length: float, width: float) -> list[Points]:
    """The outlines of a tail that sets out from the origin along +x."""
    if form == "round":
        stalk = np.array([(-0.03, width * 0.3), (length * 0.5, width * 0.3)])
        angles = np.deg2rad(np.linspace(140, -140, 15))
        bulb = np.stack([length * 0.68 + np.cos(angles) * length * 0.36, np.sin(angles) * width], axis=1)
        return [np.concatenate([stalk, bulb, _other_side(stalk)])]
    if form == "forked":
        lobe = np.array([(-0.03, width * 0.45), (length * 1.1, width * 1.5), (length * 0.4, -0.01), (-0.03, -0.01)])
        return [lobe, lobe * (1, -1)]
    if form == "pointed":
        side = np.array([(-0.03, width * 0.55), (length * 0.5, width * 0.3), (length * 1.3, 0.003)])
        return [np.concatenate([side, _other_side(side)])]
    angles = np.deg2rad(np.linspace(52, -52, 13))
    reach = length * np.where(np.arange(13) % 2, 0.84, 1.05)
    rim = np.stack([reach * np.cos(angles), (reach + width) * np.sin(angles)], axis=1)
    return [np.concatenate([[(-0.03, width * 0.25)], rim, [(-0.03, -width * 0.25)]])]


def _other_side(side: Points) -> Points:
    """The other side of an outline whose one side is given from its foot outwards: it closes the outline."""
    return (side * (1, -1))[::-1]


def ornament(looks: Looks, at: Place, heading: float, *, spread: float = 18.0, apart: float = 0.025) -> list[Part]:
    """A pair of horns, antennae, plumes or bunches of spines, `spread` degrees to both sides of `heading`."""
    length = 0.08 + 0.20 * looks.ornament_length
    outlines: list[Points] = []
    for side in (1, -1):
        foot = put(np.array([(0.0, side * apart)]), at, heading)[0]
        outlines += _ornament_form(looks.ornament, foot, length, heading=heading + side * spread, side=side)
    return [Part(outline, Tone.FIRST, 0.6) for outline in outlines]


def _ornament_form(form: str, foot: Points, length: float, *, heading: float, side: int) -> list[Points]:
    if form == "crest":
        fan = (-16, 16) if length > 0.2 else (-20, 20)
        return [ribbon(arc(foot, length * 0.9, heading + lean, side * 12, points=6), 0.016, 0.034) for lean in fan]
    if form == "horns":
        return [ribbon(arc(foot, length * 1.25, heading, side * 85), 0.042, 0.004)]
    if form == "antennae":
        path = arc(foot, length * 1.3, heading, side * 22)
        return [ribbon(path, 0.012, 0.010), disc(end(path), 0.034)]
    needle = np.array([(-0.02, 0.02), (length * 0.95, 0.0), (-0.02, -0.02)])
    return [put(needle, foot, heading + lean) for lean in (-24, 0, 24)]
