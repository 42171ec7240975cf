"""Cells of the globe, and records by cell and month."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.classify.priors.records import Records, cell_of, distance_km
from thuja.errors import UsageError


@settings(max_examples=30)
@given(
    latitude=st.floats(-90, 90), longitude=st.floats(-180, 360), degrees=st.sampled_from([0.1, 0.25, 1.0, 5.0, 90.0])
)
def test_a_place_lies_in_the_cell_whose_middle_is_nearest_along_each_axis(latitude, longitude, degrees):
    cell = cell_of([latitude], [longitude], degrees=degrees)
    north, east = Records.of([0], cell, labels=1, degrees=degrees).centres[0]
    apart = abs((longitude - east + 180) % 360 - 180)
    assert abs(latitude - north) <= degrees / 2 + 1e-9
    assert apart <= degrees / 2 + 1e-9


def test_cells_are_numbered_from_the_south_pole_and_the_date_line():
    assert cell_of([-90, -90, -89, 90, 0.5], [-180, 179.9, -180, 179.9, 360]).tolist() == [
        0, 359, 360, 180 * 360 - 1, 90 * 360 + 180,
    ]  # fmt: skip


def test_what_is_no_place_has_no_cell():
    assert cell_of([91, -90.1, np.nan, 0, 5], [0, 0, 0, np.inf, 361]).tolist() == [-1] * 5


@pytest.mark.parametrize("degrees", [0.0, -1.0, 0.7, 200.0, 0.001])
def test_cells_that_do_not_tile_the_globe_are_refused(degrees):
    with pytest.raises(UsageError, match="do not tile"):
        cell_of([0], [0], degrees=degrees)


def test_distances_are_those_of_the_great_circle():
    """London to New York is 5,570 km; a degree of longitude shrinks towards the poles; the date line is no wall."""
    london = (51.5074, -0.1278)
    distances = distance_km(london, np.array([[40.7128, -74.006], [51.5074, 179.8722], [51.5074, -0.1278]]))
    np.testing.assert_allclose(distances, [5570.2, 6371 * math.radians(180 - 2 * 51.5074), 0], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(distance_km((60, 179.5), np.array([[60, -179.5]])), [55.6], rtol=1e-3)


def test_records_are_sorted_by_cell_and_those_without_a_place_left_out():
    records = Records.of([2, 0, 1, 2], [7, -1, 3, 7], labels=3, month=[5, 1, 0, 2], count=[1, 1, 4, 2])
    assert records.cells.tolist() == [3, 7]
    assert records.edges.tolist() == [0, 1, 3]
    assert (records.label.tolist(), records.month.tolist(), records.count.tolist()) == ([1, 2, 2], [0, 2, 5], [4, 2, 1])


def test_a_subset_numbers_labels_anew():
    records = Records.of([0, 1, 2, 2], [5, 5, 5, 9], labels=3).subset(np.array([2, 0]))
    assert (records.labels, records.label.tolist(), records.cells.tolist()) == (2, [0, 1, 0], [5, 9])


def test_labels_and_months_that_do_not_exist_are_refused():
    with pytest.raises(UsageError, match="label"):
        Records.of([3], [0], labels=3)
    with pytest.raises(UsageError, match="months go from 1 to 12"):
        Records.of([0], [0], labels=1, month=[13])


def test_no_record_at_all_is_a_table_too():
    records = Records.of([], [], labels=4)
    assert (records.cells.shape, records.centres.shape, records.edges.tolist()) == ((0,), (0, 2), [0])
