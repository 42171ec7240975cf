"""Body plans of what stays where it grows: flowers, ferns, cacti, mushrooms and corals.

Their front is the crown, their rear the root.
"""

import numpy as np

from thuja.biosphere.marks import in_a_row, midline, ocelli
from thuja.biosphere.members import BLADE, limb, mouth, ornament, tail
from thuja.biosphere.shapes import PLAIN, Body, Part, Stance, Tone, arc, ellipse, end, ribbon, through
from thuja.biosphere.traits import Looks

_UP = 90.0
_DOWN = 270.0


def flower(looks: Looks, stance: Stance) -> Body:
    """A flower on a stem with two leaves; its limbs are its petals, which droop about the cup below its heart."""
    length = 0.17 + 0.20 * looks.limb_length
    heart = (0.0, 0.24)
    calyx = 0.22 - 0.11 * looks.elongation
    stem = arc((0.0, -0.42), 0.66, _UP - 8 * stance.curl, 16 * stance.curl)
    parts = tail(looks, (0.0, -0.40), _DOWN, width=0.12)
    for number, side in ((1, 1), (2, -1)):
        leaf = ellipse((0.10 * side, 0.02), (0.12, 0.065 - 0.03 * looks.elongation), 20 * side, power=1.2)
        parts.append(Part(leaf + stem[number], Tone.COAT, 0.45))
    parts.append(Part(ribbon(stem, 0.032, 0.024), Tone.SECOND, 0.4))
    for number in range(looks.limb_count):
        heading = 152 + 236 * number / (looks.limb_count - 1) + 6 * stance.curl
        angle = np.deg2rad(heading)
        foot = (calyx * 0.5 * np.cos(angle), 0.16 + calyx * 0.5 * np.sin(angle))
        path = arc(foot, length + 0.06, heading, 14 * stance.curl)
        parts += limb(
            looks,
            path,
            0.098 - 0.006 * looks.limb_count,
            tone=Tone.COAT,
            height=0.5 + 0.15 * (number % 2),
            profile=BLADE,
        )
    radius = 0.05 + 0.10 * looks.head_size
    parts += [
        Part(ellipse((0.0, 0.14), (calyx, 0.15 + 0.05 * looks.elongation)), Tone.COAT, 0.8),
        *midline(looks, through([(0.0, 0.26), (0.0, -0.04), end(stem[2:3])]), calyx),
        *ocelli(looks, in_a_row(looks, (-calyx * 1.05, 0.13), (calyx * 1.05, 0.13)), calyx * 0.48),
        *ornament(looks, (0.0, heart[1] + radius * 0.6), _UP, spread=34, apart=radius * 0.6),
        *mouth(looks, (0.0, heart[1] + radius * 0.6), _UP, thick=0.042),
        Part(ellipse(heart, (radius * 1.15, radius)), Tone.COAT, 0.95),
    ]
    return Body(parts=parts, front=(0.0, 0.30), rear=(0.0, -0.44), spine=((0, -0.30), (0, 0.22)))


def fern(looks: Looks, stance: Stance) -> Body:
    """A fern frond: leaflets in pairs on a bent rib, a rolled crown on top."""
    rib = arc((0.0, -0.44), 0.86, _UP - 10 * stance.curl, 20 * stance.curl, points=17)
    crown = end(rib)
    length = 0.16 + 0.26 * looks.limb_length
    parts = tail(looks, (0.0, -0.42), _DOWN, width=0.12)
    for number, place in enumerate(np.linspace(3.5, 12.5, looks.limb_count)):
        foot = rib[round(place)]
        share = 1.0 - 0.04 * abs(place - 7)
        for side in (-1, 1):
            path = arc(foot, (length + 0.04) * share, 90 - side * (70 - 30 * looks.elongation), side * 14)
            width = (0.07 - 0.02 * looks.elongation) * (1 if looks.limb_count < 5 else 0.85)
            parts += limb(looks, path, width, tone=Tone.COAT, height=0.5 + 0.1 * (number % 2), profile=BLADE)
    girth = 0.085 - 0.04 * looks.elongation
    radius = 0.05 + 0.10 * looks.head_size
    spots = rib[np.linspace(3, 13, looks.ocelli).round().astype(int) if looks.ocelli > 1 else [8]]
    parts += [
        *ornament(looks, (crown[0], crown[1] + radius * 0.6), _UP, spread=38, apart=radius * 0.6),
        *mouth(looks, (crown[0], crown[1] + radius * 0.75), _UP, thick=0.042),
        Part(ribbon(rib, girth, girth * 0.7), Tone.COAT, 0.75),
        *midline(looks, rib[1:15], girth * 0.9),
        *ocelli(looks, spots, 0.11),
        Part(ellipse(crown, (radius, radius)), Tone.COAT, 0.9),
    ]
    return Body(parts=parts, front=crown, rear=(0.0, -0.46), spine=((0, -0.36), (0, 0.26)))


