"""Tables as readers: addresses instead of files, types over the whole of a column, what cannot be read."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from thuja.curate.sources import KINDS, SourceSpec, chunked_tables, reader
from thuja.curate.sources.cells import MAX_CELL
from thuja.errors import BadFile, UnknownName, UsageError

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]


def test_a_table_may_give_addresses_and_bad_ones_are_rows(read: Reading, tmp_path: Path) -> None:
    table = tmp_path / "web.csv"
    urls = ["https://a.org/1.jpg", "http://b.org/2.jpg", "file:///etc/passwd", "", "ftp://c.org/3.jpg"]
    pl.DataFrame({"identifier": urls, "scientificName": ["Pica pica"] * 5}).write_csv(table)
    (tmp_path / "unlisted.jpg").write_bytes(b"x")
    rows, notes = read("table", table, name="web")
    assert [(row["source_url"], row["source_id"], row["drop_reason"]) for row in rows] == [
        ("https://a.org/1.jpg", "https://a.org/1.jpg", None),
        ("http://b.org/2.jpg", "http://b.org/2.jpg", None),
        ("file:///etc/passwd", "file:///etc/passwd", "bad_url"),
        (None, "", "no_path"),
        ("ftp://c.org/3.jpg", "ftp://c.org/3.jpg", "bad_url"),
    ]
    assert {row["data_source"] for row in rows} == {"web"}
    assert [row["path"] for row in rows] == [None] * 5
    assert not notes


def test_an_address_in_the_file_column_is_one_and_a_file_goes_before_an_address(read: Reading, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    table = tmp_path / "both.csv"
    pl.DataFrame(
        {
            "image": ["a.jpg", "https://x.org/b.jpg", ""],
            "url": ["https://x.org/a.jpg", "", "https://x.org/c.jpg"],
            "source_id": ["1", "2", ""],
            "taxon": ["Pica pica"] * 3,
        }
    ).write_csv(table)
    rows, _ = read("table", table)
    assert [(row["path"], row["source_url"], row["source_id"], row["drop_reason"]) for row in rows] == [
        (str(tmp_path / "a.jpg"), "https://x.org/a.jpg", "1", None),
        (None, "https://x.org/b.jpg", "2", None),
        (None, "https://x.org/c.jpg", "https://x.org/c.jpg", None),
    ]


def test_a_csv_column_has_one_type_in_the_traits_whatever_its_last_cell(read: Reading, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    lines = ["file,taxon,legs,code,size,alive,note,latitude,is_captive"]
    lines += ["a.jpg,Pica pica,2,007,1.5,true,x,1.25,true", "b.jpg,Pica pica,3,8,2,false,,north,FALSE"]
    table.write_text("\n".join([*lines, 'c.jpg,Pica pica,,,,,"2, or ""3""",,']) + "\n")
    rows, _ = read("table", table)
    traits = [json.loads(row["traits"]) for row in rows]
    assert traits[0] == {"legs": 2, "code": "007", "size": 1.5, "alive": True, "note": "x"}
    assert traits[1] == {"legs": 3, "code": "8", "size": 2.0, "alive": False, "latitude": "north"}
    assert traits[2] == {"note": '2, or "3"'}
    assert [row["latitude"] for row in rows] == [1.25, None, None]
    assert [row["is_captive"] for row in rows] == [True, False, None]


