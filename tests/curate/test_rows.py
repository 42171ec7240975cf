"""Files of rows: written by count, and by size."""

from pathlib import Path

import polars as pl
import pytest

from thuja.curate import rows
from thuja.curate.rows import RowWriter, conform


def frame_of(texts: list[str], start: int) -> pl.DataFrame:
    ids = [f"{start + place}" for place in range(len(texts))]
    return conform(pl.DataFrame({"uuid": ids, "traits": texts}), data_source="t")


def test_rows_of_long_cells_are_written_by_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the rows were counted, so a thousand with long cells waited in memory, 100 MB of them."""
    monkeypatch.setattr(rows, "FILE_BYTES", 1_000_000)
    writer = RowWriter(tmp_path)
    for number in range(6):
        writer.write(frame_of(["x" * 50_000] * 10, number * 10))
    assert len([*tmp_path.iterdir()]) == 3
    writer.flush()
    found = pl.concat([pl.read_parquet(file) for file in sorted(tmp_path.iterdir())])
    assert found["uuid"].to_list() == [str(number) for number in range(60)]
    assert writer.rows == 60


def test_many_short_rows_are_written_by_their_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "FILE_ROWS", 10)
    writer = RowWriter(tmp_path)
    for number in range(4):
        writer.write(frame_of(["x"] * 6, number * 6))
    assert [len(pl.read_parquet(file)) for file in sorted(tmp_path.iterdir())] == [12, 12]