def cactus(looks: Looks, stance: Stance) -> Body:
    """A column with arms."""
    girth = 0.23 - 0.12 * looks.elongation
    trunk = arc((0, -0.42), 0.78, _UP - 6 * stance.curl, 12 * stance.curl)
    crown = end(trunk)
    radius = 0.06 + 0.115 * looks.head_size
    parts = tail(looks, (0.0, -0.40), _DOWN, width=0.13)
    for number in range(looks.limb_count):
        side = 1 if number % 2 else -1
        foot = trunk[1 + number] + (side * girth * 0.5, 0.0)
        path = arc(foot, 0.17 + 0.30 * looks.limb_length + 0.5 * girth, 90 - side * 88, side * 84)
        parts += limb(looks, path, 0.054, tone=Tone.COAT, height=0.5)
    parts += [
        *ornament(looks, (crown[0], crown[1] + radius * 0.55), _UP, spread=36, apart=radius * 0.6),
        *mouth(looks, (crown[0], crown[1] + radius * 0.8), _UP, thick=0.04),
        Part(ribbon(trunk, girth, girth * 0.8), Tone.COAT, 0.75),
        *midline(looks, trunk[:8], girth),
        *ocelli(looks, trunk[_spread(looks.ocelli, 1, 7)] + (girth * 0.42, 0.0), girth * 0.62),
        Part(ellipse(crown, (radius * 1.1, radius)), Tone.COAT, 0.8),
    ]
    return Body(parts=parts, front=crown, rear=(0.0, -0.44), spine=((0, -0.36), (0, 0.26)))


def mushroom(looks: Looks, stance: Stance) -> Body:
    """A cap on a stalk; its limbs are the rags of the veil that hang from the cap, its mouth the cap's umbo."""
    girth = 0.14 - 0.06 * looks.elongation
    width = 0.44 - 0.15 * looks.elongation
    height = 0.22 + 0.13 * looks.elongation
    stalk = arc((0.0, -0.42), 0.50, _UP - 8 * stance.curl, 16 * stance.curl)
    top = stalk[-1]
    parts = tail(looks, (0.0, -0.40), _DOWN, width=0.15)
    parts.append(Part(ribbon(stalk, girth * 1.2, girth), Tone.COAT, 0.5))
    for number, place in enumerate(np.linspace(-0.86, 0.86, looks.limb_count)):
        foot = top + np.array([place * width, 0.0])
        path = arc(foot, 0.11 + 0.26 * looks.limb_length, _DOWN + 22 * float(place), 10 * stance.curl)
        parts += limb(looks, path, 0.034, tone=PLAIN[number % 2], height=0.6)
    angles = np.linspace(0, np.pi, 24)
    rim = np.stack([np.cos(angles) * width, np.sin(angles) ** 0.8 * height], axis=1)
    brim = np.array([(-width * 0.5, -0.05), (0.0, -0.055), (width * 0.5, -0.05)])
    radius = 0.05 + 0.115 * looks.head_size
    crown = (float(top[0]), float(top[1]) + height)
    row = in_a_row(looks, (-width * 0.85, 0), (width * 0.85, 0))
    row[:, 1] = height * 0.38
    parts += [
        *ornament(looks, (crown[0], crown[1] + radius * 0.35), _UP, spread=40, apart=radius * 0.6),
        *mouth(looks, (crown[0], crown[1] + radius * 0.6), _UP, thick=0.042),
        Part(ellipse((crown[0], crown[1] - 0.015), (radius * 1.3, radius)), Tone.COAT, 0.75),
        Part(np.concatenate([rim, brim]) + top, Tone.COAT, 0.9),
        *midline(looks, np.concatenate([stalk, [crown]]), 0.13),
        *ocelli(looks, row + top, min(width * 0.26, height * 0.4)),
    ]
    return Body(parts=parts, front=crown, rear=(0.0, -0.46), spine=((0, -0.32), (0, 0.08 + height)))


def coral(looks: Looks, stance: Stance) -> Body:
    """Branches that fork, from one foot, about a middle stem that bears a polyp."""
    width = 0.10 - 0.04 * looks.elongation
    stem = arc((0, -0.40), 0.63 + 0.08 * looks.elongation, _UP - 10 * stance.curl, 20 * stance.curl)
    crown = end(stem)
    radius = 0.06 + 0.115 * looks.head_size
    parts = tail(looks, (0.0, -0.40), _DOWN, width=0.15)
    fan = 68 - 28 * looks.elongation
    for number, lean in enumerate(np.linspace(-1, 1, looks.limb_count)):
        heading = 90 - fan * float(lean) + 5 * np.sin(stance.gait + number)
        lean = float(lean) or 0.3
        path = arc((0.06 * lean, -0.40), 0.36 + 0.28 * looks.limb_length, heading, 24 * lean + 10 * stance.curl)
        parts += limb(looks, path, 0.056, tone=Tone.COAT, height=0.5)
        twig = arc(path[4], 0.10 + 0.16 * looks.limb_length, heading - 50 * np.sign(lean), 20)
        parts += limb(looks, twig, 0.032, tone=PLAIN[number % 2], height=0.45)
    parts += [
        *ornament(looks, (crown[0], crown[1] + radius * 0.55), _UP, spread=40, apart=radius * 0.6),
        *mouth(looks, (crown[0], crown[1] + radius * 0.8), _UP, thick=0.04),
        Part(ribbon(stem, width * 1.3, width), Tone.COAT, 0.75),
        Part(ellipse((0, -0.40), (0.22 - 0.06 * looks.elongation, 0.075)), Tone.COAT, 0.7),
        *midline(looks, stem[:8], width),
        *ocelli(looks, stem[_spread(looks.ocelli, 1, 7)], 0.11),
        Part(ellipse(crown, (radius * 1.1, radius)), Tone.COAT, 0.85),
    ]
    return Body(parts=parts, front=crown, rear=(0.0, -0.44), spine=((0, -0.34), (0, 0.18)))


def _spread(count: int, first: int, last: int) -> list[int]:
    """So many points of a path, spread evenly between two of them; the middle for one."""
    return np.linspace(first, last, count).round().astype(int).tolist() if count > 1 else [(first + last) // 2]
