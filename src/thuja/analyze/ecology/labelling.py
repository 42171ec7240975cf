"""The ecological labels of genera and families, read from introductions, and which of them an organism has."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from thuja.analyze.ecology.growth import read_growth_form
from thuja.analyze.ecology.habitat import read_habitat
from thuja.analyze.ecology.reading import Kind, Reading
from thuja.analyze.ecology.vocabulary import LABELS, Trait, primary_of
from thuja.captions.descriptions.pages import Found
from thuja.errors import ThujaError
from thuja.taxonomy import Rank, Taxon

READ_RANKS: Final = (Rank.GENUS, Rank.FAMILY)
"""Whose introductions are read, the nearest first."""
_PLANTS: Final = frozenset({"plantae", "viridiplantae", "archaeplastida"})
_ANIMALS: Final = frozenset({"animalia", "metazoa"})


class Introductions(Protocol):
    """Where the introductions come from: `captions.descriptions.introductions.IntroductionSource` is one."""

    def pages(self, taxa: Sequence[Taxon]) -> Iterator[tuple[Taxon, Found]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EcologyLabel:
    """What the introduction of a genus or family says of one trait; `words` told it, one a label.

    No label means that there is no introduction, or that it says nothing that the rules know; `reason` says which.
    Raises ThujaError for a label that the trait does not have.
    """

    taxon: Taxon
    trait: Trait
    labels: tuple[str, ...] = ()
    kind: Kind | None = None
    words: tuple[str, ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        unknown = set(self.labels) - set(LABELS[self.trait])
        if unknown:
            raise ThujaError(
                f'no {self.trait} is called "{min(unknown)}"', hint=f"one of {', '.join(LABELS[self.trait])}"
            )

    @property
    def primary(self) -> str:
        """One word for the labels, `mixed` for several, empty for none."""
        return primary_of(self.labels)


def label_ecology(taxa: Iterable[Taxon], introductions: Introductions) -> list[EcologyLabel]:
    """The labels of all genera and families of these taxa, each once for every trait, in the order of their coming.

    Habitat is read for every kingdom, growth form for plants alone. Taxa without a genus and a family give none.
    """
    read = dict.fromkeys(taxon.at(rank) for taxon in taxa for rank in READ_RANKS if taxon[rank])
    return [label for taxon, found in introductions.pages(list(read)) for label in _labels(taxon, found)]


def key_of(taxon: Taxon, trait: Trait) -> tuple[str, str, str, str]:
    """What tells one label from another: rank, name, kingdom, trait. No two genera of a kingdom share a name."""
    rank = taxon.rank
    return (rank.label if rank is not None else "", taxon.scientific_name, taxon.kingdom, trait.value)


@dataclass(frozen=True, kw_only=True)
class Ecology:
    """Labels of genera and families, to be asked for those of any organism."""

    labels: Sequence[EcologyLabel]

    @cached_property
    def _known(self) -> dict[tuple[str, str, str, str], EcologyLabel]:
        return {key_of(label.taxon, label.trait): label for label in self.labels if label.labels}

    def of(self, taxon: Taxon, trait: Trait) -> EcologyLabel | None:
        """The label of the taxon's genus, or else of its family; None where neither has one."""
        found = (self._known.get(key_of(taxon.at(rank), trait)) for rank in READ_RANKS if taxon[rank])
        return next((label for label in found if label is not None), None)


def _labels(taxon: Taxon, found: Found) -> Iterator[EcologyLabel]:
    kingdom = taxon.kingdom.lower()
    text = "\n\n".join(section.text for section in found.sections)
    yield _label(taxon, Trait.HABITAT, read_habitat(text, is_animal=kingdom in _ANIMALS), found.reason)
    if kingdom in _PLANTS:
        yield _label(taxon, Trait.GROWTH_FORM, read_growth_form(text), found.reason)


def _label(taxon: Taxon, trait: Trait, reading: Reading, reason: str) -> EcologyLabel:
    return EcologyLabel(
        taxon=taxon,
        trait=trait,
        labels=reading.labels,
        kind=reading.kind,
        words=reading.words,
        reason="" if reading.labels else reason or "says_nothing",
    )
