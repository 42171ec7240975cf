"""Body plans seen from above: beetles, moths, spiders and stars."""

import numpy as np

from thuja.biosphere.marks import in_a_row, in_pairs, midline, ocelli
from thuja.biosphere.members import limb, mouth, ornament, tail
from thuja.biosphere.shapes import PLAIN, Body, Part, Stance, Tone, arc, disc, ellipse, pair, put, through
from thuja.biosphere.traits import Looks


def beetle(looks: Looks, stance: Stance) -> Body:
    """A beetle on three to six pairs of legs."""
    girth = 0.33 - 0.17 * looks.elongation
    radius = 0.06 + 0.11 * looks.head_size
    parts = tail(looks, (-0.38, 0), 180, width=0.10)
    for number, hip in enumerate(np.linspace(0.20, -0.24, looks.limb_count)):
        swing = 12 * np.sin(stance.gait + number * 2.1)
        path = arc((float(hip), girth * 0.6), 0.17 + 0.26 * looks.limb_length, 78 + swing - 90 * float(hip) * 1.6, 25)
        parts += pair(limb(looks, path, 0.026, tone=PLAIN[number % 2], height=0.3))
    parts += [
        *ornament(looks, (0.36 + radius * 0.45, 0), 0, spread=42, apart=radius * 0.55),
        *mouth(looks, (0.36 + radius * 0.75, 0), 0, thick=0.042),
        Part(ellipse((0.36, 0), (radius, radius * 1.1)), Tone.COAT, 0.5),
        Part(ellipse((-0.10, 0), (0.33, girth), power=0.9), Tone.COAT, 0.8),
        Part(ellipse((0.20, 0), (0.12, girth * 0.88), power=0.8), Tone.COAT, 0.7),
        *midline(looks, through([(0.30, 0), (-0.42, 0)]), girth),
        *ocelli(looks, in_pairs(looks, (-0.12, 0), (0.13, girth * 0.5)), girth * 0.42),
    ]
    parts += pair([Part(disc((0.36 + radius * 0.5, radius * 0.75), 0.022), Tone.PUPIL, 0.6)])
    return Body(parts=parts, front=(0.40, 0.0), rear=(-0.42, 0.0), spine=((-0.36, 0), (0.26, 0)))


def moth(looks: Looks, stance: Stance) -> Body:
    """A moth with open wings; its limbs are the streamers of its hind wings, its eyespots stand on each wing."""
    spread = 0.55 - 0.12 * looks.elongation
    chord = 0.27 - 0.11 * looks.elongation
    hind_foot, fore_foot = (-0.06, 0.02), (0.08, 0.02)
    fold = (1, 1 - 0.15 * abs(stance.curl))
    hind = put(ellipse((0.40 * spread, 0), (0.42 * spread, 0.95 * chord)), (0, 0), 124) * fold + hind_foot
    fore = put(ellipse((0.52 * spread, 0), (0.62 * spread, chord), power=1.1), (0, 0), 72) * fold + fore_foot
    heart = put(np.array([(0.42 * spread, 0.0)]), (0, 0), 124) * fold + hind_foot
    side: list[Part] = []
    for number, heading in enumerate(np.linspace(96, 165, looks.limb_count)):
        path = arc(heart[0], chord + 0.08 + 0.26 * looks.limb_length, float(heading), 14)
        side += limb(looks, path, 0.026, tone=PLAIN[number % 2], height=0.3)
    side += [Part(hind, Tone.COAT, 0.55), Part(fore, Tone.COAT, 0.8)]
    rows = put(in_a_row(looks, (0.13 * spread, 0), (1.08 * spread, 0)), (0, 0), 72) * fold + fore_foot
    side += ocelli(looks, rows, chord * 0.5)
    radius = 0.045 + 0.085 * looks.head_size
    parts = [
        *tail(looks, (-0.36, 0), 180, width=0.09),
        *pair(side),
        *ornament(looks, (0.27 + radius * 0.5, 0), 0, spread=34, apart=radius * 0.5),
        *mouth(looks, (0.27 + radius * 0.7, 0), 0, thick=0.044),
        Part(ellipse((-0.12, 0), (0.30, 0.07), power=1.1), Tone.COAT, 0.95),
        Part(ellipse((0.12, 0), (0.14, 0.085)), Tone.COAT, 1.0),
        *midline(looks, through([(0.24, 0), (-0.38, 0)]), 0.10, height=1.0),
        Part(ellipse((0.27, 0), (radius, radius)), Tone.COAT, 0.95),
        *pair([Part(disc((0.27 + radius * 0.5, radius * 0.7), 0.022), Tone.PUPIL, 0.95)]),
    ]
    return Body(parts=parts, front=(0.30, 0.0), rear=(-0.40, 0.0), spine=((-0.30, 0), (0.24, 0)))


