"""Names for all groups and species of a world, from a stream of their own: looks have no part in them, unless asked."""

from dataclasses import dataclass

import numpy as np

from thuja.biosphere import coinage
from thuja.biosphere.config import WorldConfig
from thuja.biosphere.traits import Looks
from thuja.biosphere.tree import Ints
from thuja.taxonomy import Rank, Taxon

_GROUPS = (Rank.KINGDOM, Rank.PHYLUM, Rank.CLASS, Rank.ORDER, Rank.FAMILY, Rank.GENUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A species' lineage, with its English name, and its Spanish name."""

    taxon: Taxon
    common_es: str


def christen(groups: Ints, looks: list[Looks], config: WorldConfig, generator: np.random.Generator) -> list[Names]:
    """Names for groups (6, S), kingdom to genus, and their species.

    A family shares its stem with its first genus, as Corvidae with Corvus. A share of the genera is named as a genus
    of another kingdom is, and a share of the species for what it looks like.
    """
    taken: set[str] = set()
    names = _group_names(groups, config, generator, taken)
    families = np.unique(groups[Rank.FAMILY])
    nouns = {int(family): coinage.unique(lambda: coinage.common_noun(generator), taken) for family in families}
    nouns_es = {int(family): coinage.unique(lambda: coinage.common_noun_es(generator), taken) for family in families}
    # Descriptions draw from a stream of their own, so that the knob changes no other name.
    telling = generator.spawn(1)[0]
    found = []
    for species, own_looks in enumerate(looks):
        family = int(groups[Rank.FAMILY, species])
        above = [names[rank][int(groups[rank, species])] for rank in _GROUPS]
        epithet = coinage.unique(lambda: coinage.epithet(generator), taken)
        common = coinage.unique(lambda: coinage.common_name(generator, nouns[family]), taken)  # noqa: B023 (called at once)
        common_es = coinage.unique(lambda: coinage.common_es(generator, nouns_es[family]), taken)  # noqa: B023
        teller = _Teller(own_looks, above[-1], telling, taken)
        is_descriptive = telling.random(3) < config.descriptive
        if is_descriptive[0]:
            epithet = teller.epithet() or epithet
        if is_descriptive[1]:
            common = teller.common("en", nouns[family]) or common
        if is_descriptive[2]:
            common_es = teller.common("es", nouns_es[family]) or common_es
        found.append(Names(taxon=Taxon.from_names([*above, epithet], common=common), common_es=common_es))
    return found


def _group_names(
    groups: Ints, config: WorldConfig, generator: np.random.Generator, taken: set[str]
) -> list[dict[int, str]]:
    """The names of the groups of each rank, kingdom to genus, by number."""
    genera = np.unique(groups[Rank.GENUS])
    stems = {int(genus): _stem(generator, taken) for genus in genera}
    names: list[dict[int, str]] = []
    for rank in _GROUPS[: Rank.GENUS]:
        names.append({})
        for group in np.unique(groups[rank]):
            first = int(np.argmax(groups[rank] == group))
            genus = int(groups[Rank.GENUS, first])
            # A family split from another may hold the same first genus only if it holds it whole.
            own = stems[genus] if rank == Rank.FAMILY else _stem(generator, taken)
            names[-1][int(group)] = coinage.group(generator, own, rank, int(groups[Rank.KINGDOM, first]))
    names.append({genus: coinage.genus(generator, own) for genus, own in stems.items()})
    _share_names(names[Rank.GENUS], groups, round(config.homonyms * len(genera)), generator)
    return names


def _stem(generator: np.random.Generator, taken: set[str]) -> str:
    return coinage.unique(lambda: coinage.stem(generator), taken)


def _share_names(names: dict[int, str], groups: Ints, wanted: int, generator: np.random.Generator) -> None:
    """Give that many genera the name of a genus of another kingdom, each name to two genera at the most."""
    kingdom = dict(zip(groups[Rank.GENUS].tolist(), groups[Rank.KINGDOM].tolist(), strict=True))
    order = generator.permutation(sorted(names)).tolist()
    used: set[int] = set()
    for genus in order[:wanted]:
        host = next(
            (other for other in reversed(order) if kingdom[other] != kingdom[genus] and other not in used), None
        )
        if genus not in used and host is not None:
            names[genus] = names[host]
            used |= {genus, host}


@dataclass(frozen=True, slots=True)
class _Teller:
    """Names that tell what a species looks like; None where nothing stands out, or another species has the name."""

    looks: Looks
    genus: str
    generator: np.random.Generator
    taken: set[str]

    def epithet(self) -> str | None:
        """Several genera may share an epithet, as in life, but no two species of one genus."""
        told = coinage.descriptive_epithet(self.generator, self.looks, self.looks.body_plan, genus=self.genus)
        if told is None or told in self.taken:  # coined ones stand there without a genus
            return None
        return told if self._is_fresh(f"{self.genus} {told}") else None

    def common(self, language: str, noun: str) -> str | None:
        """An adjective and the noun of the family."""
        plan = self.looks.body_plan
        told = coinage.descriptive_common(self.generator, self.looks, plan, noun=noun, language=language)
        return told if self._is_fresh(told) else None

    def _is_fresh(self, name: str | None) -> bool:
        if name is None or name.lower() in self.taken:
            return False
        self.taken.add(name.lower())
        return True
