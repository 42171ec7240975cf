"""Names for all groups and species of a world, from a stream of their own: looks have no part in them, unless asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Whom to name: clades and label groups (6, S), kingdom to genus; the species' looks; the traits not to tell."""

    clades: Ints
    groups: Ints
    looks: Sequence[Looks]
    untold: Collection[str] = ()


def christen(called: Called, config: WorldConfig, generator: np.random.Generator) -> list[Names]:
    """Names for all groups and species.

    A family shares its stem with its first genus, as Corvidae with Corvus. A share of the genera is named as a genus
    of another kingdom is, and a share of the species for what it looks like.
    """
    # A stream each, so that one kind of name changes no other.
    new, shared, telling = generator.spawn(3)
    taken: set[str] = set()
    names = _clade_names(called.clades, generator, taken)
    families = np.unique(called.clades[Rank.FAMILY]).tolist()
    nouns = {family: coinage.unique(lambda: coinage.common_noun(generator), taken) for family in families}
    nouns_es = {family: coinage.unique(lambda: coinage.common_noun_es(generator), taken) for family in families}
    species = range(len(called.looks))
    epithets = [coinage.unique(lambda: coinage.epithet(generator), taken) for _ in species]
    _name_new_groups(names, called, new, taken=taken)
    for family in np.unique(called.groups[Rank.FAMILY]).tolist():
        if family not in nouns:
            nouns[family] = coinage.unique(lambda: coinage.common_noun(new), taken)
            nouns_es[family] = coinage.unique(lambda: coinage.common_noun_es(new), taken)
    wanted = round(config.homonyms * len(np.unique(called.groups[Rank.GENUS])))
    _share_names(names[Rank.GENUS], called.groups, wanted, generator=shared)
    found = []
    for number in species:
        family = int(called.groups[Rank.FAMILY, number])
        common = coinage.unique(partial(coinage.common_name, generator, nouns[family]), taken)
        common_es = coinage.unique(partial(coinage.common_es, generator, nouns_es[family]), taken)
        above = [names[rank][int(called.groups[rank, number])] for rank in _GROUPS]
        teller = _Teller(called.looks[number], above[-1], called.untold, telling, taken)
        is_descriptive = telling.random(3) < config.descriptive
        epithet = epithets[number]
        if is_descriptive[0]:
            epithet = teller.epithet() or epithet
        if is_descriptive[1]:
            common = teller.common("en", nouns[family]) or common
        if is_descriptive[2]:
            common_es = teller.common("es", nouns_es[family]) or common_es
        found.append(Names(taxon=Taxon.from_names([*above, epithet], common=common), common_es=common_es))
    return found


def _clade_names(clades: Ints, generator: np.random.Generator, taken: set[str]) -> list[dict[int, str]]:
    """The names of the true clades of each rank, kingdom to genus, by number."""
    stems = {genus: _stem(generator, taken) for genus in np.unique(clades[Rank.GENUS]).tolist()}
    names: list[dict[int, str]] = []
    for rank in _GROUPS[: Rank.GENUS]:
        names.append({})
        for clade in np.unique(clades[rank]).tolist():
            first = int(np.argmax(clades[rank] == clade))
            own = stems[int(clades[Rank.GENUS, first])] if rank == Rank.FAMILY else _stem(generator, taken)
            names[-1][clade] = coinage.group(generator, own, rank, int(clades[Rank.KINGDOM, first]))
    names.append({genus: coinage.genus(generator, own) for genus, own in stems.items()})
    return names


def _name_new_groups(
    names: list[dict[int, str]], called: Called, generator: np.random.Generator, *, taken: set[str]
) -> None:
    """Names for the groups that labels have and the tree does not, beside those of the clades."""
    for rank in (Rank.FAMILY, Rank.GENUS):
        for group in np.unique(called.groups[rank]).tolist():
            if group not in names[rank]:
                own = _stem(generator, taken)
                kingdom = int(called.groups[Rank.KINGDOM, int(np.argmax(called.groups[rank] == group))])
                is_genus = rank == Rank.GENUS
                name = coinage.genus(generator, own) if is_genus else coinage.group(generator, own, rank, kingdom)
                names[rank][group] = name


def _stem(generator: np.random.Generator, taken: set[str]) -> str:
    return coinage.unique(lambda: coinage.stem(generator), taken)


def _share_names(names: dict[int, str], groups: Ints, wanted: int, *, generator: np.random.Generator) -> None:
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
    untold: Collection[str]
    generator: np.random.Generator
    taken: set[str]

    def epithet(self) -> str | None:
        """Several genera may share an epithet, as in life, but no two species of one genus."""
        told = coinage.descriptive_epithet(self.generator, self.looks, genus=self.genus, untold=self.untold)
        if told is None or told in self.taken:  # coined ones stand there without a genus
            return None
        return told if self._is_fresh(f"{self.genus} {told}") else None

    def common(self, language: str, noun: str) -> str | None:
        """An adjective and the noun of the family."""
        told = coinage.descriptive_common(self.generator, self.looks, noun=noun, language=language, untold=self.untold)
        return told if told is not None and self._is_fresh(told) else None

    def _is_fresh(self, name: str) -> bool:
        if name.lower() in self.taken:
            return False
        self.taken.add(name.lower())
        return True
