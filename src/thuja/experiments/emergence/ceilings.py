"""What could be had at most, or without looking: by the truth of the same pictures, by kin, by the ground alone.

`truth`: all that the viewed pictures show of the organism, as numbers, read as any space is. `kin`: the best linear
prediction along the true tree. `ground`: the same pictures on their own grounds with nobody in them, as a network
sees them that knows ImageNet. `bayes`: Bayes' rule on what a picture shows, for the species alone.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.bayes import Rule
from thuja.biosphere.card_bayes import classes_of
from thuja.biosphere.draw import draw
from thuja.biosphere.evolution import columns_of, names_of
from thuja.biosphere.probes import Split, class_from_kin, from_kin
from thuja.biosphere.roles import Role
from thuja.biosphere.seen import Seen as Shown
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.world import World
from thuja.embeddings import normalized
from thuja.encode.towers import imagenet_tower
from thuja.errors import UnknownName
from thuja.experiments.emergence.across import balanced, explained, folds_of
from thuja.experiments.emergence.measure import FOLDS, SEED, Scores, ecology_scores, tree_scores
from thuja.experiments.emergence.views import conditions, viewed_sightings
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CEILINGS: Final = ("truth", "kin", "ground")


def ceiling(name: str, world: World, is_held: Flags, *, pixels: int) -> Scores:
    """The scores of one of CEILINGS in a world; raises UnknownName."""
    if name == "truth":
        return truth_scores(world, is_held)
    if name == "kin":
        return kin_scores(world)
    if name == "ground":
        return ground_scores(world, is_held, pixels=pixels)
    raise UnknownName.of("ceiling", name, CEILINGS)


def truth_scores(world: World, is_held: Flags) -> Scores:
    """The tree and ecology in what pictures on no ground show, and how often Bayes' rule names species by it."""
    sightings = _sightings(world, "neutral")
    shown = Shown.of([one.specimen for one in sightings], [one.scene for one in sightings])
    features = shown.features()
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    vectors = normalized(np.clip(features, -3, 3)).reshape(len(world.species), len(conditions()), -1)
    found = tree_scores(vectors, world, is_held) | ecology_scores(vectors, world, np.random.default_rng(SEED))
    scores = {f"{name}_neutral": value for name, value in found.items()}
    return scores | {"species_neutral": _named(world, is_held, sightings)}


def kin_scores(world: World) -> Scores:
    """What kin of other families tell of habitats, traits and hidden variables, by the same folds."""
    folds = folds_of(world.clades[Rank.FAMILY], FOLDS, np.random.default_rng(SEED))
    ancestry = Ancestry.of(world.tree)
    states = [
        np.array([HABITATS.index(getattr(species, name)) for species in world.species])
        for name in ("habitat", "shadow_habitat")
    ]
    roles = {role: columns_of(names_of(world.roles, role)) for role in (Role.CONVERGENT, Role.DECOY, Role.DIAGNOSTIC)}
    hidden = np.array([species.hidden for species in world.species])
    truth = np.concatenate([*(world.liabilities[:, columns] for columns in roles.values()), hidden], axis=1)
    said, classes = np.empty_like(truth), [np.empty_like(one) for one in states]
    for fold in np.unique(folds):
        split = Split(train=np.flatnonzero(folds != fold), test=np.flatnonzero(folds == fold), clusters=folds)
        said[split.test] = from_kin(truth, ancestry, split)
        for place, one in enumerate(states):
            classes[place][split.test] = class_from_kin(one, ancestry, split)
    r2 = explained(said, truth, folds)
    ends = np.cumsum([len(columns) for columns in roles.values()])
    found = {role.value: float(part.mean()) for role, part in zip(roles, np.split(r2, ends), strict=False)}
    found |= {f"hidden_{place}": float(value) for place, value in enumerate(r2[ends[-1] :], start=1)}
    found |= {"habitat": balanced(classes[0], states[0]), "shadow": balanced(classes[1], states[1])}
    return {f"{name}_neutral": value for name, value in found.items()}


def ground_scores(world: World, is_held: Flags, *, pixels: int) -> Scores:
    """The tree and ecology in pictures of species' own grounds with nobody in them."""
    tower, rows = imagenet_tower(), []
    sightings = _sightings(world, "own")
    for start in range(0, len(sightings), 256):
        part = sightings[start : start + 256]
        rows.append(tower([draw(one.specimen, replace(one.scene, is_empty=True), pixels) for one in part]))
    vectors = normalized(np.concatenate(rows).astype(np.float64)).reshape(len(world.species), len(conditions()), -1)
    found = tree_scores(vectors, world, is_held) | ecology_scores(vectors, world, np.random.default_rng(SEED))
    return {f"{name}_own": value for name, value in found.items()}


def _sightings(world: World, ground: str) -> list[Sighting]:
    return [
        sighting
        for species in range(len(world.species))
        for _, drawn_on, sighting in viewed_sightings(world, species)
        if drawn_on == ground
    ]


def _named(world: World, is_held: Flags, sightings: list[Sighting]) -> float:
    taught = np.flatnonzero(~is_held)
    plan = conditions()
    shares, prior = np.full(len(plan), 1 / len(plan)), np.full(len(taught), 1 / len(taught))
    rule = Rule.of(classes_of(world, taught, prior, conditions=plan, shares=shares))
    asked = [one for one in sightings if one.species is not None and not is_held[one.species.number]]
    posterior = rule.posterior(Shown.of([one.specimen for one in asked], [one.scene for one in asked]))
    own = np.repeat(np.arange(len(taught)), len(plan))
    return float((posterior.species.argmax(axis=1) == own).mean())
