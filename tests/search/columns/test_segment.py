import json
import shutil
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.search.columns.making import CROW, FIG, MAGPIE, MOUSE, RAVEN, ROBIN, SNAIL, keeps, opened, table_of

from thuja.errors import BadFile, UnknownName, UsageError
from thuja.regions import Region
from thuja.search.columns import BitsCache, ColumnKind, SegmentColumns
from thuja.search.filters import Box, Filter, Range
from thuja.taxonomy import Taxon

LINEAGES = st.sampled_from([RAVEN, CROW, MAGPIE, ROBIN, SNAIL, FIG, MOUSE, ("",) * 7, (*RAVEN[:5], "", "")])
DATES = st.sampled_from([None, "", "2009-12-31", "2010", "2010-05-02", "2012-01-01T10:00", "2019/07", "no date"])
SEXES = st.sampled_from([None, "", "female", "male"])
TAXA = st.sampled_from(
    [
        Taxon(),
        Taxon(family="Corvidae"),
        Taxon(kingdom="Plantae", genus="Ficus"),
        Taxon(genus="Ficus"),
        Taxon(genus="Corvus", species="corax"),
        Taxon(kingdom="Fungi"),
        Taxon(kingdom="Animalia", order="Rodentia"),
    ]
)
TEXT_RANGES = st.sampled_from(
    [Range(low="2010"), Range(high="2010"), Range(low="2010-05", high="2012"), Range(low="a")]
)
NUMBER_RANGES = st.sampled_from([Range(low=2), Range(high=-1.5), Range(low=-1.5, high=2), Range(low=99)])
FILTERS = st.builds(
    Filter,
    within=st.lists(TAXA, max_size=2).map(tuple),
    excludes=st.lists(TAXA.filter(lambda taxon: taxon.rank is not None), max_size=2).map(tuple),
    equals=st.dictionaries(
        st.sampled_from(["sex", "event_date", "family", "common"]),
        st.lists(st.sampled_from(["", "female", "2010", "Corvidae", "Robin", "absent"]), max_size=3).map(tuple),
        max_size=2,
    ),
    ranges=st.fixed_dictionaries({}, optional={"event_date": TEXT_RANGES, "depth": NUMBER_RANGES}),
    ids=st.none() | st.lists(st.sampled_from([f"id-{row}" for row in range(14)]), max_size=4).map(tuple),
)
ROWS = st.lists(st.tuples(LINEAGES, DATES, SEXES, st.sampled_from([None, -1.5, 0.0, 2.0, 3.25])), max_size=12)

