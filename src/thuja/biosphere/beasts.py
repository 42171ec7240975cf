"""Body plans seen from the side: birds, fishes, beasts, snails, squids and serpents."""

import numpy as np

from thuja.biosphere.shapes import Part, Points, Stance, Tone, arc, ellipse, eye, limb, mouth, ornament, ribbon, tail
from thuja.biosphere.traits import Traits


def bird(traits: Traits, stance: Stance) -> list[Part]:
    """A bird that stands or steps."""
    depth = 0.27 - 0.12 * traits.elongation
    radius = 0.10 + 0.06 * traits.head
    head = (0.34 + 0.06 * traits.elongation, 0.20 + 0.10 * traits.elongation)
    leg = 0.10 + 0.30 * traits.limb_length
    step = 0.09 * np.sin(stance.gait)
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(traits, (-0.32, -0.04), 0.16)]
    for foot, tone in ((step, Tone.FIRST), (-step, Tone.SECOND)):
        knee = (0.02 + foot * 0.6, -depth - leg * 0.5)
        joints = [(0.02, -depth * 0.7), knee, (0.02 + foot, -depth - leg), (0.10 + foot, -depth - leg)]
        parts.append(Part(limb(joints, 0.026, 0.014), tone, 0.3))
    neck = ribbon(np.array([(0.14, 0.04), (0.24, 0.13), head]), depth * 0.75, radius * 0.8)
    parts += [
        Part(ellipse((0, 0), (0.40, depth), 12), Tone.COAT, 0.6),
        Part(neck, Tone.COAT, 0.6),
        *_ornament(traits, (head[0] - 0.02, head[1] + radius * 0.7)),
        Part(_mouth(traits, (head[0] + radius * 0.7, head[1] - 0.01), radius * 0.42), Tone.SECOND, 0.6),
        Part(ellipse(head, (radius, radius * 0.92)), Tone.COAT, 0.75),
        Part(ellipse((-0.08, 0.02), (0.26, depth * 0.62), 18 + 12 * stance.curl, power=1.15), Tone.COAT, 0.9),
        *eye((head[0] + radius * 0.35, head[1] + radius * 0.15), radius * 0.27),
    ]
    return parts


def fish(traits: Traits, stance: Stance) -> list[Part]:
    """A fish; limbs are the fins on its back."""
    depth = 0.30 - 0.20 * traits.elongation
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(traits, (-0.40, 0), depth * 0.55 + 0.08)]
    height = 0.06 + 0.20 * traits.limb_length
    fins = traits.limbs - 2
    for place in np.linspace(0.22, -0.28, fins + 2)[1:-1] if fins > 1 else [0.0]:
        half = 0.34 / fins * 0.8
        foot = depth * np.sqrt(max(1 - (place / 0.46) ** 2, 0.1)) * 0.85
        parts.append(Part(_fin(float(place), float(foot), half, height), Tone.FIRST, 0.4))
    parts.append(Part(_fin(-0.14, -depth * 0.85, 0.13, -height * 0.8), Tone.SECOND, 0.4))
    cheek = (0.30, 0.0)
    radius = depth * (0.55 + 0.25 * traits.head)
    parts += [
        *_ornament(traits, (0.27, depth * 0.6)),
        Part(_mouth(traits, (0.38, -0.02), radius * 0.45), Tone.SECOND, 0.5),
        Part(ellipse((0, 0), (0.46, depth), power=1.1), Tone.COAT, 0.7),
        Part(ellipse(cheek, (0.13 + 0.04 * traits.head, radius)), Tone.COAT, 0.8),
        Part(ribbon(arc((0.12, -depth * 0.25), 0.20, 200 + 30 * stance.curl, 25), 0.035, 0.06), Tone.SECOND, 0.85),
        *eye((0.33, radius * 0.3), 0.035 + 0.02 * traits.head),
    ]
    return parts


