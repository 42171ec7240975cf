"""Hits as rows, and whose pictures they are."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from thuja.errors import UnknownName, UsageError
from thuja.search.query import Answer, Credit, Hit, Query, answer
from thuja.search.query.tables import rows_of, save, show
from thuja.taxonomy import Taxon


def hit(**fields) -> Hit:
    row = fields.pop("row", {})
    return Hit(**{"id": "a", "key": 3, "score": 0.5, "taxon": Taxon(), "credit": Credit.of(row), "row": row, **fields})


def shown(found: Answer, form: str, **options) -> str:
    file = io.StringIO()
    show(found, file, form, **options)
    return file.getvalue()


def test_every_form_holds_the_same_hits(index, tmp_path) -> None:
    found = answer(index, Query(id="row-0003", k=7, columns=("common", "year"), group_by="species", per_group=4))
    rows = rows_of(found, first=11)
    assert [row["rank"] for row in rows] == list(range(11, 18))
    assert list(rows[0]) == ["rank", "uuid", "score", "group", "common", "year"]
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        save(found, tmp_path / name, first=11)
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == rows
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == rows
    read = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [row["uuid"] for row in read] == [row["uuid"] for row in rows]
    assert json.loads(shown(found, "json", first=11))["hits"] == rows
    assert shown(found, "csv", first=11) == (tmp_path / "a.csv").read_text()
    assert "Mus musculus, mouse" in shown(found, "table").splitlines()[0]


def test_a_cell_that_a_spreadsheet_would_run_is_quoted() -> None:
    lines = shown(Answer(hits=[hit(row={"title": "=HYPERLINK(1)", "n": -3})], total=1), "csv").splitlines()
    assert lines[1].split(",")[-2:] == ["'=HYPERLINK(1)", "-3"]


def test_the_name_of_a_column_is_no_formula_either() -> None:
    """Names of columns are strangers', too."""
    lines = shown(Answer(hits=[hit(row={"=HYPERLINK(1)": "x"})], total=1), "csv").splitlines()
    assert (lines[0].split(",")[-1], lines[1].split(",")[-1]) == ("'=HYPERLINK(1)", "x")


def test_a_name_gives_a_terminal_no_orders() -> None:
    """An escape in a stranger's table cleared the screen, or set the title of its window."""
    name = Taxon(genus="Corvus", common="raven\x1b[2J\x9b2J")
    assert (
        shown(Answer(hits=[hit(taxon=name, id="a\nb")], total=1), "table")
        .splitlines()[0]
        .endswith("Corvus, raven?[2J?2J  a?b")
    )


def test_a_column_of_the_index_does_not_replace_the_hits_own() -> None:
    row = rows_of(Answer(hits=[hit(row={"score": 9, "rank": "genus"})], total=1))[0]
    assert (row["rank"], row["score"], row["index_rank"], row["index_score"]) == (1, 0.5, "genus", 9)


def test_no_number_becomes_null_and_nothing_is_an_empty_table() -> None:
    assert rows_of(Answer(hits=[hit(row={"n": float("nan")})], total=1))[0]["n"] is None
    assert shown(Answer(hits=[], total=0), "csv") == "rank,uuid,score\n"
    assert shown(Answer(hits=[], total=0), "table") == ""


def test_an_unknown_format_is_named(tmp_path) -> None:
    with pytest.raises(UnknownName, match=r'unknown format: "\.txt"'):
        save(Answer(hits=[], total=0), tmp_path / "a.txt")
    with pytest.raises(UsageError, match='unknown format: "xml"'):
        shown(Answer(hits=[], total=0), "xml")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ("", "", "", "")),
        (
            {"license_name": "CC0", "license_link": "https://a.org/0", "publisher": "P", "source_url": "http://b.org/x"},
            ("CC0", "https://a.org/0", "P", "http://b.org/x"),
        ),
        (
            {"license_link": "https://a.org/by", "copyright_owner": "O", "publisher": "P"},
            ("", "https://a.org/by", "O", ""),
        ),
        ({"license_link": "javascript:alert(1)", "source_url": "data:text/html,x"}, ("", "", "", "")),
        ({"identifier": "https://c.org/1.jpg"}, ("", "", "", "https://c.org/1.jpg")),  # GBIF's
        ({"identifier": "ABC-17", "source_url": "http://b.org/x"}, ("", "", "", "http://b.org/x")),
        ({"source_url": "http://[bad", "license_link": "//a.org"}, ("", "", "", "")),
    ],
)  # fmt: skip
def test_a_credit_links_to_the_web_and_nowhere_else(row, expected) -> None:
    credit = Credit.of(row)
    assert (credit.license, credit.license_link, credit.owner, credit.source_url) == expected