EVERYWHERE = {"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90]]]}


def birds(tmp_path: Path, **columns: Any) -> SegmentColumns:
    return opened(table_of([RAVEN, RAVEN, CROW, MAGPIE, ROBIN], **columns), tmp_path / "columns")


def rows(columns: SegmentColumns, **asked: Any) -> list[int]:
    found: list[int] = columns.bits(Filter(**asked)).rows().tolist()
    return found


@settings(max_examples=40)
@given(ROWS, FILTERS, st.booleans())
def test_a_filter_keeps_what_the_plainest_means_keep(rows: list[Any], asked: Filter, is_sorted: bool) -> None:
    if is_sorted:
        rows.sort(key=lambda row: row[0])
    lineages, dates, sexes, depths = zip(*rows, strict=True) if rows else ((), (), (), ())
    table = table_of(
        lineages,
        event_date=pa.array(dates, pa.string()),
        sex=pa.array(sexes, pa.string()),
        depth=pa.array(depths, pa.float64()),
    )
    with TemporaryDirectory() as folder:
        kept = opened(table, Path(folder)).bits(asked)
        kept_again = SegmentColumns.open(Path(folder)).bits(asked)
    assert kept.rows().tolist() == [number for number, row in enumerate(table.to_pylist()) if keeps(row, asked)]
    assert kept_again.packed.tolist() == kept.packed.tolist()


def test_an_upper_date_takes_in_all_that_begins_with_it(tmp_path: Path) -> None:
    dates = ["2018-12-31", "2019-01-01", "2019-12-31T23:59", "2020", None]
    columns = birds(tmp_path, event_date=dates)
    assert rows(columns, ranges={"event_date": Range(low="2019", high="2019")}) == [1, 2]
    assert rows(columns, ranges={"event_date": Range(high="2018-12")}) == [0]
    assert rows(columns, ranges={"event_date": Range(low="2019-06", high="2019")}) == [2]


def test_between_numbers_a_text_is_the_number_that_it_begins_with(tmp_path: Path) -> None:
    """As texts, "9 cm" would be greater than "12 cm", and no date would lie between two years."""
    columns = birds(
        tmp_path, size=["9 cm", "12 cm", "-3", "large", None], event_date=["2010-05", "2011", "", "x", None]
    )
    assert rows(columns, ranges={"size": Range(low=-5, high=10)}) == [0, 2]
    assert rows(columns, ranges={"size": Range(low=10)}) == [1]
    assert rows(columns, ranges={"event_date": Range(low=2010, high=2010)}) == [0]


def test_dates_are_text_year_first(tmp_path: Path) -> None:
    days = pa.array([date(2019, 7, 3), date(2020, 1, 1), None, None, None])
    columns = birds(tmp_path, day=days)
    assert columns.kinds["day"] is ColumnKind.TEXT
    assert rows(columns, ranges={"day": Range(low="2019-07", high="2019")}) == [0]
    assert rows(columns, equals={"day": ("2020-01-01",)}) == [1]


def test_numbers_are_compared_as_they_are_written_in_the_table(tmp_path: Path) -> None:
    """A latitude kept as float32 would lie beside the box that ends on it."""
    columns = birds(
        tmp_path,
        latitude=[0.1, 52.37403, -90.0, None, float("nan")],
        count=pa.array([1, 300, -7, 0, 2**40], pa.int64()),
        legs=pa.array([2, None, 4, 2, 2], pa.int64()),
    )
    assert rows(columns, ranges={"latitude": Range(low=0.1, high=52.37403)}) == [0, 1]
    assert rows(columns, equals={"latitude": ("52.37403", "")}) == [1, 3, 4]
    assert rows(columns, ranges={"count": Range(low=-7, high=300)}) == [0, 1, 2, 3]
    assert rows(columns, equals={"count": (str(2**40),)}) == [4]
    assert rows(columns, equals={"legs": ("2.0", "")}) == [0, 1, 3, 4]


def test_truth_values_are_true_false_or_not_known(tmp_path: Path) -> None:
    columns = birds(tmp_path, is_captive=[True, False, None, True, None])
    assert rows(columns, equals={"is_captive": ("true",)}) == [0, 3]
    assert rows(columns, equals={"is_captive": ("No", "")}) == [1, 2, 4]
    with pytest.raises(UsageError, match='"is_captive" is true or false, got "perhaps"'):
        rows(columns, equals={"is_captive": ("perhaps",)})
    with pytest.raises(UsageError, match="it has no range"):
        rows(columns, ranges={"is_captive": Range(low=0)})


def test_a_box_spans_the_date_line_where_its_west_is_above_its_east(tmp_path: Path) -> None:
    columns = birds(tmp_path, latitude=[10.0, 10.0, 10.0, 50.0, None], longitude=[179.0, -179.0, 0.0, 179.0, 179.0])
    assert rows(columns, box=Box(south=0, west=170, north=20, east=-170)) == [0, 1]
    assert rows(columns, box=Box(south=0, west=-10, north=90, east=179)) == [0, 2, 3]
    assert rows(columns, box=Box()) == [0, 1, 2, 3]


def test_a_region_keeps_what_lies_inside_its_polygons(tmp_path: Path) -> None:
    columns = birds(tmp_path, latitude=[1.0, 4.0, 9.0, None, 1.0], longitude=[5.0, 1.0, 5.0, 5.0, 6.0])
    triangle = Region.of({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [5, 10]]]})
    assert rows(columns, region=triangle) == [0, 2, 4]
    assert rows(columns, region=triangle, box=Box(north=5)) == [0, 4]


