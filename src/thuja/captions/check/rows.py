"""Captions that somebody wrote, from a table or a data folder, each with what is known of its picture."""

import csv
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from thuja.captions.check.naming import names_of
from thuja.captions.columns import PATH_COLUMNS, RECOGNISED, known_as, path_column, place_of, taxon_of
from thuja.captions.descriptions.description import Description, Descriptions
from thuja.errors import BadFile, EmptyInput, UnknownName
from thuja.images import read_place
from thuja.shards import read_shard
from thuja.taxonomy import Taxon

logger = logging.getLogger(__name__)

_CATALOG: Final = "catalog.parquet"
_COLUMNS: Final = {"uuid", "caption", "description", *PATH_COLUMNS, *RECOGNISED}
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned:
    """One caption; `read_image` gives the encoded picture, and is None where nobody asks for it or it has no place."""

    uuid: str
    caption: str
    taxon: Taxon = field(default_factory=Taxon)
    description: str = ""
    read_image: Callable[[], bytes] | None = field(default=None, compare=False)


def read_captions(source: Path, *, has_images: bool = False) -> Iterator[Captioned]:
    """The rows of a table or a data folder that have a caption, in order, read in batches.

    A table is Parquet, CSV, TSV or JSON lines with a column `caption`, and `uuid`, the ranks or `scientific_name`,
    `common`, `description`, a path where it has them. Of a data folder the shards are read for images, or where there
    is no catalog. Raises BadFile. How many rows have no caption is said.
    """
    rows = without = 0
    for row in _read(source, has_images=has_images):
        rows += 1
        if row.caption:
            yield row
        else:
            without += 1
    if without:
        logger.warning("no caption in %s of the %s rows of %s; they are left out", f"{without:,}", f"{rows:,}", source)


def _read(source: Path, *, has_images: bool = False) -> Iterator[Captioned]:
    if source.is_dir():
        shards = sorted(source.glob("*.tar")) or sorted(source.glob("*/*.tar"))
        if shards and (has_images or not (source / _CATALOG).exists()):
            yield from (row for shard in shards for row in _of_shard(shard))
            return
        source = source / _CATALOG
    for number, row in enumerate(_rows(source)):
        yield _captioned(row, source.parent, number=number, has_images=has_images)


def read_descriptions(path: Path) -> Descriptions:
    """The table that `thuja captions describe` wrote, or its folder; raises EmptyInput, BadFile."""
    file = path / "descriptions.parquet" if path.is_dir() else path
    if not file.is_file():
        raise EmptyInput(f"there are no descriptions at {path}", hint="thuja captions describe makes them")
    try:
        rows = pq.read_table(file).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BadFile(
            f"cannot read the descriptions in {file}: {error}", hint="a table of captions describe"
        ) from error
    found = [Description.from_row(row) for row in rows]
    return Descriptions(by_taxon={one.taxon: one for one in found})


def names_in(source: Path) -> frozenset[str]:
    """What all taxa of a table are called."""
    return frozenset(name for row in _read(source) if row.caption for name in names_of(row.taxon))


def _of_shard(shard: Path) -> Iterator[Captioned]:
    for sample in read_shard(shard):
        record = sample.record
        yield Captioned(
            uuid=record.uuid, caption=record.caption, taxon=record.taxon, read_image=partial(bytes, sample.image)
        )


def _captioned(row: Mapping[str, Any], folder: Path, *, number: int, has_images: bool) -> Captioned:
    column = path_column(row)
    named = str(row[column] or "") if column else ""
    where = str(place_of(folder, named)) if has_images and named else ""
    return Captioned(
        uuid=str(row.get("uuid") or number),
        caption=str(row["caption"] or ""),
        taxon=taxon_of(row),
        description=str(row.get("description") or ""),
        read_image=partial(read_place, where) if where else None,
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    readers = {".parquet": _parquet, ".csv": _csv, ".tsv": _csv, ".jsonl": _whole(pa_json.read_json)}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnknownName.of("format", path.suffix, readers)
    try:
        for batch in reader(path):
            if "caption" not in batch.schema.names:
                raise BadFile(f"{path} has no column caption", hint=f"it has {', '.join(batch.schema.names[:12])}")
            yield from batch.to_pylist()
    except FileNotFoundError as error:
        raise EmptyInput(f"there is no {path}", hint="a table with captions, or a data folder") from error
    except (OSError, pa.ArrowException) as error:
        hint = (
            'a cell with a comma stands in "quotes"' if "columns, got" in str(error) else "Parquet, CSV or JSON lines"
        )
        raise BadFile(f"cannot read {path}: {error}", hint=hint) from error


def _parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        kept = [name for name in file.schema_arrow.names if known_as(name) in _COLUMNS] or None
        yield from file.iter_batches(batch_size=_BATCH, columns=kept)


def _whole(read: Callable[[Path], pa.Table]) -> Callable[[Path], Iterator[pa.RecordBatch]]:
    return lambda path: iter(read(path).to_batches(max_chunksize=_BATCH))


def _csv(path: Path) -> Iterator[pa.RecordBatch]:
    """Every cell as it is written: an id of 007 is no number."""
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file, delimiter=separator), [])
    read = partial(
        pa_csv.read_csv,
        parse_options=pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())),
    )
    yield from _whole(read)(path)
