"""Where and when a photo was taken: from the table that named it, else from its EXIF."""

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from thuja.classify.priors.ranges import Occasion
from thuja.errors import ImageError
from thuja.images.decoding import DEFAULT_LIMITS, Limits, read_bytes
from thuja.images.exif import read_exif
from thuja.predict.places.columns import find

_LEAP_YEAR = 2020
_LONGEST = timedelta(days=62)
"""A period longer than this has no day that stands for it."""
_DAY = re.compile(r"(\d{4})[-/:.]?(\d{2})(?:[-/:.]?(\d{2}))?(?![\d])")


def occasion_of(
    content: bytes | Path | None, cells: Mapping[str, object] | None = None, *, limits: Limits = DEFAULT_LIMITS
) -> Occasion:
    """The occasion of an image: its bytes or file, and the cells of its row in a table; either may be missing.

    Place and day each come from the cells where these have them, else from the EXIF. What is no place or date there,
    an unreadable file included, counts as not known.
    """
    place, day = _place(cells or {}), day_of(cells or {})
    if (place is None or day is None) and content is not None:
        try:
            data = read_bytes(content, limits=limits) if isinstance(content, Path) else content
        except ImageError:
            data = b""
        exif = read_exif(data, limits=limits)
        if place is None and exif.latitude is not None and exif.longitude is not None:
            place = exif.latitude, exif.longitude
        if day is None and exif.taken is not None:
            day = exif.taken.timetuple().tm_yday
    return Occasion(latitude=place[0] if place else None, longitude=_turned(place[1]) if place else None, day=day)


def day_of(cells: Mapping[str, object]) -> int | None:
    """The day of the year that a row's cells name, from 1: a day, the middle of a month or of a period up to two."""
    found = find(cells)
    day = _whole(cells, found.get("day_of_year", ()))
    if day is not None and 1 <= day <= 366:
        return day
    for heading in found.get("date", ()):
        value = cells[heading]
        day = value.timetuple().tm_yday if isinstance(value, date) else _day_of_text(str(value))
        if day is not None:
            return day
    month = _whole(cells, found.get("month", ()))
    if month is None or not 1 <= month <= 12:
        return None
    of_month = _whole(cells, found.get("day_of_month", ())) or 15
    try:
        return date(_LEAP_YEAR, month, of_month).timetuple().tm_yday
    except ValueError:
        return None


def _day_of_text(text: str) -> int | None:
    """Of ISO 8601 and of EXIF's `2021:06:03`; of a period `from/to` the middle."""
    parts = [_DAY.match(part.strip()) for part in text.split("/", 1)] if "/" in text[7:] else [_DAY.match(text.strip())]
    days = []
    for part in parts:
        if part is None:
            return None
        year, month, day = part.groups()
        try:
            days.append(date(int(year), int(month), int(day or 15)))
        except ValueError:
            return None
    if days[-1] < days[0] or days[-1] - days[0] > _LONGEST:
        return None
    return (days[0] + (days[-1] - days[0]) / 2).timetuple().tm_yday


def _place(cells: Mapping[str, object]) -> tuple[float, float] | None:
    found = find(cells)
    for north, east in zip(found.get("latitude", ()), found.get("longitude", ()), strict=False):
        latitude, longitude = _number(cells[north]), _number(cells[east])
        is_place = latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 360
        if is_place and not latitude == longitude == 0:
            assert latitude is not None
            assert longitude is not None
            return latitude, longitude
    return None


def _turned(longitude: float) -> float:
    """The same longitude between -180 and 180 degrees."""
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def _number(value: object) -> float | None:
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(cells: Mapping[str, object], headings: tuple[str, ...]) -> int | None:
    for heading in headings:
        number = _number(cells[heading])
        if number is not None and number == int(number):
            return int(number)
    return None