def test_a_place_is_found_in_whichever_columns_a_row_has_it(tmp_path: Path) -> None:
    """Of an index of two sources, rows with GBIF's `decimalLatitude` lay in no box and no region."""
    own = {"latitude": [1.0, 4.0, None, None, None], "longitude": [5.0, 1.0, None, None, None]}
    other = {"decimalLatitude": [None, None, 1.0, 9.0, None], "decimalLongitude": [None, None, 6.0, -20.0, None]}
    columns = birds(tmp_path, **own, **other)
    triangle = Region.of({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [5, 10]]]})
    assert rows(columns, region=triangle) == [0, 2]
    assert rows(columns, box=Box(west=0, east=5.5)) == [0, 1]
    assert rows(columns, box=Box(west=0)) == [0, 1, 2]


def test_a_species_is_asked_for_as_epithet_or_binomial(tmp_path: Path) -> None:
    columns = birds(tmp_path)
    assert rows(columns, equals={"species": ("corax",)}) == [0, 1]
    assert rows(columns, equals={"species": ("Corvus corone", "Pica pica")}) == [2, 3]
    assert rows(columns, equals={"species": ("Pica corax",)}) == []


def test_lineages_are_read_as_a_taxon_reads_them(tmp_path: Path) -> None:
    """The published embeddings write the species as a binomial, and the common name in `common_name`."""
    table = pa.table(
        {
            "uuid": ["a", "b", "c"],
            "genus": ["Corvus", " Corvus ", "Corvus"],
            "species": ["Corvus corax", "corax", "Corvus  corax  "],
            "common_name": [None, "Raven", "Raven"],
        }
    )
    columns = opened(table, tmp_path / "columns")
    assert rows(columns, within=(Taxon(genus="Corvus", species="corax"),)) == [0, 1, 2]
    assert set(columns.runs.taxa) == {Taxon(genus="Corvus", species="corax")}


def test_a_column_of_which_nearly_every_row_has_its_own_is_not_coded(tmp_path: Path) -> None:
    count = 10_001
    table = pa.table(
        {"uuid": [f"id-{row}" for row in range(count)], "url": [f"https://a.b/{row}" for row in range(count)]}
    )
    columns = opened(table, tmp_path / "columns")
    assert columns.kinds == {"url": ColumnKind.DISTINCT}
    with pytest.raises(UsageError, match='"url" is not filtered by: nearly every row has a value of its own'):
        rows(columns, equals={"url": ("https://a.b/1",)})
    assert columns.rows_of(["id-9999", "id-10001", "id-0"]).tolist() == [9999, -1, 0]
    assert columns.ids_at([10_000, 3]) == ["id-10000", "id-3"]


def test_a_later_segment_keeps_the_kinds_of_the_index(tmp_path: Path) -> None:
    table = table_of([RAVEN], url=["https://a.b/1"], sex=["female"])
    kinds = SegmentColumns.build(
        table, tmp_path / "columns", kinds={"url": ColumnKind.DISTINCT, "other": ColumnKind.BOOL}
    )
    assert kinds["url"] is ColumnKind.DISTINCT
    assert "other" not in kinds


