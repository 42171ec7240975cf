"""Body plans that no usual world contains: held out, for tests of what transfers to unseen kinds of bodies."""

import numpy as np

from thuja.biosphere.marks import in_a_row, midline, ocelli
from thuja.biosphere.members import BLADE, limb, mouth, ornament, tail
from thuja.biosphere.shapes import PLAIN, Body, Part, Stance, Tone, arc, disc, ellipse, end, ribbon, through
from thuja.biosphere.traits import Looks


def jellyfish(looks: Looks, stance: Stance) -> Body:
    """A bell with tentacles; its crown is its front, the arms of its mouth trail behind as a tail."""
    width = 0.38 - 0.14 * looks.elongation
    height = 0.25 + 0.10 * looks.elongation
    rim = 0.06
    radius = 0.05 + 0.105 * looks.head_size
    crown = (0.0, rim + height)
    parts = [Part(ribbon(arc((0, rim), 0.42, 270, 6 * stance.curl), width * 0.45, width * 0.16), Tone.COAT, 0.4)]
    parts += tail(looks, (0.0, rim - 0.40), 270, width=0.12)
    for number, place in enumerate(np.linspace(-0.88, 0.88, looks.limb_count)):
        wave = 25 * np.sin(stance.gait + number * 1.3) + 12 * stance.curl
        path = arc((place * width, rim), 0.15 + 0.36 * looks.limb_length, 270 + 20 * place - wave / 2, wave)
        parts += limb(looks, path, 0.032, tone=PLAIN[number % 2], height=0.5)
    angles = np.linspace(0, np.pi, 24)
    bell = np.stack([np.cos(angles) * width, rim + np.sin(angles) ** 0.75 * height], axis=1)
    skirt = np.array([(-width * 0.5, rim - 0.035), (0.0, rim - 0.02), (width * 0.5, rim - 0.035)])
    row = in_a_row(looks, (-width * 0.85, rim + height * 0.4), (width * 0.85, rim + height * 0.4))
    parts += [
        *ornament(looks, (0.0, crown[1] + radius * 0.35), 90, spread=40, apart=radius * 0.6),
        *mouth(looks, (0.0, crown[1] + radius * 0.6), 90, thick=0.04),
        Part(ellipse((0.0, crown[1] - 0.015), (radius * 1.3, radius)), Tone.COAT, 0.75),
        Part(np.concatenate([bell, skirt]), Tone.COAT, 0.9),
        *midline(looks, through([(0.0, crown[1]), (0.0, rim - 0.36)]), 0.13, height=0.9),
        *ocelli(looks, row, min(width * 0.26, height * 0.42)),
    ]
    return Body(parts=parts, front=crown, rear=(0.0, rim - 0.44), spine=((0, -0.28), (0, rim + height * 0.9)))


def centipede(looks: Looks, stance: Stance) -> Body:
    """A chain of plates, seen from above, on pairs of legs."""
    girth = 0.175 - 0.085 * looks.elongation
    x = np.linspace(-0.42, 0.36, 17)
    bend = 0.10 * stance.curl * np.sin(3.2 * (x + 0.42))
    path = np.stack([x, bend], axis=1)
    parts = tail(looks, (-0.40, 0.0), 180, width=0.10)
    for number, place in enumerate(np.linspace(2, 14, looks.limb_count).round().astype(int)):
        for side in (-1, 1):
            swing = 14 * np.sin(stance.gait + number * 1.1) + 18
            leg = arc(path[place], girth + 0.08 + 0.24 * looks.limb_length, side * (70 + swing), side * 25)
            parts += limb(looks, leg, 0.028, tone=PLAIN[number % 2], height=0.3)
    radius = 0.065 + 0.105 * looks.head_size
    head = (0.42, float(bend[-1]))
    parts += [
        *ornament(looks, (head[0] + radius * 0.5, head[1]), 0, spread=40, apart=radius * 0.6),
        *mouth(looks, (head[0] + radius * 0.8, head[1]), 0, thick=0.042),
    ]
    plate = ellipse((0, 0), (0.075, girth), power=0.7)
    parts += [Part(plate + path[place], Tone.COAT, 0.7 + 0.02 * (place % 3)) for place in range(1, 17, 3)]
    spots = path[np.linspace(2, 14, looks.ocelli).round().astype(int) if looks.ocelli > 1 else [8]]
    parts += [
        *midline(looks, path, girth),
        *ocelli(looks, spots, girth * 0.9),
        Part(ellipse(head, (radius, radius * 1.05)), Tone.COAT, 0.8),
    ]
    for side in (-1, 1):
        parts.append(Part(disc((head[0] + radius * 0.5, head[1] + side * radius * 0.6), 0.022), Tone.PUPIL, 0.85))
    return Body(parts=parts, front=head, rear=(-0.44, 0.0), spine=((-0.36, 0), (0.30, 0)))


def palm(looks: Looks, stance: Stance) -> Body:
    """A trunk with a crown of fronds; a bud stands in their midst."""
    girth = 0.14 - 0.07 * looks.elongation
    trunk = arc((0.04, -0.42), 0.58, 90 + 10 * stance.curl, -20 * stance.curl, points=13)
    crown = end(trunk)
    radius = 0.065 + 0.105 * looks.head_size
    parts = tail(looks, (0.04, -0.40), 270, width=0.14)
    for number in range(looks.limb_count):
        for side in (1, -1):
            heading = 90 - side * (64 + 72 * number / (looks.limb_count - 1))
            path = arc(crown, 0.22 + 0.28 * looks.limb_length, heading, -side * (40 - 10 * number))
            parts += limb(looks, path, 0.048, tone=Tone.COAT, height=0.4 + 0.05 * number, profile=BLADE)
    spots = trunk[np.linspace(2, 10, looks.ocelli).round().astype(int) if looks.ocelli > 1 else [6]]
    parts += [
        *ornament(looks, (crown[0], crown[1] + radius * 0.6), 90, spread=24, apart=radius * 0.6),
        *mouth(looks, (crown[0], crown[1] + radius * 0.85), 90, thick=0.04),
        Part(ribbon(trunk, girth * 1.25, girth), Tone.COAT, 0.7),
        *midline(looks, trunk[:12], girth),
        *ocelli(looks, spots, 0.11),
        Part(ellipse(crown, (radius, radius * 1.1)), Tone.COAT, 0.9),
    ]
    return Body(parts=parts, front=crown, rear=(0.04, -0.46), spine=((0.04, -0.34), (0.04, 0.12)))