def beast(traits: Traits, stance: Stance) -> list[Part]:
    """A four-legged beast."""
    depth = 0.20 - 0.09 * traits.elongation
    radius = 0.09 + 0.06 * traits.head
    head = (0.44, 0.12 + 0.12 * traits.limb_length)
    leg = 0.12 + 0.30 * traits.limb_length
    parts: list[Part] = []
    length = 0.15 + 0.35 * traits.tail_length
    parts.append(Part(ribbon(arc((-0.34, 0.05), length, 200, -40 + 50 * stance.curl), 0.05, 0.02), Tone.COAT, 0.4))
    tip = parts[0].outline[8]
    parts += [
        Part(outline, Tone.SECOND, 0.4)
        for outline in tail(traits.tail, (float(tip[0]) + 0.03, float(tip[1])), 0.13, 0.06)
    ]
    for hip, phase, tone in ((-0.26, 0.0, 1), (0.24, 2.2, 1), (-0.32, 3.1, 0), (0.18, 5.3, 0)):
        foot = hip + 0.09 * np.sin(stance.gait + phase)
        joints = [(hip, 0.0), ((hip + foot) / 2 + 0.03, -depth - leg * 0.45), (foot, -depth - leg)]
        tones = (Tone.SECOND, Tone.FIRST)
        parts.append(Part(limb([*joints, (foot + 0.05, -depth - leg)], 0.065, 0.03), tones[tone], 0.35 + 0.2 * tone))
    parts += [
        Part(ellipse((0, 0), (0.40, depth + 0.02), 4, power=0.85), Tone.COAT, 0.75),
        Part(ribbon(np.array([(0.24, 0.02), (0.34, 0.06), head]), depth * 0.8, radius * 0.8), Tone.COAT, 0.75),
        *_ornament(traits, (head[0] - 0.02, head[1] + radius * 0.6)),
        Part(_mouth(traits, (head[0] + radius * 0.6, head[1] - 0.03), radius * 0.5), Tone.SECOND, 0.7),
        Part(ellipse(head, (radius * 1.15, radius)), Tone.COAT, 0.85),
        Part(ellipse((head[0] - radius, head[1] + radius * 0.6), (0.035, 0.06), 25), Tone.SECOND, 0.85),
        *eye((head[0] + radius * 0.4, head[1] + radius * 0.25), radius * 0.25),
    ]
    return parts


def snail(traits: Traits, stance: Stance) -> list[Part]:
    """A snail: foot, eye stalks and a coiled shell."""
    tall = 0.26 + 0.14 * traits.elongation
    turns = 2 + traits.limbs
    foot = np.array([(-0.48 - 0.2 * traits.tail_length, -0.27), (-0.2, -0.22), (0.15, -0.22), (0.42, -0.16)])
    neck = (0.44, -0.08 + 0.1 * traits.head)
    parts = [
        Part(ribbon(foot, 0.02, 0.08 + 0.03 * traits.head), Tone.COAT, 0.45),
        Part(ribbon(np.array([(0.34, -0.2), neck]), 0.10, 0.07 + 0.03 * traits.head), Tone.COAT, 0.5),
        *_ornament(traits, (neck[0] + 0.02, neck[1] + 0.03)),
        Part(_mouth(traits, (neck[0] + 0.05, neck[1]), 0.045), Tone.SECOND, 0.5),
    ]
    for turn in range(turns):
        shrink = (1 - turn / (turns + 0.6)) ** 0.9
        at = (-0.10 - 0.10 * (1 - shrink), -0.20 + tall * (1 + 0.9 * (1 - shrink) * traits.elongation) * 0.95)
        parts.append(Part(ellipse(at, (0.30 * shrink, tall * shrink), 20), Tone.COAT, 0.55 + 0.4 * turn / turns))
    for side in (0.0, 0.07):
        stalk = arc((neck[0] + side, neck[1] + 0.03), 0.10 + 0.22 * traits.limb_length, 75 - 30 * stance.curl, -20)
        parts.append(Part(ribbon(stalk, 0.018, 0.012), Tone.FIRST, 0.5))
        parts += eye((float(stalk[-1, 0]), float(stalk[-1, 1])), 0.035)
    return parts


