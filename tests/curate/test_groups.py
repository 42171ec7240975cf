"""What a split never parts."""

import math

import daft
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.curate.leaks.planted import frame_of, training_row

from thuja.curate.groups import KM_PER_DEGREE, cell_of, with_observations, with_places


def groups_of(frame: daft.DataFrame) -> list[set[int]]:
    """The row numbers of each group, those without a group left out."""
    done = frame.to_pydict()
    found: dict[str, set[int]] = {}
    for source_id, group in zip(done["source_id"], done["group"], strict=True):
        if group is not None:
            found.setdefault(group, set()).add(int(source_id.split()[1]))
    return sorted(found.values(), key=min)


def test_sequences_and_observations_that_share_images_are_one_group() -> None:
    facts = [
        {"sequence_id": "s1", "observation_id": "o1"},
        {"sequence_id": "s2", "observation_id": "o1"},
        {"sequence_id": "s2", "observation_id": "o2"},
        {"observation_id": "o2"},
        {"sequence_id": "s3"},
        {"sequence_id": "s3", "data_source": "other"},
        {"occurrence_id": "x"},
        {"occurrence_id": "x"},
        {"observation_id": ""},
        {},
    ]
    rows = [training_row(number, **fact) for number, fact in enumerate(facts)]
    assert groups_of(with_observations(frame_of(rows))) == [{0, 1, 2, 3}, {4}, {5}, {6, 7}, {8}, {9}]


def test_a_place_is_never_finer_than_what_was_published() -> None:
    here = {"latitude": 51.5, "longitude": -0.12}
    facts = [
        here,
        here | {"coordinate_uncertainty": 30.0},
        here | {"coordinate_uncertainty": 28_000.0},
        here | {"data_generalizations": "coordinates rounded"},
        here | {"information_withheld": "Coordinate uncertainty increased to 28 km"},
        here | {"information_withheld": "phone number"},
        {"latitude": 0.0, "longitude": 0.0},
        {"location_id": "cam 1"},
        {"location_id": "cam 1", "latitude": 10.0, "longitude": 10.0, "data_generalizations": "blurred"},
        here | {"location_id": "cam 2"},
        {"location_id": "cam 2", "latitude": 51.9, "longitude": -0.12},
    ]
    rows = [training_row(number, **fact) for number, fact in enumerate(facts)]
    found = groups_of(with_places(with_observations(frame_of(rows)), 10))
    assert found == [{0, 1, 5, 9, 10}, {7, 8}]


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 500))
def test_a_cell_is_about_as_wide_as_was_asked_and_closes_at_the_date_line(
    latitude: float, longitude: float, km: float
) -> None:
    if latitude == longitude == 0:
        return
    cell = cell_of(latitude, longitude, km)
    assert cell is not None
    assert cell == cell_of(latitude, longitude + 360 if longitude < 0 else longitude, km) or abs(longitude) < 1e-9
    band, number = map(int, cell.split(":"))
    bands = math.floor(180 * KM_PER_DEGREE / km)
    assert km <= 180 * KM_PER_DEGREE / bands < 2 * km
    assert 0 <= band < bands
    assert 0 <= number <= 360 * KM_PER_DEGREE / km


@pytest.mark.parametrize("point", [(None, 1.0), (91.0, 0.0), (math.nan, 1.0), (1.0, math.inf), (0.0, 0.0)])
def test_what_is_no_point_has_no_cell(point: tuple[float | None, float | None]) -> None:
    assert cell_of(*point, 10) is None


@pytest.mark.parametrize("descends", [True, False])
def test_a_chain_of_links_of_any_length_is_one_group(*, descends: bool) -> None:
    """Links were followed over eight observations: a chain of forty came apart into 33 groups, within observations."""
    order = list(range(41))
    names = order[::-1] if descends else [number * 17 % 41 for number in order]
    facts = [
        {"sequence_id": f"s{names[number + end]:02}", "observation_id": f"o{number:02}"}
        for number in range(40)
        for end in (0, 1)
    ]
    rows = [training_row(number, **fact) for number, fact in enumerate([*facts, {"sequence_id": "alone"}])]
    assert groups_of(with_observations(frame_of(rows))) == [set(range(80)), {80}]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=25))
def test_linked_groups_are_those_that_a_walk_along_the_links_finds(links: list[tuple[int, int]]) -> None:
    rows = [
        training_row(number, sequence_id=f"s{sequence}", observation_id=f"o{observation}")
        for number, (sequence, observation) in enumerate(links)
    ]
    expected: list[set[int]] = []
    left = set(range(len(links)))
    while left:
        group = {min(left)}
        while more := {
            other
            for other in left - group
            if any(a == b for n in group for a, b in zip(links[n], links[other], strict=True))
        }:
            group |= more
        expected.append(group)
        left -= group
    assert groups_of(with_observations(frame_of(rows))) == expected
