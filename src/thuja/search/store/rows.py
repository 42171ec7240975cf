"""The rows of a segment: an Arrow file in small compressed batches, so that one row costs one small read.

Parquet would be a third smaller, and take 60 ms for a row where this takes one: it has no way to the middle of a page.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import BadFile
from thuja.search.store.places import Place

ROWS: Final = "rows.arrow"
BATCH: Final = 256
"""Rows in a batch, the last one of a file excepted."""
_WRITTEN: Final = 64 * BATCH


def write_rows(path: Path, table: pa.Table) -> None:
    """Write a table, in its order."""
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with path.open("wb") as file, pa.ipc.new_file(file, table.schema, options=options) as writer:
        for start in range(0, table.num_rows, _WRITTEN):  # a batch may not reach over the edge of a chunk
            writer.write_table(table.slice(start, _WRITTEN).combine_chunks(), max_chunksize=BATCH)


class StoredRows:
    """The rows of one segment, read by their number. Safe from several threads at once."""

    def __init__(self, place: Place, file: str) -> None:
        self._place, self._file = place, file
        try:
            reader = pa.ipc.open_file(place.opened(file))
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{place.name}/{file} cannot be read: {error}") from error
        self.schema: pa.Schema = reader.schema
        self.batches: int = reader.num_record_batches

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """These rows in this order; columns that the segment lacks are left out."""
        reader = self._reader(columns)
        parts = np.asarray(rows, dtype=np.int64) // BATCH
        distinct, back = np.unique(parts, return_inverse=True)
        if not len(distinct):
            return reader.schema.empty_table()
        held = pa.Table.from_batches([reader.get_batch(int(part)) for part in distinct]).combine_chunks()
        return held.take(back * BATCH + rows % BATCH)  # only the file's last batch is shorter

    def all(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """All rows in order, some thousand at a time."""
        reader = self._reader(columns)
        step = _WRITTEN // BATCH
        for start in range(0, self.batches, step):
            parts = [reader.get_batch(part) for part in range(start, min(start + step, self.batches))]
            yield pa.Table.from_batches(parts)

    def whole(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows at once."""
        return pa.concat_tables([self._reader(columns).schema.empty_table(), *self.all(columns)])

    def _reader(self, columns: Sequence[str] | None) -> pa.ipc.RecordBatchFileReader:
        """A reader of its own for each call: readers are not safe among threads; opening one costs 0.2 ms."""
        options = None
        if columns is not None:
            fields = [self.schema.get_field_index(name) for name in columns if name in self.schema.names]
            if not fields:
                fields = [self.schema.get_field_index("uuid")]
            options = pa.ipc.IpcReadOptions(included_fields=fields)
        return pa.ipc.open_file(self._place.opened(self._file), options=options)
