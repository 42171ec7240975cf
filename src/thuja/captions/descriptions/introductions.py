"""Introductions of English Wikipedia as a source of descriptions: a taxon's own, and never its homonym's."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol
from urllib.parse import quote

from thuja.captions.descriptions.description import Source
from thuja.captions.descriptions.html_text import plain_text
from thuja.captions.descriptions.introduction_store import Ancestor
from thuja.captions.descriptions.lineages import KINGDOMS
from thuja.captions.descriptions.pages import Found, Section
from thuja.captions.descriptions.sentences import without_cut_end
from thuja.taxonomy import Rank, Taxon

NAME: Final = "wikipedia-en-introductions"
LICENCE: Final = "CC BY-SA 4.0"
LICENCE_LINK: Final = "https://creativecommons.org/licenses/by-sa/4.0/"

_KINGDOMS: Final = {name: kingdom for name, kingdom in KINGDOMS.items() if kingdom != "chromists"}
"""The kingdoms that NCBI and the backbones share; Chromista and Protozoa NCBI does not have."""
_EXACT: Final = {Rank.SPECIES: ("species",), Rank.GENUS: ("genus",)}
_BELOW: Final = frozenset({"species", "genus", "subspecies", "subgenus", "varietas", "forma", "strain"})


class Introductions(Protocol):
    """What is asked of a store of introductions (`IntroductionStore`): taxa by name, and a taxon's text and lineage.

    `edition` says which edition of which package; of the pages' revisions nothing is known but that they are older.
    """

    edition: str

    def find(self, name: str) -> tuple[int, ...]: ...
    def html(self, number: int) -> str: ...
    def title(self, number: int) -> str: ...
    def lineage(self, number: int) -> tuple[Ancestor, ...]: ...


class IntroductionSource:
    """A PageSource of introductions; one is taken where NCBI's lineage of its taxon agrees with the taxon asked for."""

    def __init__(self, store: Introductions) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """`wikipedia-en-introductions`."""
        return NAME

    def pages(self, taxa: Sequence[Taxon]) -> Iterator[tuple[Taxon, Found]]:
        """The introduction of each taxon, or why it has none."""
        return ((taxon, self._found(taxon)) for taxon in taxa)

    def _found(self, taxon: Taxon) -> Found:
        source = Source(name=NAME, revision=self._store.edition)
        numbers = self._store.find(taxon.scientific_name) if taxon.scientific_name else ()
        if not numbers:
            return Found(source=source, reason="no_page")
        known = {number: known_by(taxon, self._store.lineage(number)) for number in numbers}
        taken = [number for number in numbers if known[number] == "lineage"] or [
            number for number in numbers if known[number] and len(numbers) == 1
        ]
        if len(taken) != 1:
            return Found(source=source, reason="disambiguation" if any(known.values()) else "other_lineage")
        return self._page(taken[0], known[taken[0]])

    def _page(self, number: int, known: str) -> Found:
        title = self._store.title(number)
        source = Source(
            name=NAME,
            title=title,
            url=f"https://en.wikipedia.org/wiki/{quote(title.replace(' ', '_'))}" if title else "",
            revision=self._store.edition,
            licence=LICENCE,
            licence_link=LICENCE_LINK,
        )
        text = introduction_text(self._store.html(number))
        if not text:
            return Found(source=source, reason="no_looks")
        return Found(source=source, sections=(Section(text=text),), known_by=known)


def introduction_text(html: str) -> str:
    """The plain words of an introduction; a last sentence that the extract cut short is left out."""
    return without_cut_end(plain_text(html))


def known_by(taxon: Taxon, lineage: Sequence[Ancestor]) -> str:
    """How NCBI's lineage shows that its taxon is this one: `lineage`, `name` where nothing can be compared, else "".

    The ranks must agree, and the kingdoms; then one shared ancestor from phylum to family is enough, or the kingdom
    alone, in which no two genera and no two species share a name.
    """
    if not lineage or not _is_rank(taxon, lineage[0].rank):
        return ""
    theirs = {step.name.lower() for step in lineage[1:]}
    groups = {_KINGDOMS[name] for name in theirs if name in _KINGDOMS}
    kingdom = _KINGDOMS.get(taxon.kingdom.lower(), "")
    if kingdom and groups and kingdom not in groups:
        return ""
    ours = [taxon[rank].lower() for rank in (Rank.PHYLUM, Rank.CLASS, Rank.ORDER, Rank.FAMILY) if taxon[rank]]
    if any(name in theirs for name in ours) or (kingdom and kingdom in groups):
        return "lineage"
    return "" if ours or taxon.kingdom else "name"


def _is_rank(taxon: Taxon, rank: str) -> bool:
    """Whether NCBI's rank is the taxon's; above genus the backbones differ, so that any higher one will do."""
    assert taxon.rank is not None, "a taxon that has a name has a rank"
    exact = _EXACT.get(taxon.rank)
    return rank in exact if exact else rank not in _BELOW
