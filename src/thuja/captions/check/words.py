"""A caption as words that compare well: no case, no accents, no hyphens, American spelling."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_APOSTROPHES: Final = re.compile("['\u2019\u02bc`]")
_AMERICAN: Final = {
    "grey": "gray",
    "greyish": "grayish",
    "greys": "grays",
    "colour": "color",
    "colours": "colors",
    "coloured": "colored",
    "mould": "mold",
}
_KEPT_WHOLE: Final = ("ss", "us", "is", "as", "os")
"""Endings in s of words that are no plurals: grass, cactus, iris, atlas."""


def plain(text: str) -> str:
    """The text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@lru_cache(maxsize=4_096)
def words_of(text: str) -> tuple[str, ...]:
    """The words and numbers: `Grey-headed Abert's` is `gray headed aberts`."""
    return tuple(_AMERICAN.get(word, word) for word in _WORD.findall(_APOSTROPHES.sub("", plain(text))))


@lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """A word without its plural ending: leaves, berries, bushes, wings, fungi are leaf, berry, bush, wing, fungus."""
    if len(word) < 4 or word.endswith(_KEPT_WHOLE):
        return word
    known = _IRREGULAR.get(word)
    if known:
        return known
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word.removesuffix("s")


_IRREGULAR: Final = {
    "leaves": "leaf",
    "hooves": "hoof",
    "halves": "half",
    "calves": "calf",
    "wolves": "wolf",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "lice": "louse",
    "fungi": "fungus",
    "cacti": "cactus",
    "antennae": "antenna",
    "larvae": "larva",
    "pupae": "pupa",
    "ocelli": "ocellus",
    "bacteria": "bacterium",
    "calyces": "calyx",
    "species": "species",
    "series": "series",
}


def stems_of(text: str) -> tuple[str, ...]:
    """The words, each in the singular."""
    return tuple(singular(word) for word in words_of(text))
