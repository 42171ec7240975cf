"""What an organism is called in a prompt: its common name, or else its scientific one, or the taxon that it is in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from thuja.captions.prompts.quoting import quoted
from thuja.taxonomy import RANKS, Rank, Taxon

_LONGEST_NAME: Final = 120
_NO_SPECIES: Final = frozenset({"sp", "spp", "spec", "indet"})
"""Epithets that say that nobody knows the species, their full stop taken off."""


def name_of(taxon: Taxon, names: Sequence[str] = ()) -> str:
    """The name to be said: the first of `names`, or else the common name, or else the scientific one; "" for none."""
    first = next((name for name in names if name.strip()), "")
    return _plain(first or taxon.common or _known(taxon).scientific_name)


def organism(taxon: Taxon, names: Sequence[str] = ()) -> str:
    """What it is, for the eye: `common raven (Corvus corax)`, `a member of the family Corvidae`.

    >>> organism(Taxon(genus="Corvus", species="corax", common="common raven"))
    'common raven (Corvus corax)'
    >>> organism(Taxon(genus="Quercus", common="oaks"))
    'oaks (genus Quercus)'
    """
    name, taxon = name_of(taxon, names), _known(taxon)
    scientific = _plain(taxon.scientific_name)
    if not scientific or name.casefold() == scientific.casefold():
        return _as_member(taxon) if scientific else name
    is_species = taxon.rank is Rank.SPECIES
    return f"{name} ({scientific})" if is_species else f"{name} ({_rank_of(taxon)} {scientific})"


def naming(taxon: Taxon, names: Sequence[str] = (), *, is_name_wanted: bool = True) -> str:
    """The sentence that asks for the name, or forbids it."""
    name, taxon = name_of(taxon, names), _known(taxon)
    scientific = _plain(taxon.scientific_name)
    if not is_name_wanted:
        return "Do not name it: say neither a common nor a scientific name, nor that of its group."
    if not name:
        return "Do not guess its name."
    is_group = name.casefold() == scientific.casefold() and taxon.rank is not Rank.SPECIES
    said = _as_member(taxon) if is_group else f'"{name}"'
    return f"Name it once, as {said}, where it fits into the sentence."


def lineage(taxon: Taxon) -> str:
    """The names above the species, nearest first: `genus Corvus, family Corvidae, ..., kingdom Animalia`."""
    above = [rank for rank in reversed(RANKS) if taxon[rank] and rank is not Rank.SPECIES]
    return ", ".join(f"{rank.label} {_plain(taxon[rank])}" for rank in above)


def _known(taxon: Taxon) -> Taxon:
    """Without an epithet that is none: `Quercus sp.` is a member of the genus Quercus."""
    return replace(taxon, species="") if taxon.species.lower().rstrip(".") in _NO_SPECIES else taxon


def _as_member(taxon: Taxon) -> str:
    scientific = _plain(taxon.scientific_name)
    return scientific if taxon.rank is Rank.SPECIES else f"a member of the {_rank_of(taxon)} {scientific}"


def _rank_of(taxon: Taxon) -> str:
    return taxon.rank.label if taxon.rank is not None else ""


def _plain(name: str) -> str:
    return quoted(name, _LONGEST_NAME).replace('"', "'")
