"""The ceilings, by Bayes' rule with the world's own means, variances and frequencies; and what is told unseen.

Two ceilings: one for whatever goes by the organism, and one for whatever goes by the ground and the camera as
well. Neither sees the site, whose fixed ground a camera trap's pictures betray; what that would tell at most
stands beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.bayes import Classes, Evidence, Posterior, Rule, log, summed
from thuja.biosphere.card_scores import Asked
from thuja.biosphere.probes import Score, class_from_all_other_kin, score
from thuja.biosphere.scene import SEASONS, SEXES, STAGES, Camera
from thuja.biosphere.seen import Seen, ailing
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.sites import CAMERAS
from thuja.biosphere.traits import HABITATS, NEUTRAL
from thuja.biosphere.within import AILMENTS, Condition
from thuja.biosphere.world import World

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TRAITS_ALONE: Final = "true visible traits"
WITH_CONTEXT: Final = "true visible traits and context"
PLAN: Final = "the body plan"
PLACE: Final = "the place"
KIN: Final = "all other species' habitats"
_SEVERITIES: Final = 8
"""Ill specimens fall into so many equal parts by severity, each standing for its mean."""
_LEAST_VARIANCE: Final = 1e-4
"""What a variance of nought counts as, or no specimen would be likely enough to reckon with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingRow:
    """How well a target is told from `source`, and how sure the rule is of its answers: its mean best probability.

    Accuracy is of the likeliest answer, macro accuracy of the one that is likeliest beside how common it is.
    """

    source: str
    target: str
    score: Score
    sureness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenRow:
    """How well a target is told without a look at the organism: from its body plan alone, its site, or its kin."""

    source: str
    target: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """Bayes' rule for the species that are asked about, and the conditions (K,) that each of them may be in."""

    rule: Rule
    conditions: tuple[Condition, ...]

    @classmethod
    def of(cls, world: World, asked: Asked, met: Sequence[Sighting]) -> "Reckoning":
        """The rule; how often conditions occur is counted over sightings `met` at random, each axis by itself."""
        counts = np.bincount(asked.labels["species"])
        conditions, shares = conditions_of([one.observation.condition for one in met if one.species and not one.frame])
        classes = classes_of(world, asked.numbers, counts / counts.sum(), conditions=conditions, shares=shares)
        return cls(rule=Rule.of(classes), conditions=tuple(conditions))


def ceiling_rows(world: World, asked: Asked, reckoning: Reckoning) -> tuple[CeilingRow, ...]:
    """Both ceilings on the pictures that probes are tested on."""
    rule = reckoning.rule
    seen = Seen.of([one.specimen for one in asked.sightings], [one.scene for one in asked.sightings])
    found = {
        TRAITS_ALONE: rule.posterior(seen),
        WITH_CONTEXT: rule.posterior(seen, context(world, asked, reckoning)),
    }
    rows = []
    for source, posterior in found.items():
        for target, (said, result) in _told(posterior, asked, reckoning.conditions).items():
            rows.append(CeilingRow(source=source, target=target, score=result, sureness=float(said.max(axis=1).mean())))
    return tuple(rows)


def unseen_rows(
    world: World, asked: Asked, reckoning: Reckoning, *, ancestry: Ancestry | None
) -> tuple[UnseenRow, ...]:
    """What the body plan alone, the site alone, and kin tell: of the latter only the habitat.

    Neither body plan nor site says anything of stage and sex: there it is the prior that answers.
    """
    plans = np.array([world.species[number].looks.body_plan for number in asked.numbers])
    own = np.array([one.specimen.looks.body_plan for one in asked.sightings])
    evidence = {PLAN: log((own[:, None] == plans).astype(float)), PLACE: place(world, asked)}
    rows = [
        UnseenRow(source=source, target=target, score=result)
        for source, values in evidence.items()
        for target, (_, result) in _told(reckoning.rule.unseen(values), asked, reckoning.conditions).items()
    ]
    if ancestry is not None:
        habitats = np.array([HABITATS.index(world.species[number].habitat) for number in ancestry.species])
        by_kin = class_from_all_other_kin(habitats, ancestry)[np.searchsorted(ancestry.species, asked.numbers)]
        test = asked.split.test
        said = by_kin[asked.labels["species"]][test]
        result = score(said, asked.labels["habitat"][test], asked.split.clusters[test])
        rows.append(UnseenRow(source=KIN, target="habitat", score=result))
    return tuple(rows)