def test_gzip_tsv_and_parquet_give_the_same_rows(read: Reading, tmp_path: Path) -> None:
    columns = {"url": [f"https://x.org/{n}.jpg" for n in range(5)], "taxon": ["Pica pica"] * 5, "n": [*range(5)]}
    frame = pl.DataFrame(columns)
    frame.write_csv(tmp_path / "t.csv")
    frame.write_csv(tmp_path / "t.tsv", separator="\t")
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=2)
    (tmp_path / "u.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    expected, _ = read("table", tmp_path / "t.csv")
    assert [json.loads(row["traits"])["n"] for row in expected] == [0, 1, 2, 3, 4]
    for name in ("t.tsv", "t.parquet", "u.csv.gz"):
        assert read("table", tmp_path / name)[0] == expected


def test_lines_of_another_length_are_counted_and_so_are_cells_that_are_cut(read: Reading, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    long = "x" * 10_000_000
    table.write_text(f"url,taxon\nhttps://x.org/1.jpg,Pica pica\nonly\na,b,c\nhttps://x.org/2.jpg,{long}\n")
    rows, notes = read("table", table)
    assert [len(row["verbatim_name"]) for row in rows] == [9, MAX_CELL]
    assert notes == {"t.csv:ragged_lines": 2, "t.csv:cut_cells": 1}


def test_what_is_no_table_is_said_in_one_sentence(read: Reading, tmp_path: Path) -> None:
    table = tmp_path / "t.csv.gz"
    whole = gzip.compress(b"url,taxon\n" + b"https://x.org/1.jpg,Pica pica\n" * 200_000, mtime=0)
    table.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile, match="cut short or damaged: Compressed file ended"):
        read("table", table)
    table = tmp_path / "t.csv"
    table.write_bytes(b"url,taxon\n" + b"x" * 5_000 + b",y\n" * 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked_tables, "_PIECE", 1_000)
        patch.setattr(chunked_tables, "_MAX_LINE", 2_000)
        with pytest.raises(BadFile, match="a line of more than 2,000 bytes"):
            read("table", table)
    table.write_bytes(b"")
    with pytest.raises(BadFile, match="is empty"):
        read("table", table)
    table.write_bytes(b",,\n1,2,3\n")
    with pytest.raises(BadFile, match="no header line"):
        read("table", table)
    parquet = tmp_path / "t.parquet"
    parquet.write_bytes(b"PAR1 not")
    with pytest.raises(BadFile, match="cannot be read"):
        read("table", parquet)
    with pytest.raises(UsageError, match="is no table"):
        read("table", tmp_path / "t.xlsx")
    with pytest.raises(UsageError, match='no option "labels"'):
        read("table", table, labels="x")


def test_a_folder_reads_as_a_kind_with_and_without_labels(read: Reading, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "train" / "Pica pica").mkdir(parents=True)
    (folder / "train" / "Pica pica" / "a.jpg").write_bytes(b"x")
    (folder / "b.jpg").write_bytes(b"x")
    rows, _ = read("folder", folder)
    assert [(row["source_id"], row["verbatim_name"], row["split"]) for row in rows] == [
        ("b.jpg", None, None),
        ("train/Pica pica/a.jpg", "Pica pica", "train"),
    ]
    labels = tmp_path / "labels.csv"
    labels.write_text("file,taxon\nphotos/b.jpg,Corvus corax\n")
    rows, _ = read("folder", folder, labels=str(labels))
    assert [(row["source_id"], row.get("verbatim_name"), row["drop_reason"]) for row in rows] == [
        ("b.jpg", "Corvus corax", None),
        ("train/Pica pica/a.jpg", None, "not_in_table"),
    ]


def test_every_kind_names_a_reader_and_others_are_unknown() -> None:
    others = {"gbif", "eol", "bioscan"}
    assert others < set(KINDS)
    for kind in set(KINDS) - others:
        assert reader(kind).__name__ == f"read_{kind}"
    with pytest.raises(UnknownName, match='unknown kind of source: "gbiff"'):
        reader("gbiff")


def test_a_source_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        next(reader("folder")(SourceSpec(kind="folder", path=tmp_path / "no"), Counter()))


def test_columns_of_any_name_do_no_harm(read: Reading, tmp_path: Path) -> None:
    """A column that is named as one of the reader's own stopped the run with the library's error."""
    table = tmp_path / "t.csv"
    names = ["_reason", "found path", "place", "said scientific", "", "wing", "wing", "drop_reason", "folder"]
    table.write_text(f"url,taxon,{','.join(names)}\nhttps://x.org/1.jpg,Pica pica,{','.join('abcdefghi')}\n")
    [row], _ = read("table", table)
    assert json.loads(row["traits"]) == {
        "_reason": "a",
        "folder": "i",
        "said scientific": "d",
        "wing": "f",
        "wing_8": "g",
    }
    assert (row["drop_reason"], row["path"]) == (None, None)


def test_a_table_of_a_header_alone_has_no_rows(read: Reading, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    for text in ("url,taxon", "url,taxon\n"):
        table.write_text(text)
        assert read("table", table) == ([], Counter())


def test_a_stray_quote_costs_its_own_line_and_is_counted(read: Reading, tmp_path: Path) -> None:
    """A quote that nobody closed made all lines behind it one row, and nothing was noted."""
    table = tmp_path / "t.csv"
    table.write_text('url,label\nhttp://x/1,"Corvus\nhttp://x/2,Pica\nhttp://x/3,Parus\n')
    rows, notes = read("table", table)
    assert [row["verbatim_name"] for row in rows] == ["Pica", "Parus"]
    assert notes == {"t.csv:ragged_lines": 1}


def test_two_stray_quotes_do_not_make_one_cell_of_the_lines_between(read: Reading, tmp_path: Path) -> None:
    """The second stray quote closed what the first had opened, and the rows between were swallowed."""
    lines = [f"http://x/{n},Pica pica" for n in range(100)]
    lines[10] = 'http://x/10,"Pica pica'
    for last in ('http://x/90,Pica "pica', 'http://x/90,"Pica pica', 'http://x/90,Pica pica"'):
        lines[90] = last
        table = tmp_path / "t.csv"
        table.write_text("\n".join(["url,label", *lines]) + "\n")
        rows, notes = read("table", table)
        assert len(rows) + notes["t.csv:ragged_lines"] == 100
        assert len(rows) >= 98


def test_line_ends_within_quotes_are_part_of_their_cell(read: Reading, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text('url,label,note\nhttp://x/1,Pica pica,"one, ""two""\nthree"\nhttp://x/2,Pica pica,5" long\n')
    rows, notes = read("table", table)
    assert [json.loads(row["traits"])["note"] for row in rows] == ['one, "two"\nthree', '5" long']
    assert not notes


def test_lines_in_latin_1_are_read_and_counted(read: Reading, tmp_path: Path) -> None:
    """One byte of Latin-1 stopped a table, where GBIF's and EOL's readers mend the line."""
    table = tmp_path / "t.csv"
    table.write_bytes("url,label\nhttp://x/1,Hübnér\n".encode("latin-1") + b"http://x/2,Pica\n")
    rows, notes = read("table", table)
    assert [row["verbatim_name"] for row in rows] == ["Hübnér", "Pica"]
    assert notes == {"t.csv:lines_not_utf8": 1}


@pytest.mark.parametrize("text", ["url;label\nhttp://x/1;Pica\n", "url,label\rhttp://x/1,Pica\r"])
def test_semicolons_and_the_line_ends_of_old_macs_are_read(read: Reading, tmp_path: Path, text: str) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(text.encode())
    [row], _ = read("table", table)
    assert (row["source_url"], row["verbatim_name"]) == ("http://x/1", "Pica")
