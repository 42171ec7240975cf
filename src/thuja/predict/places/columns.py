"""What columns of places and dates are called: Darwin Core, iNaturalist, Camtrap DP, GBIF's cubes, thuja's catalog."""

from collections.abc import Iterable, Mapping

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "latitude": ("decimallatitude", "latitude", "lat", "gpslatitude", "deploymentlatitude", "latitudedecimal"),
    "longitude": (
        "decimallongitude", "longitude", "lon", "lng", "long", "gpslongitude", "deploymentlongitude",
        "longitudedecimal",
    ),
    "date": (
        "eventdate", "observedon", "timeobservedat", "eventstart", "timestamp", "datetimeoriginal", "datetime",
        "datecaptured", "dateobserved", "capturedate", "date", "yearmonth",
    ),
    "month": ("month",),
    "day_of_month": ("day",),
    "day_of_year": ("startdayofyear", "dayofyear", "doy"),
    "country": ("countrycode", "country", "placecountryname"),
}  # fmt: skip
"""Spellings of each meaning, the first preferred; case, blanks, `_`, `-` and `:` do not matter."""


def plain(heading: str) -> str:
    """A heading as it is compared: small letters and digits alone, without a namespace (`dwc:eventDate`)."""
    return "".join(letter for letter in heading.rpartition(":")[2].lower() if letter.isalnum())


def find(headings: Iterable[str], spellings: Mapping[str, tuple[str, ...]] = SPELLINGS) -> dict[str, tuple[str, ...]]:
    """The headings of each meaning that a table has, the preferred first."""
    held: dict[str, list[str]] = {}
    for heading in headings:
        held.setdefault(plain(heading), []).append(heading)
    found = {
        meaning: tuple(heading for spelling in names for heading in held.get(spelling, ()))
        for meaning, names in spellings.items()
    }
    return {meaning: several for meaning, several in found.items() if several}
