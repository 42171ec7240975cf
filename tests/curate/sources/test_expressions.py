"""Traits as JSON text, and JSON files item by item, each against the plain way."""

import gzip
import json
import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.curate.sources.expressions import as_float, as_int, is_url, traits_of
from thuja.curate.sources.json_items import read_items
from thuja.errors import BadFile

cells = st.tuples(
    st.none() | st.text(max_size=8),
    st.none() | st.integers(-(2**60), 2**60),
    st.none() | st.floats(width=32),
    st.none() | st.booleans(),
)


def test_the_members_of_traits_are_sorted_and_empty_ones_left_out() -> None:
    frame = pl.DataFrame({"b": ["x", None, ""], "a": [1.5, math.nan, None]})
    assert frame.with_columns(traits_of({"b": "b", "a": "a"}).alias("t"))["t"].to_list() == [
        '{"a": 1.5, "b": "x"}',
        None,
        None,
    ]
    assert frame.with_columns(traits_of({}).alias("t"))["t"].to_list() == [None] * 3


@given(st.lists(cells, min_size=1, max_size=5))
def test_traits_are_what_json_makes_of_them(rows: list[tuple[object, ...]]) -> None:
    kinds = {"s": pl.String, "i": pl.Int64, 'q"': pl.Float64, "b": pl.Boolean}
    frame = pl.DataFrame(rows, schema=kinds, orient="row")
    made = frame.with_columns(traits_of({name: name for name in frame.columns}).alias("traits"))["traits"].to_list()
    for row, text in zip(rows, made, strict=True):
        plain = {name: cell for name, cell in zip(kinds, row, strict=True) if cell not in (None, "")}
        plain = {name: cell for name, cell in plain.items() if not isinstance(cell, float) or math.isfinite(cell)}
        assert (json.loads(text) if text else {}) == pytest.approx(plain)


def test_numbers_come_out_of_text_and_nothing_else_does() -> None:
    frame = pl.DataFrame({"n": ["3", "3.0", "x", "", None, "NaN", "inf", "-2.5"]})
    assert frame.select(as_int("n"))["n"].to_list() == [3, 3, None, None, None, None, None, -2]
    assert frame.select(as_float("n"))["n"].to_list() == [3.0, 3.0, None, None, None, None, None, -2.5]


def test_only_addresses_of_the_web_are_fetched() -> None:
    urls = ["https://a.org/x", "HTTP://a.org", "file:///etc/passwd", "https://", "javascript:x", None, "a.org/x"]
    assert pl.DataFrame({"u": urls}).select(is_url("u"))["u"].to_list() == [True, True, *[False] * 5]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(value=st.dictionaries(st.text(max_size=3), st.lists(values, max_size=4) | st.integers(), max_size=4))
def test_items_are_those_of_the_whole_file(tmp_path_factory: pytest.TempPathFactory, value: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    for indent in (None, 1):
        path.write_text(json.dumps(value, indent=indent))
        expected = [
            (key, item) for key, items in value.items() for item in (items if isinstance(items, list) else [items])
        ]
        assert list(read_items(path)) == expected


def test_a_long_list_is_read_over_the_ends_of_the_buffer_and_out_of_gzip(tmp_path: Path) -> None:
    items = [{"id": number, "text": "é" * (number % 90)} for number in range(40_000)]
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps(items).encode(), compresslevel=1))
    assert [item for _, item in read_items(path)] == items


def test_numbers_that_json_does_not_have_are_read_as_python_writes_them(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": [{"latitude": NaN}]}')
    [(key, item)] = read_items(tmp_path / "a.json")
    assert key == "images"
    assert math.isnan(item["latitude"])


@pytest.mark.parametrize(
    "text", ["", "{", '{"a": [1, 2', '{"a": [{"b": 1}, {"b"', "[1 2]", "[1]]", '{"a" 1}', "nothing", '[{"a": "x]']
)
def test_what_is_no_whole_json_is_a_bad_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BadFile, match="not whole JSON"):
        list(read_items(tmp_path / "a.json"))


def test_a_gzip_that_is_cut_short_or_another_encoding_is_a_bad_file(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps([*range(100_000)]).encode())
    (tmp_path / "a.json.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="cannot be read"):
        list(read_items(tmp_path / "a.json.gz"))
    (tmp_path / "b.json").write_bytes('["Hübner"]'.encode("utf-16"))
    with pytest.raises(BadFile, match="cannot be read"):
        list(read_items(tmp_path / "b.json"))
    (tmp_path / "c.json").write_text("[" * 100_000)
    with pytest.raises(BadFile):
        list(read_items(tmp_path / "c.json"))
