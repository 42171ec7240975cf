"""What a licence is called, however its source writes it, and how open it is."""

import re
from functools import lru_cache

import polars as pl

from thuja.curate.licence_words import CC_WORDS, FILLING, LIMITS, WHOLE, plain_words

OPENNESS = (
    "public-domain",
    "cc0",
    "no-known-restrictions",
    "cc-by",
    "cc-by-sa",
    "cc-by-nc",
    "cc-by-nc-sa",
    "cc-by-nd",
    "cc-by-nc-nd",
    "all-rights-reserved",
)
"""Every name that `canonical_licence` gives, the most open first; versions and countries are left out."""

_NAMED = [*WHOLE.items(), *CC_WORDS.items(), ("", FILLING)]
_MEANINGS = {f"m{number}": meaning for number, (meaning, _) in enumerate(_NAMED)}
_NEXT = re.compile(
    "(?:" + "|".join(f"(?P<m{number}>{'|'.join(forms)})" for number, (_, forms) in enumerate(_NAMED)) + ")(?: |$)"
)
_CODES = {"nc", "sa", "nd"}
_NO_WORDS = frozenset(
    {"", "none", "null", "na", "n a", "not provided", "not specified", "not available", "unspecified"}
)
"""What a cell holds that says nothing; `not` in them takes nothing back."""


@lru_cache(maxsize=100_000)
def canonical_licence(text: str) -> str | None:
    """The licence's name as TreeOfLife-200M's `license_name` has it, from a name, a code or an address.

    None where the text names no licence, or has a word that is not one of a licence's: it may take back what the others
    grant. Of several readings the strictest is taken.

    >>> canonical_licence("http://creativecommons.org/licenses/by-nc/4.0/legalcode")
    'cc-by-nc'
    >>> canonical_licence("CC0_1_0"), canonical_licence("Attribution. Not for commercial use")
    ('cc0', None)
    """
    words = plain_words(text)
    if "all rights reserved" in words:  # whatever else is said, nothing is stricter
        return "all-rights-reserved"
    meanings = _meanings(words)
    if meanings is None:
        return None
    names = [name for name in OPENNESS if name in meanings]
    terms = meanings & _CODES
    # A lone `by` may be what is left of "by somebody".
    if (("cc" in meanings or "attribution" in words) and meanings & {"by", *_CODES}) or (
        "by" in meanings and words != "by"
    ):
        # No licence both forbids a change and says how a changed copy is shared.
        last = "-nd" if "nd" in terms else "-sa" if "sa" in terms else ""
        names.append(f"cc-by{'-nc' if 'nc' in terms else ''}{last}")
    elif terms:
        return None
    return max(names, key=OPENNESS.index, default=None)


def _meanings(words: str) -> set[str] | None:
    """What the words say, each of them; None where one is none of a licence's."""
    found, place = set[str](), 0
    while place < len(words):
        match = _NEXT.match(words, place)
        if match is None:
            return None
        found.add(_MEANINGS[str(match.lastgroup)])
        place = match.end()
    return found


def openness(name: str | None) -> int:
    """The place of a canonical name in OPENNESS; what is unknown comes after all that is known."""
    return OPENNESS.index(name) if name in OPENNESS else len(OPENNESS)


def canonical_licences(texts: pl.Series) -> pl.Series:
    """`canonical_licence` of a column, once for each text that is in it."""
    known = texts.drop_nulls().unique()
    names = {text: canonical_licence(text) for text in known.to_list()}
    return texts.replace_strict(names, default=None, return_dtype=pl.String) if names else texts.cast(pl.String)


def stricter_licences(names: pl.Series, links: pl.Series) -> pl.Series:
    """The licence that a row's name and link say: the less open one, where both say something.

    None also where one of them is not understood and limits something ("not for commercial use" beside CC BY).
    """
    order = {name: place for place, name in enumerate(OPENNESS)}
    pairs = pl.DataFrame({"name": names.cast(pl.String), "link": links.cast(pl.String)})
    places = pl.DataFrame({"name": canonical_licences(names), "link": canonical_licences(links)}).select(
        pl.all().replace_strict(order, default=None, return_dtype=pl.Int8)
    )
    is_taken_back = pl.DataFrame({name: _limiting(pairs[name]) for name in pairs.columns}).select(
        pl.any_horizontal(pl.all())
    )
    strictest = places.select(pl.max_horizontal("name", "link")).to_series()
    found = strictest.replace_strict(dict(enumerate(OPENNESS)), default=None, return_dtype=pl.String)
    return found.set(is_taken_back.to_series(), None)


def _limiting(texts: pl.Series) -> pl.Series:
    """Whether each text names no licence that is known and limits something all the same."""
    told = {text: _limits(text) for text in texts.drop_nulls().unique().to_list()}
    if not told:
        return pl.repeat(value=False, n=len(texts), dtype=pl.Boolean, eager=True)
    return texts.replace_strict(told, default=False, return_dtype=pl.Boolean)


@lru_cache(maxsize=100_000)
def _limits(text: str) -> bool:
    words = plain_words(text)
    return canonical_licence(text) is None and words not in _NO_WORDS and LIMITS.search(words) is not None
