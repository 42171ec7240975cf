"""Whether a caption bears its taxon's name, another's, or one that must not be there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.phrasebook import word_list
from thuja.captions.check.words import plain, stems_of
from thuja.taxonomy import Taxon

_TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_LONGEST: Final = 7
"""Names of more words are not looked for among those of other species."""


def names_of(taxon: Taxon) -> tuple[str, ...]:
    """What a taxon may be called: its common name, and its scientific one."""
    return tuple(name for name in dict.fromkeys((taxon.common, taxon.scientific_name)) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Compares names without case, hyphens, accents and plurals; `others` are those of other species, so prepared."""

    others: frozenset[tuple[str, ...]] = field(default_factory=frozenset, repr=False)

    @classmethod
    def of(cls, others: Iterable[str]) -> "Naming":
        """With what other species are called."""
        prepared = {stems_of(name) for name in others}
        return cls(others=frozenset(name for name in prepared if 0 < len(name) <= _LONGEST))

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault for a missing, a wrong, or a leaked name."""
        own = own_spans(caption, subject)
        if subject.is_name_wanted:
            if own:
                return Finding(check="name", facts={"kind": "right"})
            other = self._other(caption, subject)
            wanted = next(iter(subject.names or names_of(subject.taxon)), "")
            if not wanted:
                return Finding(check="name", facts={"kind": "unknown"})
            if other:
                return _fault("wrong", f'it is called "{other}", its name is {wanted}')
            return _fault("missing", f"the name is missing: {wanted}")
        if own:
            start, end = own[0]
            return _fault("leaked", f'it must not be named: "{caption[start:end]}"')
        other = self._other(caption, subject) or _genus(caption, subject.taxon)
        if other:
            return _fault("leaked", f'it must not be named: "{other}"')
        return Finding(check="name", facts={"kind": "unnamed"})

    def _other(self, caption: str, subject: Subject) -> str:
        """The longest name of another species, or words that have the form of a binomial."""
        tokens = list(_TOKEN.finditer(_split_hyphens(caption)))
        words = [_stem(token.group()) for token in tokens]
        mine = {stems_of(name) for name in (*subject.names, *names_of(subject.taxon))}
        for size in range(min(_LONGEST, len(words)), 0, -1):
            for start in range(len(words) - size + 1):
                run = tuple(words[start : start + size])
                if run in self.others and not any(_holds(own, run) for own in mine):
                    return caption[tokens[start].start() : tokens[start + size - 1].end()]
        found = _BINOMIAL.search(caption)
        return found.group() if found and found.group().split()[0].lower() not in word_list("no_genus") else ""


_BINOMIAL: Final = re.compile(
    r"\b[A-Z][a-z]{3,}(?:us|a|um|is|es|ys|on|ops|yx|ea|ia|as|os|ax|ma|er)"
    r" [a-z]{3,}(?:us|a|um|is|ii|ae|ensis|oides|ata|atus|atum|alis|ens|ans|orum|arum|ella|icus|ica|i)\b"
)


def _genus(caption: str, taxon: Taxon) -> str:
    """The genus alone, with its capital: an iris is no Iris."""
    found = re.search(rf"(?<!\w){re.escape(taxon.genus)}(?!\w)", caption) if taxon.genus else None
    return found.group() if found else ""


def _fault(kind: str, reason: str) -> Finding:
    return Finding(check="name", score=0.0, is_fault=True, reason=reason, facts={"kind": kind})


def _holds(name: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(name[start : start + len(part)] == part for start in range(len(name) - len(part) + 1))


def _split_hyphens(text: str) -> str:
    """Hyphens as blanks, so that places stay where they are."""
    return text.replace("-", " ").replace("\u2010", " ").replace("\u2011", " ")


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return "".join(stems_of(word))


@lru_cache(maxsize=16_384)
def _name_stems(name: str) -> tuple[str, ...]:
    return stems_of(name)


def own_spans(caption: str, subject: Subject) -> list[tuple[int, int]]:
    """Where the taxon's names stand in the caption, as (start, end); `C. corax` for Corvus corax too."""
    names = dict.fromkeys((*subject.names, *names_of(subject.taxon)))
    text = _split_hyphens(caption)
    tokens = list(_TOKEN.finditer(text))
    words = [_stem(token.group()) for token in tokens]
    spans = []
    for name in names:
        run = _name_stems(name)
        for start in range(len(words) - len(run) + 1):
            if run and tuple(words[start : start + len(run)]) == run:
                spans.append((tokens[start].start(), tokens[start + len(run) - 1].end()))
    return spans or _joined_spans(caption, tuple(names)) or _abbreviated(caption, subject.taxon)


def _joined_spans(caption: str, names: tuple[str, ...]) -> list[tuple[int, int]]:
    """Names written together or apart otherwise: bluejay for blue jay."""
    tokens = list(_TOKEN.finditer(_split_hyphens(caption)))
    words = [_stem(token.group()) for token in tokens]
    spans = []
    for name in names:
        joined = "".join(_name_stems(name))
        if len(joined) < 6:
            continue
        for start in range(len(words)):
            run = ""
            for end in range(start, min(start + _LONGEST, len(words))):
                run += words[end]
                if run == joined:
                    spans.append((tokens[start].start(), tokens[end].end()))
                if len(run) >= len(joined):
                    break
    return spans


def _abbreviated(caption: str, taxon: Taxon) -> list[tuple[int, int]]:
    if not taxon.binomial:
        return []
    initial, epithet = re.escape(plain(taxon.genus)[0]), re.escape(plain(taxon.species))
    found = re.search(rf"\b{initial}\.\s?{epithet}\b", caption, re.IGNORECASE)
    return [found.span()] if found else []


def without_names(text: str, subject: Subject, instead: str = " ") -> str:
    """The text with `instead` for the taxon's own names, whose words claim nothing: a black bear may be brown."""
    kept, place = [], 0
    for start, end in sorted(own_spans(text, subject)):
        if start >= place:
            kept.append(text[place:start])
        place = max(place, end)
    return instead.join([*kept, text[place:]]) if kept or place else text
