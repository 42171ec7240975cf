"""Countries by their ISO 3166 codes and English names."""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from iso3166 import countries

from thuja.errors import UnknownName

_ALSO: Mapping[str, str] = {
    "BRITAIN": "GB",
    "CAPE VERDE": "CV",
    "CZECH REPUBLIC": "CZ",
    "EAST TIMOR": "TL",
    "GREAT BRITAIN": "GB",
    "IVORY COAST": "CI",
    "LAOS": "LA",
    "NORTH KOREA": "KP",
    "RUSSIA": "RU",
    "SOUTH KOREA": "KR",
    "SWAZILAND": "SZ",
    "SYRIA": "SY",
    "TURKEY": "TR",
    "UK": "GB",
    "UNITED KINGDOM": "GB",
    "UNITED STATES": "US",
    "VATICAN": "VA",
    "VIETNAM": "VN",
}
"""What people and iNaturalist call countries, where ISO 3166 says it otherwise."""


@cache
def country_codes() -> Mapping[str, str]:
    """The two-letter code behind every code and English name, all in capitals, with accents and without."""
    whole, short = dict(_ALSO), Counter[tuple[str, str]]()
    for country in countries:
        for name in {country.alpha2, country.alpha3, country.name, country.apolitical_name}:
            whole |= dict.fromkeys((name.upper(), _plain(name)), country.alpha2)
            short[_plain(name.partition(",")[0]), country.alpha2] += 1
    # "Bolivia" of "Bolivia, Plurinational State of"; but "Korea" is two countries.
    meanings = Counter(name for name, _ in short)
    return {name: code for name, code in short if meanings[name] == 1} | whole


def country_code(text: str) -> str:
    """The two-letter code of a country; raises UnknownName.

    >>> country_code("cri"), country_code("Costa Rica"), country_code("Cote d'Ivoire")
    ('CR', 'CR', 'CI')
    """
    known = country_codes()
    code = known.get(text.strip().upper()) or known.get(_plain(text.strip()))
    if code is None:
        near = get_close_matches(_plain(text.strip()), known, n=1)
        asked = f"did you mean {near[0].title()}? " if near else ""
        raise UnknownName(
            f'unknown country: "{text}"', hint=f"{asked}a code of ISO 3166 (CR, CRI) or its English name (Costa Rica)"
        )
    return code


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.upper().replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
