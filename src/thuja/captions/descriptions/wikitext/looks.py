"""Which sections of a page tell how its taxon looks, found by their headings.

The words for such headings are those of BioCAP's scraper (description, morphology, appearance, identification, feature,
characteristics, physical, structure) and names of parts that encyclopedias give a section to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from thuja.captions.descriptions.pages import Section
from thuja.captions.descriptions.wikitext.balance import braces_end, without_comments
from thuja.captions.descriptions.wikitext.plain import plain_text

_HEADING: Final = re.compile(r"^(={2,6})([^\n]{1,250}?)\1[ \t]{0,20}$", re.MULTILINE)
_AT_HEAD: Final = re.compile(r"\s*(?=\{\{)")
_MOST: Final = 60_000
"""Signs of markup that are read of one section; none that a person reads is longer."""

_MOST_OF_A_PAGE: Final = 200_000
_MOST_TEMPLATES: Final = 50
"""That stand at the head of a section, each on lines of its own."""

_LOOKS: Final = re.compile(
    r"\b(?:descriptions?|morpholog\w+|appearances?|identification|identifying|field marks|features?|characteristics?|"
    r"physical|external anatomy|anatomy|plumages?|colou?rs?|colou?ration|markings|pelage|coat|size|shape|"
    r"dimorphism|macroscopic|fruit(?:ing)? ?bod(?:y|ies)|sporocarps?|flowers?|inflorescences?|lea(?:f|ves)|foliage|"
    r"bark|fruits?|stems?|cones?|fronds?|shells?|wings?|imago|adults?|males?|females?|caterpillars?|larvae?|juveniles?|"
    r"growth habit|diagnosis)\b"
)
_NOT_LOOKS: Final = re.compile(
    r"\b(?:habitats?|distribution|range|behaviou?r\w*|ecolog\w+|diet|feeding|food|reproduction|breeding|nest\w*|"
    r"life ?(?:cycle|history)|taxonom\w+|systematics|phylogen\w+|evolution\w*|etymology|nam(?:e|es|ing)|history|"
    r"discovery|conservation|threats?|status|uses?|cultivation|culture|voice|vocali[sz]\w+|calls?|songs?|sounds?|"
    r"genom\w+|genetics?|chemi\w+|phytochemi\w+|biochemi\w+|toxicity|venom|internal anatomy|"
    r"microscop\w+|fossils?|gallery|references|notes|see also|external links|bibliography|further reading|"
    r"described species|species list|list of|similar species|look-?alikes?|subspecies|"
    r"pollination|parasit\w+|predat\w+|physiology|movement|social|harvest\w*|production|market\w*|disease\w*)\b"
)
_FIRST: Final = re.compile(r"\b(?:descriptions?|morpholog\w+|appearances?|identification|characteristics?|physical)\b")
"""What makes a heading one on looks even where it names something else too (`Description and habitat`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What stands between one heading and the next."""

    level: int
    heading: str
    start: int
    end: int


def looks_of(text: str) -> tuple[Section, ...]:
    """The sections on looks, with what is nested in them; the introduction where there are none. May be empty."""
    text = without_comments(text)
    parts = list(_parts(text))
    chosen = list(_on_looks(parts[1:]))
    return _sections(text, chosen) or _sections(text, parts[:1])


def _sections(text: str, parts: list[_Part]) -> tuple[Section, ...]:
    sections: list[Section] = []
    left = _MOST_OF_A_PAGE
    for part in parts:
        prose = _prose(text, part)
        left -= len(prose)
        if left < 0:
            break
        if words := plain_text(prose):
            sections.append(Section(heading=part.heading, text=words))
    return tuple(sections)


def _prose(text: str, part: _Part) -> str:
    """A part's markup, without the templates at its head that have lines of their own: boxes, which may be long."""
    end, at = min(part.end, part.start + 4 * _MOST), part.start
    for _ in range(_MOST_TEMPLATES):
        match = _AT_HEAD.match(text, at, end)
        if match is None:
            break
        after = braces_end(text, match.end(), end)
        if after < 0 or not text[after : after + 1].isspace() or text[after] == " ":
            break
        at = after
    return _cut(text[at:end])


def _cut(text: str) -> str:
    """No more than is read of one section, cut where a paragraph ends."""
    if len(text) <= _MOST:
        return text
    end = text.rfind("\n", 0, _MOST)
    return text[: end if end > 0 else _MOST]


def _parts(text: str) -> Iterator[_Part]:
    level, heading, start = 1, "", 0
    for match in _HEADING.finditer(text):
        yield _Part(level=level, heading=heading, start=start, end=match.start())
        level, heading, start = len(match[1]), plain_text(match[2]), match.end()
    yield _Part(level=level, heading=heading, start=start, end=len(text))


def _on_looks(parts: list[_Part]) -> Iterator[_Part]:
    """Parts under a heading on looks, and those nested in them unless their own heading says otherwise."""
    inside = outside = 0  # levels of the heading on looks, and of the heading on something else, that we are under
    for part in parts:
        inside = inside if 0 < inside < part.level else 0
        outside = outside if 0 < outside < part.level else 0
        if is_on_looks(part.heading):
            if not outside:
                inside = inside or part.level
        elif is_on_other(part.heading):
            outside = outside or part.level
        if inside and not outside:
            yield part


def is_on_looks(heading: str) -> bool:
    """Whether a heading promises how the taxon looks.

    >>> [is_on_looks(heading) for heading in ("Description and habitat", "Adult males", "Flowers and uses")]
    [True, True, False]
    """
    words = heading.lower()
    return bool(_LOOKS.search(words)) and (not _NOT_LOOKS.search(words) or _leads(words))


def _leads(words: str) -> bool:
    """Whether a word for looks comes before any for something else."""
    first, other = _FIRST.search(words), _NOT_LOOKS.search(words)
    return first is not None and (other is None or first.start() < other.start())


def is_on_other(heading: str) -> bool:
    """Whether a heading promises something else than looks."""
    return bool(_NOT_LOOKS.search(heading.lower())) and not is_on_looks(heading)
