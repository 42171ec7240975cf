"""Sentences to clauses: the least pieces that say one thing, such as "which lives in Chile".

A clause is a span of its sentence, so that what is kept of a sentence is in its source's words.
"""

import re
from typing import Final

_VERBS: Final = (
    "is|are|was|were|has|have|had|can|may|could|does|do|occurs?|grows?|lives?|feeds?|inhabits?|reach(?:es)?|produces?|"
    "bears?|ranges?|lays?|eats?|breeds?|nests?|prefers?|contains?|comprises?|includes?|consists?|hosts?|tends?|forms?|"
    "makes?|becomes?|measures?|lacks?|possess(?:es)?|extends?|appears?|blooms?|differs?|belongs?|resembles?|"
    "hangs?|remains?|shows?|lies|lie"
)
_ADVERBS: Final = r"also|then|thus|therefore|usually|often|typically|generally|sometimes|occasionally|frequently|\w+ly"
_AUXILIARIES: Final = "is|are|was|were|has|have|can|may"
_PARTICIPLES: Final = (
    "found|native|endemic|indigenous|occurring|living|inhabiting|characteri[sz]ed by|distinguished (?:by|from)|having|"
    "bearing|known (?:from|for|as|only|to)|named (?:for|after)|ranging|lacking|restricted|distributed|belonging|"
    "consisting of"
)
_AFTER_COMMA: Final = (
    "growing|feeding|reaching|measuring|described|forming|producing|giving|making|cultivated|grown|used|introduced|"
    "widespread|recogni[sz]ed by|recogni[sz]able by|identified by|separated from|hence|as"
)
_MARKED_WITH: Final = (
    "together|along|associated|covered|confused|compared|consistent|filled|adorned|marked|tipped|lined|edged|tinged|"
    "spotted|streaked|striped|banded|fringed|suffused|mottled|patterned|contact|relationship|symbiosis|contrasts?|"
    "contrasting|overlaps|shared|even|mixed|hybridi[sz]es?|interbreeds?|synonymous|equipped|dotted|flecked|barred|washed|"
    "densely|competes?|connected|infected|do|up|down|tapered|irrorated|interspersed|stained|shaded|intermingling|"
    "association|comparison|bond|live|lined\\)|sprinkled\\)"
)
"""After these, "with" belongs to the word before it."""
_BREAKS: Final = re.compile(
    "|".join(
        (
            r"(?:;|:(?=\s)|(?<!\d)\s[–—-](?=\s))\s*",
            r",?\s+(?=(?:but|while|whereas|although|though|because|unless|except that|so that)\s)",
            rf",?\s+(?=(?:and|or)\s+(?:(?:{_ADVERBS})\s+)?(?:{_VERBS})\b)",
            r",?\s+(?=and\s+(?:it|they|there|males|females)\b)",
            rf",?\s+(?=and\s+(?:the|its|their|each|both)\s+(?:[\w-]+\s+){{1,3}}(?:{_AUXILIARIES})\b)",
            rf",\s+(?=(?:the|its|their|each)\s+(?:[\w-]+\s+){{1,3}}(?:{_AUXILIARIES})\b)",
            rf",\s+(?=(?:which|who|whose|where|when|{_AUXILIARIES}|{_AFTER_COMMA}|{_PARTICIPLES})\b)",
            rf"\s+(?=(?:that|which|who)\s+(?:(?:{_ADVERBS})\s+)?(?:{_VERBS})\b)",
            rf"\s+(?=(?:whose|where)\s)|\s+(?=(?:{_PARTICIPLES})\b)|,?\s+(?=and\s+(?:{_PARTICIPLES})\b)",
            rf",?\s+(?=(?:and\s+)?(?:(?:{_ADVERBS})\s+)?with\s)",
        )
    )
)
_TIGHT: Final = re.compile(
    r"\b(?:is|are|be|was|were|been|has|have|not|also|often|most|first|best|well|and|or|species|can|when|while|after|before|"
    r"from|by|of|for|in|on|sometimes|already|a|an|the|its|\w+ly)$"
)
"""After these a participle belongs to the clause before it ("is found in"), and no clause begins."""
_WITH: Final = re.compile(rf"(?:\b(?:{_MARKED_WITH})|,)$", re.IGNORECASE)
_FEWEST: Final = 3
"""Fewer words than these say nothing by themselves."""
_LONGEST: Final = 2_000
"""More letters than these are no sentence but a list or a page without full stops, and are left whole."""


def split_clauses(sentence: str) -> list[tuple[int, int]]:
    """The spans of a sentence's clauses; with what stands between them they are the sentence.

    >>> text = "It is a beetle with red wings, which lives in Chile."
    >>> [text[start:end] for start, end in split_clauses(text)]
    ['It is a beetle', 'with red wings', 'which lives in Chile.']
    """
    if len(sentence) > _LONGEST:
        return [(0, len(sentence))]
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BREAKS.finditer(sentence):
        before, after = sentence[start : match.start()], sentence[match.end() :]
        is_long = len(before.split()) >= _FEWEST and len(after.split()) >= _FEWEST
        if is_long and not _is_bracketed(sentence, match.start()) and _is_break(before, after, match.group()):
            spans.append((start, match.start()))
            start = match.end()
    spans.append((start, len(sentence)))
    return spans


def _is_bracketed(sentence: str, position: int) -> bool:
    return sentence.count("(", 0, position) > sentence.count(")", 0, position)


def _is_break(before: str, after: str, between: str) -> bool:
    if after.startswith("with "):
        return _WITH.search(before) is None
    if between.isspace() and re.match(rf"(?:{_PARTICIPLES})\b", after):
        return _TIGHT.search(before) is None
    return True
