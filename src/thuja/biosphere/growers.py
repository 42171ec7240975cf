"""Body plans of what stays where it grows: flowers, ferns, cacti, mushrooms and corals."""

import numpy as np

from thuja.biosphere.shapes import Body, Part, Stance, Tone, arc, ellipse, ornament, ribbon, rotate
from thuja.biosphere.traits import Looks


def flower(looks: Looks, stance: Stance) -> Body:
    """A flower on a leafy stem."""
    petals = looks.limb_count * 2 - 1
    length = 0.16 + 0.12 * looks.limb_length
    width = 0.11 - 0.06 * looks.elongation
    heart = (0.0, 0.22)
    stem = arc(heart, 0.62, 268 + 10 * stance.curl, -14 * stance.curl)
    parts = [Part(ribbon(stem, 0.018, 0.028), Tone.FIRST, 0.3)]
    for number, side in ((3, 0), (5, 1), (6, 0))[: 2 + (looks.head_size > 0.5)]:
        leaf = ellipse((0.14, 0), (0.13 + 0.06 * looks.tail_length, 0.05), power=1.25)
        parts.append(Part(rotate(leaf, 150 if side else 30) + stem[number], Tone.COAT, 0.45))
    for number in range(petals):
        turn = 360 * number / petals + 15 * stance.curl
        power = {"round": 0.85, "forked": 1.0, "pointed": 1.5, "fan": 0.6}[looks.tail]
        petal = ellipse((length * 0.75, 0), (length * 0.75, width), power=power)
        parts.append(Part(rotate(petal, turn) + heart, Tone.COAT, 0.55 + 0.2 * (number % 2)))
    radius = 0.05 + 0.07 * looks.mouth_length
    parts.append(Part(ellipse(heart, (radius, radius)), Tone.SECOND, 0.95))
    size = 0.012 + 0.012 * looks.ornament_length
    for number in range(petals):
        at = rotate(np.array([(radius + 0.05, 0.0)]), 360 * (number + 0.5) / petals)[0] + heart
        parts.append(Part(ellipse((float(at[0]), float(at[1])), (size, size)), Tone.FIRST, 1.0))
    return Body(parts=parts, front=heart, rear=(0.0, -0.40))


def fern(looks: Looks, stance: Stance) -> Body:
    """A fern frond: leaflets in pairs on a bent rib."""
    rib = arc((0.0, -0.48), 1.0, 90 - 12 * stance.curl, 24 * stance.curl, points=17)
    parts: list[Part] = []
    pairs = looks.limb_count + 2
    length = 0.20 + 0.18 * looks.limb_length
    width = (0.085 - 0.05 * looks.elongation) * 7 / pairs
    power = {"round": 0.9, "forked": 1.0, "pointed": 1.5, "fan": 0.65}[looks.tail]
    for place in np.linspace(4, 15, pairs):
        foot = rib[round(place)]
        share = 1 - 0.75 * (place - 4) / 12 if looks.head_size > 0.5 else 0.55 + 0.45 * np.sin((place - 2) / 14 * np.pi)
        for side in (-1, 1):
            leaflet = ellipse((length * share * 0.6, 0), (length * share * 0.6, width + 0.02), power=power)
            parts.append(Part(rotate(leaflet, 90 - side * (62 - 25 * looks.tail_length)) + foot, Tone.COAT, 0.6))
    parts.append(Part(ribbon(rib, 0.026, 0.010), Tone.FIRST, 0.5))
    tip = (float(rib[-1, 0]), float(rib[-1, 1]))
    parts += [Part(o, Tone.SECOND, 0.6) for o in ornament(looks.ornament, tip, 0.08 + 0.12 * looks.ornament_length)]
    return Body(parts=parts, front=tip, rear=(0.0, -0.48))


