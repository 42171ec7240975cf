"""Points in polygons against a ray and a loop over edges."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import BadFile, UsageError
from thuja.regions import Region


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring] for ring in rings]}


def box(west, south, east, north):
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def crossed(longitude, latitude, ring):
    """How many edges of a ring a ray to the east crosses."""
    count = 0
    for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y0 <= latitude) != (y1 <= latitude):
            count += longitude < x0 + (latitude - y0) / (y1 - y0) * (x1 - x0)
    return count


corners = st.tuples(st.integers(-20, 20), st.integers(-20, 20))


@given(
    rings=st.lists(st.lists(corners, min_size=3, max_size=9), min_size=1, max_size=3),
    points=st.lists(st.tuples(st.integers(-22, 22), st.integers(-22, 22)), min_size=1, max_size=20),
    pairs=st.sampled_from([1, 7, 2**21]),
)
def test_a_point_is_inside_where_a_ray_crosses_an_odd_number_of_edges(rings, points, pairs):
    """On a grid, rays run through corners and along edges, and points lie on edges: the same side in both ways."""
    expected = [sum(crossed(*point, ring) for ring in rings) % 2 == 1 for point in points]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thuja.regions._PAIRS", pairs)
        found = Region.of(polygon(*rings)).contains([y for _, y in points], [x for x, _ in points])
    assert found.tolist() == expected


def test_holes_are_outside_and_islands_in_them_inside():
    region = Region.of(
        {
            "type": "MultiPolygon",
            "coordinates": [[box(0, 0, 10, 10), box(2, 2, 8, 8)], [box(4, 4, 6, 6)], [box(9, 9, 12, 12)]],
        }
    )
    assert region.contains([1, 3, 5, 9.5, 11], [1, 3, 5, 9.5, 11]).tolist() == [True, False, True, True, True]


@pytest.mark.parametrize(
    "ring",
    [
        box(177, -20, 182, -15),  # past 180 degrees
        [(177, -20), (-178, -20), (-178, -15), (177, -15), (177, -20)],  # leaping
        box(-183, -20, -178, -15),
    ],
)
def test_a_polygon_over_the_antimeridian_is_whole_however_it_is_written(ring):
    hole = [(179, -18), (-179, -18), (-179, -17), (179, -17), (179, -18)]
    region = Region.of(polygon(ring, hole))
    longitudes = [176.9, 177.1, 180, -180, -178.1, -177.9, 0, 181.5]
    assert region.contains([-16] * 8, longitudes).tolist() == [False, True, True, True, True, False, False, True]
    assert region.contains([-17.5] * 4, [178.9, 179.1, -179.1, -178.9]).tolist() == [True, False, False, True]


def test_a_polygon_cut_at_the_antimeridian_is_whole():
    halves = {"type": "MultiPolygon", "coordinates": [[box(177, -20, 180, -15)], [box(-180, -20, -178, -15)]]}
    found = Region.of(halves).contains([-16] * 5, [176, 178, 179.999, -179.999, -177])
    assert found.tolist() == [False, True, True, True, False]


def test_a_ring_led_along_the_pole_holds_the_pole():
    antarctica = [(-180, -90), (-180, -70), (0, -65), (180, -70), (180, -90), (-180, -90)]
    found = Region.of(polygon(antarctica)).contains([-80, -89.9, -66, -66, 10], [0, 170, 0, 170, 0])
    assert found.tolist() == [True, True, True, False, False]
    assert Region.of(polygon(box(-180, -90, 180, 90))).contains([0, 89, -90], [0, -180, 179.9]).all()


def test_what_is_no_place_is_outside():
    region = Region.of(polygon(box(-180, -90, 180, 90)))
    assert region.contains([np.nan, 0, np.inf, 0], [0, np.nan, 0, -np.inf]).tolist() == [False] * 4
    assert region.contains([], []).shape == (0,)


def test_features_and_collections_are_opened(tmp_path):
    feature = {"type": "Feature", "properties": {}, "geometry": polygon(box(0, 0, 1, 1))}
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [5, 5]}}
    empty = {"type": "Feature", "properties": {}, "geometry": None}
    mixed = {"type": "GeometryCollection", "geometries": [polygon(box(2, 2, 3, 3))]}
    path = tmp_path / "area.geojson"
    path.write_text(
        "\ufeff" + json.dumps({"type": "FeatureCollection", "features": [feature, point, empty, mixed]}),
        encoding="utf-8",
    )
    assert Region.load(path).contains([0.5, 2.5, 5], [0.5, 2.5, 5]).tolist() == [True, True, False]


def test_crossings_are_the_edges_that_one_parallel_meets_at_most():
    assert Region.of(polygon(box(0, 0, 10, 10))).crossings == 2
    assert Region.of(polygon(box(0, 0, 10, 10), box(2, 2, 8, 8))).crossings == 4
    stacked = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 10, 10)], [box(0, 11, 10, 20)]]}
    assert Region.of(stacked).crossings == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[1, 2]", "is not GeoJSON"),
        ('{"type": "Point", "coordinates": [0, 0]}', "no polygon"),
        ('{"type": "Polygon", "coordinates": []}', "without rings"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}', "ring of 2 corners"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, "x"], [1, 1]]]}', "not a list of positions"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [NaN, 1], [1, 1]]]}', "ring of 3 corners"),
        ('{"type": "Polygon", "coordinates": [[[45, 120], [46, 120], [45, 121]]]}', "is no place"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1' + "0" * 400 + "], [1, 1]]]}", "not a list of positions"),
        ('{"type": "MultiPolygon"}', "without coordinates"),
        ('{"type": "Polygon", "coordinates": [[[0, 70], [120, 70], [-120, 70], [0, 70]]]}', "round a pole"),
        ('{"type": "FeatureCollection", "features": ' + "[" * 3000 + "]" * 3000 + "}", "is not"),
    ],
)
def test_what_is_no_polygon_is_told(tmp_path, text, message):
    path = tmp_path / "area.geojson"
    path.write_text(text)
    with pytest.raises(BadFile, match=message):
        Region.load(path)
    with pytest.raises(UsageError, match="cannot read the polygon"):
        Region.load(tmp_path / "nowhere.geojson")
