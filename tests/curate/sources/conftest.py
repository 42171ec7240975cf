"""Reads a whole source, and holds its rows against the contract of readers."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from thuja.curate.sources import SourceSpec, reader
from thuja.curate.sources.expressions import COLUMNS

Reading = Callable[..., tuple[list[dict[str, Any]], Counter[str]]]


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """All rows of a source and the reader's notes: read("table", path, **options)."""

    def reading(kind: str, path: Path, *, name: str = "", **options: str) -> tuple[list[dict[str, Any]], Counter[str]]:
        notes: Counter[str] = Counter()
        spec = SourceSpec(kind=kind, path=path, name=name, options=options, scratch=tmp_path / "scratch")
        rows = []
        for frame in reader(kind)(spec, notes):
            assert dict(frame.schema) == {name: COLUMNS[name] for name in frame.columns}
            rows += frame.to_dicts()
        for row in rows:
            assert row.get("uuid") or (row["data_source"] and row["source_id"] is not None)
            assert (row.get("drop_reason") is None) == (row.get("dropped_by") is None)
            assert row.get("dropped_by") in (None, "read")
        return rows, notes

    return reading


def kept(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("drop_reason") is None]


@pytest.fixture
def write_csv() -> Callable[..., Path]:
    """Writes a frame as CSV: write_csv(path, columns, separator=",")."""

    def write(path: Path, columns: dict[str, list[Any]], separator: str = ",") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(columns, strict=False).write_csv(path, separator=separator)
        return path

    return write
