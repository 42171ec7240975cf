"""The rows of a segment: an Arrow file in small compressed batches, so that one row costs one small read.

At seventeen columns a row takes 165 bytes and 0.04 ms. Parquet takes 65 bytes and 60 ms, as it has no way to the middle
of a page; batches under zstd 100 bytes and 2 ms, most of it for setting up a decompressor for every buffer.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import BadFile
from thuja.search.store.places import Place

ROWS: Final = "rows.arrow"
BATCH: Final = 128
"""Rows in a batch, the last one of a file excepted."""
_IDLE: Final = 8
"""Readers that are kept for the next call: to open one is to wait for a thread of Arrow's."""
_WRITTEN: Final = 128 * BATCH


def write_rows(path: Path, table: pa.Table) -> None:
    """Write a table, in its order."""
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with path.open("wb") as file, pa.ipc.new_file(file, table.schema, options=options) as writer:
        for start in range(0, table.num_rows, _WRITTEN):  # a batch may not reach over the edge of a chunk
            writer.write_table(table.slice(start, _WRITTEN).combine_chunks(), max_chunksize=BATCH)


class StoredRows:
    """The rows of one segment, read by their number. Safe from several threads at once."""

    def __init__(self, place: Place, file: str) -> None:
        self._place = place
        self._idle: deque[pa.ipc.RecordBatchFileReader] = deque()
        try:
            self._source = place.opened(file)
            reader = pa.ipc.open_file(self._source)
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{place.name}/{file} cannot be read: {error}") from error
        self.schema: pa.Schema = reader.schema
        self.batches: int = reader.num_record_batches

    def take(self, rows: npt.NDArray[np.int64], columns: Sequence[str] | None = None) -> pa.Table:
        """These rows in this order; columns that the segment lacks are left out."""
        asked = np.asarray(rows, dtype=np.int64)
        held: dict[int, pa.RecordBatch] = {}
        for share in self._place.spread(self._batches, np.array_split(np.unique(asked // BATCH), self._place.shares)):
            held |= share
        single = [held[row // BATCH].slice(row % BATCH, 1) for row in asked.tolist()]
        table = pa.Table.from_batches(single, schema=self.schema)
        # All columns are read: choosing them when a file is opened costs thirty times what a batch of them does.
        return table.select(self._own(columns)).combine_chunks()

    def _batches(self, parts: npt.NDArray[np.int64]) -> dict[int, pa.RecordBatch]:
        """Some batches by their numbers."""
        try:
            reader = self._idle.pop()
        except IndexError:  # all of them are at work
            reader = self._reader(None)
        found = {part: reader.get_batch(part) for part in parts.tolist()}
        if len(self._idle) < _IDLE:
            self._idle.append(reader)
        return found

    def _own(self, columns: Sequence[str] | None) -> list[str]:
        """Those of the columns that the segment has; the ids where it has none."""
        own = self.schema.names if columns is None else [name for name in columns if name in self.schema.names]
        return own or ["uuid"]

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
        """A reader that no other thread has: they are not safe among threads."""
        fields = None if columns is None else [self.schema.get_field_index(name) for name in self._own(columns)]
        options = pa.ipc.IpcReadOptions(included_fields=fields, use_threads=False)  # buffers of 1 kB: threads cost more
        return pa.ipc.open_file(self._source, options=options)
