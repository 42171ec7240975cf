"""Resolve names against one backbone: exact matches only, and a reason for every answer.

A name is looked up as it is written, then without authorship and below-species parts, then as a
common name, then by its genus. Where several lineages bear the name, the lineage that came with it
decides; without one the answer is `ambiguous`, never a guess.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, reduce
from pathlib import Path
from threading import Lock

from thuja.names.backbone import Backbone, Entry
from thuja.names.resolution import Resolution, Status
from thuja.names.written import PLACEHOLDERS, WrittenName, fold, fold_common, read_name
from thuja.taxonomy import RANKS, Rank, Taxon, common_ancestor

KINGDOM_SYNONYMS = {
    "metazoa": "Animalia",
    "viridiplantae": "Plantae",
    "archaeplastida": "Plantae",
    "chloroplastida": "Plantae",
}
_BELOW_SPECIES = frozenset({"subspecies", "variety", "form", "infrahybrid"})
_SPECIES_LEVEL = frozenset({"species", "hybrid", *_BELOW_SPECIES})
_SEVEN = frozenset(rank.label for rank in RANKS)
Found = Mapping[str, Sequence[Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One name with the lineage it came with, and what the backbone holds for its parts."""

    verbatim: str
    written: WrittenName
    hint: Taxon
    names: Found
    commons: Found

    def entries(self, name: str) -> Sequence[Entry]:
        return self.names.get(fold(name), ()) if name else ()

    def answer(self, taxon: Taxon, status: Status, reason: str) -> Resolution:
        common = self.hint.common or taxon.common
        taxon = replace(taxon, common=common) if common != taxon.common else taxon
        return Resolution(taxon=taxon, status=status, verbatim=self.verbatim, reason=reason)


class Resolver:
    """Resolves names against a backbone.

    >>> world = Backbone.from_taxa("world", [Taxon(kingdom="Animalia", genus="Corvus", species="corax")])
    >>> Resolver(world).resolve("corvus_corax").taxon.kingdom
    'Animalia'
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    def resolve(self, name: str, hint: Taxon | None = None) -> Resolution:
        """One name; `hint` is the lineage (and common name) that came with it, as far as known."""
        return self.resolve_all([name], [hint or Taxon()])[0]

    def resolve_all(self, names: Sequence[str], hints: Sequence[Taxon]) -> list[Resolution]:
        """Many names at once, in their order; each distinct (name, hint) is resolved once.

        A blank name falls back to the name in its hint.
        """
        pairs = [_with_name(name, _clean(hint)) for name, hint in zip(names, hints, strict=True)]
        # Taxa are equal whatever they are called, so the common name has to be part of the key.
        distinct = {(name, hint, hint.common): read_name(name) for name, hint in pairs}
        written = distinct.values()
        found = self.backbone.find(key for one in written for key in _keys(one))
        commons = self.backbone.find_common(fold_common(one.text) for one in written)
        answers = {
            (name, hint, common): _decide(
                _Question(
                    verbatim=name,
                    written=one,
                    hint=_merged(hint, one.lineage),
                    names=found,
                    commons=commons,
                )
            )
            for (name, hint, common), one in distinct.items()
        }
        return [answers[name, hint, hint.common] for name, hint in pairs]


def _with_name(name: str, hint: Taxon) -> tuple[str, Taxon]:
    name = name.strip()
    if not name or name.lower() in PLACEHOLDERS:
        name = hint.scientific_name or hint.common
    return name, hint


def _clean(hint: Taxon) -> Taxon:
    """The hint without placeholders, its kingdom under the backbone's name."""
    names = ["" if name.lower() in PLACEHOLDERS else name for name in hint.names]
    names[0] = KINGDOM_SYNONYMS.get(names[0].lower(), names[0])
    return Taxon.from_names(names, common=hint.common)


def _merged(hint: Taxon, lineage: Taxon) -> Taxon:
    """What the row says of the lineage, and where it says nothing, what the name itself says."""
    pairs = zip(hint.names, _clean(lineage).names, strict=True)
    return Taxon.from_names([ours or theirs for ours, theirs in pairs], common=hint.common)


