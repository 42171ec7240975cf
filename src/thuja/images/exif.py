"""Where and when a photo was taken, as its EXIF says; whatever that holds, the photo itself is not harmed by it."""

import io
import math
from dataclasses import dataclass
from datetime import date
from typing import Final

from PIL import ExifTags, Image

from thuja.images.decoding import DEFAULT_LIMITS, PILLOW_RAISES, QUIET, Limits

MOST_BYTES: Final = 1 << 16
"""What is read of an EXIF block: as much as a JPEG can hold. Tags may all point at one place, and Pillow before 13
reads each of them: n bytes ask for n^2. A longer block (PNG, WebP, TIFF) is read as far as that."""
_FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
_FIRST_YEAR: Final = 1840
_REACH: Final = {ExifTags.GPS.GPSLatitude: 90.0, ExifTags.GPS.GPSLongitude: 180.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """Degrees, north and east positive, both or none; and the day on the camera's clock."""

    latitude: float | None = None
    longitude: float | None = None
    taken: date | None = None


def read_exif(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Exif:
    """Place and day of the photo in `data`, without decoding it; empty where there is none, or it is broken.

    The place is that of the GPS tags; 0, 0 is a receiver without a fix. The day is DateTimeOriginal's, else
    DateTimeDigitized's, else the receiver's; never DateTime, which is that of the last change.
    """
    if len(data) > limits.max_bytes:
        return Exif()
    with QUIET:
        try:
            block = _block(data)
            if not block:
                return Exif()
            tags = Image.Exif()
            tags.load(block[:MOST_BYTES])
            gps, photo = dict(tags.get_ifd(ExifTags.IFD.GPSInfo)), dict(tags.get_ifd(ExifTags.IFD.Exif))
        except PILLOW_RAISES:
            return Exif()
    latitude = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef)
    longitude = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef)
    if latitude is None or longitude is None or latitude == longitude == 0:
        latitude = longitude = None
    stamps = (
        photo.get(ExifTags.Base.DateTimeOriginal),
        photo.get(ExifTags.Base.DateTimeDigitized),
        gps.get(ExifTags.GPS.GPSDateStamp),
    )
    days = [day for stamp in stamps if (day := _day(stamp)) is not None]
    return Exif(latitude=latitude, longitude=longitude, taken=days[0] if days else None)


def _block(data: bytes) -> bytes:
    """The EXIF block of a file: its header, or the file itself where that is a TIFF."""
    if data[:4] in (b"II*\0", b"MM\0*"):
        return data
    with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
        block = opened.info.get("exif")
    return block if isinstance(block, bytes) else b""


def _degrees(gps: dict[int, object], tag: int, reference: int) -> float | None:
    """Degrees, minutes and seconds as one number, south and west negative; None for what is no place.

    Seconds of 0/0, as some cameras write them, are none. A hemisphere that is not said is not guessed.
    """
    parts = gps.get(tag)
    if not isinstance(parts, tuple | list):
        parts = (parts,)
    numbers = [_number(part) for part in parts[:3]]
    if len(numbers) == 3 and numbers[2] is None:
        numbers.pop()
    degrees = 0.0
    for power, number in enumerate(numbers):
        if number is None:
            return None
        degrees += number / 60**power
    sign = gps.get(reference)
    if isinstance(sign, bytes):
        sign = sign.decode("ascii", errors="replace")
    word = sign.strip("\0 ").upper()[:1] if isinstance(sign, str) else ""
    if word in ("S", "W"):
        degrees = -abs(degrees)
    elif word not in ("N", "E") and degrees >= 0:
        return None
    return degrees if numbers and abs(degrees) <= _REACH[ExifTags.GPS(tag)] else None


def _number(value: object) -> float | None:
    """A rational as a number; None for one over zero, which Pillow gives as NaN, or where it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]  # IFDRational, int, float; else TypeError
    except (TypeError, ValueError, ArithmeticError):
        return None
    return number if math.isfinite(number) else None


def _day(stamp: object) -> date | None:
    """The day of `2021:06:03 12:30:00`, as EXIF writes it, or with hyphens; None for a clock that was never set."""
    if isinstance(stamp, bytes):
        stamp = stamp.decode("ascii", errors="replace")
    if not isinstance(stamp, str):
        return None
    try:
        day = date.fromisoformat(stamp.strip("\0 ")[:10].replace(":", "-"))
    except ValueError:
        return None
    return day if day.year >= _FIRST_YEAR else None
