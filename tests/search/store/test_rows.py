"""Rows by their number are those that were written, in any order and any choice of columns."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import BadFile
from thuja.search.store.places import LocalPlace
from thuja.search.store.rows import BATCH, StoredRows, write_rows

ROWS = 3 * BATCH + 17
TABLE = pa.table(
    {
        "uuid": [f"id {number}" for number in range(ROWS)],
        "n": pa.array([None if number % 5 == 0 else number for number in range(ROWS)], type=pa.int64()),
        "text": [None if number % 3 == 0 else f"é{number % 7}" for number in range(ROWS)],
    }
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredRows:
    folder = tmp_path_factory.mktemp("rows")
    cut = pa.concat_tables([TABLE.slice(0, 100), TABLE.slice(100, 700), TABLE.slice(800)])  # chunks of other sizes
    write_rows(folder / "rows.arrow", cut)
    return StoredRows(LocalPlace(folder), "rows.arrow")


@given(
    rows=st.lists(st.integers(0, ROWS - 1), max_size=20),
    columns=st.none() | st.lists(st.sampled_from(["uuid", "n", "text"]), unique=True, min_size=1),
)
def test_taken_rows_are_those_of_the_table(stored: StoredRows, rows: list[int], columns: list[str] | None) -> None:
    found = stored.take(np.array(rows, dtype=np.int64), columns)
    expected = TABLE.take(pa.array(rows, type=pa.int64()))
    names = found.column_names
    assert set(names) == set(columns or TABLE.column_names)
    assert found.to_pylist() == expected.select(names).to_pylist()


def test_all_rows_come_in_order(stored: StoredRows) -> None:
    assert stored.whole().equals(TABLE)
    assert stored.whole(["n"]).column("n").equals(TABLE.column("n"))
    assert stored.batches == 4


def test_a_file_of_no_rows_is_read(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.arrow", TABLE.slice(0, 0))
    stored = StoredRows(LocalPlace(tmp_path), "rows.arrow")
    assert stored.take(np.zeros(0, dtype=np.int64)).num_rows == stored.whole().num_rows == 0


def test_a_file_that_is_no_table_is_said(tmp_path: Path) -> None:
    (tmp_path / "rows.arrow").write_text("no")
    with pytest.raises(BadFile, match=r"rows\.arrow cannot be read"):
        StoredRows(LocalPlace(tmp_path), "rows.arrow")
