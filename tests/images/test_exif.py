"""Place and day of photos by their EXIF, plain and hostile."""

import io
import struct
import time
import tracemalloc
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational as Ratio

from thuja.images.decoding import Limits
from thuja.images.exif import Exif, read_exif

GPS, PHOTO = 0x8825, 0x8769
COSTA_RICA = {1: "N", 2: (Ratio(9, 1), Ratio(30, 1), Ratio(0, 1)), 3: "W", 4: (Ratio(84, 1), Ratio(6, 1), Ratio(36, 1))}
HERE = {"latitude": 9.5, "longitude": -84.11}


def block(gps=None, photo=None):
    tags = Image.Exif()
    tags[0x010F] = "Camera"
    tags.get_ifd(GPS).update(gps or {})
    tags.get_ifd(PHOTO).update(photo or {})
    return tags.tobytes()


def photo(gps=None, stamps=None, kind="JPEG"):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind, exif=block(gps, stamps))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_place_and_day_are_read_of_every_kind_of_file_that_has_them(kind):
    found = read_exif(photo(COSTA_RICA, {0x9003: "2021:06:03 12:30:00"}, kind))
    assert (found.latitude, found.longitude, found.taken) == (9.5, pytest.approx(-84.11), date(2021, 6, 3))


def test_a_tiff_is_its_own_block():
    found = read_exif(block(COSTA_RICA).removeprefix(b"Exif\0\0"))
    assert found.latitude == 9.5


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({1: "S", 3: "E"}, (-9.5, 84.11)),
        ({1: "s\0", 3: "e\0"}, (-9.5, 84.11)),
        ({2: (Ratio(9, 1), Ratio(30, 1), Ratio(0, 0))}, (9.5, -84.11)),  # seconds that are not given
        ({2: (Ratio(95, 10), Ratio(0, 1), Ratio(0, 1))}, (9.5, -84.11)),  # a fraction of degrees
        ({2: (Ratio(9, 0), Ratio(30, 1), Ratio(0, 1))}, None),
        ({2: (Ratio(9, 1), Ratio(30, 0), Ratio(0, 1))}, None),
        ({2: (Ratio(91, 1), Ratio(0, 1), Ratio(0, 1))}, None),
        ({1: None}, None),  # whether north or south is not guessed
        ({3: ""}, None),
        ({2: None}, None),
        ({2: (Ratio(0, 1),) * 3, 4: (Ratio(0, 1),) * 3}, None),  # no fix
    ],
)
def test_odd_places_are_read_or_left_alone(changes, expected):
    gps = {tag: value for tag, value in (COSTA_RICA | changes).items() if value is not None}
    found = read_exif(photo(gps))
    place = None if found.latitude is None else (found.latitude, found.longitude)
    assert place == (None if expected is None else pytest.approx(expected))
    assert (found.latitude is None) == (found.longitude is None)


@pytest.mark.parametrize(
    ("stamps", "gps", "day"),
    [
        ({0x9003: "2021:06:03 12:30:00", 0x9004: "2022:01:01 00:00:00"}, {}, date(2021, 6, 3)),
        ({0x9003: "2021:06:03 23:30:00", 0x9011: "-06:00"}, {}, date(2021, 6, 3)),  # the day where it was taken
        ({0x9003: "0000:00:00 00:00:00", 0x9004: "2022:01:01 00:00:00"}, {}, date(2022, 1, 1)),
        ({0x9003: "    :  :     :  :  "}, {29: "2020:02:29"}, date(2020, 2, 29)),
        ({0x9003: "2021-06-03T12:30:00"}, {}, date(2021, 6, 3)),
        ({0x9003: "2021:13:03 12:30:00"}, {}, None),
        ({0x9003: "yesterday"}, {29: "x"}, None),
        ({}, {}, None),
    ],
)
def test_the_day_is_that_of_the_picture_and_never_of_a_change(stamps, gps, day):
    assert read_exif(photo(gps, stamps)).taken == day


def test_files_without_exif_and_what_is_no_image_say_nothing():
    plain = io.BytesIO()
    Image.new("RGB", (8, 8)).save(plain, "JPEG")
    whole = photo(COSTA_RICA)
    for data in (plain.getvalue(), b"", b"text", whole[:30], whole[:1] * 100, b"II*\0" + b"\xff" * 40):
        assert read_exif(data) == Exif()
    assert read_exif(whole, limits=Limits(max_bytes=len(whole) - 1)) == Exif()
    assert read_exif(whole, limits=Limits(max_bytes=len(whole))).latitude == 9.5


@pytest.mark.parametrize("kind", ["long", "short"])
def test_many_tags_that_all_point_at_one_place_cost_little(kind):
    """A block of n bytes can ask for n^2: 20,000 tags of 600 kB each, or of as much as is read of it."""
    bytes_a_tag = 600_000 if kind == "long" else 60_000
    tags = b"".join(struct.pack("<HHII", tag, 7, bytes_a_tag, 8) for tag in range(20_000))
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", 20_000 if kind == "long" else 5_000) + tags + b"\0" * 4
    began = time.perf_counter()
    tracemalloc.start()
    try:
        assert read_exif(data) == Exif()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**29
    assert time.perf_counter() - began < 20


def test_directories_that_point_at_each_other_end():
    directory = struct.pack("<HHHIIHHIII", 2, GPS, 4, 1, 8, PHOTO, 4, 1, 8, 8)
    assert read_exif(b"II*\0\x08\0\0\0" + directory) == Exif()


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), changes=st.integers(1, 12))
def test_damaged_blocks_end_in_an_answer(seed, changes):
    generator = np.random.default_rng(seed)
    data = bytearray(photo(COSTA_RICA, {0x9003: "2021:06:03 12:30:00"}))
    for place in generator.integers(12, 12 + len(block(COSTA_RICA, {0x9003: "2021:06:03 12:30:00"})), changes):
        data[place] = int(generator.integers(256))
    found = read_exif(bytes(data))
    assert found.latitude is None or (abs(found.latitude) <= 90 and abs(found.longitude) <= 180)


@pytest.mark.shared
def test_every_hostile_photo_ends_in_an_answer(shared: Path):
    files = sorted(path for path in (shared / "photos" / "robust").rglob("*") if path.is_file())
    assert len(files) > 20
    for path in files:
        assert isinstance(read_exif(path.read_bytes()), Exif)