def spider(looks: Looks, stance: Stance) -> Body:
    """A spider or crab on three to six pairs of bent legs."""
    girth = 0.32 - 0.17 * looks.elongation
    parts = tail(looks, (-0.38, 0), 180, width=0.10)
    for number, heading in enumerate(np.linspace(34, 146, looks.limb_count)):
        turn = (50 if heading > 90 else -50) + 12 * np.sin(stance.gait + number * 1.9)
        path = arc((0.06 - 0.02 * number, 0.05), 0.34 + 0.30 * looks.limb_length, float(heading), float(turn))
        parts += pair(limb(looks, path, 0.026, tone=PLAIN[number % 2], height=0.3))
    radius = 0.075 + 0.125 * looks.head_size
    parts += [
        *ornament(looks, (0.20 + radius * 0.6, 0), 0, spread=40, apart=radius * 0.5),
        *mouth(looks, (0.20 + radius * 0.75, 0), 0, thick=0.042),
        Part(ellipse((-0.16, 0), (0.26, girth)), Tone.COAT, 0.85),
        *midline(looks, through([(0.12, 0), (-0.40, 0)]), girth),
        *ocelli(looks, in_pairs(looks, (-0.17, 0), (0.11, girth * 0.48)), girth * 0.42),
        Part(ellipse((0.18, 0), (radius, radius * 0.95)), Tone.COAT, 0.75),
    ]
    for side in (0.03, -0.03, 0.07, -0.07):
        parts.append(Part(disc((0.18 + radius * 0.6, side), 0.018), Tone.PUPIL, 0.8))
    return Body(parts=parts, front=(0.28, 0.0), rear=(-0.40, 0.0), spine=((-0.36, 0), (0.08, 0)))


def star(looks: Looks, stance: Stance) -> Body:
    """A sea star: pairs of arms about a disc, a spout in front and an anal cone behind."""
    across = 0.34 - 0.15 * looks.elongation
    along = 0.30 + 0.05 * looks.elongation
    reach = 0.10 + 0.26 * looks.limb_length
    headings = np.linspace(0, 180, looks.limb_count + 2)[1:-1] if looks.limb_count > 3 else np.array([38, 90, 142])
    parts = tail(looks, (-along + 0.02, 0), 180, width=0.09)
    for number, heading in enumerate(headings):
        angle = np.deg2rad(heading)
        foot = (along * 0.7 * np.cos(angle), across * 0.7 * np.sin(angle))
        sway = 8 * np.sin(stance.gait + number)
        path = arc(foot, reach + 0.12, float(heading + sway), 25 * stance.curl)
        arm = limb(looks, path, 0.042, tone=PLAIN[number % 2], height=0.5)
        parts += pair(arm)
    radius = 0.055 + 0.105 * looks.head_size
    parts += [
        *ornament(looks, (along + radius * 0.7, 0), 0, spread=42, apart=radius * 0.5),
        *mouth(looks, (along + radius * 0.85, 0), 0, thick=0.042),
        Part(ellipse((along, 0), (radius * 1.1, radius)), Tone.COAT, 0.7),
        Part(ellipse((0, 0), (along, across)), Tone.COAT, 0.9),
        *midline(looks, through([(along * 0.96, 0), (-along * 0.96, 0)]), across, height=0.9),
        *ocelli(looks, in_pairs(looks, (0, 0), (along * 0.42, across * 0.5)), across * 0.42),
    ]
    return Body(
        parts=parts, front=(along + 0.06, 0.0), rear=(-along - 0.06, 0.0), spine=((-along * 0.9, 0), (along * 0.9, 0))
    )
