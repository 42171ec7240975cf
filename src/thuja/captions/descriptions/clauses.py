"""Sentences to clauses: the least pieces that say one thing, such as "which lives in Chile".

A clause is a span of its sentence, so that what is kept of a sentence is in its source's words.
"""

import re
from typing import Final

_VERBS: Final = (
    "is|are|was|were|has|have|had|can|may|could|does|do|occurs?|grows?|lives?|feeds?|inhabits?|reaches|reach|flowers|"
    "produces?|bears?|ranges?|lays?|eats?|breeds?|nests?|prefers?|contains?|comprises?|includes?|consists?|hosts?|"
    "tends?|forms?|makes?|becomes?|measures?|lacks?|possess(?:es)?|extends?|appears?|blooms?|usually|often|typically|"
    "generally|sometimes|differs?|belongs?|resembles?"
)
_SUBJECTS: Final = r"its?|they|their|the|this|these|those|there|both|each|most|some|males?|females?|adults?|individuals"
_NOT_BEFORE_WITH: Final = (
    "together|along|associated|covered|confused|compared|consistent|filled|adorned|marked|tipped|lined|edged|"
    "tinged|spotted|streaked|striped|banded|fringed|suffused|mottled|patterned|contact|relationship|symbiosis|"
    "contrast|contrasts|overlaps|shared|even|mixed|hybridi[sz]es?|interbreeds?|synonymous|equipped|dotted|"
    "flecked|barred|washed|densely|competes?|connected|infected|do|up|down|tapered"
)
_PARTICIPLES: Final = (
    "found|native|endemic|indigenous|growing|occurring|living|inhabiting|characteri[sz]ed by|distinguished (?:by|from)|"
    "having|bearing|known (?:from|for|as|only|to)|named (?:for|after)|feeding|ranging|reaching|measuring|lacking|"
    "described|restricted|distributed|belonging|consisting of|forming|producing|giving|making|cultivated|grown|used|"
    "recogni[sz]ed by|recogni[sz]able by|identified by|separated from|introduced|widespread|common in"
)
_BREAKS: Final = re.compile(
    rf"(?:;|:(?=\s)|(?<!\d)\s[–—-](?=\s))\s*"
    rf"|,?\s+(?=(?:but|while|whereas|although|though|because|unless|except that|so that)\s)"
    rf"|,?\s+(?=(?:and|or)\s+(?:(?:also|then|thus|therefore)\s+)?(?:{_VERBS})\b)"
    rf"|,\s+(?=(?:and|or)\s+(?:{_SUBJECTS})\b)|\s+(?=and\s+(?:its?|their|they)\b)"
    rf"|,\s+(?=(?:the|its|their)\s+[a-z]+\s+(?:is|are|has|have)\b)"
    rf"|,\s+(?=(?:which|who|whose|where|when|as|giving|hence|{_VERBS}|its|their|{_PARTICIPLES})\b)"
    rf"|\s+(?=(?:that|which|who)\s+(?:{_VERBS})\b)|\s+(?=whose\s)|\s+(?=where\s+(?:{_SUBJECTS}|{_VERBS})\b)"
    rf"|\s+(?=(?:{_PARTICIPLES})\b)"
    rf"|,?\s+(?=and\s+(?:{_PARTICIPLES}|with)\b)|,?\s+(?=with\s)"
)
_TIGHT: Final = re.compile(
    r"\b(?:is|are|be|was|were|been|not|also|commonly|usually|often|only|mostly|mainly|widely|easily|currently|"
    r"previously|originally|first|best|well|formerly|and|or|species|can)$"
)
"""After these a participle is the verb of its own clause ("is found in"), and no new clause begins."""
_WITH: Final = re.compile(rf"\b(?:{_NOT_BEFORE_WITH})$", re.IGNORECASE)
_SHORTEST: Final = 8
"""Fewer letters than this say nothing by themselves."""


def split_clauses(sentence: str) -> list[tuple[int, int]]:
    """The spans of a sentence's clauses; with what stands between them they are the sentence.

    >>> text = "It is a beetle with red wings, which lives in Chile."
    >>> [text[start:end] for start, end in split_clauses(text)]
    ['It is a beetle', 'with red wings', 'which lives in Chile.']
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BREAKS.finditer(sentence):
        if match.start() - start < _SHORTEST or len(sentence) - match.end() < _SHORTEST:
            continue
        if _is_bracketed(sentence, match.start()) or not _is_break(sentence, match):
            continue
        spans.append((start, match.start()))
        start = match.end()
    spans.append((start, len(sentence)))
    return spans


def _is_bracketed(sentence: str, position: int) -> bool:
    return sentence.count("(", 0, position) > sentence.count(")", 0, position)


def _is_break(sentence: str, match: re.Match[str]) -> bool:
    before, after = sentence[: match.start()], sentence[match.end() :]
    if after.startswith("with "):
        return _WITH.search(before) is None
    if match.group().isspace() and re.match(rf"(?:{_PARTICIPLES})\b", after):
        return _TIGHT.search(before) is None
    return True
