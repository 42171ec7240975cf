"""The catalog is one file for the same rows, however many of them memory takes."""

import tempfile
from pathlib import Path

import daft
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate import catalog
from thuja.curate.catalog import write_catalog
from thuja.curate.rows import KINDS, conform
from thuja.record import CATALOG_SCHEMA

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
PATHS = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b/ä.jpg", "\U0001f426.jpg"]), TEXT), min_size=1)


def rows(paths: list[str | None]) -> daft.DataFrame:
    table = pl.DataFrame({"path": paths}, schema={"path": pl.String})
    ids = [f"{number * 7919 % 1009:04}" for number in range(len(paths))]
    table = table.with_columns(
        uuid=pl.Series(ids, dtype=pl.String),
        order=pl.Series(ids, dtype=pl.String).str.replace("0", "Passeriformes"),
        source_url=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("http://x/") + pl.Series(ids, dtype=pl.String)),
    )
    return daft.from_arrow(conform(table, data_source="s").to_arrow())


@given(PATHS, st.integers(1, 9), st.integers(1, 5))
@settings(max_examples=25)
def test_rows_sorted_by_ranges_make_the_same_bytes_as_rows_sorted_at_once(
    paths: list[str | None], in_memory: int, group: int
) -> None:
    """The number of the range took the place of the taxon's order, and a catalog of more than half a million rows
    ended in a traceback; and every range began a row group of its own, so that the file told how much memory there
    was."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "_GROUP", group)
        whole = write_catalog(rows(paths), Path(folder)).read_bytes()
        assert write_catalog(rows(paths), Path(folder), in_memory=in_memory).read_bytes() == whole
        assert [path.name for path in Path(folder).iterdir()] == ["catalog.parquet"]


def test_rows_lie_by_path_and_id_nulls_first_and_an_url_stands_in_for_a_path(tmp_path: Path) -> None:
    frame = rows([None, "b", None, "a", "b", ""])
    found = pl.read_parquet(write_catalog(frame, tmp_path, in_memory=2))
    assert found.columns == CATALOG_SCHEMA.names
    assert set(found.columns) < set(KINDS)
    assert found.select("path", "uuid").rows() == [
        (None, "0703"), ("", "0244"), ("a", "0550"), ("b", "0397"), ("b", "0856"), ("http://x/0000", "0000"),
    ]  # fmt: skip
