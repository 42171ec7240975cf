"""Tables that are written while their rows come, in parts: CSV, and Parquet in groups that are quick to read."""

import csv
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.record import Value

_GROUP: Final = 50_000
"""Rows of a Parquet row group, at the least: in small ones a reader spends its time on their heads."""


def write_table(path: Path, columns: Sequence[str], parts: Generator[Sequence[dict[str, Value]], None, None]) -> int:
    """Write a CSV of rows that come in parts, and close these in any case; returns how many rows there were."""
    count = 0
    with closing(parts), path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        for rows in parts:
            table.writerows(rows)
            count += len(rows)
    return count


class ParquetRows:
    """A Parquet table that rows are added to; each of its row groups but the last has 50,000 rows or more."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema)
        self._parts: list[pa.Table] = []
        self._waiting = 0

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put rows at the end."""
        self._parts.append(pa.Table.from_pylist(list(rows), schema=self._schema))
        self._waiting += len(rows)
        if self._waiting >= _GROUP:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._waiting:
                self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pa.concat_tables(self._parts).combine_chunks(), row_group_size=self._waiting)
        self._parts, self._waiting = [], 0
