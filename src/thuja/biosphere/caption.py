"""One true sentence about a picture, of at most twenty words, that says only what can be seen in it."""

import numpy as np

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.colours import colour_name, colour_pair
from thuja.biosphere.sighting import Sighting

_MARKS = {
    "bands": "bands",
    "stripes": "lengthwise stripes",
    "spots": "spots",
    "blotches": "blotches",
    "rings": "rings",
    "checks": "checks",
    "net": "net of lines",
    "chevrons": "chevrons",
}
_WHERE = {
    "water": "in rippling water",
    "soil": "on stony soil",
    "leaf": "on a veined leaf",
    "sand": "on rippled sand",
    "night": "in the night",
}

_STEEP = 45.0
"""Turned by more degrees than these, a specimen faces up or down rather than left or right."""


def caption(sighting: Sighting) -> str:
    """The sentence: stage, colours, body plan, pattern, a part in plain view, heading and habitat."""
    specimen, scene = sighting.specimen, sighting.scene
    traits, plan = specimen.traits, PLANS[specimen.traits.body_plan]
    generator = np.random.default_rng(specimen.coat_seed)
    first, second = (colour_name(colour) for colour in colour_pair(traits))
    if specimen.is_reversed:
        first, second = second, first
    article = "a " if traits.pattern == "net" else ""
    marks = f"{article}{second} {_MARKS[traits.pattern]}"
    looks = f"{'young ' if specimen.stage == 'juvenile' else ''}{first} {plan.noun}"
    # What an occluder or a blur may hide is left unsaid.
    shown = sorted(plan.shows) if not scene.occluders and scene.blur < 0.6 else []
    if shown and generator.random() < 0.6:
        trait = shown[int(generator.integers(len(shown)))]
        word = plan.shows[trait]
        marks += f" and {'' if word.endswith('s') else 'a '}{getattr(traits, trait)} {word}"
    heads_aside = plan.faces and abs(scene.angle) < _STEEP
    side = f" facing {'left' if scene.is_mirrored else 'right'}" if heads_aside and generator.random() < 0.5 else ""
    return f"{_with_article(looks)} with {marks}{side} {_WHERE[scene.habitat]}."


def _with_article(words: str) -> str:
    return f"{'An' if words[0] in 'aeiou' else 'A'} {words}"