def context(world: World, asked: Asked, reckoning: Reckoning) -> Evidence:
    """What pictures tell beside the organism: the ground of its habitat, its camera's kind, and a stamp's date.

    A neutral ground tells nothing. The site is not seen, and so neither is what its fixed ground tells of ranges.
    Cameras count as often as they took observations. What was brought indoors is never met again, so of one picture
    an individual up to 1.4 times as many are of it, in all species alike: that is left out of account.
    """
    share = np.array([CAMERAS.index(one.observation.camera) for one in asked.sightings])
    species = log(world.camera_shares[asked.numbers][:, share].T) + _ground(
        world, asked.numbers, [one.scene.habitat for one in asked.sightings]
    )
    seasons = np.array([one.season for one in reckoning.conditions])
    is_dated = np.array([one.scene.camera is Camera.CAMERA_TRAP and bool(one.scene.stamp) for one in asked.sightings])
    own = np.array([one.specimen.season for one in asked.sightings])
    return Evidence(species=species, conditions=log(np.where(is_dated[:, None], own[:, None] == seasons, True) * 1.0))


def place(world: World, asked: Asked) -> Floats:
    """The log likelihood (N, S) of each sighting's site in each species that is asked about, by habitat and range."""
    ranges = world.ranges[asked.numbers]
    habitats = np.array([site.habitat for site in world.sites])
    sites = np.array([one.observation.site.number for one in asked.sightings])
    # Which habitat is drawn first, then a site of that habitat by the range.
    of_habitat = np.stack([ranges[:, habitats == name].sum(axis=1) for name in HABITATS])  # (H, S)
    places = np.array([HABITATS.index(name) for name in habitats])[sites]
    within = log(ranges[:, sites].T) - log(of_habitat[places])
    return within + _ground(world, asked.numbers, [habitats[site] for site in sites])


def _ground(world: World, numbers: Ints, grounds: Sequence[str]) -> Floats:
    """The log likelihood (N, S) of standing on each ground, by how often species are at home on theirs."""
    own = np.array([world.species[number].habitat for number in numbers])
    shown = np.array(grounds)[:, None]
    elsewhere = (1 - world.config.home) / len(HABITATS)
    return np.where(shown == NEUTRAL, 0.0, log(elsewhere + world.config.home * (shown == own)))


def _told(posterior: Posterior, asked: Asked, conditions: Sequence[Condition]) -> Mapping[str, tuple[Floats, Score]]:
    """The probabilities (M, C) of each target on the test pictures, and their score."""
    test, found = asked.split.test, {}
    for target, truth in asked.labels.items():
        if target in ("stage", "sex"):
            known = STAGES if target == "stage" else SEXES
            groups = np.array([known.index(getattr(condition, target)) for condition in conditions])
            said = summed(posterior.conditions, groups)[test]
        else:
            said = summed(posterior.species, asked.per_species(target))[test]
        common = np.maximum(np.bincount(truth, minlength=said.shape[1]), 1e-9)
        plain = score(said.argmax(axis=1), truth[test], asked.split.clusters[test])
        even = score((said / common).argmax(axis=1), truth[test], asked.split.clusters[test])
        found[target] = (said, replace(even, accuracy=plain.accuracy))
    return found


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


def classes_of(
    world: World, species: Ints, prior: Floats, *, conditions: Sequence[Condition], shares: Floats
) -> Classes:
    """The classes of some species in these conditions, with how often each is met."""
    return Classes(
        means=np.array([[world.mean(int(number), condition) for condition in conditions] for number in species]),
        variances=np.maximum(world.variation.spread**2, _LEAST_VARIANCE),
        plans=tuple(world.species[int(number)].looks.body_plan for number in species),
        species_prior=prior,
        condition_prior=shares,
        ailing=np.array([ailing(world.variation.ailments(condition)) for condition in conditions]),
    )
