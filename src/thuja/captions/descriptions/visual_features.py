"""What the classifier of clauses looks at: hashed words and pairs of words, and how many words are of which kind."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.captions.descriptions.looks_words import KINDS, LOOKS, words_by_kind

BUCKETS: Final = 1 << 13
"""How many numbers words are hashed to; two words seldom meet among the few thousand that matter."""
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?(?:-[^\W\d_]+)*|\d[\d.,–-]*")
_UNIT: Final = re.compile(
    r"\d\s*(?:–\s*\d+\s*)?(?:mm|cm|m|ft|in|kg|g|lb|km|inch(?:es)?|feet|foot|(?:centi|milli|kilo|micro)?met(?:re|er)s?)\b"
)
_NAMES: Final = re.compile(r"\b(?:called|known (?:\w+ )?as|names?|named|epithet)\b|,\s+(?:the|or|an?)\s|^or\s")
_BINOMIAL: Final = re.compile(r"^(?:The .* \()?[A-Z][a-z]+ [a-z-]+\b|^The [\w'’ -]+ \(")
_SPANS: Final = frozenset(
    {"broad", "deep", "deeply", "large", "length", "long", "longer", "narrow", "short", "tall", "thick", "wide"}
)
"""Words of shape that stand beside a measure as often; with one, they tell no looks by themselves."""


@lru_cache(maxsize=1 << 16)
def _tells(word: str) -> tuple[str, ...]:
    """What kinds a word and the parts of a hyphenated one belong to; a plural belongs where its singular does."""
    return tuple(
        kind
        for piece in word.lower().split("-")
        for kind, listed in words_by_kind().items()
        if piece in listed or (piece.endswith("s") and piece[:-1] in listed)
    )


def _kinds(words: Sequence[str]) -> Counter[str]:
    return Counter(kind for word in words for kind in _tells(word))


HAND: Final = (
    *(f"any {name}" for name in KINDS),
    *(f"share of {name}" for name in KINDS),
    "looks of a part",
    "several looks",
    "looks only",
    "names",
    "numbers",
    "unit",
    "unit of a part",
    "unit and no looks",
    "begins with a name",
    "says names",
    "names and no looks of a part",
    "brackets",
    "length",
    "short",
)
"""The features that are not hashed, in their order."""


def _hand(text: str, words: Sequence[str]) -> list[float]:
    """The features of HAND, each from 0 to 1."""
    kinds = _kinds(words)
    number = max(1, len(words))
    looks = sum(kinds[name] for name in LOOKS)
    others = kinds["place"] + kinds["habit"] + kinds["naming"] + kinds["time"]
    names = sum(word[0].isupper() for word in words[1:])
    has_unit = _UNIT.search(text) is not None
    plain_looks = looks - sum(word.lower() in _SPANS for word in words)
    says_names = _NAMES.search(text) is not None
    return [
        *(float(kinds[name] > 0) for name in KINDS),
        *(min(1.0, 3 * kinds[name] / number) for name in KINDS),
        float(looks > 0 and kinds["part"] > 0),
        float(looks > 1),
        float(looks > 0 and not others),
        min(1.0, 2 * names / number),
        min(1.0, sum(word[0].isdigit() for word in words) / 3),
        float(has_unit),
        float(has_unit and kinds["part"] > 0),
        float(has_unit and plain_looks <= 0),
        float(_BINOMIAL.search(text) is not None),
        float(says_names),
        float(says_names and not (looks and kinds["part"])),
        float("(" in text),
        min(1.0, number / 20),
        float(number < 4),
    ]


def _plain(word: str, *, is_first: bool) -> str:
    if word[0].isdigit():
        return "0"
    return "^" if word[0].isupper() and not is_first else word.lower()


def _bucket(token: str) -> int:
    return zlib.crc32(token.encode()) % BUCKETS


@lru_cache(maxsize=1 << 16)
def _of_word(word: str) -> frozenset[int]:
    """The buckets of a word, of the parts of a hyphenated one, and of a long one's beginning and ending."""
    parts = word.split("-") if "-" in word else []
    ends = [f"{word[:5]}~", f"~{word[-4:]}"] if len(word) > 5 else []
    return frozenset(_bucket(token) for token in (word, *parts, *ends))


def _buckets(words: Sequence[str]) -> list[int]:
    """Of words, pairs of words and the first word; a name within the clause counts as a name, whichever it is."""
    plain = [_plain(word, is_first=number == 0) for number, word in enumerate(words)]
    found = {_bucket(f"first {plain[0]}" if plain else "nothing")}
    for word in plain:
        found |= _of_word(word)
    found.update(_bucket(f"{left} {right}") for left, right in pairwise(plain))
    return sorted(found)


def look_at(text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The buckets that a text's words fall into, ascending, and its features of HAND."""
    words = _WORD.findall(text)
    return np.array(_buckets(words), np.int64), np.array(_hand(text, words), np.float64)
