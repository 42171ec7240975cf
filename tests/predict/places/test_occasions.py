"""Where and when: from a table's cells in the spellings of the field, else from the photo."""

import io
from datetime import date, datetime

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational as Ratio

from thuja.classify.priors.ranges import Occasion
from thuja.predict.places.occasions import day_of, occasion_of


@pytest.fixture
def photo():
    """Taken at 9.5 N, 84 W on the third of February."""
    tags = Image.Exif()
    tags.get_ifd(0x8825).update(
        {1: "N", 2: (Ratio(9), Ratio(30), Ratio(0)), 3: "W", 4: (Ratio(84), Ratio(0), Ratio(0))}
    )
    tags.get_ifd(0x8769)[0x9003] = "2021:02:03 10:00:00"
    tags[0x010F] = "Camera"
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=tags)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "cells",
    [
        {"decimalLatitude": "46.5", "decimalLongitude": "7.5", "eventDate": "2021-02-03"},  # Darwin Core
        {"dwc:decimalLatitude": 46.5, "dwc:decimalLongitude": 7.5, "dwc:month": 2, "dwc:day": 3},
        {"latitude": " 46.5 ", "longitude": "7.5", "observed_on": "2021-02-03"},  # iNaturalist
        {"latitude": 46.5, "longitude": 7.5, "time_observed_at": "2021-02-03T23:59:00-11:00"},
        {"latitude": 46.5, "longitude": 7.5, "eventStart": "2021-02-03T10:00:00Z", "eventEnd": ""},  # Camtrap DP
        {"latitude": 46.5, "longitude": 7.5, "timestamp": datetime(2021, 2, 3, 10)},
        {"latitude": 46.5, "longitude": 7.5, "event_date": date(2021, 2, 3)},  # a catalog of curate
        {"GPS Latitude": 46.5, "GPS Longitude": 7.5, "DateTimeOriginal": "2021:02:03 10:00:00"},
        {"lat": 46.5, "lng": 7.5, "startDayOfYear": "34"},
    ],
)
def test_the_usual_columns_are_known(cells):
    assert occasion_of(None, cells) == Occasion(latitude=46.5, longitude=7.5, day=34)


@pytest.mark.parametrize(
    ("cells", "day"),
    [
        ({"eventDate": "2021-02"}, 46),
        ({"eventDate": "20210203"}, 34),
        ({"eventDate": "2021-02-01/2021-02-05"}, 34),
        ({"eventDate": "2021-01-01/2021-12-31"}, None),  # no day stands for a year
        ({"eventDate": "2021-02-05/2021-02-01"}, None),
        ({"eventDate": "2021"}, None),
        ({"eventDate": "2021-02-30"}, None),
        ({"eventDate": "03.02.2021"}, None),
        ({"eventDate": "", "observed_on": "2021-02-03"}, 34),
        ({"eventDate": None, "month": "2"}, 46),
        ({"month": 2.0, "day": 30}, None),
        ({"month": 13}, None),
        ({"startDayOfYear": 400, "month": 1}, 15),
        ({}, None),
    ],
)
def test_a_day_is_read_where_it_is_sure(cells, day):
    assert day_of(cells) == day


def test_cells_go_before_the_photo_each_by_itself(photo, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo)
    costa_rica = {"latitude": 9.5, "longitude": -84.0}
    for content in (photo, path):
        assert occasion_of(content) == Occasion(**costa_rica, day=34)
        assert occasion_of(content, {"month": "7"}) == Occasion(**costa_rica, day=197)
        assert occasion_of(content, {"lat": "1", "lon": "2"}) == Occasion(latitude=1, longitude=2, day=34)
    assert occasion_of(tmp_path / "none.jpg") == occasion_of(b"") == occasion_of(None) == Occasion()


@pytest.mark.parametrize(
    "cells",
    [
        {"lat": "0", "lon": "0"},
        {"lat": "91", "lon": "0"},
        {"lat": "nan", "lon": "3"},
        {"lat": "", "lon": "3"},
        {"lat": None, "lon": 3},
        {"lat": "46,5", "lon": "7,5"},
        {"lat": "5"},
        {"lat": float("inf"), "lon": 1},
    ],
)
def test_what_is_no_place_counts_as_not_known(photo, cells):
    assert occasion_of(None, cells) == Occasion()
    assert occasion_of(photo, cells).latitude == 9.5
