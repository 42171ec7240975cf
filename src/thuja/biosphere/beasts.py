"""Body plans seen from the side: birds, fishes, beasts, snails, squids and serpents."""

import numpy as np

from thuja.biosphere.shapes import (
    Body,
    Part,
    Points,
    Stance,
    Tone,
    arc,
    ellipse,
    eye,
    limb,
    mouth,
    ornament,
    ribbon,
    tail,
)
from thuja.biosphere.traits import Looks


def bird(looks: Looks, stance: Stance) -> Body:
    """A bird that stands or steps."""
    depth = 0.27 - 0.12 * looks.elongation
    radius = 0.10 + 0.06 * looks.head_size
    head = (0.34 + 0.06 * looks.elongation, 0.20 + 0.10 * looks.elongation)
    leg = 0.10 + 0.30 * looks.limb_length
    step = 0.09 * np.sin(stance.gait)
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(looks, (-0.32, -0.04), 0.16)]
    for foot, tone in ((step, Tone.FIRST), (-step, Tone.SECOND)):
        knee = (0.02 + foot * 0.6, -depth - leg * 0.5)
        joints = [(0.02, -depth * 0.7), knee, (0.02 + foot, -depth - leg), (0.10 + foot, -depth - leg)]
        parts.append(Part(limb(joints, 0.026, 0.014), tone, 0.3))
    neck = ribbon(np.array([(0.14, 0.04), (0.24, 0.13), head]), depth * 0.75, radius * 0.8)
    parts += [
        Part(ellipse((0, 0), (0.40, depth), 12), Tone.COAT, 0.6),
        Part(neck, Tone.COAT, 0.6),
        *_ornament(looks, (head[0] - 0.02, head[1] + radius * 0.7)),
        Part(_mouth(looks, (head[0] + radius * 0.7, head[1] - 0.01), radius * 0.42), Tone.SECOND, 0.6),
        Part(ellipse(head, (radius, radius * 0.92)), Tone.COAT, 0.75),
        Part(ellipse((-0.08, 0.02), (0.26, depth * 0.62), 18 + 12 * stance.curl, power=1.15), Tone.COAT, 0.9),
        *eye((head[0] + radius * 0.35, head[1] + radius * 0.15), radius * 0.27),
    ]
    return Body(parts=parts, front=head, rear=(-0.42, -0.05))


def fish(looks: Looks, stance: Stance) -> Body:
    """A fish; limbs are the fins on its back."""
    depth = 0.30 - 0.20 * looks.elongation
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(looks, (-0.40, 0), depth * 0.55 + 0.08)]
    height = 0.06 + 0.20 * looks.limb_length
    fins = looks.limb_count - 2
    for place in np.linspace(0.22, -0.28, fins + 2)[1:-1] if fins > 1 else [0.0]:
        half = 0.34 / fins * 0.8
        foot = depth * np.sqrt(max(1 - (place / 0.46) ** 2, 0.1)) * 0.85
        parts.append(Part(_fin(float(place), float(foot), half, height), Tone.FIRST, 0.4))
    parts.append(Part(_fin(-0.14, -depth * 0.85, 0.13, -height * 0.8), Tone.SECOND, 0.4))
    cheek = (0.30, 0.0)
    radius = depth * (0.55 + 0.25 * looks.head_size)
    parts += [
        *_ornament(looks, (0.27, depth * 0.6)),
        Part(_mouth(looks, (0.38, -0.02), radius * 0.45), Tone.SECOND, 0.5),
        Part(ellipse((0, 0), (0.46, depth), power=1.1), Tone.COAT, 0.7),
        Part(ellipse(cheek, (0.13 + 0.04 * looks.head_size, radius)), Tone.COAT, 0.8),
        Part(ribbon(arc((0.12, -depth * 0.25), 0.20, 200 + 30 * stance.curl, 25), 0.035, 0.06), Tone.SECOND, 0.85),
        *eye((0.33, radius * 0.3), 0.035 + 0.02 * looks.head_size),
    ]
    return Body(parts=parts, front=(0.42, 0.0), rear=(-0.45, 0.0))


