"""What probes tell of what is shown: of species they have met, of species left out, and when grounds are exchanged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.card_pictures import Features, Shown
from thuja.biosphere.evolution import names_of
from thuja.biosphere.probes import Probe, Score, Split, class_from_kin, score
from thuja.biosphere.roles import Role
from thuja.biosphere.scene import SEXES, STAGES
from thuja.biosphere.seen import Seen
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.world import World
from thuja.taxonomy import Rank

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Table = Mapping[tuple[Shown, str], Features]
"""Features (N, D) of the same pictures by what is shown and how it is turned into numbers."""

TARGETS: Final = ("species", "genus", "family", "habitat", "stage", "sex")
PARTS: Final = (Shown.PICTURE, Shown.ORGANISM, Shown.BACKGROUND, Shown.SILHOUETTE)
SWAPPED: Final = {
    "picture": (Shown.OWN, Shown.OTHER),
    "background only": (Shown.OWN_BACKGROUND, Shown.OTHER_BACKGROUND),
    "organism cut out": (Shown.OWN_CUT, Shown.OTHER_CUT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """How well a probe of some features of what is shown tells a target, on new individuals of known species."""

    shown: str
    features: str
    target: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutRow:
    """How well the habitat is told of species that no training picture is of."""

    source: str
    features: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRow:
    """A probe for habitat that learnt on own grounds, asked on own grounds and on those of other habitats."""

    part: str
    features: str
    own: Score
    other: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Pictures with the truth of every target (N,), and which of them are learnt from.

    `numbers` (S,) are the species in the world; `labels["species"]` counts within those.
    """

    sightings: tuple[Sighting, ...]
    numbers: Ints
    labels: Mapping[str, Ints]
    split: Split

    @classmethod
    def of(cls, world: World, sightings: Sequence[Sighting], generator: np.random.Generator) -> "Asked":
        """Every question about these sightings; a third of each species' is asked, the rest learnt from."""
        numbers, species = np.unique([one.species.number for one in sightings if one.species], return_inverse=True)
        groups = world.labelling.groups[:, numbers]
        of_species = {
            "species": np.arange(len(numbers)),
            "genus": groups[Rank.GENUS],
            "family": groups[Rank.FAMILY],
            "habitat": np.array([HABITATS.index(world.species[number].habitat) for number in numbers]),
        }
        labels = {target: values[species] for target, values in of_species.items()}
        labels["stage"] = np.array([STAGES.index(one.specimen.stage) for one in sightings])
        labels["sex"] = np.array([SEXES.index(one.specimen.sex) for one in sightings])
        return cls(sightings=tuple(sightings), numbers=numbers, labels=labels, split=Split.by_row(species, generator))

    def per_species(self, target: str) -> Ints:
        """The label (S,) of each species, for a target that species have."""
        found = np.zeros(len(self.numbers), dtype=np.int64)
        found[self.labels["species"]] = self.labels[target]
        return found


def probe_rows(asked: Asked, features: Table) -> tuple[ProbeRow, ...]:
    """Every target told from every way of showing the pictures, by every kind of features."""
    rows = []
    for (shown, name), values in features.items():
        if shown in PARTS:
            probe = Probe(values, asked.split)
            rows += [
                ProbeRow(shown=shown.value, features=name, target=target, score=probe.score(labels))
                for target, labels in asked.labels.items()
            ]
    return tuple(rows)


def swap_rows(asked: Asked, features: Table) -> tuple[SwapRow, ...]:
    """What probes for habitat hang on: they learn on own grounds, then the grounds are exchanged."""
    split, truth = asked.split, asked.labels["habitat"]
    count = len(truth)
    both = Split(
        train=split.train, test=np.concatenate([split.test, split.test + count]), clusters=np.tile(split.clusters, 2)
    )
    clusters = split.clusters[split.test]
    rows = []
    for part, (own, other) in SWAPPED.items():
        for name in _names(features):
            said = Probe(np.concatenate([features[own, name], features[other, name]]), both).predict(np.tile(truth, 2))
            on_own, on_other = np.split(said, 2)
            rows.append(
                SwapRow(
                    part=part,
                    features=name,
                    own=score(on_own, truth[split.test], clusters),
                    other=score(on_other, truth[split.test], clusters),
                )
            )
    return tuple(rows)


def left_out_rows(
    world: World, asked: Asked, features: Table, *, ancestry: Ancestry, generator: np.random.Generator
) -> tuple[LeftOutRow, ...]:
    """The habitat of species left out, a third at a time: from kin, from true visible traits by role, from pictures."""
    species, truth = asked.labels["species"], asked.labels["habitat"]
    folds = Split.folds(np.arange(len(asked.numbers)), generator)
    of_rows = [
        Split(
            train=np.flatnonzero(np.isin(species, fold.train)),
            test=np.flatnonzero(np.isin(species, fold.test)),
            clusters=species,
        )
        for fold in folds
    ]
    own, kin = asked.per_species("habitat"), ancestry.among(asked.numbers)
    by_kin = np.zeros(len(asked.numbers), dtype=np.int64)
    for fold in folds:
        by_kin[fold.test] = class_from_kin(own, kin, fold)
    rows = [LeftOutRow(source="kin", features="the tree", score=score(by_kin[species], truth, species))]
    seen = Seen.of([one.specimen for one in asked.sightings], [one.scene for one in asked.sightings])
    sources: dict[tuple[str, str], Floats] = {("true visible traits", "all"): seen.features()}
    for role in (Role.CONVERGENT, Role.DECOY, Role.DIAGNOSTIC):
        sources["true visible traits", role.value] = seen.only(names_of(world.roles, role)).features()
    sources |= {(part.value, name): features[part, name] for part in PARTS[:3] for name in _names(features)}
    for (source, name), values in sources.items():
        said = np.zeros(len(truth), dtype=np.int64)
        for fold in of_rows:
            said[fold.test] = Probe(values, fold).predict(truth)
        rows.append(LeftOutRow(source=source, features=name, score=score(said, truth, species)))
    return tuple(rows)


def _names(features: Table) -> list[str]:
    return list(dict.fromkeys(name for _, name in features))
