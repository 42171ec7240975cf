"""Parquet files batch by batch, by one thread, with one sentence for what is damaged."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.curate.sources.spec import CHUNK
from thuja.errors import BadFile


def parquet_schema(path: Path) -> pa.Schema:
    """The columns of a file and its metadata; raises BadFile."""
    try:
        with pq.ParquetFile(path) as file:
            return file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def parquet_batches(path: Path, columns: Sequence[str] | None = None, *, rows: int = CHUNK) -> Iterator[pa.RecordBatch]:
    """The rows of a file, `rows` at a time, of these columns or of all. Raises BadFile where it is cut or damaged."""
    try:
        with pq.ParquetFile(path) as file:
            wanted = None if columns is None else [*columns]
            for batch in file.iter_batches(batch_size=rows, columns=wanted, use_threads=False):
                yield batch.replace_schema_metadata(file.schema_arrow.metadata)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def parquet_frames(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows of a file as frames of at most CHUNK rows. Raises BadFile where it is cut or damaged."""
    for batch in parquet_batches(path, columns):
        yield pl.DataFrame(pl.from_arrow(batch))


def _damaged(path: Path, error: Exception) -> BadFile:
    why = str(error).partition("\n")[0][:200]
    return BadFile(f"the table {path} cannot be read: {why}", hint="Parquet, not cut short")
