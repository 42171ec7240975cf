"""What a model was trained on, read from its catalog: the rows of training images, a batch at a time.

A catalog is a table with a row an image: thuja's, TreeOfLife's, or anybody's with columns named as theirs; a folder
that `thuja curate` made; or a folder of Parquet files. Of thuja's own the dropped rows and the held-out splits are
left aside.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput, UsageError

CATALOG: Final = "catalog.parquet"
_TEXT: Final = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_ROWS: Final = 200_000
_STATE: Final = ("drop_reason", "split")
TRAIN: Final = "train"


def training_files(catalog: Path) -> list[Path]:
    """The tables of a catalog; raises UsageError where there is none."""
    if catalog.is_dir():
        own = catalog / CATALOG
        files = [own] if own.is_file() else sorted(catalog.rglob("*.parquet"))
    else:
        files = [catalog] if catalog.is_file() else []
    if not files:
        raise UsageError(
            f"there is no catalog at {catalog}", hint="a Parquet or CSV file, or a folder that thuja curate made"
        )
    return files


def training_rows(catalog: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """The training images' `columns` as text, null where the catalog has none, in batches.

    Rows with a `drop_reason`, and of a `split` other than train, are left out. Names of columns may be in any case.
    Raises UsageError, BadFile.
    """
    for frame in catalog_rows(catalog, (*columns, *(name for name in _STATE if name not in columns))):
        yield frame.filter(is_kept() & is_training()).select(columns)


def catalog_rows(catalog: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """All rows' `columns` as text, null where the catalog has none, in batches."""
    for file in training_files(catalog):
        for frame in _text(file, columns) if _separator(file) else _parquet(file, columns):
            missing = [pl.lit(None, pl.String).alias(name) for name in columns if name not in frame.columns]
            yield frame.with_columns(missing).select(pl.col(name).cast(pl.String) for name in columns)


def is_kept() -> pl.Expr:
    """Whether a row was not dropped."""
    return pl.col("drop_reason").fill_null("") == ""


def is_training() -> pl.Expr:
    """Whether a row is trained on: its split says so, or it says no split."""
    return pl.col("split").fill_null("").is_in(["", TRAIN])


def require_some(count: int, catalog: Path) -> None:
    """Raise EmptyInput for a catalog of no training image."""
    if not count:
        raise EmptyInput(
            f"{catalog} holds no training image: every row is dropped, or of another split than {TRAIN}",
            hint="the catalog that the model was trained on",
        )


def _separator(file: Path) -> str:
    return _TEXT.get(Path(file.name.lower().removesuffix(".gz")).suffix, "")


def _parquet(file: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    try:
        with pq.ParquetFile(file) as table:
            named = _named(table.schema_arrow.names, columns)
            if not named:  # of a table without any of the columns its rows count all the same
                yield pl.DataFrame({"": [None] * table.metadata.num_rows})
                return
            for batch in table.iter_batches(batch_size=_ROWS, columns=list(named), use_threads=False):
                yield pl.DataFrame(pl.from_arrow(batch)).rename(named)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{file} cannot be read: {str(error).partition(chr(10))[0]}", hint="Parquet or CSV") from error


def _text(file: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    separator = _separator(file)
    try:
        header = pl.read_csv(file, separator=separator, infer_schema=False, n_rows=0).columns
        named = _named(header, columns)
        # Of a table without any of the columns its rows count all the same.
        table = pl.read_csv(file, separator=separator, infer_schema=False, columns=list(named) or header[:1])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadFile(f"{file} cannot be read: {str(error).partition(chr(10))[0]}") from error
    yield from table.rename(dict(named)).iter_slices(_ROWS)


def _named(found: Sequence[str], columns: Sequence[str]) -> Mapping[str, str]:
    """Which of the found columns are which of those wanted."""
    wanted = {name.lower(): name for name in columns}
    source_of: dict[str, str] = {}
    for name in found:
        column = wanted.get(name.lower())
        if column is not None and (name == column or column not in source_of):
            source_of[column] = name
    return {name: column for column, name in source_of.items()}
