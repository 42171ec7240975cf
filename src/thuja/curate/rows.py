"""The table that the steps of a curation hand on: the catalog, and what only the steps need."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile
from thuja.record import CATALOG_SCHEMA, uuid_of_source

STEP_SCHEMA = pa.schema(
    [
        *CATALOG_SCHEMA,
        ("place", pa.string()),
        ("eval_keys", pa.string()),
        ("resolution_reason", pa.string()),
        ("lineage", pa.string()),
    ]
)
"""The catalog, and what only the steps need.

`place` is where the bytes lie on this machine (see images.places; null until they are downloaded), `eval_keys` holds
further ids by which an evaluation set may know the image, parted by `;`, `resolution_reason` is the resolver's, which
goes to names.csv, and `lineage` is the seven names in one cell, to group by.
"""

KINDS: dict[str, pl.DataType] = dict(pl.DataFrame(pl.from_arrow(STEP_SCHEMA.empty_table())).schema)
"""The columns with their polars types."""

FILE_ROWS = 250_000
FILE_BYTES = 256 << 20
"""Of rows in memory."""


def conform(frame: pl.DataFrame, *, data_source: str) -> pl.DataFrame:
    """A reader's frame with every column of STEP_SCHEMA, ids for those without, and the places of local files.

    Raises BadFile for a column that the schema does not know: the reader's own slip.
    """
    unknown = sorted(set(frame.columns) - set(KINDS))
    if unknown:
        raise BadFile(f"a source of {data_source} gave columns that no catalog has: {', '.join(unknown)}")
    missing = [pl.lit(None, kind).alias(name) for name, kind in KINDS.items() if name not in frame.columns]
    frame = frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in KINDS.items())
    frame = frame.with_columns(
        pl.col("data_source").fill_null(data_source),
        pl.when(pl.col("place").is_null() & ~pl.col("path").str.contains("^[A-Za-z][A-Za-z0-9+.-]+://"))
        .then("path")
        .otherwise("place")
        .alias("place"),
    )
    if frame["uuid"].null_count():
        made = [
            own if own is not None else uuid_of_source(source, name or "")
            for own, source, name in frame.select("uuid", "data_source", "source_id").iter_rows()
        ]
        frame = frame.with_columns(pl.Series("uuid", made, pl.String))
    return frame


class RowWriter:
    """Writes frames of rows into `rows-00000.parquet`, ... of a folder.

    A file is written as soon as the rows that wait are FILE_ROWS or take FILE_BYTES of memory; it has one frame more
    than that at most. Cells are written as they are: readers cut the long ones (see sources).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._files = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows; a file is written as soon as there are enough."""
        self.rows += len(frame)
        self._waiting.append(frame)
        self._waiting_rows += len(frame)
        self._waiting_bytes += int(frame.estimated_size())
        if self._waiting_rows >= FILE_ROWS or self._waiting_bytes >= FILE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if self._waiting:
            path = self.folder / f"rows-{self._files:05}.parquet"
            table = pl.concat(self._waiting, rechunk=True).to_arrow(compat_level=pl.CompatLevel.oldest())
            pq.write_table(table.cast(STEP_SCHEMA), path, compression="zstd", row_group_size=100_000)
            self._files += 1
            self._waiting = []
            self._waiting_rows = self._waiting_bytes = 0
