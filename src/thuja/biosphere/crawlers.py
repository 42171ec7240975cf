"""Body plans seen from above: beetles, moths, spiders and stars."""

import numpy as np

from thuja.biosphere.shapes import (
    Body,
    Part,
    Points,
    Stance,
    Tone,
    arc,
    ellipse,
    flip,
    limb,
    mouth,
    move,
    ribbon,
    rotate,
    tail,
)
from thuja.biosphere.traits import Looks


def beetle(looks: Looks, stance: Stance) -> Body:
    """A beetle: wing cases, shield, head, three pairs of legs, whatever its limbs say as notches in the shield."""
    girth = 0.28 - 0.13 * looks.elongation
    reach = 0.10 + 0.24 * looks.limb_length
    radius = 0.08 + 0.06 * looks.head_size
    parts: list[Part] = []
    for number, hip in enumerate((0.16, 0.02, -0.14)):
        swing = 0.05 * np.sin(stance.gait + number * 2.1)
        lean = (0.10, 0.0, -0.10)[number]
        knee = (hip + lean + swing, girth + reach * 0.55)
        foot = (hip + lean * 2.6 + swing, girth + reach)
        parts += _pair(limb([(hip, girth * 0.6), knee, foot], 0.030, 0.014), (Tone.FIRST, Tone.SECOND)[number % 2], 0.3)
    parts += [Part(outline, Tone.SECOND, 0.35) for outline in tail(looks.tail, (-0.36, 0), _tail(looks), girth * 0.4)]
    parts += _feelers(looks, (0.36, 0.04), stance)
    parts += _pair(move(rotate(mouth(looks.mouth, (0, 0), _mouth(looks), 0.035), 15), (0.36, 0.05)), Tone.SECOND, 0.4)
    parts += [
        Part(ellipse((0.34, 0), (radius, radius * 1.1)), Tone.COAT, 0.5),
        Part(ellipse((-0.10, 0), (0.32, girth), power=0.9), Tone.COAT, 0.8),
        Part(ellipse((0.20, 0), (0.11, girth * (0.75 + 0.05 * looks.limb_count)), power=0.8), Tone.COAT, 0.7),
        Part(ribbon(np.array([(0.10, 0.0), (-0.15, 0.0), (-0.41, 0.0)]), 0.008, 0.006), Tone.PUPIL, 0.5),
    ]
    return Body(parts=parts, front=(0.40, 0.0), rear=(-0.42, 0.0))


def moth(looks: Looks, stance: Stance) -> Body:
    """A moth with open wings; its limbs count the lobes of the hind wing."""
    spread = 0.34 + 0.22 * looks.limb_length
    chord = 0.24 - 0.09 * looks.elongation
    open_ = 1 - 0.25 * abs(stance.curl)
    fore = ellipse((0, 0), (spread * 0.62, chord), power=1.15)
    fore = move(rotate(move(fore, (spread * 0.5, 0)), 68) * (1, open_), (0.08, 0.02))
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    lobes = 1 + 0.10 * np.cos(looks.limb_count * 2 * angles)
    hind = np.stack([np.cos(angles) * spread * 0.42 * lobes, np.sin(angles) * chord * 0.95 * lobes], axis=1)
    hind = move(rotate(move(hind, (spread * 0.42, 0)), 128) * (1, open_), (-0.04, 0.02))
    parts: list[Part] = []
    for outline in tail(looks.tail, (0, 0), _tail(looks) * 0.8, 0.05):
        parts += _pair(move(rotate(outline, -18), (-0.04 - spread * 0.45, spread * 0.5)), Tone.SECOND, 0.3)
    parts += [*_pair(hind, Tone.COAT, 0.55), *_pair(fore, Tone.COAT, 0.8)]
    cell = move(rotate(ellipse((spread * 0.62, 0), (0.06, 0.06)), 68) * (1, open_), (0.08, 0.02))
    parts += _pair(cell, Tone.SECOND if looks.head_size > 0.5 else Tone.FIRST, 0.8)
    parts += _feelers(looks, (0.22, 0.02), stance)
    radius = 0.05 + 0.04 * looks.head_size
    parts += [
        Part(mouth(looks.mouth, (0.22, 0), _mouth(looks) * 0.7, 0.03), Tone.FIRST, 0.6),
        Part(ellipse((-0.08, 0), (0.26, 0.055), power=1.1), Tone.FIRST, 0.95),
        Part(ellipse((0.12, 0), (0.10, 0.075)), Tone.SECOND, 1.0),
        Part(ellipse((0.23, 0), (radius, radius)), Tone.FIRST, 0.95),
    ]
    return Body(parts=parts, front=(0.26, 0.0), rear=(-0.36, 0.0))


