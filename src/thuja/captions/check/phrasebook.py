"""Lists of phrases in text files: one regular expression a line, in sections by `[kind]`."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_QUOTED: Final = 80
"""Letters of a phrase that a reason quotes: reasons go into the next request."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases of one kind, as one expression."""

    kind: str
    expression: re.Pattern[str]


@cache
def phrases_in(name: str) -> tuple[Phrases, ...]:
    """The sections of `phrases/NAME.txt`, in order; a phrase begins and ends with a word, in any case."""
    text = (files("thuja.captions.check") / "phrases" / f"{name}.txt").read_text(encoding="utf-8")
    by_kind: dict[str, list[str]] = {}
    kind = ""
    for line in text.splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("# "):
            by_kind.setdefault(kind, []).append(line.replace(" ?", r"\s*").replace(" ", r"\s+"))
    return tuple(
        Phrases(kind, re.compile(rf"(?<!\w)(?:{'|'.join(lines)})(?!\w)", re.IGNORECASE))
        for kind, lines in by_kind.items()
    )


def first_phrase(name: str, text: str) -> tuple[str, str]:
    """The kind and the words of the first phrase of that list in the text, cut to be quoted; both empty for none."""
    straight = text.replace("\u2019", "'")
    for phrases in phrases_in(name):
        found = phrases.expression.search(straight)
        if found:
            return phrases.kind, found.group()[:_QUOTED]
    return "", ""


@cache
def word_list(name: str) -> frozenset[str]:
    """The words of `phrases/NAME.txt`, parted by blanks and lines."""
    text = (files("thuja.captions.check") / "phrases" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("# ") for word in line.split())