def squid(traits: Traits, stance: Stance) -> list[Part]:
    """A squid that swims head last, its arms trailing in front."""
    girth = 0.21 - 0.10 * traits.elongation
    reach = 0.22 + 0.35 * traits.limb_length
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(traits, (-0.34, 0), girth * 0.9)]
    arms = traits.limbs + 2
    for number, spread in enumerate(np.linspace(-1, 1, arms)):
        wave = 40 * np.sin(stance.gait + number * 1.7) + 30 * stance.curl
        path = arc((0.24, 0.10 * spread), reach * (1 - 0.25 * abs(spread)), 45 * spread, wave - 30 * spread)
        parts.append(Part(ribbon(path, 0.032, 0.010), (Tone.FIRST, Tone.SECOND)[number % 2], 0.4))
    radius = 0.11 + 0.07 * traits.head
    parts += [
        Part(ellipse((-0.12, 0), (0.36, girth), power=1.15), Tone.COAT, 0.7),
        *_ornament(traits, (-0.10, girth * 0.8)),
        Part(ellipse((0.20, 0), (radius, radius * 0.9)), Tone.COAT, 0.8),
        *eye((0.22, 0.03), radius * 0.42),
    ]
    return parts


def serpent(traits: Traits, stance: Stance) -> list[Part]:
    """A serpent or eel in waves, with as many pairs of stub feet as its limbs say."""
    girth = 0.125 - 0.055 * traits.elongation
    x = np.linspace(-0.46, 0.44, 26)
    y = (0.20 - 0.07 * traits.elongation) * np.sin(5 * x / 0.5 + stance.gait) * (1.0 - 0.5 * (x + 0.46))
    path = np.stack([x, y], axis=1)
    parts = [Part(outline, Tone.SECOND, 0.35) for outline in _tail(traits, (-0.43, float(y[0])), 0.10)]
    for number, place in enumerate(np.linspace(3, 21, traits.limbs).astype(int)):
        for side in (-1, 1):
            tip = (x[place] - 0.05, y[place] + side * (girth + 0.04 + 0.16 * traits.limb_length))
            parts.append(
                Part(limb([(x[place], y[place]), tip], 0.032, 0.014), (Tone.FIRST, Tone.SECOND)[number % 2], 0.35)
            )
    radius = girth * (1.15 + 0.7 * traits.head)
    head = (0.46, float(y[-1]))
    parts += [
        Part(ribbon(path, girth * 0.45, girth), Tone.COAT, 0.7),
        *_ornament(traits, (head[0] - 0.02, head[1] + radius * 0.6)),
        Part(_mouth(traits, (head[0] + radius * 0.8, head[1]), radius * 0.4), Tone.SECOND, 0.6),
        Part(ellipse(head, (radius * 1.3, radius)), Tone.COAT, 0.8),
        *eye((head[0] + radius * 0.4, head[1] + radius * 0.3), radius * 0.3),
    ]
    return parts


def _fin(at: float, foot: float, half: float, height: float) -> Points:
    return np.array([(at + half, foot * 0.9), (at - half * 0.3, foot + height), (at - half, foot * 0.9)])


def _mouth(traits: Traits, at: tuple[float, float], thick: float) -> Points:
    return mouth(traits.mouth, at, 0.09 + 0.25 * traits.mouth_length, thick)


def _tail(traits: Traits, at: tuple[float, float], width: float) -> list[Points]:
    return tail(traits.tail, at, 0.14 + 0.34 * traits.tail_length, width)


def _ornament(traits: Traits, at: tuple[float, float]) -> list[Part]:
    outlines = ornament(traits.ornament, at, 0.10 + 0.22 * traits.ornament_length)
    return [Part(outline, Tone.SECOND, 0.6) for outline in outlines]
