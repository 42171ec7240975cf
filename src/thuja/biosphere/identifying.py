"""What people call what they saw: right, to the family only, wrong, or written in a way that a resolver has to read."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thuja.biosphere.slips import SLIPS, written
from thuja.biosphere.world import Species, World
from thuja.taxonomy import Rank, Taxon

_KIN_SHARE: Final = 0.8
"""How many wrong labels name a species of the same genus, or family where it is alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The taxon that was meant, how its name was written, and what is wrong with it.

    `fault` is "" for a right label, "family only", "wrong", or "dirty: " and the kind of slip (slips.SLIPS).
    The taxon of a dirty label is the true one, as deep as what is written allows: what a resolver ought to find.
    """

    taxon: Taxon = field(default_factory=Taxon)
    written: str = ""
    fault: str = ""


def label_of(world: World, species: Species, generator: np.random.Generator) -> Label:
    """One observation's label."""
    config, taxon = world.config, species.taxon
    draw = generator.random()
    if draw < config.family_only:
        return Label(taxon=taxon.at(Rank.FAMILY), written=taxon.family, fault="family only")
    draw -= config.family_only
    if draw < config.wrong and len(world.species) > 1:
        other = _mistaken(world, species, generator)
        return Label(taxon=other, written=other.scientific_name, fault="wrong")
    draw -= config.wrong
    if draw < config.dirty:
        told = written(taxon, generator, kin=_kin(world, species))
        return Label(taxon=taxon.at(SLIPS[told.slip].best), written=told.text, fault=f"dirty: {told.slip}")
    return Label(taxon=taxon, written=taxon.scientific_name)


def _mistaken(world: World, species: Species, generator: np.random.Generator) -> Taxon:
    """Another species, mostly a near one."""
    kin = _kin(world, species)
    pool = kin if kin and generator.random() < _KIN_SHARE else [s.taxon for s in world.species if s is not species]
    return pool[int(generator.integers(len(pool)))]


def _kin(world: World, species: Species) -> list[Taxon]:
    """The other species of its genus, or of its family where it has none."""
    groups = world.labelling.groups
    for rank in (Rank.GENUS, Rank.FAMILY):
        near = np.flatnonzero(groups[rank] == groups[rank, species.number])
        if len(near) > 1:
            return [world.species[int(number)].taxon for number in near if number != species.number]
    return []