def beast(looks: Looks, stance: Stance) -> Body:
    """A four-legged beast."""
    depth = 0.20 - 0.09 * looks.elongation
    radius = 0.09 + 0.06 * looks.head_size
    head = (0.44, 0.12 + 0.12 * looks.limb_length)
    leg = 0.12 + 0.30 * looks.limb_length
    parts: list[Part] = []
    length = 0.15 + 0.35 * looks.tail_length
    parts.append(Part(ribbon(arc((-0.34, 0.05), length, 200, -40 + 50 * stance.curl), 0.05, 0.02), Tone.COAT, 0.4))
    tip = parts[0].outline[8]
    parts += [
        Part(outline, Tone.SECOND, 0.4)
        for outline in tail(looks.tail, (float(tip[0]) + 0.03, float(tip[1])), 0.13, 0.06)
    ]
    for hip, phase, tone in ((-0.26, 0.0, 1), (0.24, 2.2, 1), (-0.32, 3.1, 0), (0.18, 5.3, 0)):
        foot = hip + 0.09 * np.sin(stance.gait + phase)
        joints = [(hip, 0.0), ((hip + foot) / 2 + 0.03, -depth - leg * 0.45), (foot, -depth - leg)]
        tones = (Tone.SECOND, Tone.FIRST)
        parts.append(Part(limb([*joints, (foot + 0.05, -depth - leg)], 0.065, 0.03), tones[tone], 0.35 + 0.2 * tone))
    parts += [
        Part(ellipse((0, 0), (0.40, depth + 0.02), 4, power=0.85), Tone.COAT, 0.75),
        Part(ribbon(np.array([(0.24, 0.02), (0.34, 0.06), head]), depth * 0.8, radius * 0.8), Tone.COAT, 0.75),
        *_ornament(looks, (head[0] - 0.02, head[1] + radius * 0.6)),
        Part(_mouth(looks, (head[0] + radius * 0.6, head[1] - 0.03), radius * 0.5), Tone.SECOND, 0.7),
        Part(ellipse(head, (radius * 1.15, radius)), Tone.COAT, 0.85),
        Part(ellipse((head[0] - radius, head[1] + radius * 0.6), (0.035, 0.06), 25), Tone.SECOND, 0.85),
        *eye((head[0] + radius * 0.4, head[1] + radius * 0.25), radius * 0.25),
    ]
    return Body(parts=parts, front=head, rear=(-0.44, 0.0))


def snail(looks: Looks, stance: Stance) -> Body:
    """A snail: foot, eye stalks and a coiled shell."""
    tall = 0.26 + 0.14 * looks.elongation
    turns = 2 + looks.limb_count
    foot = np.array([(-0.48 - 0.2 * looks.tail_length, -0.27), (-0.2, -0.22), (0.15, -0.22), (0.42, -0.16)])
    neck = (0.44, -0.08 + 0.1 * looks.head_size)
    parts = [
        Part(ribbon(foot, 0.02, 0.08 + 0.03 * looks.head_size), Tone.COAT, 0.45),
        Part(ribbon(np.array([(0.34, -0.2), neck]), 0.10, 0.07 + 0.03 * looks.head_size), Tone.COAT, 0.5),
        *_ornament(looks, (neck[0] + 0.02, neck[1] + 0.03)),
        Part(_mouth(looks, (neck[0] + 0.05, neck[1]), 0.045), Tone.SECOND, 0.5),
    ]
    for turn in range(turns):
        shrink = (1 - turn / (turns + 0.6)) ** 0.9
        at = (-0.10 - 0.10 * (1 - shrink), -0.20 + tall * (1 + 0.9 * (1 - shrink) * looks.elongation) * 0.95)
        parts.append(Part(ellipse(at, (0.30 * shrink, tall * shrink), 20), Tone.COAT, 0.55 + 0.4 * turn / turns))
    for side in (0.0, 0.07):
        stalk = arc((neck[0] + side, neck[1] + 0.03), 0.10 + 0.22 * looks.limb_length, 75 - 30 * stance.curl, -20)
        parts.append(Part(ribbon(stalk, 0.018, 0.012), Tone.FIRST, 0.5))
        parts += eye((float(stalk[-1, 0]), float(stalk[-1, 1])), 0.035)
    return Body(parts=parts, front=neck, rear=(-0.50, -0.25))


