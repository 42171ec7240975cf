"""The list of what is to be taken down: one reading for shards and for curation."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thuja.curate.filters.takedown import plain_keys
from thuja.errors import BadFile, UsageError
from thuja.shards.takedown import TakeDownList, plain_key

ONE = "4f7b0a1e-6c1f-5b7e-9a52-1c0a7d0b7e11"
SPELT = st.sampled_from([ONE, ONE.upper(), ONE.replace("-", ""), f"{{{ONE}}}", f"urn:uuid:{ONE}", f" {ONE} "])


@given(SPELT)
def test_every_spelling_of_a_uuid_is_one_entry(word: str) -> None:
    assert plain_key(word) == ONE


@given(st.lists(st.one_of(SPELT, st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))))
@example(["HTTP://Example.org/B.jpg", "https://https://x"])
def test_a_column_is_read_as_single_entries_are(words: list[str]) -> None:
    column = pl.DataFrame({"name": words}, schema={"name": pl.String}).select(plain_keys("name")).to_series()
    assert column.to_list() == [plain_key(word) for word in words]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("# asked for\n\n a,b \n", ["a,b"]),
        ("uuid,why\nx,y\n", ["x"]),
        ("why;source_id\nasked;7\nshort\n", ["7"]),
        ("gbif_id\n12\n", ["12"]),
        ("7\tasked\n", ["7"]),
        ("uuid\n", []),
        ("", []),
    ],
)
def test_a_list_is_a_line_an_entry_or_a_table(tmp_path: Path, text: str, entries: list[str]) -> None:
    (tmp_path / "list").write_text(text, encoding="utf-8")
    assert list(TakeDownList.read(tmp_path / "list").entries) == entries


def test_a_list_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the take-down list"):
        TakeDownList.read(tmp_path / "none")
    (tmp_path / "list").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadFile, match="is not UTF-8"):
        TakeDownList.read(tmp_path / "list")