def _keys(written: WrittenName) -> Iterable[str]:
    return {fold(name) for name in (written.text, written.canonical, written.binomial, written.genus) if name}


def _decide(question: _Question) -> Resolution:
    written = question.written
    if not written.text:
        return question.answer(Taxon(), Status.EMPTY, "no name was given")
    is_lower_word = written.text.islower() and " " not in written.text
    if is_lower_word and (called := _as_common_name(question)) is not None:
        return called  # "puma" and "rose" are English before they are genera
    by_name = _as_scientific_name(question)
    if by_name is not None:
        return by_name
    return _as_common_name(question) or _by_genus(question) or _under_own_name(question)


def _as_scientific_name(question: _Question) -> Resolution | None:
    """The name as written, then without authorship, then its species."""
    written = question.written
    for name in dict.fromkeys((written.text, written.canonical, written.binomial)):
        entries = question.entries(name)
        if not entries or (written.qualifier and fold(name) == fold(written.genus)):
            continue
        if any(entry.level in _SPECIES_LEVEL for entry in entries):
            entries = [entry for entry in entries if entry.level in _SPECIES_LEVEL]
        chosen = _choose(entries, question.hint)
        if not chosen:
            return _conflict(question, entries)
        if len(chosen) > 1:
            return _ambiguous(question, chosen)
        return _found(question, chosen[0], name)
    return None


def _found(question: _Question, entry: Entry, name: str) -> Resolution:
    written = question.written
    if entry.level in _BELOW_SPECIES or (written.infraspecific and fold(name) == fold(written.binomial)):
        species = [one for one in question.entries(written.binomial) if one.taxon == entry.taxon]
        taxon = species[0].taxon if species else replace(entry.taxon, common="")
        return question.answer(taxon, Status.INFRASPECIFIC, f"{written.text} is read as its species, {taxon.binomial}")
    if entry.level not in _SEVEN | _SPECIES_LEVEL:
        taxon = replace(entry.taxon, common="")
        reason = f"{name} is a {entry.level} within {taxon.scientific_name}"
        return question.answer(taxon, Status.HIGHER_RANK, reason)
    reason = f"{entry.level} {entry.taxon.scientific_name}"
    if fold(name) != fold(written.text):
        reason += f", read from {written.text}"
    return question.answer(entry.taxon, Status.EXACT, reason)


def _as_common_name(question: _Question) -> Resolution | None:
    entries = question.commons.get(fold_common(question.written.text), ())
    if not entries:
        return None
    species = [entry for entry in entries if entry.level == "species"]
    chosen = _choose(species, question.hint) or _choose(entries, question.hint)
    preferred = [entry for entry in chosen if entry.is_preferred]
    chosen = preferred if len(preferred) == 1 else chosen
    if not chosen:
        return _conflict(question, entries)
    if len(chosen) > 1:
        return _ambiguous(question, chosen)
    entry = chosen[0]
    taxon = entry.taxon if entry.level in _SEVEN else replace(entry.taxon, common="")
    reason = f"common name of the {entry.level} {taxon.scientific_name}"
    return question.answer(taxon, Status.COMMON_NAME, reason)


def _by_genus(question: _Question) -> Resolution | None:
    """A genus that is known vouches for the lineage above a species that is not."""
    written = question.written
    if not written.genus or not (written.qualifier or written.has_latin_epithet or written.lineage.genus):
        return None
    entries = [entry for entry in question.entries(written.genus) if entry.level == "genus"]
    chosen = _choose(entries, question.hint)
    if not entries:
        return None
    if not chosen:
        return _conflict(question, entries)
    if len(chosen) > 1:
        return _ambiguous(question, [replace(one, taxon=replace(one.taxon, species=written.epithet)) for one in chosen])
    genus = chosen[0].taxon
    if not written.epithet:
        return question.answer(replace(genus, common=""), Status.HIGHER_RANK, f"{written.text} names a genus only")
    taxon = replace(genus, species=written.epithet, common="")
    reason = f"{written.binomial} is not in the backbone; the lineage is its genus's"
    return question.answer(taxon, Status.HIGHER_RANK, reason)


