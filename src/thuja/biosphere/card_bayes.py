"""The ceilings: Bayes' rule with the world's own means, variances and frequencies, on what each picture shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.bayes import Classes, Posterior, Seen, ailing, posterior
from thuja.biosphere.scene import SEASONS, SEXES, STAGES
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.within import AILMENTS, Condition
from thuja.biosphere.world import World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SEVERITIES: Final = 3
"""Ill specimens fall into so many equal parts by severity, each standing for its middle."""
_LEAST_VARIANCE: Final = 1e-4
"""What a variance of nought counts as, or no specimen would be likely enough to reckon with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Posteriors over species and over `conditions`."""

    posterior: Posterior
    conditions: tuple[Condition, ...]


def ceiling(world: World, species: Ints, prior: Floats, sightings: Sequence[Sighting]) -> Ceiling:
    """The posteriors of sightings among some species (numbers in the world, with their frequencies `prior`).

    How often conditions occur is counted over the same sightings, each axis by itself: that is what a
    model could learn at best.
    """
    conditions, shares = conditions_of([sighting.observation.condition for sighting in sightings])
    classes = classes_of(world, species, prior, conditions, shares)
    seen = Seen.of(
        [sighting.specimen.looks for sighting in sightings],
        [sighting.scene.view for sighting in sightings],
        [sighting.specimen.ailments for sighting in sightings],
    )
    return Ceiling(posterior=posterior(classes, seen), conditions=tuple(conditions))


def conditions_of(met: Sequence[Condition]) -> tuple[list[Condition], Floats]:
    """All conditions that specimens may be in, and how often (K,), from those that were met."""
    shares = []
    for values, of in ((STAGES, "stage"), (SEXES, "sex"), (SEASONS, "season")):
        found = np.array([sum(getattr(one, of) == value for one in met) for value in values], dtype=float)
        shares.append((found + 0.5) / (found + 0.5).sum())
    severities = np.sort([one.severity for one in met if one.ailment])
    parts = [part for part in np.array_split(severities, _SEVERITIES) if len(part)]
    levels = [0.0, *(float(part.mean()) for part in parts)]
    ill = np.array([1 - len(severities) / len(met), *(len(part) / len(met) for part in parts)])
    conditions = [
        Condition(stage=stage, sex=sex, season=season, ailment=AILMENTS[0] if level else "", severity=level)
        for stage, sex, season, level in product(STAGES, SEXES, SEASONS, levels)
    ]
    joint = np.array([float(np.prod(one)) for one in product(*shares, np.maximum(ill, 1e-9))])
    return conditions, joint / joint.sum()


def classes_of(world: World, species: Ints, prior: Floats, conditions: Sequence[Condition], shares: Floats) -> Classes:
    """The classes of some species in these conditions, with how often each is met."""
    return Classes(
        means=np.array([[world.mean(int(number), condition) for condition in conditions] for number in species]),
        variances=np.maximum(world.variation.spread**2, _LEAST_VARIANCE),
        plans=tuple(world.species[int(number)].looks.body_plan for number in species),
        species_prior=prior,
        condition_prior=shares,
        ailing=np.array([ailing(world.variation.ailments(condition)) for condition in conditions]),
    )
