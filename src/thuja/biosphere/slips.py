"""Dirty ways to write a scientific name, each with its kind and with what can still be made of it at best.

Tests of name resolution know the truth here: every text keeps enough to find the species by, among the
names of its world, but for "sp.", which leaves the genus. A slip of letters never comes nearer to a
relative's name than to its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from thuja.biosphere.coinage import pick
from thuja.errors import UsageError
from thuja.taxonomy import Rank, Taxon

_AUTHORS = ("Harkdale", "Ormesby", "Quarring", "Thornwick & Vell", "Brae ex Selden", "Müllering", "Lindé")
_SUBSPECIES = ("montivaga", "insularis", "minor", "orientalis", "vulgaris", "typica")
_LETTERS = "abcdefghilmnoprstuvx"
_LOOKALIKES = (("rn", "m"), ("m", "rn"), ("l", "1"), ("i", "l"), ("o", "0"), ("cl", "d"), ("d", "cl"), ("e", "c"))
_GENDERS = (("us", "a"), ("us", "um"), ("a", "us"), ("um", "us"), ("um", "a"), ("is", "e"))
_ATTEMPTS = 12

Make = Callable[[Taxon, np.random.Generator, Sequence[Taxon]], str]
"""How a kind writes a taxon with those relatives; the empty string where it cannot."""


@dataclass(frozen=True, slots=True)
class Written:
    """A name as somebody wrote it, and the kind of slip, one of SLIPS."""

    text: str
    slip: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of slip: how it is made, what it is, and the deepest rank that its texts tell."""

    make: Make
    about: str
    best: Rank = Rank.SPECIES


def written(taxon: Taxon, generator: np.random.Generator, *, kin: Sequence[Taxon], slip: str = "") -> Written:
    """One dirty way to write the taxon, of a kind by chance or of the kind `slip`.

    `kin` are the relatives it must stay apart from; those of other genera lend theirs. Raises UsageError for
    a taxon without a name, and for a kind that is unknown or impossible for it.
    """
    if not taxon.scientific_name:
        raise UsageError("a taxon without a name cannot be written", hint="give it a genus at least")
    if slip and slip not in SLIPS:
        raise UsageError(f'unknown slip: "{slip}"', hint=f"one of {', '.join(SLIPS)}")
    names = [slip] if slip else [tuple(SLIPS)[int(i)] for i in generator.permutation(len(SLIPS))]
    for name in names:
        text = SLIPS[name].make(taxon, generator, kin)
        if text:
            return Written(text, name)
    raise UsageError(f'"{taxon.scientific_name}" cannot be written with the slip "{slip}"', hint="take another slip")


def distance(first: str, second: str) -> int:
    """The least number of letters put in, left out or replaced that turns one text into the other (Levenshtein)."""
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, 1):
        above, row[0] = row[0], place
        for column, other in enumerate(second, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != other))
    return row[-1]


