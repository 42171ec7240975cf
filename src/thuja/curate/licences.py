"""What a licence is called, however its source writes it, and how open it is."""

import re
from functools import lru_cache

import polars as pl

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

_ZERO = re.compile(r"\bcc ?0\b|\bcc zero\b|\bpublicdomain zero\b|\bpublic domain dedication\b|\bno rights reserved\b")
_PUBLIC = re.compile(r"\bpublic ?domain\b|\bpdm\b|\bpd\b|\bdomaine public\b|\bdominio p.?blico\b")
_FREE = re.compile(r"\bno known (copyright )?restrictions?\b|\bno known copyright\b|\bnkc\b")
_RESERVED = re.compile(r"\ball rights reserved\b")
_COMMONS = re.compile(r"\bcc\b|\bcreative ?commons\b|\battribution\b|^by( (nc|sa|nd))*( \d.*)?$")
_ATTRIBUTION = re.compile(r"\bby\b|\battribution\b")
_NO_TRADE = re.compile(r"\bnc\b|\bnon ?commercial\b")
_SHARE = re.compile(r"\bsa\b|\bshare ?alike\b")
_NO_CHANGE = re.compile(r"\bnd\b|\bno ?deriv(ative|ate|ativework)?s?\b")


@lru_cache(maxsize=100_000)
def canonical_licence(text: str) -> str | None:
    """The licence's name as TreeOfLife-200M's `license_name` has it, from a name, a code or an address.

    None where the text names no licence that is known. Of two readings the stricter is taken.

    >>> canonical_licence("http://creativecommons.org/licenses/by-nc/4.0/legalcode")
    'cc-by-nc'
    >>> canonical_licence("CC0_1_0"), canonical_licence("photo by A. Gray")
    ('cc0', None)
    """
    words = re.sub(r"[\W_]+", " ", text.casefold()).strip()
    if _RESERVED.search(words):
        return "all-rights-reserved"
    terms = [bool(term.search(words)) for term in (_NO_TRADE, _SHARE, _NO_CHANGE)]
    if _COMMONS.search(words) and (_ATTRIBUTION.search(words) or any(terms)) and not _ZERO.search(words):
        is_untraded, is_shared, is_unchanged = terms
        # No licence both forbids a change and says how a changed copy is shared.
        last = "-nd" if is_unchanged else "-sa" if is_shared else ""
        return f"cc-by{'-nc' if is_untraded else ''}{last}"
    for pattern, name in ((_ZERO, "cc0"), (_FREE, "no-known-restrictions"), (_PUBLIC, "public-domain")):
        if pattern.search(words):
            return name
    return None


def openness(name: str | None) -> int:
    """The place of a canonical name in OPENNESS; what is unknown comes after all that is known."""
    return OPENNESS.index(name) if name in OPENNESS else len(OPENNESS)


def canonical_licences(texts: pl.Series) -> pl.Series:
    """`canonical_licence` of a column, once for each text that is in it."""
    known = texts.drop_nulls().unique()
    names = {text: canonical_licence(text) for text in known.to_list()}
    return texts.replace_strict(names, default=None, return_dtype=pl.String) if names else texts.cast(pl.String)


def stricter_licences(names: pl.Series, links: pl.Series) -> pl.Series:
    """The licence that a row's name and link say: the less open one, where both say something."""
    order = {name: place for place, name in enumerate(OPENNESS)}
    places = pl.DataFrame({"name": canonical_licences(names), "link": canonical_licences(links)}).select(
        pl.all().replace_strict(order, default=None, return_dtype=pl.Int8)
    )
    strictest = places.select(pl.max_horizontal("name", "link")).to_series()
    return strictest.replace_strict(dict(enumerate(OPENNESS)), default=None, return_dtype=pl.String)
