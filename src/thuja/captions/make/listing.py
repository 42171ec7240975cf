"""Images that lie by themselves, as Records: named by a table with their lineages, or by their folders."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.captions.columns import PATH_COLUMNS, path_column, place_of, taxon_of
from thuja.errors import BadFile, ThujaError, UsageError
from thuja.images.finding import walk_images
from thuja.record import SPLITS, Record, uuid_of_source
from thuja.taxonomy import Taxon

_BINOMIAL: Final = re.compile(r"(?:\d+[._ -])?(?P<genus>[A-Z][a-z-]+)[_ ](?P<species>[a-z][a-z-]+)")
_ROWS: Final = 1024
_SOURCE: Final = "captions"


def listed_table(path: Path) -> Iterator[Record]:
    """A Record a row of a CSV, TSV or Parquet table with a column of paths; relative ones are of the table's folder.

    Its id is the column `uuid`, else made of the path as it stands there. Raises UsageError without a column of paths,
    BadFile for a table that cannot be read.
    """
    rows = _parquet_rows(path) if path.suffix.lower() in (".parquet", ".pq") else _text_rows(path)
    column = ""
    for row in rows:
        column = column or _path_column(path, row)
        named = str(row[column] or "").strip()
        if not named:
            continue
        split = str(row.get("split") or "")
        yield Record(
            uuid=str(row.get("uuid") or "") or uuid_of_source(_SOURCE, named),
            path=str(place_of(path.parent, named)),
            taxon=taxon_of(row),
            data_source=str(row.get("data_source") or ""),
            source_id=str(row.get("source_id") or "") or named,
            split=split if split in SPLITS else "",
        )


def listed_folder(folder: Path) -> Iterator[Record]:
    """A Record an image below a folder; the folder that it lies in names its taxon, as iNat21's or as a binomial."""
    for path in walk_images(folder):
        relative = path.relative_to(folder)
        yield Record(
            uuid=uuid_of_source(_SOURCE, relative.as_posix()),
            path=str(path),
            taxon=taxon_of_folder(relative.parent.name),
            source_id=relative.as_posix(),
        )


def taxon_of_folder(name: str) -> Taxon:
    """What a folder's name says, nothing where it is neither iNat21's form nor a binomial."""
    try:
        return Taxon.from_folder(name)
    except ThujaError:
        match = _BINOMIAL.fullmatch(name)
        return Taxon(genus=match["genus"], species=match["species"]) if match else Taxon()


def _path_column(path: Path, row: Mapping[str, Any]) -> str:
    found = path_column(row)
    if found is None:
        raise UsageError(
            f"{path} has none of the columns {', '.join(PATH_COLUMNS)}",
            hint=f"its columns are {', '.join(list(row)[:8])}",
        )
    return found


def _text_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
            yield from csv.DictReader(file, delimiter=delimiter, restkey="")
    except (OSError, csv.Error) as error:
        raise BadFile(f"the table {path} cannot be read: {error}") from error


def _parquet_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BadFile(f"the table {path} cannot be read: {error}") from error
