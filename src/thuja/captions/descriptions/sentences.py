"""Texts to sentences, as an encyclopedia of organisms writes them.

An abbreviated author ("L. 1758"), genus ("R. krugi") or measure ("c. 5 cm.") ends no sentence.
"""

import re
from collections.abc import Iterator
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ABBREVIATIONS: Final = _words(
    "al approx aff auct c ca cf cv dr e.g ed eg emend f fl gen hort i.e ie incl jr lat lit mr mrs ms mt nr nom nov pl"
    " pron resp s.l s.s sect sp spec spp ser sr ssp st subfam subg subgen subsect subsp syn synon trib u.s v var viz"
    " vs"
)
_BEFORE_NUMBERS: Final = _words("fig no p pp vol")
"""These are abbreviations only where a number follows: "is a fig. It", "Fig. 2"."""
_AUTHORS: Final = _words(
    "Aubl Balf Bartl Benth Blanch Boiss Cav Cham Chr DC Dougl Eckl Ehrh Endl Engelm Engl Fabr Fisch Forssk Gaertn"
    " Griseb Harv Hemsl Hook Jacq Juss Lam Latr Ledeb Lindl Linn Mart Maxim Mey Michx Mill Moq Muell Müll Nutt Oerst"
    " Ortg Pers Pfeiff Planch Poepp Pursh Raf Rchb Roxb Ruhmer Salisb Schltdl Schltr Schott Sm Spreng Standl Steud Sw"
    " Thunb Torr Tul Urb Vahl Vent Wall Wats Wedd Welw Wendl Willd Wright Zucc"
)
"""Abbreviated authors of names, as they stand after a species."""
_STARTERS: Final = _words(
    "A Adult Adults All Although An And Another As At Both But By During Each Females Female Flowers For Found From"
    " Fruit He Her Historically However In It Its Juveniles Larvae Leaves Like Male Males Many Members Most Native No"
    " Of On One Only Other Others Over Plants She Since Some Species Such That The Their There These They This Those"
    " Though Three Two Under Unlike Until When While With"
)
"""With these a sentence begins even after an author or an initial."""
_END: Final = re.compile(
    r"(?<![.!?])[.!?]++[\"'”’)\]]*+(?=\s+[\"'“‘(\[]*[A-Z0-9×ÁÉÍÓÚÖÜØÅ]|[A-Z][a-z]+\s)",
)
_WORD_BEFORE: Final = re.compile(r"[^\s(\[\"“]+$")
_WORD_AFTER: Final = re.compile(r"\s*[\"'“‘(\[]*(\w+)")
_CUT: Final = re.compile(r"\s*(?:\.\.\.|…)\s*$")
_LONGEST_BRACKET: Final = 200
"""A bracket that stays open for longer was never meant to be closed; nothing further back is looked at."""


def split_sentences(text: str) -> list[str]:
    """The sentences of a plain text in their order; a blank line always ends one, spaces are made single.

    >>> split_sentences("Rosa canina L. is a rose. It grows c. 3 m. tall. R. canina is pink.")
    ['Rosa canina L. is a rose.', 'It grows c. 3 m. tall.', 'R. canina is pink.']
    """
    paragraphs = (re.sub(r"\s+", " ", paragraph).strip() for paragraph in re.split(r"\n\s*\n", text))
    return [sentence for paragraph in paragraphs for sentence in _sentences(paragraph)]


def without_cut_end(text: str) -> str:
    """The text without the sentence that an ellipsis at its end cut short; a whole text as it is.

    >>> without_cut_end("It is red. It lives in ...")
    'It is red.'
    """
    if not (cut := _CUT.search(text)):
        return text
    sentences = split_sentences(text[: cut.start()])
    last = sentences[-1] if sentences else ""
    start = text.rfind(last, 0, cut.start()) if last else 0
    return text[: max(0, start)].rstrip()


def _sentences(paragraph: str) -> Iterator[str]:
    start = 0
    for match in _END.finditer(paragraph):
        if match.end() <= start or not _is_end(paragraph, start, match):
            continue
        yield paragraph[start : match.end()].strip()
        start = match.end()
    if rest := paragraph[start:].strip():
        yield rest


def _is_end(paragraph: str, start: int, match: re.Match[str]) -> bool:
    """Whether a full stop ends the sentence that began at `start`."""
    start = max(start, match.start() - _LONGEST_BRACKET)
    opened = max(paragraph.rfind(bracket, start, match.start()) for bracket in "([")
    closed = max(paragraph.rfind(bracket, start, match.end()) for bracket in ")]")
    if opened > closed:
        return False
    found = _WORD_AFTER.match(paragraph, match.end())
    following = found.group(1) if found else ""
    if match.end() < len(paragraph) and not paragraph[match.end()].isspace() and following not in _STARTERS:
        return False
    before = _WORD_BEFORE.search(paragraph[start : match.start()])
    if not match.group().startswith(".") or before is None:
        return True
    word = before.group().strip("'‘’,;")
    if word.lower() in _ABBREVIATIONS and not word.isupper():
        return False
    if word.lower() in _BEFORE_NUMBERS and following[:1].isdigit():
        return False
    is_shortened = word.split(".")[-1] in _AUTHORS or re.fullmatch(r"(?:\w\.?-?)*[A-Z]", word) is not None
    return not is_shortened or following in _STARTERS
