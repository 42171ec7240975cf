"""Body plans seen from the side: birds, fishes, beasts, snails, squids and serpents."""

import numpy as np

from thuja.biosphere.marks import in_a_row, midline, ocelli
from thuja.biosphere.members import BLADE, limb, mouth, ornament, tail
from thuja.biosphere.shapes import (
    PLAIN,
    Body,
    Part,
    Stance,
    Tone,
    arc,
    ellipse,
    end,
    eye,
    ribbon,
    through,
)
from thuja.biosphere.traits import Looks

_SOLE = np.array([(-0.46, -0.27), (-0.2, -0.25), (0.15, -0.25), (0.42, -0.18)])
"""The middle of a snail's foot, from its end to its head."""


def bird(looks: Looks, stance: Stance) -> Body:
    """A bird with one wing raised; its limbs are the feathers of that wing."""
    depth = 0.31 - 0.16 * looks.elongation
    length = 0.37 + 0.07 * looks.elongation
    radius = 0.07 + 0.12 * looks.head_size
    head = (length + 0.06, 0.19 + 0.05 * looks.elongation)
    parts = tail(looks, (-length + 0.05, -0.03), 190, width=0.13)
    for number, heading in enumerate(np.linspace(100, 172, looks.limb_count)):
        path = arc((-0.02, 0.06), depth + 0.10 + 0.34 * looks.limb_length, heading + 8 * stance.curl, 16)
        parts += limb(looks, path, 0.050, tone=PLAIN[number % 2], height=0.4, profile=BLADE)
    step = 0.08 * np.sin(stance.gait)
    for foot, tone in ((step, Tone.FIRST), (-step, Tone.SECOND)):
        joints = [(0.02, -depth * 0.7), (0.02 + foot, -depth - 0.16), (0.10 + foot, -depth - 0.17)]
        parts.append(Part(ribbon(np.array(joints), 0.024, 0.014), tone, 0.3))
    neck = np.array([(length * 0.45, 0.02), (length * 0.8, 0.10), head])
    flank = in_a_row(looks, (-length * 0.62, -depth * 0.25), (length * 0.62, -depth * 0.3))
    parts += [
        Part(ellipse((0, 0), (length, depth), 8), Tone.COAT, 0.6),
        Part(ribbon(neck, depth * 0.75, 0.075), Tone.COAT, 0.6),
        *midline(looks, through([(-length * 0.95, -0.04), (0, 0.10 * depth), (length * 0.9, 0.08)]), depth * 0.5),
        Part(ellipse((-0.07, depth * 0.55), (0.16, depth * 0.36), 24, power=1.1), Tone.COAT, 0.85),
        *ocelli(looks, flank, depth * 0.45),
        *ornament(looks, (head[0] - 0.03, head[1] + radius * 0.8), 105),
        *mouth(looks, (head[0] + radius * 0.75, head[1] - 0.01), 0, thick=0.044),
        Part(ellipse(head, (radius, radius * 0.94)), Tone.COAT, 0.75),
        *eye((head[0] + radius * 0.35, head[1] + radius * 0.15), 0.033),
    ]
    return Body(parts=parts, front=head, rear=(-length - 0.02, -0.05), spine=((-length * 0.8, 0), (length * 0.8, 0)))


def fish(looks: Looks, stance: Stance) -> Body:
    """A fish; its limbs are the fins on its back."""
    depth = 0.33 - 0.20 * looks.elongation
    parts = tail(looks, (-0.40, 0), 180, width=0.17)
    for number, place in enumerate(np.linspace(0.20, -0.32, looks.limb_count)):
        foot = depth * np.sqrt(1 - (place / 0.47) ** 2) * 0.75
        path = arc((float(place), float(foot)), 0.13 + 0.24 * looks.limb_length, 112 + 6 * stance.curl, 22)
        parts += limb(looks, path, 0.042, tone=PLAIN[number % 2], height=0.4, profile=BLADE)
    radius = 0.08 + 0.135 * looks.head_size
    for place, tone in ((0.05, Tone.SECOND), (-0.2, Tone.FIRST)):
        fin = np.array([(place + 0.08, -depth * 0.7), (place - 0.07, -depth - 0.09), (place - 0.06, -depth * 0.6)])
        parts.append(Part(fin, tone, 0.4))
    parts += [
        *ornament(looks, (0.35, radius * 0.75), 84),
        *mouth(looks, (0.36 + radius * 0.5, -0.01), 0, thick=0.042),
        Part(ellipse((0, 0), (0.46, depth), power=1.1), Tone.COAT, 0.7),
        *midline(looks, arc((-0.44, 0.0), 0.72, 8, -16), depth),
        *ocelli(looks, in_a_row(looks, (-0.36, depth * 0.1), (0.22, depth * 0.1)), depth * 0.55),
        Part(ellipse((0.33, 0), (radius * 0.95, radius)), Tone.COAT, 0.8),
        *eye((0.36, radius * 0.3), 0.035),
    ]
    return Body(parts=parts, front=(0.40, 0.0), rear=(-0.45, 0.0), spine=((-0.36, 0), (0.26, 0)))


