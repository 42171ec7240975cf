"""provenance.parquet as TreeOfLife-200M has it: whose each image is, under which licence, and from where."""

from pathlib import Path

import polars as pl

from thuja.jobs import atomic_path

PROVENANCE = "provenance.parquet"
NOT_PROVIDED = "not provided"
"""What TreeOfLife's table says where a source names nobody."""
COLUMNS = ("uuid", "data_source", "source_id", "source_url", "license_name", "license_link", "copyright_owner", "title")


def write_provenance(catalog: Path, path: Path) -> Path:
    """Write the table of the images that a catalog keeps, in its order and a stream; returns its path.

    A licence, an owner or a title that no source told is `not provided`; an address is null.
    """
    filled = ("license_name", "copyright_owner", "title")
    rows = pl.scan_parquet(catalog, glob=False).filter(pl.col("drop_reason").is_null()).select(COLUMNS)
    named = rows.with_columns(
        pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).otherwise(pl.lit(NOT_PROVIDED)).alias(name)
        for name in filled
    )
    with atomic_path(path) as temporary:
        named.sink_parquet(temporary, row_group_size=100_000)
    return path
