"""Where images come from: a folder, or a table that says what each image shows."""

from pathlib import Path

from thuja.curate.sources.folder import read_folder
from thuja.curate.sources.listing import Listing
from thuja.curate.sources.table import read_labelled
from thuja.errors import UsageError

TABLE_SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
BIOSPHERE_TABLE = "table.csv"
"""What `thuja biosphere make` calls the table in its folder; its backbone lies beside it."""
BIOSPHERE_BACKBONE = "backbone.parquet"

__all__ = ["BIOSPHERE_BACKBONE", "BIOSPHERE_TABLE", "Listing", "biosphere_table", "open_source"]


def open_source(source: Path, labels: Path | None) -> Listing:
    """The listing of a source: a folder of pictures (with a label table or not), a table, a biosphere.

    Raises UsageError when the source is not there or its table lacks what is needed.
    """
    if labels is not None and not labels.is_file():
        raise UsageError(f"there is no label table at {labels}", hint="a CSV or Parquet file, given by --labels")
    if source.is_file():
        if source.suffix.lower() not in TABLE_SUFFIXES:
            raise UsageError(f"{source} is neither a folder nor a table", hint=f"a table ends in {TABLE_SUFFIXES}")
        if labels is not None:
            raise UsageError("the source is a table already", hint="leave out --labels")
        return read_labelled(source.parent, source)
    if not source.is_dir():
        raise UsageError(f"there is no folder or table at {source}", hint="name the folder that holds the pictures")
    table = labels or (biosphere_table(source))
    return read_folder(source) if table is None else read_labelled(source, table)


def biosphere_table(source: Path) -> Path | None:
    """The table of a folder that `thuja biosphere make` wrote; None for any other folder."""
    table = source / BIOSPHERE_TABLE
    return table if table.is_file() and (source / BIOSPHERE_BACKBONE).is_file() else None
