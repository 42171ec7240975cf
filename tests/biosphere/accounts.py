"""Species drawn at random, for tests of descriptions that need no world."""

from dataclasses import replace

import numpy as np
from tests.biosphere import scenes

from thuja.biosphere.describe import Account
from thuja.biosphere.habits import Habits
from thuja.biosphere.traits import HABITATS, PATTERNS, TRAITS, Looks


def moved(looks: Looks, generator: np.random.Generator) -> Looks:
    """The looks with some of their shares shifted, and at times another pattern."""
    shares = {
        name: float(np.clip(getattr(looks, name) + generator.normal(0, 0.2), 0, 1))
        for name, trait in TRAITS.items()
        if not trait.is_discrete and generator.random() < 0.3
    }
    pattern = PATTERNS[int(generator.integers(8))] if generator.random() < 0.3 else looks.pattern
    return replace(looks, pattern=pattern, **shares)


def account(generator: np.random.Generator, plan: str | None = None, **fields) -> Account:
    """A species whose sexes, ages and seasons may differ."""
    female = scenes.specimen(generator, plan).looks
    drawn = Account(
        binomial="Bralizvora venusta",
        common_names=("Ashby garrock", "garroca de Monteluz"),
        female=female,
        male=moved(female, generator) if generator.random() < 0.7 else female,
        juvenile=moved(female, generator),
        winter=moved(female, generator),
        habitat=HABITATS[int(generator.integers(5))],
        habits=Habits.of(generator),
    )
    return replace(drawn, **fields)
