"""What a curation leaves to read: the catalog, and a table of the names with what became of them."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from daft import col

from thuja.curate.steps import Frame
from thuja.jobs import atomic_path
from thuja.record import CATALOG_SCHEMA

CATALOG = "catalog.parquet"
NAMES = "names.csv"


def write_catalog(frame: Frame, folder: Path) -> Path:
    """Write every row, kept and dropped, sorted by path; the same rows always give the same file."""
    path = folder / CATALOG
    rows = frame.select(*CATALOG_SCHEMA.names).sort(["path", "uuid"])
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, CATALOG_SCHEMA) as writer:
        for batch in rows.to_arrow_iter():
            writer.write_table(pa.Table.from_batches([batch]).cast(CATALOG_SCHEMA), row_group_size=100_000)
    return path


def write_names(frame: Frame, folder: Path) -> pl.DataFrame:
    """Write one row a name as it was written: what it was taken for, how, why, and for how many kept images."""
    columns = ["verbatim_name", "resolution_status", "scientific_name", "common", "family", "resolution_reason"]
    kept = frame.where(col("drop_reason").is_null())
    table = kept.groupby(*columns).agg(col("uuid").count().alias("images")).to_arrow()
    names = pl.DataFrame(pl.from_arrow(table)).sort(columns, nulls_last=True)
    with atomic_path(folder / NAMES) as temporary:
        names.write_csv(temporary)
    return names
