"""What a written name says before any backbone is asked: which words are genus, epithet, qualifier."""

import re
import unicodedata
from dataclasses import dataclass, field

import nameparser

from thuja.errors import ThujaError
from thuja.taxonomy import Rank, Taxon

MAX_LENGTH = 500
"""Longer cells are no names (a paragraph in the wrong column); they are cut before parsing."""

PLACEHOLDERS = frozenset(
    {
        "-", "mixed", "n/a", "na", "nan", "none", "not_classified",
        "null", "unclassified", "undetermined", "unidentified", "unknown",
    }
)  # fmt: skip
"""Cells that say that nothing is known (`not_classified` is BIOSCAN's)."""

_INDEX = re.compile(r"^\d+[\s._-]+(?=\D)")
_RANK_WORD = re.compile(r"^(kingdom|phylum|class|order|family|genus)\s", re.IGNORECASE)
_OPEN_NAME = re.compile(r"^(spp?|ssp|cf|aff|nr|indet|species)\b\.?", re.IGNORECASE)
_AUTHORSHIP = re.compile(r"[,.(&]|\d{4}")
_EPITHET = re.compile(r"[a-zà-ÿ]{2,}(-[a-zà-ÿ]+)*")
_LATIN_EPITHET = re.compile(r".*(us|um|is|ae|i|a|e|es|ens|ans|or|er|ex|ix|ax|ox|ops|eps|as|os|on|x|o|ar|il)")
_STRICT_EPITHET = re.compile(r".*(us|um|is|ae|i|a|ens|ans)")
_LATIN_GENUS = re.compile(r"[A-Z].*(us|a|um|is|es|as|os|on|ops|ys|ax|ix|ex|yx|er|ps|or|e|o)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenName:
    """A name taken apart.

    `text` is the whole, tidied; `canonical` the name without authorship, rank words and
    qualifiers, or empty when it does not parse as a scientific one. `lineage` is what the text
    itself says of higher ranks (an iNat21 folder name, a full lineage).
    """

    text: str
    canonical: str = ""
    genus: str = ""
    epithet: str = ""
    infraspecific: str = ""
    qualifier: str = ""
    lineage: Taxon = field(default_factory=Taxon)

    @property
    def binomial(self) -> str:
        """`Genus epithet`, or the empty string."""
        return f"{self.genus} {self.epithet}" if self.genus and self.epithet else ""

    @property
    def has_latin_epithet(self) -> bool:
        """Whether the second word can be an epithet; stricter when the genus is in lower case."""
        form = _LATIN_EPITHET if self.text[:1].isupper() else _STRICT_EPITHET
        return bool(_EPITHET.fullmatch(self.epithet) and form.fullmatch(self.epithet))

    @property
    def is_binomial_like(self) -> bool:
        """Whether both words look Latin, so that an unknown name can be told from an English one."""
        return self.has_latin_epithet and bool(_LATIN_GENUS.fullmatch(self.genus))


def read_name(verbatim: str) -> WrittenName:
    """Take a name apart: a binomial with or without authorship, a lineage, a folder's name.

    >>> read_name("corvus_corax").binomial, read_name("Corvus sp. 2").qualifier
    ('Corvus corax', 'sp. 2')
    """
    raw = unicodedata.normalize("NFC", verbatim)[:MAX_LENGTH].strip()
    try:
        return _of_lineage(Taxon.from_folder(raw))
    except ThujaError:
        pass
    text = tidy(raw)
    if PLACEHOLDERS & {raw.lower(), text.lower()}:
        return WrittenName(text="")
    words = text.split()
    if _RANK_WORD.match(text) or (len(words) >= len(Rank) and all(word[:1].isupper() for word in words[:6])):
        return _of_lineage(Taxon.from_lineage(text))
    return _parsed(text)


def tidy(text: str) -> str:
    """One blank between words, no underscores, no running number in front (`001.Black_footed`)."""
    return " ".join(_INDEX.sub("", text.replace("_", " ").strip()).split())


def fold(name: str) -> str:
    """The key that scientific names are compared by: case and blanks do not matter."""
    return " ".join(name.replace("_", " ").lower().split())


def fold_common(name: str) -> str:
    """The key that common names are compared by: neither case, hyphens, possessives nor grey/gray matter.

    >>> fold_common("Anna's Hummingbird") == fold_common("Anna_Hummingbird")
    True
    """
    text = unicodedata.normalize("NFKD", name).lower().replace("’", "'")
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"'s?\b", "", text)
    return " ".join(re.sub(r"\bgrey", "gray", re.sub(r"[\W_]+", " ", text)).split())


def _of_lineage(taxon: Taxon) -> WrittenName:
    name = taxon.scientific_name
    written = _parsed(name) if name else WrittenName(text="")
    return WrittenName(
        text=name,
        canonical=written.canonical or name,
        genus=taxon.genus,
        epithet=written.epithet or taxon.species,
        infraspecific=written.infraspecific,
        qualifier=written.qualifier,
        lineage=taxon,
    )


def _parsed(text: str) -> WrittenName:
    try:
        parsed = nameparser.parse(text)
    except nameparser.UnparsableNameError:
        return WrittenName(text=text)
    if isinstance(parsed, nameparser.Informal):
        if not _OPEN_NAME.match(parsed.phrase or ""):
            return _two_words(text)  # "trichodesmium puff" is a label, not an open name
        return WrittenName(text=text, canonical=parsed.taxon, genus=parsed.taxon, qualifier=parsed.phrase or "")
    if parsed.uninomial and parsed.uninomial != text and not _AUTHORSHIP.search(text):
        return WrittenName(text=text)  # "Anna Hummingbird" is no genus Anna by an author Hummingbird
    qualifiers = parsed.epithet_qualifier or {}
    canonical = parsed.canonical_name_without_authorship() or ""
    genus, epithet = parsed.genus or "", parsed.specific_epithet or ""
    if parsed.notho and epithet:
        epithet = f"× {epithet}"
    if genus and epithet and not parsed.infraspecific_epithet:
        canonical = f"{genus} {epithet}"
    if "SPECIFIC" in qualifiers:
        qualifier = f"{qualifiers['SPECIFIC']} {epithet}"
        return WrittenName(text=text, canonical=genus, genus=genus, qualifier=qualifier)
    return WrittenName(
        text=text,
        canonical=canonical,
        genus=genus,
        epithet=epithet,
        infraspecific=parsed.infraspecific_epithet or "",
    )


def _two_words(text: str) -> WrittenName:
    words = text.split()
    if len(words) != 2:
        return WrittenName(text=text)
    return WrittenName(text=text, canonical=text, genus=words[0].capitalize(), epithet=words[1])
