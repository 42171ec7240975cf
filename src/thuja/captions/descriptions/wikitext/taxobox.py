"""The box that says which taxon a page is about: {{Speciesbox}}, {{Automatic taxobox}}, {{Taxobox}} and their kin.

A {{Taxobox}} writes its ranks out. The automatic ones give a name alone; its ancestors stand in templates of their own,
`Template:Taxonomy/NAME`, each of which names its parent (`lineages`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import islice
from typing import Final

import mwparserfromhell
from mwparserfromhell.nodes import Template

from thuja.captions.descriptions.wikitext.balance import balanced, braces_end, without_comments
from thuja.captions.descriptions.wikitext.plain import plain_text
from thuja.taxonomy import Rank, Taxon

_KINDS: Final = (
    "speciesbox|species box|automatic taxobox|automatictaxobox|autotaxobox|auto taxobox|taxobox|subspeciesbox|"
    "infraspeciesbox|hybridbox|ichnobox|oobox|virusbox|paraphyletic group|population taxobox"
)
_OPENS: Final = re.compile(rf"\{{\{{\s*({_KINDS.replace(' ', '[ _]+')})\s*(?=[|}}\n<])", re.IGNORECASE)
_OPENS_IN_BYTES: Final = re.compile(_OPENS.pattern.replace("<", "&").encode(), re.IGNORECASE)
_MOST: Final = 60_000
"""Signs at the head of a page among which its box is looked for."""

_TRIES: Final = 5
_RANKS: Final = {
    "regnum": Rank.KINGDOM,
    "phylum": Rank.PHYLUM,
    "divisio": Rank.PHYLUM,
    "classis": Rank.CLASS,
    "ordo": Rank.ORDER,
    "familia": Rank.FAMILY,
    "genus": Rank.GENUS,
}
_NAMED_BY_TITLE: Final = ("speciesbox", "automatic taxobox")
_SUBSPECIES: Final = ("subspeciesbox", "infraspeciesbox", "population taxobox")
_ABBREVIATED: Final = re.compile(r"^(?:[A-Z]\S{0,3}\.\s*)+")
_QUALIFIED: Final = re.compile(r"^(.*?)\s*\(([^()]*)\)\s*$")
_DAGGER: Final = re.compile(r"[†‡?\"“”]")
_BINOMIAL: Final = re.compile(
    r"\b([A-Z][a-z-]+(?: \([A-Z][a-z]+\))? (?:× ?)?[a-z][a-z-]{2,})\b(?! [a-z-]{4,}\b|,? (?:ssp|subsp|var|f)\.)"
)
"""What stands before a third epithet (`Larus argentatus smithsonianus`) is no synonym of the species."""

_DOUBT: Final = re.compile(r"\b(?:auct|misapplied|nec|non|not|sensu)\b")
_ENTRY: Final = re.compile(r"<br[^<>]{0,9}>|\{\{[^{}|\n]{0,60}|[\n*|{}]", re.IGNORECASE)
_NOTE: Final = re.compile(r"<ref[^<>]{0,300}(?:/>|>[^<]{0,2000}</ref>)", re.IGNORECASE)
_LINK: Final = re.compile(r"\[\[(?:[^\[\]|]{0,300}\|)?([^\[\]|]{0,300})\]\]")
_MOST_OF_SYNONYMS: Final = 8_000
_LIGHT: Final = re.compile(r"\|\s*(taxon|genus|species|binomial)\s*=\s*((?:\[\[[^\]\n]*\]\]|[^|\n}\[])*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxobox:
    """What a box says: the ranks that it writes out, down to the genus or species it is about.

    `key` is the name under which the taxonomy templates know it, with a qualifier such as `Oenanthe (bird)` where
    homonyms have one; empty where the ranks are written out. `is_below_species` tells a subspecies' page;
    `synonyms` are the binomials that the box lists.
    """

    kind: str
    taxon: Taxon
    key: str = ""
    synonyms: tuple[str, ...] = ()
    is_below_species: bool = False


def taxobox_of(text: str, title: str = "") -> Taxobox | None:
    """The first box of a page; None where there is none, or none that says a name.

    An automatic box without a name of its own is about what the page's `title` names, as on the wiki.
    """
    return _box_in(without_comments(text[:_MOST]), title)


@lru_cache(maxsize=512)
def _box_in(text: str, title: str) -> Taxobox | None:
    """The box at a page's head; a page is asked for it when it is found, and again when it is chosen."""
    for opening in islice(_OPENS.finditer(text), _TRIES):
        fields = _fields(text, opening.start())
        box = _read(" ".join(opening[1].lower().replace("_", " ").split()), fields, title)
        if box is not None:
            return box
    return None


def _fields(text: str, start: int) -> dict[str, str]:
    """A template's parameters in its own markup."""
    end = braces_end(text, start)
    markup = balanced(text[start:end]) if end > 0 else balanced(text[start : start + 2_000]) + "}}"
    if end < 0:  # its braces never close: it ends where the first line begins that is no parameter
        body = text[start : start + 4_000].split("\n")
        size = next((at for at, line in enumerate(body[1:], 1) if not line.lstrip().startswith("|")), len(body))
        markup = "{{" + balanced("\n".join(body[:size])[2:].replace("{{", "").replace("}}", "")) + "}}"
    template = next((node for node in mwparserfromhell.parse(markup).nodes if isinstance(node, Template)), None)
    if template is None:
        return {}
    return {str(one.name).strip().lower().replace("_", " "): str(one.value).strip() for one in template.params}


