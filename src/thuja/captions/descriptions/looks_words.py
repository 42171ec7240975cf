"""Words that tell what a picture could show of an organism, and words that tell what it could not.

The everyday, the botanist's and the zoologist's words for colour, pattern, shape, texture and parts stand in
`looks_words.txt`, beside those for places, habits, names and the like. The classifier weighs them; none decides alone.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

KINDS: Final = (
    "colour", "pattern", "shape", "texture", "part", "place", "habit", "naming", "measure", "time", "who", "hidden",
)  # fmt: skip
"""The kinds of words, in the file's order."""
LOOKS: Final = ("colour", "pattern", "shape", "texture")
"""The kinds that tell looks."""


@cache
def words_by_kind() -> Mapping[str, frozenset[str]]:
    """The words of each of KINDS, in lower case.

    >>> "reddish" in words_by_kind()["colour"], "wings" in words_by_kind()["part"]
    (True, True)
    """
    text = files("thuja.captions.descriptions").joinpath("looks_words.txt").read_text(encoding="utf-8")
    pieces = re.split(r"^\[(\w+)\].*$", text, flags=re.MULTILINE)[1:]
    words = {kind: frozenset(listed.split()) for kind, listed in zip(pieces[::2], pieces[1::2], strict=True)}
    assert tuple(words) == KINDS, "looks_words.txt holds other kinds of words"
    return words
