"""Whether a page is about a taxon: its box bears the name, and its ancestors are the taxon's.

Encyclopedias and backbones seldom agree on every rank, so one shared ancestor from phylum to family is enough, and none
is held against a page but the kingdom. Two taxa of one kingdom do not share a binomial; what is told apart here are
homonyms of two kingdoms, and genera.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from thuja.captions.descriptions.wikitext.kinds import TaxonomyStep
from thuja.captions.descriptions.wikitext.taxobox import Taxobox
from thuja.taxonomy import Rank, Taxon

_ENDING: Final = re.compile(r"(?:ae|es|s|a|um|us|i|e|o)$")
_R_GENDERS: Final = re.compile(r"(?<=[bcgt])(?:er|ra|rum)$")
_GENDERS: Final = re.compile(r"(?<=..)(?:ae|ii|is|or|um|us|a|e|i)$")
KINGDOMS: Final = {
    "animalia": "animals",
    "metazoa": "animals",
    "plantae": "plants",
    "viridiplantae": "plants",
    "archaeplastida": "plants",
    "chlorobionta": "plants",
    "fungi": "fungi",
    "eumycota": "fungi",
    "bacteria": "bacteria",
    "monera": "bacteria",
    "eubacteria": "bacteria",
    "archaea": "archaea",
    "chromista": "chromists",
    "stramenopiles": "chromists",
    "sar": "chromists",
    "protista": "chromists",
    "protozoa": "chromists",
    "chromalveolata": "chromists",
    "viruses": "viruses",
}
"""One word for each kingdom, by what encyclopedias, NCBI and the backbones call it, in lower case."""
ENGLISH: Final[Mapping[str, tuple[str, ...]]] = {
    "animalia": ("animal", "animals"),
    "plantae": ("plant", "plants", "tree", "shrub", "herb", "grass", "flowering plant"),
    "fungi": ("fungus", "fungi", "mushroom", "lichen"),
    "aves": ("bird", "birds"),
    "mammalia": ("mammal", "mammals"),
    "reptilia": ("reptile", "reptiles", "lizard", "snake"),
    "amphibia": ("amphibian", "amphibians", "frog", "salamander"),
    "insecta": ("insect", "insects"),
    "arachnida": ("arachnid", "arachnids", "spider", "mite"),
    "araneae": ("spider", "spiders"),
    "lepidoptera": ("moth", "moths", "butterfly", "butterflies"),
    "coleoptera": ("beetle", "beetles"),
    "diptera": ("fly", "flies"),
    "hymenoptera": ("wasp", "wasps", "bee", "bees", "ant", "ants"),
    "odonata": ("dragonfly", "dragonflies", "damselfly"),
    "actinopterygii": ("fish", "fishes", "ray-finned fish"),
    "gastropoda": ("snail", "snails", "slug", "gastropod", "gastropods"),
    "bivalvia": ("bivalve", "bivalves", "clam", "mussel"),
    "mollusca": ("mollusc", "molluscs", "mollusk", "mollusks"),
    "malacostraca": ("crustacean", "crustaceans", "crab", "shrimp"),
}
"""What a page in English calls a group, by its scientific name in lower case; also what its titles add in brackets."""

_COMPARED: Final = (Rank.PHYLUM, Rank.CLASS, Rank.ORDER, Rank.FAMILY)


_LATIN: Final = ("phylum", "divisio", "classis", "ordo", "familia")


class Verdict(Enum):
    """What a comparison of lineages says."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


def bears_name(box: Taxobox, taxon: Taxon, *, asked: str = "", synonyms: Sequence[str] = ()) -> bool:
    """Whether a box is about a taxon of this name and rank, or of one of its `synonyms`.

    `asked` is the title that led here. Where that was the binomial, a redirect from a synonym is believed if the
    epithet is the same (in whatever gender), or the box lists the name; where it was a genus's name, a page on a
    species of that genus is on its only one, which has no page beside it.
    """
    theirs = box.taxon
    if not taxon.species:
        is_only_species = taxon.rank is Rank.GENUS and asked.partition(" (")[0] == taxon.genus
        named = theirs.at(Rank.GENUS) if is_only_species else theirs
        return not named.species and not box.is_below_species and _same(named.scientific_name, taxon.scientific_name)
    if not theirs.species or box.is_below_species:
        return False
    if theirs.genus == taxon.genus and _epithet(theirs.species) == _epithet(taxon.species):
        return True
    name = taxon.binomial or taxon.species
    if name in box.synonyms or theirs.binomial in synonyms:
        return True
    return bool(asked) and asked == name and _ungendered(theirs.species) == _ungendered(taxon.species)


def compare(taxon: Taxon, box: Taxobox, chain: Sequence[TaxonomyStep] = ()) -> Verdict:
    """Whether a page's lineage is the taxon's: the ranks that its box writes out, and the steps above its name."""
    above = [step.name for step in chain]
    theirs = {_stem(name) for name in (*box.taxon.names[: Rank.GENUS], *above) if name}
    kingdoms = {group for name in (*box.taxon.names[:1], *above) if (group := KINGDOMS.get(name.lower()))}
    own = KINGDOMS.get(taxon.kingdom.lower())
    if own and kingdoms and own not in kingdoms:
        return Verdict.OTHER
    ours = [taxon[rank] for rank in _COMPARED if taxon[rank] and rank is not taxon.rank]
    if any(_stem(name) in theirs for name in ours):
        return Verdict.SAME
    is_compared = any(box.taxon[rank] for rank in _COMPARED) or any(step.rank in _LATIN for step in chain)
    if ours and is_compared:
        return Verdict.OTHER
    return Verdict.SAME if own and own in kingdoms else Verdict.UNKNOWN


def names_ancestor(text: str, taxon: Taxon) -> bool:
    """Whether a page names an ancestor of the taxon from class to family, or calls it by the group's English name.

    Kingdom and phylum count by their English names alone, and only where nothing lower is known.
    """
    words = text[:20_000]
    names = [taxon[rank] for rank in (Rank.FAMILY, Rank.ORDER, Rank.CLASS) if taxon[rank] and rank is not taxon.rank]
    groups = names or [taxon[rank] for rank in (Rank.PHYLUM, Rank.KINGDOM) if taxon[rank]]
    english = [word for name in groups for word in ENGLISH.get(name.lower(), ())]
    return any(re.search(rf"\b{re.escape(word)}\b", words) for word in (*names, *english))


def has_ancestors(taxon: Taxon) -> bool:
    """Whether anything above the genus is known of a taxon, so that a page's lineage can be compared."""
    return any(taxon[rank] for rank in Rank if rank < Rank.GENUS and rank is not taxon.rank)


def _epithet(name: str) -> str:
    """An epithet without a hybrid's sign."""
    return re.sub(r"^(?:×|x )\s*", "", name)


def _ungendered(epithet: str) -> str:
    """What an epithet's genders share: `albus` and `alba`, `niger` and `nigra`, `smithi` and `smithii` are one."""
    plain = _epithet(epithet).lower()
    shared = _R_GENDERS.sub("r", plain)
    return shared if shared != plain else _GENDERS.sub("", plain)


def _same(one: str, other: str) -> bool:
    return one == other or (bool(one) and one.lower() == other.lower())


def _stem(name: str) -> str:
    """A group's name without its ending: `Tracheophytes` and `Tracheophyta` are one."""
    name = name.lower()
    while len(name) > 4 and (shorter := _ENDING.sub("", name)) != name and len(shorter) >= 4:
        name = shorter
    return name