def squid(looks: Looks, stance: Stance) -> Body:
    """A squid that swims head last, its arms trailing in front."""
    girth = 0.21 - 0.10 * looks.elongation
    reach = 0.22 + 0.35 * looks.limb_length
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(looks, (-0.34, 0), girth * 0.9)]
    arms = looks.limb_count + 2
    for number, spread in enumerate(np.linspace(-1, 1, arms)):
        wave = 40 * np.sin(stance.gait + number * 1.7) + 30 * stance.curl
        path = arc((0.24, 0.10 * spread), reach * (1 - 0.25 * abs(spread)), 45 * spread, wave - 30 * spread)
        parts.append(Part(ribbon(path, 0.032, 0.010), (Tone.FIRST, Tone.SECOND)[number % 2], 0.4))
    radius = 0.11 + 0.07 * looks.head_size
    parts += [
        Part(ellipse((-0.12, 0), (0.36, girth), power=1.15), Tone.COAT, 0.7),
        *_ornament(looks, (-0.10, girth * 0.8)),
        Part(ellipse((0.20, 0), (radius, radius * 0.9)), Tone.COAT, 0.8),
        *eye((0.22, 0.03), radius * 0.42),
    ]
    return Body(parts=parts, front=(0.32, 0.0), rear=(-0.45, 0.0))


def serpent(looks: Looks, stance: Stance) -> Body:
    """A serpent or eel in waves, with as many pairs of stub feet as its limbs say."""
    girth = 0.125 - 0.055 * looks.elongation
    x = np.linspace(-0.46, 0.44, 26)
    y = (0.20 - 0.07 * looks.elongation) * np.sin(5 * x / 0.5 + stance.gait) * (1.0 - 0.5 * (x + 0.46))
    path = np.stack([x, y], axis=1)
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(looks, (-0.43, float(y[0])), 0.10)]
    for number, place in enumerate(np.linspace(3, 21, looks.limb_count).astype(int)):
        for side in (-1, 1):
            tip = (x[place] - 0.05, y[place] + side * (girth + 0.04 + 0.16 * looks.limb_length))
            parts.append(
                Part(limb([(x[place], y[place]), tip], 0.032, 0.014), (Tone.FIRST, Tone.SECOND)[number % 2], 0.35)
            )
    radius = girth * (1.15 + 0.7 * looks.head_size)
    head = (0.46, float(y[-1]))
    parts += [
        Part(ribbon(path, girth * 0.45, girth), Tone.COAT, 0.7),
        *_ornament(looks, (head[0] - 0.02, head[1] + radius * 0.6)),
        Part(_mouth(looks, (head[0] + radius * 0.8, head[1]), radius * 0.4), Tone.SECOND, 0.6),
        Part(ellipse(head, (radius * 1.3, radius)), Tone.COAT, 0.8),
        *eye((head[0] + radius * 0.4, head[1] + radius * 0.3), radius * 0.3),
    ]
    return Body(parts=parts, front=head, rear=(-0.46, float(y[0])))


def _fin(at: float, foot: float, half: float, height: float) -> Points:
    return np.array([(at + half, foot * 0.9), (at - half * 0.3, foot + height), (at - half, foot * 0.9)])


def _mouth(looks: Looks, at: tuple[float, float], thick: float) -> Points:
    return mouth(looks.mouth, at, 0.09 + 0.25 * looks.mouth_length, thick)


def _tail(looks: Looks, at: tuple[float, float], width: float) -> list[Points]:
    return tail(looks.tail, at, 0.14 + 0.34 * looks.tail_length, width)


def _ornament(looks: Looks, at: tuple[float, float]) -> list[Part]:
    outlines = ornament(looks.ornament, at, 0.10 + 0.22 * looks.ornament_length)
    return [Part(outline, Tone.SECOND, 0.6) for outline in outlines]