def beast(looks: Looks, stance: Stance) -> Body:
    """A beast on pairs of legs: three to six of them."""
    depth = 0.26 - 0.13 * looks.elongation
    length = 0.36 + 0.07 * looks.elongation
    radius = 0.07 + 0.12 * looks.head_size
    head = (length + 0.09, 0.20)
    leg = 0.10 + 0.28 * looks.limb_length
    parts = tail(looks, (-length + 0.02, 0.06), 165 + 12 * stance.curl, width=0.085)
    for far, tone in ((0.05, Tone.SECOND), (0.0, Tone.FIRST)):
        for number, hip in enumerate(np.linspace(-length + 0.08, length - 0.08, looks.limb_count)):
            foot = hip + far + 0.05 * np.sin(stance.gait + number * 2.2 + far * 50)
            joints = [(float(hip) + far, 0.0), ((hip + foot) / 2 + 0.02, -depth - leg * 0.5), (foot, -depth - leg)]
            parts += limb(looks, through(joints), 0.032, tone=tone, height=0.35 if far else 0.55)
    parts += [
        *ornament(looks, (head[0] - 0.03, head[1] + radius * 0.75), 110),
        *mouth(looks, (head[0] + radius * 0.85, head[1] - 0.02), -8, thick=0.042),
        Part(ellipse((0, 0), (length, depth + 0.02), 2, power=0.85), Tone.COAT, 0.75),
        Part(ribbon(np.array([(length - 0.12, 0.0), (length, 0.08), head]), depth * 0.85, 0.08), Tone.COAT, 0.75),
        *midline(looks, through([(-length + 0.02, 0.03), (0, 0.05), (length - 0.06, 0.06)]), depth * 0.8),
        *ocelli(looks, in_a_row(looks, (-length + 0.04, -depth * 0.3), (length - 0.08, -depth * 0.3)), depth * 0.6),
        Part(ellipse(head, (radius * 1.1, radius)), Tone.COAT, 0.85),
        Part(ellipse((head[0] - 0.07, head[1] + radius * 0.5), (0.03, 0.055), 25), Tone.SECOND, 0.85),
        *eye((head[0] + radius * 0.4, head[1] + radius * 0.25), 0.032),
    ]
    return Body(parts=parts, front=head, rear=(-length, 0.02), spine=((-length * 0.8, 0), (length * 0.8, 0)))


def snail(looks: Looks, stance: Stance) -> Body:
    """A snail; its limbs are the spines of its shell."""
    tall = 0.23 + 0.16 * looks.elongation
    wide = 0.36 - 0.08 * looks.elongation
    radius = 0.05 + 0.10 * looks.head_size
    heart = (-0.08, -0.20 + tall)
    head = (0.46, -0.08)
    parts = tail(looks, (-0.44, -0.25), 180, width=0.09)
    for number, heading in enumerate(np.linspace(28, 165, looks.limb_count)):
        angle = np.deg2rad(heading)
        foot = (heart[0] + wide * 0.8 * np.cos(angle), heart[1] + tall * 0.85 * np.sin(angle))
        path = arc(foot, 0.11 + 0.24 * looks.limb_length, heading + 4 * stance.curl, 10)
        parts += limb(looks, path, 0.036, tone=PLAIN[number % 2], height=0.4)
    for side in (-0.03, 0.05):
        stalk = arc((head[0] + side, head[1]), radius + 0.10, 72 - 15 * stance.curl, -20)
        parts += [Part(ribbon(stalk, 0.018, 0.012), Tone.SECOND, 0.5), *eye(end(stalk), 0.032)]
    parts += [
        *ornament(looks, (head[0] - 0.06, head[1] + radius * 0.75), 115),
        *mouth(looks, (head[0] + radius * 0.8, head[1] - 0.01), -5, thick=0.044),
        Part(ribbon(_SOLE, 0.03, 0.085), Tone.COAT, 0.45),
        *midline(looks, through([(-0.44, -0.26), (0.1, -0.25), (0.40, -0.20)]), 0.075, height=0.45),
        Part(ribbon(np.array([(0.30, -0.22), (0.40, -0.17), head]), 0.09, 0.06), Tone.COAT, 0.5),
        Part(ellipse(head, (radius * 1.1, radius)), Tone.COAT, 0.55),
    ]
    for turn in range(4):
        shrink = (1 - turn / 4.6) ** 0.9
        at = (heart[0] - 0.07 * (1 - shrink), heart[1] + tall * 0.75 * (1 - shrink) * looks.elongation)
        parts.append(Part(ellipse(at, (wide * shrink, tall * shrink), 14), Tone.COAT, 0.55 + 0.1 * turn))
    parts += ocelli(looks, in_a_row(looks, (-0.08 - wide * 0.9, heart[1]), (-0.08 + wide * 0.9, heart[1])), wide * 0.32)
    return Body(parts=parts, front=head, rear=(-0.48, -0.25), spine=((-0.34, 0), (0.30, 0)))


