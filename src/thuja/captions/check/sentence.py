"""Whether a caption is one sentence, and a whole one."""

import re
from dataclasses import dataclass
from typing import Final

from thuja.captions.check.finding import Finding, Subject
from thuja.captions.descriptions.sentences import split_sentences

_LISTED: Final = re.compile(r"(?:^|\n)\s*(?:\d{1,2}[.)]|[-*\u2022])\s+\S")
_BROKEN_OFF: Final = re.compile(
    r"(?:[,;:(\u2013-]|\b(?:a|an|the|and|or|with|of|in|on|at|to|from|by|its|their|is|are|has|have|very|that|which))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSentence:
    """Counts sentences as descriptions are split; `sp.`, `C. corax` and `e.g.` end none."""

    def __call__(self, caption: str, subject: Subject) -> Finding:
        """A fault for several sentences, a list, or one that breaks off."""
        text = caption.strip()
        count = len(split_sentences(text.replace("\u2026", "...")))
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
