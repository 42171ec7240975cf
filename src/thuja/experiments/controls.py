"""Control wordings: what a taxon's text may lose and keep, so that a gain can be put down to what was lost.

Each is a frozen function from a taxon and a text type to a sentence, with a seed where it draws.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.phrasing import phrase
from thuja.taxonomy import RANKS, Taxon

Control = Literal["plain", "binomial", "shuffled", "reversed", "random"]
CONTROLS: Final[tuple[Control, ...]] = ("plain", "binomial", "shuffled", "reversed", "random")
_TRIES: Final = 100
"""Draws of a word that no other taxon has, before it is made a letter longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainWording:
    """What the papers say of a taxon."""

    def __call__(self, taxon: Taxon, text_type: str) -> str:
        """The sentence of that type."""
        return phrase(taxon, text_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinomialOnly:
    """Genus and epithet, whatever the text type would say beside them."""

    def __call__(self, taxon: Taxon, text_type: str) -> str:
        """The sentence of that type for a taxon of which no more is known; of one above genus, its deepest name."""
        return phrase(Taxon.from_names(["", "", "", "", "", *(_bare(taxon))]), text_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversedRanks:
    """A lineage from the species up to the kingdom: the same words, the order of ranks the other way."""

    def __call__(self, taxon: Taxon, text_type: str) -> str:
        """The sentence of that type; one without a lineage stays as it is."""
        said = phrase(taxon, text_type)
        upwards = [rank for rank in reversed(RANKS) if taxon[rank]]
        tagged = " ".join(f"{rank.label} {taxon[rank]}" for rank in reversed(upwards))
        if tagged in said:
            return said.replace(tagged, " ".join(f"{rank.label} {taxon[rank]}" for rank in upwards), 1)
        return said.replace(taxon.taxonomic_name, " ".join(taxon[rank] for rank in upwards), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """Each species under another's names, or under names that nothing has."""

    names: Mapping[Taxon, Taxon]
    what: str

    def __call__(self, taxon: Taxon, text_type: str) -> str:
        """The sentence of that type; raises UsageError for a taxon that is none of the renamed ones."""
        if taxon not in self.names:
            raise UsageError(
                f'{self.what} names have no "{taxon.taxonomic_name}": they are given to whole species',
                hint="train without texts of clades (ancestor_share=0), and with another loss than levels",
            )
        return phrase(self.names[taxon], text_type)


Wording = PlainWording | BinomialOnly | ReversedRanks | Renamed


def wording_of(control: str, taxa: Iterable[Taxon], *, seed: int) -> Wording:
    """The wording of that name for the species of a world, held-out ones among them; raises UnknownName."""
    if control not in CONTROLS:
        raise UnknownName.of("text control", control, CONTROLS)
    if control == "shuffled":
        return shuffled_names(taxa, np.random.default_rng([seed, 1]))
    if control == "random":
        return random_names(taxa, np.random.default_rng([seed, 2]))
    plain: dict[str, Wording] = {"plain": PlainWording(), "binomial": BinomialOnly(), "reversed": ReversedRanks()}
    return plain[control]


def shuffled_names(taxa: Iterable[Taxon], generator: np.random.Generator) -> Renamed:
    """The species exchange all their names by one permutation.

    The texts of the world stay what they were, word for word: so do the sizes of its clades, the lengths of its
    sentences and what two texts share. Which species bear the names of kin is left to chance.
    """
    distinct = _distinct(taxa)
    order = generator.permutation(len(distinct))
    return Renamed(
        names={taxon: distinct[place] for taxon, place in zip(distinct, order, strict=True)}, what="shuffled"
    )


def random_names(taxa: Iterable[Taxon], generator: np.random.Generator) -> Renamed:
    """Each species gets words of random letters, as many as it had and as long, and shares none with another.

    A word that is too short for all to have one of their own grows by a letter.
    """
    used: set[str] = set()

    def word(like: str) -> str:
        for attempt in range(_TRIES * (len(like) + _TRIES)):
            size = max(1, len(like)) + attempt // _TRIES
            drawn = "".join(generator.choice(list(string.ascii_lowercase), size=size))
            if drawn not in used:
                used.add(drawn)
                return drawn.capitalize() if like[:1].isupper() else drawn
        raise AssertionError("letters ran out")

    def words(name: str) -> str:
        return " ".join(word(part) for part in name.split())

    names = {
        taxon: Taxon.from_names([words(name) for name in taxon.names], words(taxon.common)) for taxon in _distinct(taxa)
    }
    return Renamed(names=names, what="random")


def _distinct(taxa: Iterable[Taxon]) -> list[Taxon]:
    distinct = sorted(set(taxa))
    if len(distinct) < 2:
        raise EmptyInput(f"a text control needs at least two taxa, got {len(distinct)}")
    return distinct


def _bare(taxon: Taxon) -> tuple[str, str]:
    """Genus and epithet; the deepest name alone where there is no genus."""
    return (taxon.genus, taxon.species) if taxon.genus else (taxon.scientific_name, "")