def test_a_column_that_a_segment_lacks_is_not_known_in_it(tmp_path: Path) -> None:
    birds(tmp_path)
    kinds = {"sex": ColumnKind.TEXT, "latitude": ColumnKind.NUMBER, "longitude": ColumnKind.NUMBER}
    columns = SegmentColumns.open(tmp_path / "columns", kinds=kinds)
    assert rows(columns, equals={"sex": ("female",)}) == []
    assert rows(columns, equals={"sex": ("female", "")}) == [0, 1, 2, 3, 4]
    assert rows(columns, ranges={"latitude": Range(low=0)}) == []
    assert rows(columns, box=Box()) == []
    assert rows(columns, region=Region.of(EVERYWHERE)) == []
    assert list(columns.facets("sex").values) == [""]
    assert columns.facets("sex").counts.tolist() == [5]


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    columns = birds(tmp_path, sex=["f"] * 5, depth=[1.0] * 5)
    with pytest.raises(UnknownName, match=r'unknown column: "sexx"\nhint: did you mean sex\?'):
        rows(columns, equals={"sexx": ("f",)})
    with pytest.raises(UsageError, match='"depth" holds numbers, got "deep"'):
        rows(columns, ranges={"depth": Range(low="deep")})
    with pytest.raises(UsageError, match='"depth" holds numbers, got "deep"'):
        rows(columns, equals={"depth": ("deep",)})
    with pytest.raises(UsageError, match="a box needs the columns latitude and longitude"):
        rows(columns, box=Box())
    with pytest.raises(UsageError, match="a region needs the columns latitude and longitude"):
        rows(columns, region=Region.of(EVERYWHERE))
    with pytest.raises(UnknownName) as error:
        rows(columns, equals={"x" * 100_000: ("",)})
    assert len(str(error.value)) < 500


def test_an_index_without_lineages_is_not_filtered_by_taxon(tmp_path: Path) -> None:
    columns = opened(pa.table({"uuid": ["a"], "sex": ["f"]}), tmp_path / "columns")
    assert rows(columns, equals={"sex": ("f",)}) == [0]
    with pytest.raises(UsageError, match="has no lineages"):
        rows(columns, within=(Taxon(kingdom="Animalia"),))


def test_conditions_are_remembered_apart(tmp_path: Path) -> None:
    """A cache that was handed in empty counted as none, and each segment kept one of its own."""
    birds(tmp_path, sex=["f", "m", "f", "m", "f"])
    cache = BitsCache()
    columns = SegmentColumns.open(tmp_path / "columns", cache=cache)
    corvids = Taxon(family="Corvidae")
    assert rows(columns, within=(corvids,), equals={"sex": ("f",)}) == [0, 2]
    assert len(cache) == 2
    assert rows(columns, within=(corvids,), equals={"sex": ("m",)}) == [1, 3]
    assert len(cache) == 3
    assert rows(columns, excludes=(corvids,)) == [4]
    assert len(cache) == 4


def test_a_segment_of_no_rows_answers(tmp_path: Path) -> None:
    columns = opened(table_of([], sex=pa.array([], pa.string()), depth=pa.array([], pa.int64())), tmp_path / "columns")
    assert len(columns) == 0
    assert rows(columns, within=(Taxon(genus="Corvus"),), equals={"sex": ("",)}, ranges={"depth": Range(low=1)}) == []
    assert columns.rows_of(["a"]).tolist() == [-1]
    assert columns.facets("genus").counts.tolist() == []


def test_a_broken_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    columns = birds(tmp_path, sex=["f"] * 5)
    folder = columns.folder
    with pytest.raises(BadFile, match="does not describe the columns"):
        SegmentColumns.open(tmp_path)
    whole = (folder / "arrays.bin").read_bytes()
    (folder / "arrays.bin").write_bytes(whole[:-20])
    with pytest.raises(BadFile, match="cut short"):
        SegmentColumns.open(folder)
    (folder / "arrays.bin").write_bytes(whole)
    facts = json.loads((folder / "columns.json").read_text())
    place = facts["columns"]["common"]["edges"]
    end = place["offset"] + 4 * (place["count"] - 1)
    (folder / "arrays.bin").write_bytes(whole[:end] + b"\xff\xff\xff\x00" + whole[end + 4 :])
    with pytest.raises(BadFile, match="damaged"):
        rows(SegmentColumns.open(folder), equals={"common": ("Robin",)})