def _read(kind: str, fields: dict[str, str], title: str) -> Taxobox | None:
    written = {rank: said for name, rank in _RANKS.items() if (said := _name(fields.get(name, "")))}
    is_automatic = "taxobox" not in kind.split() or kind.startswith("auto")
    key = _plain(fields.get("taxon", "")) or (_plain(fields.get("genus", "")) if is_automatic else "")
    if kind in _NAMED_BY_TITLE and not key:
        key = title
    genus, epithet = _species(fields, key)
    names = [written.get(rank, "") for rank in list(Rank)[:5]]
    if is_automatic and not genus:  # the box of a genus or of what lies above one
        genus = _unqualified(key)
    taxon = Taxon.from_names([*names, genus or written.get(Rank.GENUS, ""), epithet])
    if taxon.rank is None:
        return None
    is_below = kind in _SUBSPECIES or any(
        fields.get(name) for name in ("subspecies", "trinomial", "infraspecies", "variety")
    )
    return Taxobox(
        kind=kind,
        taxon=taxon,
        key=(_genus_key(key) if epithet else key) if is_automatic else "",
        synonyms=_synonyms(fields.get("synonyms", "")[:_MOST_OF_SYNONYMS]),
        is_below_species=is_below,
    )


def _species(fields: dict[str, str], key: str) -> tuple[str, str]:
    """Genus and epithet, from whichever fields say them; empty ones for a page on no species."""
    binomial = _name(fields.get("binomial", "")) or (_unqualified(key) if " " in _unqualified(key) else "")
    genus, _, epithet = binomial.partition(" ")
    if epithet:
        return genus, epithet
    genus = _name(fields.get("genus", "")) or genus
    epithet = _ABBREVIATED.sub("", _name(fields.get("species", "")))
    first, _, rest = epithet.partition(" ")
    return genus, (rest if rest and first == genus else epithet)


def _synonyms(markup: str) -> tuple[str, ...]:
    """The binomials that a cell lists, in templates ({{Species list}}) or not; none in another author's sense."""
    words = re.sub(r"'{2,}", "", _LINK.sub(r"\1", _NOTE.sub(" ", markup)))
    sure = (entry for entry in _ENTRY.split(words) if not _DOUBT.search(entry))
    return tuple(dict.fromkeys(name for entry in sure for name in _BINOMIAL.findall(entry)))


def _plain(markup: str) -> str:
    """A cell's words, without what marks the extinct and the doubtful."""
    return " ".join(_DAGGER.sub("", plain_text(markup[:500])).split("\n")[0].split())


def _name(markup: str) -> str:
    """A cell's words without a qualifier in brackets."""
    return _unqualified(_plain(markup))


def _unqualified(name: str) -> str:
    """`Oenanthe` of `Oenanthe (bird)`; a subgenus before an epithet goes too."""
    match = _QUALIFIED.match(name)
    name = match[1] if match else name
    return re.sub(r"\s*\([^()]*\)\s*", " ", name).split("/")[0].strip()


def _genus_key(key: str) -> str:
    """The genus under which the templates know a species: its first word, with the qualifier that follows."""
    match = re.match(r"^(\S+(?: \([^()]*\))?)", key)
    return match[1] if match else key


def names_in_box(text: str) -> tuple[str, ...]:
    """The binomial, or else the name, that a page's box bears: by its lines alone, for millions of pages.

    >>> names_in_box("{{Speciesbox\\n| genus = [[Pica (genus)|Pica]]\\n| species = pica\\n}}")
    ('Pica pica',)
    """
    opening = _OPENS.search(text, 0, _MOST)
    if opening is None:
        return ()
    found = {
        match[1]: match[2] for match in reversed(list(_LIGHT.finditer(text[opening.end() : opening.end() + 6_000])))
    }
    said = {name: _light(value) for name, value in found.items()}
    epithet = _ABBREVIATED.sub("", said.get("species", ""))
    names = (said.get("binomial", ""), said.get("taxon", ""), f"{said.get('genus', '')} {epithet}" if epithet else "")
    return tuple(dict.fromkeys(name for name in names if name and not name.startswith(" ")))


def names_in_xml(raw: bytes) -> tuple[str, ...]:
    """`names_in_box` of a page that is still XML."""
    opening = _OPENS_IN_BYTES.search(raw, 0, _MOST)
    if opening is None:
        return ()
    return names_in_box(unescape(raw[opening.start() : opening.start() + 8_000].decode("utf-8", "replace")))


def _light(value: str) -> str:
    """A cell's words by a few replacements."""
    value = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", re.sub(r"<[^>]*>|'{2,}|\{\{[^}]*\}?\}?", "", value))
    return _unqualified(" ".join(_DAGGER.sub("", value).split()))
