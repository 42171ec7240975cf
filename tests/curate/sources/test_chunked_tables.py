"""Delimited text in chunks gives what Python's csv gives of the whole, wherever the chunks end."""

import csv
import gzip
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.curate.sources.gbif_archive import write_folder

from thuja.curate.sources import chunked_tables
from thuja.curate.sources.chunked_tables import read_frames, sniff
from thuja.curate.sources.containers import opened
from thuja.curate.sources.field_limit import field_limit
from thuja.curate.sources.spec import Notes

_COLUMNS = ("a", "b", "c")
_PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8)
_QUOTED = st.text(st.sampled_from(["x", "é", '"', ",", "\n", " ", "\t"]), max_size=6)


def read(folder, name: str, notes: Notes | None = None) -> pl.DataFrame:
    with opened(folder) as container:
        layout = sniff(container, name)
        frames = list(read_frames(container, layout, _COLUMNS, notes=Notes() if notes is None else notes))
    return pl.concat([pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String)), *frames])


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(_PLAIN, _PLAIN, _PLAIN), max_size=12), piece=st.integers(1, 40), crlf=st.booleans())
def test_tabs_without_quotes(tmp_path_factory, rows, piece, crlf):
    end = "\r\n" if crlf else "\n"
    text = end.join("\t".join(row) for row in [_COLUMNS, *rows]) + end
    folder = write_folder(tmp_path_factory.mktemp("t"), {"t.txt": text.encode()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked_tables, "_PIECE", piece)
        found = read(folder, "t.txt")
    assert found.rows() == [tuple(cell or None for cell in row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(_QUOTED, _QUOTED, _QUOTED), max_size=8), piece=st.integers(1, 40))
def test_commas_with_quotes(tmp_path_factory, rows, piece):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *rows])
    folder = write_folder(tmp_path_factory.mktemp("t"), {"t.csv": text.getvalue().encode()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked_tables, "_PIECE", piece)
        found = read(folder, "t.csv")
    assert found.rows() == [tuple(cell or None for cell in row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(st.integers(1, 5), max_size=12), piece=st.integers(1, 40))
def test_whole_and_ragged_lines_add_up(tmp_path_factory, cells, piece):
    lines = ["\t".join(["x"] * count) for count in [3, 3, *cells]]
    folder = write_folder(tmp_path_factory.mktemp("t"), {"t.txt": "\n".join(["a\tb\tc", *lines]).encode()})
    notes = Notes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked_tables, "_PIECE", piece)
        found = read(folder, "t.txt", notes)
    assert len(found) == 2 + cells.count(3)
    assert notes["t.txt:ragged_lines"] == len(cells) - cells.count(3)


def test_a_table_is_read_out_of_gzip(tmp_path):
    folder = write_folder(tmp_path, {"t.txt.gz": gzip.compress(b"a\tb\tc\n1\t2\t3\n")})
    assert read(folder, "t.txt.gz").rows() == [("1", "2", "3")]


def test_an_open_quote_that_goes_on_and_on_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(chunked_tables, "_MAX_QUOTED", 1000)
    monkeypatch.setattr(chunked_tables, "_PIECE", 500)
    text = 'a,b,c\n1,"2,3\n' + "4,5,6\n" * 1000
    folder = write_folder(tmp_path, {"t.csv": text.encode()})
    notes = Notes()
    assert len(read(folder, "t.csv", notes)) == 1000
    assert notes["t.csv:ragged_lines"] == 1


def test_a_table_leaves_the_limit_of_other_readers_as_it_was() -> None:
    """Python's csv has one limit for the whole process: after a curation, embed took a table in whole."""
    before = csv.field_size_limit()
    with field_limit(before + 5):
        assert csv.field_size_limit() == before + 5
    assert csv.field_size_limit() == before