def test_what_is_open_outlives_the_deletion_of_its_files(tmp_path: Path) -> None:
    """Texts were read when they were first asked for, and a compaction in between left the reader without them."""
    columns = birds(tmp_path, sex=["f", "m", "f", "m", "f"])
    shutil.rmtree(columns.folder)
    assert rows(columns, within=(Taxon(family="Corvidae"),), equals={"sex": ("m",)}) == [1, 3]
    assert columns.ids_at(columns.rows_of(["id-2"])) == ["id-2"]
    assert list(columns.facets("common").values) == ["", "Common Raven", "Eurasian Magpie", "Robin"]


def test_a_table_in_pieces_is_written_as_one_in_one_piece(tmp_path: Path) -> None:
    """Ids were written piece by piece, and the few that a page shows were read by joining all of them."""
    whole = table_of([RAVEN, RAVEN, CROW, MAGPIE], sex=["f", None, "m", "f"], depth=[1.5, None, 2.0, 1.0])
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1, 0), whole.slice(1, 3)])
    for table, name in ((whole, "whole"), (pieces, "pieces")):
        SegmentColumns.build(table, tmp_path / name)
    for file in ("arrays.bin", "ids.arrow", "columns.json"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "pieces" / file).read_bytes()


def test_an_id_is_held_against_the_row_that_its_hash_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ids of one hash are two rows: here all ids share it."""
    monkeypatch.setattr("thuja.search.columns.ids._hashes", lambda ids: np.zeros(len(ids), dtype=np.uint64))
    columns = birds(tmp_path)
    assert columns.rows_of(["id-3", "other", "id-0"]).tolist() == [3, -1, 0]


@pytest.mark.parametrize(
    ("values", "kind", "wanted", "kept"),
    [
        (pa.array(["a", "b", None]).dictionary_encode(), "text", "b", [1]),
        (pa.array(["a", "b", None], pa.string_view()), "text", "", [2]),
        (pa.array(["a", "b", "b"], pa.large_string()), "text", "b", [1, 2]),
        (pa.array([datetime(2019, 7, 3, tzinfo=UTC), None, None]), "text", "2019-07-03 00:00:00.000000Z", [0]),
        (pa.array([time(9, 30), None, None]), "text", "09:30:00.000000", [0]),
        (pa.nulls(3), "text", "", [0, 1, 2]),
        (pa.array([1, 2, None]).dictionary_encode(), "number", "2", [1]),
        (pa.array([Decimal("1.5"), None, Decimal("2.0")]), "number", "1.5", [0]),
        (pa.array([1.0, 2.5, None], pa.float32()), "number", "2.5", [1]),
        (pa.array([2**63 + 2**11, 1, 2], pa.uint64()), "number", str(2**63 + 2**11), [0]),
        (pa.array([float("inf"), float("-inf"), float("nan")]), "number", "inf", [0]),
        (pa.array([True, None, False]).dictionary_encode(), "bool", "false", [2]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else None,
)
def test_a_column_of_any_type_is_filtered_by(
    values: pa.Array, kind: str, wanted: str, kept: list[int], tmp_path: Path
) -> None:
    """A column that pandas calls a category could not be counted, and an index with one not be built."""
    columns = opened(pa.table({"uuid": ["x", "y", "z"], "value": values}), tmp_path / "columns")
    assert columns.kinds == {"value": kind}
    assert rows(columns, equals={"value": (wanted,)}) == kept


def test_lists_structs_and_bytes_are_left_out(tmp_path: Path) -> None:
    columns = opened(
        pa.table({"uuid": ["x"], "emb": [[1.0, 2.0]], "raw": [b"a"], "box": [{"x": 1}]}), tmp_path / "columns"
    )
    assert columns.kinds == {}
