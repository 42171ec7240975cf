"""Whether a caption is one sentence, and a whole one."""

import re
from dataclasses import dataclass
from typing import Final

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.check.phrasebook import word_list

_END: Final = re.compile(r"([^\s.!?]{0,40})([.!?\u2026]+)[\"'\u201d\u2019)\]]*(?=(\s+|$)(.?))", re.DOTALL)
_LISTED: Final = re.compile(r"(?:^|\n)\s*(?:\d{1,2}[.)]|[-*\u2022])\s+\S")
_BROKEN_OFF: Final = re.compile(
    r"(?:[,;:(\u2013-]|\b(?:a|an|the|and|or|with|of|in|on|at|to|from|by|its|their|is|are|has|have|very|that|which))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSentence:
    """Finds where sentences end; `sp.`, `C. corax` and `e.g.` end none."""

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault for several sentences, a list, or one that breaks off."""
        text = caption.strip()
        count = len(sentence_ends(text))
        facts = {"sentences": count}
        if _LISTED.search(text) or "\n" in text:
            return _fault("it is a list or has several lines, one sentence is wanted", facts)
        if count > 1:
            return _fault(f"it has {count} sentences, one is wanted", facts)
        if _BROKEN_OFF.search(text):
            return _fault("its sentence breaks off", facts)
        return Finding(check="sentence", facts=facts)


def _fault(reason: str, facts: dict[str, int]) -> Finding:
    return Finding(check="sentence", score=0.0, is_fault=True, reason=reason, facts=facts)


def sentence_ends(text: str) -> list[int]:
    """Where each sentence ends, the last at the end of the text whether or not a full stop stands there."""
    ends = [match.end() for match in _END.finditer(text) if _is_end(match)]
    rest = text[ends[-1] :] if ends else text
    return [*ends, len(text)] if any(letter.isalnum() for letter in rest) else ends


def _is_end(match: re.Match[str]) -> bool:
    word, marks, gap, following = match.groups()
    if not gap:
        return True
    if "!" in marks or "?" in marks:
        return True
    is_short = len(word) == 1 and word.isalpha() and word.isupper()
    if is_short or word.lower() in word_list("abbreviations"):
        return False
    return bool(word) and not following.islower()