def _misspelt(spoil: Callable[[str, np.random.Generator], str]) -> Make:
    """A slip of letters in the genus or the epithet, that comes nearer to no relative's name."""

    def make(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
        own = taxon.scientific_name
        others = {other.scientific_name for other in kin} - {own}
        for _ in range(_ATTEMPTS):
            words = own.split()
            place = int(generator.integers(len(words)))
            words[place] = spoil(words[place], generator)
            text = " ".join(words)
            gap = distance(text, own)
            if gap and all(distance(text, other) > gap for other in others):
                return text
        return ""

    return make


def _letter(word: str, generator: np.random.Generator) -> str:
    """One letter left out, doubled or replaced; the first one stays."""
    place = 1 + int(generator.integers(max(1, len(word) - 1)))
    middle = pick(generator, ("", word[place : place + 1] * 2, pick(generator, _LETTERS)))
    return word[:place] + middle + word[place + 1 :]


def _two_letters(word: str, generator: np.random.Generator) -> str:
    return _letter(_letter(word, generator), generator)


def _swapped(word: str, generator: np.random.Generator) -> str:
    places = [place for place, (a, b) in enumerate(pairwise(word)) if place and a != b]
    if not places:
        return word
    place = places[int(generator.integers(len(places)))]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _misread(word: str, generator: np.random.Generator) -> str:
    fitting = [pair for pair in _LOOKALIKES if pair[0] in word[1:]]
    if not fitting:
        return word
    seen, read = fitting[int(generator.integers(len(fitting)))]
    return word[0] + word[1:].replace(seen, read, 1)


def _whole(*frames: str) -> Make:
    """A frame about the whole name."""

    def make(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
        return pick(generator, frames).format(name=taxon.scientific_name)

    return make


def _binomial(*frames: str) -> Make:
    """A frame with genus and epithet apart; for a species only."""

    def make(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
        frame = pick(generator, frames)
        below = pick(generator, _SUBSPECIES)
        return frame.format(genus=taxon.genus, epithet=taxon.species, below=below) if taxon.binomial else ""

    return make


def _upper(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    return taxon.scientific_name.upper()


def _lower(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    return taxon.scientific_name.lower()


def _abbreviated(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    """The genus by its first letter, where no relative is abbreviated alike."""
    alike = [
        other
        for other in kin
        if other.species == taxon.species and other.genus[:1] == taxon.genus[:1] and other.genus != taxon.genus
    ]
    if not taxon.binomial or alike:
        return ""
    return pick(generator, (f"{taxon.genus[0]}. {taxon.species}", f"{taxon.genus[0]}.{taxon.species}"))


def _authored(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    author, year = pick(generator, _AUTHORS), int(generator.integers(1758, 2020))
    frame = pick(generator, ("{name} {author}, {year}", "{name} ({author}, {year})", "{name} {author}"))
    return frame.format(name=taxon.scientific_name, author=author, year=year)


def _mojibake(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    """UTF-8 read as Windows' western letters: a hard blank, a byte order mark, an author's accent."""
    name = taxon.scientific_name
    texts = [
        name.replace(" ", "\u00a0") + "\u00a0",
        f"\ufeff{name}",
        f"{name} (Müllering, 1866)",
        f"{name} Lindé, 1901",
    ]
    return pick(generator, texts).encode().decode("cp1252")


def _common(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    is_shared = any(other.common == taxon.common and other != taxon for other in kin)
    return "" if is_shared else taxon.common


def _regendered(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    """The epithet in another gender: alba for albus."""
    fitting = [pair for pair in _GENDERS if taxon.species.endswith(pair[0])]
    if not taxon.binomial or not fitting:
        return ""
    own, other = fitting[int(generator.integers(len(fitting)))]
    text = f"{taxon.genus} {taxon.species.removesuffix(own)}{other}"
    return "" if any(text == relative.binomial for relative in kin) else text


def _moved(taxon: Taxon, generator: np.random.Generator, kin: Sequence[Taxon]) -> str:
    """The epithet in a relative's genus, where no relative bears that name itself."""
    genera = sorted({other.genus for other in kin} - {taxon.genus, ""})
    if not taxon.binomial or not genera:
        return ""
    text = f"{pick(generator, genera)} {taxon.species}"
    return "" if any(other.species == taxon.species and other != taxon for other in kin) else text


SLIPS: Final[Mapping[str, Kind]] = {
    "one_letter": Kind(_misspelt(_letter), "a letter left out, doubled or replaced"),
    "two_letters": Kind(_misspelt(_two_letters), "two of these in one word"),
    "swapped": Kind(_misspelt(_swapped), "two neighbouring letters swapped"),
    "misread": Kind(_misspelt(_misread), "letters that a machine reads for others: m for rn, 1 for l"),
    "abbreviated": Kind(_abbreviated, "the genus by its first letter"),
    "authorship": Kind(_authored, "with author and year"),
    "upper": Kind(_upper, "in capitals"),
    "lower": Kind(_lower, "all small"),
    "qualifier": Kind(
        _binomial("{genus} cf. {epithet}", "{genus} aff. {epithet}", "{genus} ?{epithet}", "{genus} {epithet} (?)"),
        "with a doubt: cf., aff., a question mark; the species is the one that is meant",
    ),
    "sp": Kind(
        _binomial("{genus} sp.", "{genus} sp", "{genus} sp. 1", "{genus} spp.", "{genus} sp. indet."),
        "the species left open",
        Rank.GENUS,
    ),
    "common": Kind(_common, "the common name in place of the scientific one"),
    "underscores": Kind(_binomial("{genus}_{epithet}", "{genus}_{epithet}_"), "underscores for blanks"),
    "spaces": Kind(
        _binomial("  {genus} {epithet}", "{genus}   {epithet} ", "{genus}\t{epithet}", "{genus}\u00a0{epithet}"),
        "more blanks, tabs or hard blanks",
    ),
    "html": Kind(
        _binomial("<i>{genus} {epithet}</i>", "{genus}&nbsp;{epithet}", "<em>{genus}</em> {epithet}&#160;"),
        "marks and entities of web pages",
    ),
    "mojibake": Kind(_mojibake, "UTF-8 read in another encoding"),
    "comma": Kind(_binomial("{epithet}, {genus}", "{genus} {epithet},", "{genus}, {epithet}"), "a comma"),
    "quotes": Kind(_whole('"{name}"', "'{name}'", "“{name}”", "«{name}»"), "in quotation marks"),
    "subspecies": Kind(
        _binomial("{genus} {epithet} {below}", "{genus} {epithet} ssp. {below}", "{genus} {epithet} var. {below}"),
        "with a subspecies or variety that no list has",
    ),
    "hybrid": Kind(_binomial("{genus} × {epithet}", "{genus} x {epithet}", "{genus} ×{epithet}"), "as a hybrid"),
    "gender": Kind(_regendered, "the epithet in another gender"),
    "moved": Kind(_moved, "the epithet in a relative's genus"),
}
"""All kinds of slips by name, with what they are and the best possible answer: the species, but for "sp"."""
