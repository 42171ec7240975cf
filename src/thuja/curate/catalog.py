"""What a curation leaves to read: the catalog, and a table of the names with what became of them."""

import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import daft
import polars as pl
import pyarrow.parquet as pq
from daft import DataType, Series, col
from daft.functions import coalesce

from thuja.curate.steps import Frame, parquet_files
from thuja.jobs import atomic_path
from thuja.record import CATALOG_SCHEMA

CATALOG = "catalog.parquet"
NAMES = "names.csv"
IN_MEMORY = 500_000
"""Rows that are sorted at once."""
_GROUP = 100_000
"""Rows of one row group of the catalog, however its rows were sorted."""
_RANGE = "range_of_paths"


def write_catalog(frame: Frame, folder: Path, *, in_memory: int = IN_MEMORY) -> Path:
    """Write every row, kept and dropped, sorted by path; the same rows always give the same file.

    What has no file says its URL as its path. More rows than `in_memory` are first dealt out to files by ranges of
    their path, whose bounds are drawn from the rows, and each range is sorted by itself.
    """
    path = folder / CATALOG
    frame = frame.with_column("path", coalesce(col("path"), col("source_url"))).select(*CATALOG_SCHEMA.names)
    total = frame.count_rows()
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, CATALOG_SCHEMA, compression="zstd") as writer:
        for group in _even(_sorted(frame, folder / "catalog.sorting", total, in_memory=in_memory)):
            writer.write_table(group.to_arrow().cast(CATALOG_SCHEMA))
    return path


def _even(tables: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The rows of tables in groups of one size, each in one piece: where a table ended does not show in the file."""
    waiting = pl.DataFrame(pl.from_arrow(CATALOG_SCHEMA.empty_table()))
    for table in tables:
        waiting = pl.concat([waiting, table])
        while len(waiting) >= _GROUP:
            yield waiting[:_GROUP].rechunk()
            waiting = waiting[_GROUP:]
    if len(waiting):
        yield waiting.rechunk()


def _sorted(frame: Frame, folder: Path, total: int, *, in_memory: int) -> Iterator[pl.DataFrame]:
    if total <= in_memory:
        yield _in_order(cast(pl.DataFrame, pl.from_arrow(frame.to_arrow())))
        return
    shutil.rmtree(folder, ignore_errors=True)
    bounds = _bounds(frame, total, total // in_memory)
    range_of = cast(Callable[..., daft.Expression], _range_of)
    dealt = frame.with_column(_RANGE, range_of(col("path").fill_null(""), bounds))
    dealt.write_parquet(str(folder.absolute()), partition_cols=[_RANGE], compression="zstd")
    for number in range(len(bounds) + 1):
        files = parquet_files(folder / f"{_RANGE}={number}")
        if files:
            yield _in_order(pl.read_parquet(files, glob=False, hive_partitioning=False))
    shutil.rmtree(folder)


def _in_order(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(CATALOG_SCHEMA.names).sort("path", "uuid")


def _bounds(frame: Frame, total: int, ranges: int) -> list[str]:
    """Paths that part the rows into about this many equal ranges; which ones does not change the result."""
    sample = frame.select(col("path").fill_null("").alias("path")).sample(min(1.0, 100_000 / total), seed=0)
    paths = sorted(sample.to_pydict()["path"])
    return sorted({paths[len(paths) * number // (ranges + 1)] for number in range(1, ranges + 1)} if paths else ())


@daft.func.batch(return_dtype=DataType.int64(), use_process=False)
def _range_of(paths: Series, bounds: list[str]) -> list[int]:
    return [bisect_right(bounds, path) for path in paths.to_pylist()]


def write_names(frame: Frame, folder: Path) -> pl.DataFrame:
    """Write one row a name as it was written: what it was taken for, how, why, and for how many kept images."""
    columns = ["verbatim_name", "resolution_status", "scientific_name", "common", "family", "resolution_reason"]
    kept = frame.where(col("drop_reason").is_null())
    table = kept.groupby(*columns).agg(col("uuid").count().alias("images")).to_arrow()
    names = pl.DataFrame(pl.from_arrow(table)).sort(columns, nulls_last=True)
    with atomic_path(folder / NAMES) as temporary:
        names.write_csv(temporary)
    return names