def spider(looks: Looks, stance: Stance) -> Body:
    """A spider or crab: bent legs, as many pairs as its limbs, and pincers for a mouth."""
    girth = 0.26 - 0.11 * looks.elongation
    reach = 0.22 + 0.30 * looks.limb_length
    parts: list[Part] = []
    for number, heading in enumerate(np.linspace(28, 150, looks.limb_count)):
        turn = (50 if heading > 90 else -50) + 14 * np.sin(stance.gait + number * 1.9)
        outline = ribbon(arc((0.10 - 0.02 * number, 0.05), reach + 0.12, heading, turn), 0.028, 0.010)
        parts += _pair(outline, (Tone.FIRST, Tone.SECOND)[number % 2], 0.3)
    parts += [Part(outline, Tone.SECOND, 0.3) for outline in tail(looks.tail, (-0.36, 0), _tail(looks) * 0.6, 0.06)]
    parts += _pair(move(rotate(mouth(looks.mouth, (0, 0), _mouth(looks), 0.04), 12), (0.24, 0.06)), Tone.SECOND, 0.45)
    radius = 0.11 + 0.06 * looks.head_size
    parts += [
        *_feelers(looks, (0.28, 0.03), stance),
        Part(ellipse((-0.18, 0), (0.24, girth)), Tone.COAT, 0.85),
        Part(ellipse((0.16, 0), (radius, radius * 0.9)), Tone.COAT, 0.75),
    ]
    for side in (0.03, -0.03, 0.07, -0.07):
        parts.append(Part(ellipse((0.16 + radius * 0.6, side), (0.018, 0.018)), Tone.PUPIL, 0.8))
    return Body(parts=parts, front=(0.28, 0.0), rear=(-0.40, 0.0))


def star(looks: Looks, stance: Stance) -> Body:
    """A sea star: arms about a disc."""
    arms = looks.limb_count + 2
    width = 0.13 - 0.07 * looks.elongation
    reach = 0.34 + 0.14 * looks.limb_length
    parts: list[Part] = []
    for number in range(arms):
        heading = 360 * number / arms + 8 * np.sin(stance.gait + number)
        path = arc((0, 0), reach, heading, 35 * stance.curl)
        parts.append(Part(ribbon(path, width, width * (0.15 + 0.5 * looks.tail_length)), Tone.COAT, 0.55))
        knob = (float(path[-1, 0]), float(path[-1, 1]))
        size = 0.02 + 0.05 * looks.ornament_length
        parts.append(Part(ellipse(knob, (size, size)), Tone.SECOND, 0.6))
    radius = 0.10 + 0.14 * looks.head_size
    parts += [
        Part(ellipse((0, 0), (radius, radius)), Tone.COAT, 0.9),
        Part(ellipse((0, 0), (radius * 0.45, radius * 0.45)), Tone.SECOND, 1.0),
    ]
    return Body(parts=parts, front=(0.36, 0.0), rear=(-0.36, 0.0))


def _pair(outline: Points, tone: Tone, height: float) -> list[Part]:
    return [Part(outline, tone, height), Part(flip(outline), tone, height)]


def _feelers(looks: Looks, at: tuple[float, float], stance: Stance) -> list[Part]:
    """The ornament of what is seen from above: a pair, one on each side of the head."""
    length = 0.10 + 0.25 * looks.ornament_length
    forms = {"crest": (0.05, 0.03, 20), "horns": (0.045, 0.005, 70), "antennae": (0.014, 0.012, 40)}
    if looks.ornament == "spines":
        outlines = [ribbon(arc(at, length * 0.8, heading, 0), 0.022, 0.003) for heading in (15, 45, 75)]
    else:
        start, end, turn = forms[looks.ornament]
        outlines = [ribbon(arc(at, length, 25 + 10 * stance.curl, turn), start, end)]
    return [part for outline in outlines for part in _pair(outline, Tone.SECOND, 0.4)]


def _mouth(looks: Looks) -> float:
    return 0.07 + 0.18 * looks.mouth_length


def _tail(looks: Looks) -> float:
    return 0.06 + 0.26 * looks.tail_length