def _under_own_name(question: _Question) -> Resolution:
    """Nothing is known of it: the name stays what it was, with the lineage the source gave."""
    written, hint = question.written, question.hint
    if hint.rank is not None and hint.rank >= Rank.GENUS and written.binomial in ("", hint.binomial):
        return question.answer(hint, Status.GIVEN, "not in the backbone; the lineage is as given")
    taxon = _own_taxon(written, hint)
    if taxon.genus:
        status = Status.GIVEN if any(hint.names[: Rank.GENUS]) else Status.UNRESOLVED
        what = "the lineage is as given" if status is Status.GIVEN else "neither is its genus"
        return question.answer(taxon, status, f"{written.binomial} is not in the backbone; {what}")
    return question.answer(taxon, Status.UNRESOLVED, "no scientific or common name of the backbone; kept as it is")


def _own_taxon(written: WrittenName, hint: Taxon) -> Taxon:
    """The lineage given, ending in the name itself.

    A label that is no binomial ("copepod calanoid") takes the species' place without a genus, so
    that two such labels are two taxa; it is the common name too.
    """
    names = list(hint.names[: Rank.GENUS])
    if written.is_binomial_like or written.lineage.species:
        return Taxon.from_names([*names, written.genus, written.epithet], common=hint.common)
    return Taxon.from_names([*names, "", written.text], common=hint.common or written.text)


def _choose(entries: Sequence[Entry], hint: Taxon) -> list[Entry]:
    """The entries that agree best with the hint; none when it contradicts them all.

    A kingdom that differs contradicts; without one, so does a hint of which no rank agrees.
    """
    scored: list[tuple[int, Entry]] = []
    for entry in entries:
        agree = differ = 0
        for rank in RANKS[: Rank.GENUS]:
            ours, theirs = entry.taxon[rank], hint[rank]
            if ours and theirs:
                agree += ours.lower() == theirs.lower()
                differ += ours.lower() != theirs.lower()
        kingdoms = {name.lower() for name in (entry.taxon.kingdom, hint.kingdom) if name}
        if len(kingdoms) < 2 and (agree or not differ):
            scored.append((agree - differ, entry))
    best = max((score for score, _ in scored), default=0)
    return [entry for score, entry in scored if score == best]


def _ambiguous(question: _Question, entries: Sequence[Entry]) -> Resolution:
    """The ranks that all meanings share, ending in the name itself."""
    shared, first = reduce(common_ancestor, (entry.taxon for entry in entries)), entries[0].taxon
    own = _own_taxon(question.written, replace(shared, common=question.hint.common))
    if len({(entry.taxon.rank, entry.taxon.scientific_name) for entry in entries}) == 1 and first.rank is not None:
        names = [*shared.names[: first.rank], first[first.rank]]
        if first.rank == Rank.SPECIES:
            names[Rank.GENUS] = first.genus
        own = Taxon.from_names(names, common=question.hint.common)
    meanings = "; ".join(_meaning(entry.taxon) for entry in entries[:5])
    more = f" and {len(entries) - 5} more" if len(entries) > 5 else ""
    return question.answer(own, Status.AMBIGUOUS, f"{question.written.text} may be {meanings}{more}")


def _conflict(question: _Question, entries: Sequence[Entry]) -> Resolution:
    known, given = _meaning(entries[0].taxon), question.hint.taxonomic_name
    taxon = _own_taxon(question.written, question.hint)
    return question.answer(taxon, Status.CONFLICT, f"the backbone knows {known}, the source says {given}")


def _meaning(taxon: Taxon) -> str:
    above = [name for name in (taxon.kingdom, taxon.family) if name]
    return f"{taxon.scientific_name} ({', '.join(above)})" if above else taxon.scientific_name


_LOADING = Lock()


@cache
def _resolver(backbone: Path | None) -> Resolver:
    return Resolver(Backbone.embedded() if backbone is None else Backbone.load(backbone))


def resolve_names(names: Sequence[str], hints: Sequence[Taxon], *, backbone: Path | None = None) -> list[Resolution]:
    """`Resolver.resolve_all` as a function that other processes can import; the backbone is read once in each."""
    with _LOADING:  # two threads would both read it
        resolver = _resolver(backbone)
    return resolver.resolve_all(names, hints)
