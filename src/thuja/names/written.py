"""What a written name says before any backbone is asked: which words are genus, epithet, qualifier."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

import ftfy
import nameparser

from thuja.errors import ThujaError
from thuja.taxonomy import Rank, Taxon

MAX_LENGTH = 500
"""Longer cells are no names (a paragraph in the wrong column); they are cut before parsing."""

PLACEHOLDERS = frozenset(
    {
        "-", "blank", "empty", "mixed", "n/a", "na", "nan", "none", "not_classified",
        "null", "unclassified", "undetermined", "unidentified", "unknown",
    }
)  # fmt: skip
"""Cells that say that nothing is known (`not_classified` is BIOSCAN's)."""

_INDEX = re.compile(r"^\d+[\s._-]+(?=\D)")
_RANK_WORD = re.compile(r"^(kingdom|phylum|class|order|family|genus)\s", re.IGNORECASE)
_MOJIBAKE = re.compile("[ÃÂâ][\u0080-\u00bf€™œ]")
_QUOTED = re.compile(r"""^(["'])([^"']*)\1$""")
_SEVERAL = re.compile(
    r"^\W*([A-Z][a-z]+) [a-z-]{3,}[^,;/&+]*\s*(?:[,;/&+]|\b(?:and|or|et)\b)\s*"
    r"([A-Z][a-z]+) (?!(?:van|von|des|non|and|den|der|ined)\b)[a-z-]{4,}"
)
_GLUED_HYBRID = re.compile(r"\sX(?=[a-z]{4})")
_NO_BLANK = re.compile(r"^([A-Za-z][a-z]{2,})[:-]([a-z]{3,})$")
_NUMERAL = re.compile(r"\b(\d\d?)-(?=[a-z]{4})")
NUMERALS = {
    "2": "bi", "3": "tri", "4": "quadri", "5": "quinque", "6": "sex", "7": "septem", "8": "octo", "9": "novem",
    "10": "decem", "11": "undecim", "12": "duodecim", "13": "tredecim", "14": "quatuordecim", "15": "quindecim",
    "16": "sedecim", "18": "octodecim", "19": "novemdecim", "20": "viginti", "22": "vigintiduo",
}  # fmt: skip
"""Numbers in epithets as they are spelt out: `7-punctata` is `septempunctata`."""
_EITHER = re.compile(r"\b[a-z-]{3,}(?:/| or | and )\s*(?!(?:van|von|des|der|den)\b)([a-z]{3,})")
_CROSS = re.compile(r"\s+[x×X]\s+")
_OPEN_NAME = re.compile(r"^(spp?|spec|ssp|cf|cfr|aff|nr|near|indet|species)\b\.?", re.IGNORECASE)
_STAGES = frozenset(
    {
        "adult", "blight", "bug", "caterpillar", "egg", "eggs", "female", "immature", "imago", "juvenile", "larva",
        "larvae", "male", "nest", "nymph", "or", "plumage", "pupa", "scale", "spider", "subadult",
    }
)  # fmt: skip
"""What is said of an individual and not of its name."""
_NO_EPITHET = frozenset({"sp", "sp.", "spp", "spp.", "spec", "spec.", "species", "indet", "indet."})
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
    itself says of higher ranks (an iNat21 folder name, a full lineage). `qualifier` is what makes the
    species uncertain (`sp. 2`, `cf. corax`, `× alba`); `kind` is empty, or "virus", "identifier" (a BOLD
    BIN) or "formula" (a cross of two named parents).
    """

    text: str
    canonical: str = ""
    genus: str = ""
    epithet: str = ""
    infraspecific: str = ""
    qualifier: str = ""
    authorship: str = ""
    kind: str = ""
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
    """One blank between words, no underscores, no running number in front (`001.Black_footed`), bytes read right.

    What follows three underscores is said of an image, not of a name (`Tomato___Late_blight`).
    """
    if _MOJIBAKE.search(text):
        text = ftfy.fix_text(text)
    text = text.partition("___")[0] or text
    text = _INDEX.sub("", _QUOTED.sub(r"\2", text.replace("_", " ").strip()))
    text = _GLUED_HYBRID.sub(" × ", _NO_BLANK.sub(r"\1 \2", text))
    text = _NUMERAL.sub(lambda match: NUMERALS.get(match[1], match[0]), text)
    return " ".join(text.split())


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
    if several := _SEVERAL.match(text):
        genus = several[1] if several[1] == several[2] else ""
        return WrittenName(text=text, genus=genus, kind="several")
    try:
        parsed = nameparser.parse(_cased(text))
    except nameparser.UnparsableNameError as error:
        return _unparsable(text, error)
    if isinstance(parsed, nameparser.Informal):
        if not _OPEN_NAME.match(parsed.phrase or ""):
            return _two_words(text)  # "trichodesmium puff" is a label, not an open name
        return WrittenName(text=text, canonical=parsed.taxon, genus=parsed.taxon, qualifier=parsed.phrase or "")
    if parsed.uninomial and parsed.uninomial != _cased(text) and not _AUTHORSHIP.search(text):
        return WrittenName(text=text)  # "Anna Hummingbird" is no genus Anna by an author Hummingbird
    genus, epithet = parsed.genus or "", parsed.specific_epithet or ""
    if qualifier := _qualifier(text, parsed):
        return WrittenName(text=text, canonical=genus, genus=genus, qualifier=qualifier)
    if "SPECIFIC" in (parsed.notho or ()) and epithet:
        epithet = f"× {epithet}"
    infraspecific = parsed.infraspecific_epithet or ""
    if infraspecific in _STAGES or not _LATIN_EPITHET.fullmatch(infraspecific):
        infraspecific = ""  # "Parus major juvenile"
    canonical = " ".join(part for part in (genus or parsed.uninomial or "", epithet, infraspecific) if part)
    if "GENERIC" in (parsed.notho or ()):
        canonical = f"× {canonical}"
    return WrittenName(
        text=text,
        canonical=canonical,
        genus=genus,
        epithet=epithet,
        infraspecific=infraspecific,
        authorship=_authorship(parsed),
    )


def _cased(text: str) -> str:
    """A name in capitals, or wholly in lower case, as names are written: the parser reads case."""
    if text.isupper() and len(text.split()) > 1:
        return text.capitalize()
    return text[:1].upper() + text[1:] if text.islower() and not _OPEN_NAME.match(text) else text


def _qualifier(text: str, parsed: Any) -> str:
    """What makes the species uncertain, with the epithet it stands before; or the empty string."""
    doubts = parsed.epithet_qualifier or {}
    epithet = parsed.specific_epithet or ""
    if epithet in _NO_EPITHET:
        return epithet
    doubt = doubts.get("SPECIFIC") or doubts.get("GENERIC")
    if doubt:
        return f"{doubt} {epithet}".strip()
    either = _EITHER.search(text)
    return f"{epithet}/{either[1]}" if either and epithet else ""


def _authorship(parsed: Any) -> str:
    """The authors of the name, the combination's last; with their years."""
    groups = (parsed.basionym_authorship, parsed.combination_authorship)
    words = [" ".join([*group.authors, str(group.year or "")]).strip() for group in groups if group is not None]
    return "; ".join(word for word in words if word)


def _unparsable(text: str, error: nameparser.UnparsableNameError) -> WrittenName:
    if error.name_type == "IDENTIFIER":
        return WrittenName(text=text, kind="identifier")
    if error.code == "VIRUS":
        return WrittenName(text=text, canonical=text, kind="virus")
    if error.name_type == "FORMULA":
        return _formula(text)
    return WrittenName(text=text)


def _formula(text: str) -> WrittenName:
    """A cross is known by its parents' genus, where they share one."""
    parents = [part.split() for part in _CROSS.split(text)]
    genera = [words[0] for words in parents if words and words[0][:1].isupper() and not words[0].endswith(".")]
    genus = genera[0] if len(set(genera)) == 1 else ""
    epithets = [words[-1] for words in parents if len(words) > 1 or (words and words[0].islower())]
    return WrittenName(
        text=text, canonical=text, genus=genus, qualifier=f"× {' × '.join(epithets)}" if genus else "", kind="formula"
    )


def _two_words(text: str) -> WrittenName:
    words = text.split()
    if len(words) != 2:
        return WrittenName(text=text)
    return WrittenName(text=text, canonical=text, genus=words[0].capitalize(), epithet=words[1])