def squid(looks: Looks, stance: Stance) -> Body:
    """A squid that swims tail first, its arms trailing from its head."""
    girth = 0.29 - 0.15 * looks.elongation
    reach = 0.16 + 0.36 * looks.limb_length
    parts = tail(looks, (-0.36, 0), 180, width=0.16)
    for number, spread in enumerate(np.linspace(-1, 1, looks.limb_count)):
        wave = 30 * np.sin(stance.gait + number * 1.7) + 20 * stance.curl
        path = arc((0.24, 0.09 * float(spread)), reach + 0.06, 62 * float(spread), wave - 30 * float(spread))
        parts += limb(looks, path, 0.034, tone=PLAIN[number % 2], height=0.4)
    radius = 0.075 + 0.125 * looks.head_size
    parts += [
        *mouth(looks, (0.23 + radius * 0.7, 0), 0, thick=0.04),
        *ornament(looks, (0.25, radius * 0.75), 80),
        Part(ellipse((-0.12, 0), (0.36, girth), power=1.15), Tone.COAT, 0.7),
        *midline(looks, through([(-0.46, 0), (0.10, 0)]), girth),
        *ocelli(looks, in_a_row(looks, (-0.40, -girth * 0.3), (0.12, -girth * 0.3)), girth * 0.5),
        Part(ellipse((0.20, 0), (radius * 1.05, radius)), Tone.COAT, 0.8),
        *eye((0.22, radius * 0.25), 0.045),
    ]
    return Body(parts=parts, front=(0.26, 0.0), rear=(-0.45, 0.0), spine=((-0.40, 0), (0.10, 0)))


def serpent(looks: Looks, stance: Stance) -> Body:
    """A serpent or eel in waves, on pairs of stub feet."""
    girth = 0.165 - 0.08 * looks.elongation
    x = np.linspace(-0.46, 0.44, 26)
    y = (0.18 - 0.05 * looks.elongation) * np.sin(10 * x + stance.gait) * (1.0 - 0.5 * (x + 0.46))
    path = np.stack([x, y], axis=1)
    parts = tail(looks, (-0.43, float(y[0])), 180, width=0.12)
    for number, place in enumerate(np.linspace(3, 21, looks.limb_count).astype(int)):
        for side in (-1, 1):
            leg = arc(path[place], girth + 0.05 + 0.20 * looks.limb_length, side * 100, side * 15)
            parts += limb(looks, leg, 0.03, tone=PLAIN[number % 2], height=0.35)
    radius = 0.07 + 0.11 * looks.head_size
    head = (0.46, float(y[-1]))
    spots = path[np.linspace(4, 21, looks.ocelli).round().astype(int) if looks.ocelli > 1 else [12]]
    parts += [
        *ornament(looks, (head[0] - 0.02, head[1] + radius * 0.75), 105),
        *mouth(looks, (head[0] + radius * 0.95, head[1]), 0, thick=0.044),
        Part(ribbon(path, girth * 0.5, girth), Tone.COAT, 0.7),
        *midline(looks, path[1:23], girth * 0.8),
        *ocelli(looks, spots, girth * 0.95),
        Part(ellipse(head, (radius * 1.25, radius)), Tone.COAT, 0.8),
        *eye((head[0] + radius * 0.4, head[1] + radius * 0.3), 0.03),
    ]
    return Body(parts=parts, front=head, rear=(-0.46, float(y[0])), spine=((-0.38, 0), (0.34, 0)))