def cactus(looks: Looks, stance: Stance) -> Body:
    """A column with arms."""
    girth = 0.17 - 0.08 * looks.elongation
    trunk = arc((0, -0.46), 0.85, 90 - 6 * stance.curl, 12 * stance.curl)
    parts: list[Part] = []
    for number in range(looks.limb_count - 1):
        side = 1 if number % 2 else -1
        foot = trunk[2 + number] if 2 + number < len(trunk) else trunk[-2]
        length = 0.24 + 0.25 * looks.limb_length
        path = arc((float(foot[0]), float(foot[1])), length, 90 - side * 85, side * 80)
        parts.append(Part(ribbon(path, girth * 0.5, girth * (0.35 + 0.3 * looks.tail_length)), Tone.COAT, 0.5))
    parts.append(Part(ribbon(trunk, girth, girth * (0.55 + 0.5 * looks.head_size)), Tone.COAT, 0.75))
    top = trunk[-1]
    parts.append(
        Part(ellipse((float(top[0]), float(top[1])), (girth * (0.55 + 0.5 * looks.head_size), 0.08)), Tone.COAT, 0.75)
    )
    bloom = 0.05 + 0.08 * looks.mouth_length
    crown = (float(top[0]), float(top[1]) + 0.08)
    parts.append(Part(ellipse(crown, (bloom * 1.3, bloom)), Tone.SECOND, 0.9))
    parts += [Part(o, Tone.FIRST, 0.9) for o in ornament(looks.ornament, crown, 0.08 + 0.14 * looks.ornament_length)]
    return Body(parts=parts, front=crown, rear=(0.0, -0.46))


def mushroom(looks: Looks, stance: Stance) -> Body:
    """A cap on a stalk, with a ring."""
    girth = 0.06 + 0.06 * looks.head_size
    width = 0.26 + 0.20 * looks.limb_length
    height = 0.16 + 0.26 * looks.elongation
    stalk = arc((0.0, -0.46), 0.56, 90 - 10 * stance.curl, 20 * stance.curl)
    parts = [Part(ribbon(stalk, girth * (1 + 0.6 * looks.tail_length), girth), Tone.COAT, 0.5)]
    top = stalk[-1]
    ring = stalk[5]
    size = 0.06 + 0.06 * looks.ornament_length
    parts.append(Part(ellipse((float(ring[0]), float(ring[1])), (girth + size, size * 0.5)), Tone.SECOND, 0.65))
    parts.append(Part(ellipse((float(top[0]), float(top[1])), (width * 0.9, 0.07)), Tone.SECOND, 0.55))
    angles = np.linspace(0, np.pi, 24)
    power = {"round": 0.8, "forked": 1.0, "pointed": 1.7, "fan": 0.5}[looks.tail]
    rim = np.stack([np.cos(angles) * width, np.sin(angles) ** power * height], axis=1)
    brim = np.array([(-width * 0.5, -0.05), (0.0, -0.02), (width * 0.5, -0.05)])
    parts.append(Part(np.concatenate([rim, brim]) + top, Tone.COAT, 0.9))
    return Body(parts=parts, front=(float(top[0]), float(top[1]) + height), rear=(0.0, -0.46))


def coral(looks: Looks, stance: Stance) -> Body:
    """Branches that fork from one foot."""
    parts: list[Part] = []
    width = 0.075 - 0.03 * looks.elongation
    tones = (Tone.FIRST, Tone.SECOND)
    for number, heading in enumerate(np.linspace(35, 145, looks.limb_count)):
        bend = 12 * np.sin(stance.gait + number) + 20 * stance.curl
        path = arc((0, -0.44), 0.5 + 0.25 * looks.limb_length, heading, (90 - heading) * 0.5 + bend)
        parts.append(Part(ribbon(path, width * 1.2, width * 0.8), Tone.COAT, 0.6))
        for fork, side in ((5, 1), (6, -1)):
            at = (float(path[fork, 0]), float(path[fork, 1]))
            twig = arc(at, 0.14 + 0.16 * looks.tail_length, heading + side * 45, -side * 30)
            parts.append(Part(ribbon(twig, width * 0.8, width * 0.6), Tone.COAT, 0.6))
            tip = 0.03 + 0.05 * looks.head_size
            parts.append(
                Part(ellipse((float(twig[-1, 0]), float(twig[-1, 1])), (tip, tip)), tones[(number + fork) % 2], 0.8)
            )
    foot = 0.16 + 0.14 * looks.mouth_length
    parts.append(Part(ellipse((0, -0.44), (foot, 0.07)), Tone.COAT, 0.7))
    return Body(parts=parts, front=(0.0, 0.30), rear=(0.0, -0.46))
