"""Tables of any length and make: what they hold comes out as it went in, and what is broken in its place."""

import json
import os
import tracemalloc
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.encode.tables import IMAGE_COLUMNS, Cells, Flaw, Row, common_schema, fitted, gathered, lines, open_table
from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path: Path, column: str | None = None) -> list[Row | Flaw]:
    return list(open_table(path, column, IMAGE_COLUMNS).rows())


def values(path: Path, column: str | None = None) -> list[object]:
    return [row.value if isinstance(row, Row) else row for row in rows(path, column)]


def along(found: list[Row | Flaw]) -> list[dict[str, object]]:
    table: pa.Table = gathered([row.cells for row in found if isinstance(row, Row)])
    return table.to_pylist()


def test_a_csvs_cells_stay_the_text_that_they_are(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", '\ufeffpath,code,note\n"a,b\nc.jpg",007,1.50\nd.jpg,,\n\ne.jpg\n')
    found = rows(table)
    assert [row.value for row in found] == ["a,b\nc.jpg", "d.jpg", "e.jpg"]
    assert along(found) == [
        {"path": "a,b\nc.jpg", "code": "007", "note": "1.50"},
        {"path": "d.jpg", "code": "", "note": ""},
        {"path": "e.jpg", "code": None, "note": None},
    ]


def test_a_name_that_is_not_utf_8_names_its_file_and_is_kept_as_its_escape(tmp_path: Path) -> None:
    found = rows(written(tmp_path / "t.csv", b"path,x\n\xff\xe9.jpg,\xff\n"))
    assert os.fsencode(found[0].value) == b"\xff\xe9.jpg"
    assert along(found) == [{"path": "\\udcff\\udce9.jpg", "x": "\\udcff"}]


def test_a_row_of_too_many_cells_is_a_flaw_and_those_around_it_are_kept(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "path,x\na.jpg,1\nb.jpg,2,3\nc.jpg,4\n")
    first, flaw, last = values(table)
    assert (first, last) == ("a.jpg", "c.jpg")
    assert flaw == Flaw("bad_row", f"{table}, row 2: 3 cells under 2 headings")


def test_a_quote_that_is_never_closed_does_not_take_the_whole_table_into_memory(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", 'path\na.jpg\n"b.jpg\n' + "c.jpg\n" * 100_000)
    found = values(table)
    assert found[0] == "a.jpg"
    assert isinstance(found[1], Flaw)
    assert "field larger than field limit" in found[1].message
    assert found[-1] == "c.jpg"


def test_tabs_separate_and_headings_that_stand_twice_or_not_at_all_get_names(tmp_path: Path) -> None:
    found = rows(written(tmp_path / "t.tsv", "\tpath\tx\tx\n0\ta,b.jpg\t1\t2\n"))
    assert along(found) == [{"column_1": "0", "path": "a,b.jpg", "x": "1", "x_2": "2"}]


def test_a_parquet_files_columns_keep_their_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "url": ["http://a", None],
            "count": pa.array([1, 2], pa.int32()),
            "when": pa.array([0, 1], pa.timestamp("ms")),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "emb": [[1.0], [2.0]],
            "uuid": ["one", None],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    found = rows(tmp_path / "t.parquet")
    assert [(row.value, row.id) for row in found] == [("http://a", "one"), (None, None)]
    kept = gathered([row.cells for row in found])
    assert kept.schema.remove_metadata() == table.drop_columns(["emb", "uuid"]).schema.remove_metadata()


def test_an_image_within_the_table_is_its_bytes_and_does_not_come_along(tmp_path: Path) -> None:
    images = [{"bytes": b"one", "path": "1.jpg"}, {"bytes": None, "path": "2.jpg"}, None]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    pq.write_table(pa.table({"image": pa.array(images, kind), "x": [1, 2, 3]}), tmp_path / "t.parquet")
    found = rows(tmp_path / "t.parquet")
    assert [row.value for row in found] == [b"one", "2.jpg", None]
    assert along(found) == [{"x": 1}, {"x": 2}, {"x": 3}]


def test_a_row_group_that_is_broken_costs_no_row_of_another(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pq.ParquetWriter(path, pa.schema([("path", pa.string())]), compression="none") as writer:
        for group in range(3):
            writer.write_table(pa.table({"path": [f"{group}-{row}.jpg" for row in range(2000)]}))
    data = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(1).column(0).dictionary_page_offset
    data[start : start + 30] = b"\xff" * 30
    path.write_bytes(data)
    found = values(path)
    assert [value for value in found if isinstance(value, str)] == [
        f"{group}-{row}.jpg" for group in (0, 2) for row in range(2000)
    ]
    flaw = found[2000]
    assert flaw.reason == "bad_table"
    assert "some of the 2,000 rows of row group 1" in flaw.message


def test_json_lines_keep_their_types_and_mix_them_as_text(tmp_path: Path) -> None:
    lines = ['{"path": "a.jpg", "n": 1, "m": 1}', "", '{"path": "b.jpg", "m": [2], "o": {"p": 3}}']
    found = rows(written(tmp_path / "t.jsonl", "\n".join(lines)))
    assert along(found) == [
        {"path": "a.jpg", "n": 1, "m": "1", "o": None},
        {"path": "b.jpg", "n": None, "m": "[2]", "o": {"p": 3}},
    ]


def test_a_line_that_is_no_json_object_is_a_flaw_in_its_place(tmp_path: Path) -> None:
    table = written(tmp_path / "t.jsonl", '{"path": "a"}\n{"path": \n[1]\n{"x": 1}\n{"path": 5}\n')
    first, broken, listed, without, last = values(table)
    assert (first, without, last) == ("a", None, "5")
    assert broken.message.startswith(f"{table}, line 2: no JSON")
    assert listed.message == f"{table}, line 3: not an object but list"


def test_the_column_is_the_one_named_or_the_first_usual_one(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "url,FileName,thumb\nu,f,t\n")
    assert values(table) == ["f"]
    assert values(table, "thumb") == ["t"]
    with pytest.raises(UnknownName, match='"thumbs"'):
        open_table(table, "thumbs", IMAGE_COLUMNS)


@pytest.mark.parametrize(
    ("name", "content", "kind", "said"),
    [
        ("t.csv", b"", EmptyInput, "is empty"),
        ("t.jsonl", b"\n\n", EmptyInput, "is empty"),
        ("t.csv", "path\na".encode("utf-16"), BadFile, "UTF-16"),
        ("t.csv", b"a,b\n1,2\n", UsageError, "has none of the columns path"),
        ("t.parquet", b"PAR1 and no more", BadFile, "cannot read the table"),
    ],
)
def test_a_table_that_cannot_be_used_is_said_before_its_rows_are_read(
    tmp_path: Path, name: str, content: bytes, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        open_table(written(tmp_path / name, content), None, IMAGE_COLUMNS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "row"), [("t.csv", "i/{}.jpg,{}\n"), ("t.jsonl", '{{"path": "i/{}.jpg", "x": {}}}\n')]
)
def test_a_table_of_any_length_is_read_in_the_memory_of_a_thousand_rows(tmp_path: Path, name: str, row: str) -> None:
    head = "path,x\n" if name.endswith("csv") else ""
    table = open_table(
        written(tmp_path / name, head + "".join(row.format(n, n) for n in range(100_000))), None, IMAGE_COLUMNS
    )
    stream = table.rows()
    list(islice(stream, 5_000))
    tracemalloc.start()
    assert sum(1 for _ in stream) == 95_000
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()
    assert table.count() == 100_000


def test_a_line_without_an_end_is_a_flaw_once(tmp_path: Path) -> None:
    path = written(tmp_path / "t", b"a\r\n" + b"x" * (2**25 + 5) + b"\nb")
    with path.open("rb") as file:
        first, flaw, last = lines(file)
    assert (first, last) == (b"a", b"b")
    assert flaw == Flaw("bad_row", "a line of more than 16,777,216 bytes")


CELLS = st.one_of(st.none(), st.integers(-5, 5), st.floats(0, 1), st.booleans(), st.text(max_size=3))


@given(st.lists(st.lists(st.dictionaries(st.sampled_from("abc"), CELLS), min_size=1, max_size=4), max_size=4))
def test_rows_of_batches_of_any_types_come_together_in_their_order(batches: list[list[dict[str, object]]]) -> None:
    cells = []
    for batch in batches:
        names = sorted({name for row in batch for name in row})
        columns = [as_column([row.get(name) for row in batch]) for name in names]
        record = pa.RecordBatch.from_arrays(columns, names=names) if names else None
        cells += [None if record is None else Cells(record, place) for place in range(len(batch))]
    table = gathered(cells)
    for name in table.column_names:
        expected = [None if one is None or name not in one.batch.schema.names else plain(one, name) for one in cells]
        assert [as_text(value) for value in table.column(name).to_pylist()] == [as_text(value) for value in expected]


def as_column(values: list[object]) -> pa.Array:
    try:
        return pa.array(values)
    except pa.ArrowException:
        return pa.array([None if value is None else json.dumps(value) for value in values])


def plain(cells: Cells, name: str) -> object:
    return cells.batch.column(name)[cells.row].as_py()


def as_text(value: object) -> object:
    """Numbers may widen and become text on the way, and stay the same number."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return float(value) if isinstance(value, int | float) else value


def test_types_widen_as_far_as_they_must() -> None:
    one = pa.schema([("a", pa.int32()), ("b", pa.null()), ("c", pa.int64())])
    two = pa.schema([("c", pa.string()), ("b", pa.float32()), ("a", pa.float64()), ("d", pa.list_(pa.int8()))])
    schema = common_schema([one, two])
    assert schema == pa.schema(
        [("a", pa.float64()), ("b", pa.float32()), ("c", pa.string()), ("d", pa.list_(pa.int8()))]
    )
    table = fitted(pa.table({"a": pa.array([2], pa.int32()), "c": [3]}), schema, 1)
    assert table.to_pylist() == [{"a": 2.0, "b": None, "c": "3", "d": None}]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("{}", "{}"),
        ('[{"q": {}}]', '[{"q": {}}]'),
        ('{"a": ' * 400 + "1" + "}" * 400, '{"a": ' * 400 + "1" + "}" * 400),
    ],
    ids=["empty", "within a list", "deep"],
)
def test_an_object_that_parquet_cannot_hold_comes_along_as_text(tmp_path: Path, cell: str, text: str) -> None:
    """`{}` ended the job with ArrowNotImplementedError; objects in one another were written and never read again."""
    found = rows(written(tmp_path / "t.jsonl", f'{{"path": "a.jpg", "o": {cell}}}\n{{"path": "b.jpg"}}\n'))
    table = gathered([row.cells for row in found])
    pq.write_table(table, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["o"].to_pylist() == [text, None]


def test_an_object_of_other_fields_among_empty_ones_stays_as_it_is(tmp_path: Path) -> None:
    found = rows(written(tmp_path / "t.jsonl", '{"path": "a", "o": {}}\n{"path": "b", "o": {"p": [1]}}\n'))
    assert [row["o"] for row in along(found)] == [{"p": None}, {"p": [1]}]


TYPED = {
    "uint64": pa.array([2**63 + 5], pa.uint64()),
    "int64": pa.array([-3], pa.int64()),
    "int8": pa.array([-128], pa.int8()),
    "uint32": pa.array([2**32 - 1], pa.uint32()),
    "half": pa.array([0.5], pa.float16()),
    "double": pa.array([0.1], pa.float64()),
    "decimal": pa.array([Decimal("1.50")], pa.decimal128(5, 2)),
    "fine decimal": pa.array([Decimal("0.0001")], pa.decimal128(38, 37)),
    "bool": pa.array([True]),
    "text": pa.array(["x"]),
    "large text": pa.array(["y"], pa.large_string()),
    "binary": pa.array([b"z"]),
    "day": pa.array([2_500_000], pa.date32()),
    "far seconds": pa.array([2**60], pa.timestamp("s")),
    "year 9000": pa.array([221_845_392_000_000], pa.timestamp("ms")),
    "nanosecond": pa.array([1], pa.timestamp("ns")),
    "zoned": pa.array([0], pa.timestamp("ms", "UTC")),
    "duration": pa.array([2**60], pa.duration("s")),
    "short": pa.array([1], pa.duration("ns")),
    "dictionary": pa.array(["d"]).dictionary_encode(),
    "short dictionary": pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array(["e"])),
    "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    "list": pa.array([[1, 2]]),
    "pair": pa.array([[3, 4]], pa.list_(pa.int16(), 2)),
    "list of uint64": pa.array([[2**63 + 5]], pa.list_(pa.uint64())),
    "list of nanoseconds": pa.array([[1]], pa.list_(pa.timestamp("ns"))),
    "struct": pa.array([{"a": 1, "b": 0.5}]),
    "other struct": pa.array([{"b": 2, "a": "x"}]),
    "null": pa.nulls(1),
}


@pytest.mark.parametrize("first", TYPED)
@pytest.mark.parametrize("second", TYPED)
def test_two_types_come_together_in_one_that_changes_no_value(first: str, second: str) -> None:
    """2**63 + 5 became a negative number beside int64 and the year 9000 came before 1970 beside nanoseconds.

    int64 beside a decimal ended the job with ArrowInvalid. Only of integers beside fractions the last digits may go.
    """
    one, two = TYPED[first], TYPED[second]
    batches = [pa.RecordBatch.from_arrays([column], names=["x"]) for column in (one, two)]
    schema = common_schema(batch.schema for batch in batches)
    table = gathered([Cells(batch, 0) for batch in batches])
    assert table.schema == schema
    kind = schema.field("x").type
    for place, column in enumerate((one, two)):
        made = table["x"].slice(place, 1)
        if column.null_count:
            assert made.null_count == 1
        elif pa.types.is_floating(kind) and pa.types.is_integer(column.type):
            assert made[0].as_py() == float(column[0].as_py())
        elif kind == pa.string() != column.type:
            assert made[0].as_py()
        elif not pa.types.is_nested(kind):
            assert made.cast(column.type)[0] == column[0]  # and back


@pytest.mark.parametrize(
    ("first", "second", "made"),
    [
        ("uint64", "int64", [str(2**63 + 5), "-3"]),
        ("list of uint64", "list", [f"[{2**63 + 5}]", "[1, 2]"]),
        ("year 9000", "nanosecond", ["9000-01-01 00:00:00.000", "1970-01-01 00:00:00.000000001"]),
        ("int64", "decimal", ["-3", "1.50"]),
        ("int8", "uint32", [-128, 2**32 - 1]),
        ("int64", "half", [-3.0, 0.5]),
        ("list of nanoseconds", "text", ['["1970-01-01 00:00:00.000000001"]', "x"]),
        ("large text", "int64", ["y", "-3"]),
    ],
)
def test_what_two_types_become_is_what_their_values_say(first: str, second: str, made: list[object]) -> None:
    batches = [pa.RecordBatch.from_arrays([TYPED[name]], names=["x"]) for name in (first, second)]
    assert gathered([Cells(batch, 0) for batch in batches])["x"].to_pylist() == made


def test_a_count_beyond_2_to_the_53_among_fractions_is_the_nearest_fraction() -> None:
    counts = pa.RecordBatch.from_arrays([pa.array([2**60 + 1])], names=["x"])
    half = pa.RecordBatch.from_arrays([pa.array([0.5])], names=["x"])
    assert gathered([Cells(counts, 0), Cells(half, 0)])["x"].to_pylist() == [2.0**60, 0.5]


def test_views_of_texts_and_bytes_are_read_as_texts_and_bytes(tmp_path: Path) -> None:
    """Arrow picks no rows of a string_view: the job ended with ArrowNotImplementedError."""
    table = pa.table(
        {
            "path": pa.array(["a.jpg", "b.jpg"], pa.string_view()),
            "tags": pa.array([["x"], None], pa.list_(pa.string())).cast(pa.list_(pa.string_view())),
            "about": pa.StructArray.from_arrays([pa.array(["p", None], pa.string_view())], names=["q"]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    assert pq.read_schema(tmp_path / "t.parquet").field("path").type == pa.string_view()
    assert along(rows(tmp_path / "t.parquet")) == table.to_pylist()
    pq.write_table(pa.table({"image": pa.array([b"one"], pa.binary_view()), "x": [1]}), tmp_path / "b.parquet")
    found = rows(tmp_path / "b.parquet")
    assert ([row.value for row in found], along(found)) == ([b"one"], [{"x": 1}])
