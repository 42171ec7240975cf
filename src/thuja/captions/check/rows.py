"""Captions that somebody wrote, from a table or a data folder, each with what is known of its picture."""

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
from thuja.captions.descriptions.description import Description, Descriptions
from thuja.errors import BadFile, EmptyInput, UnknownName
from thuja.images import read_place
from thuja.shards import read_shard
from thuja.taxonomy import RANKS, Taxon

_CATALOG: Final = "catalog.parquet"
_COLUMNS: Final = (
    "uuid",
    "path",
    "caption",
    "description",
    *(rank.label for rank in RANKS),
    "scientific_name",
    "common",
)
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

    A table is Parquet, CSV or JSON lines with a column `caption`, and `uuid`, the ranks, `common`, `description`,
    `path` where it has them. Of a data folder the shards are read for images, or where there is no catalog. Raises
    BadFile.
    """
    if source.is_dir():
        shards = sorted(source.glob("*.tar")) or sorted(source.glob("*/*.tar"))
        if shards and (has_images or not (source / _CATALOG).exists()):
            yield from (row for shard in shards for row in _of_shard(shard))
            return
        source = source / _CATALOG
    for number, row in enumerate(_rows(source)):
        if row.get("caption"):
            yield _captioned(row, source.parent, number=number, has_images=has_images)


def read_descriptions(path: Path) -> Descriptions:
    """The table that `thuja captions describe` wrote, or its folder; raises BadFile."""
    file = path / "descriptions.parquet" if path.is_dir() else path
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
    return frozenset(name for row in read_captions(source) for name in names_of(row.taxon))


def _of_shard(shard: Path) -> Iterator[Captioned]:
    for sample in read_shard(shard):
        record = sample.record
        if record.caption:
            yield Captioned(
                uuid=record.uuid, caption=record.caption, taxon=record.taxon, read_image=partial(bytes, sample.image)
            )


def _captioned(row: Mapping[str, Any], folder: Path, *, number: int, has_images: bool) -> Captioned:
    place = str(row.get("path") or "")
    where = place if Path(place).is_absolute() else str(folder / place)
    return Captioned(
        uuid=str(row.get("uuid") or number),
        caption=str(row["caption"]),
        taxon=_taxon(row),
        description=str(row.get("description") or ""),
        read_image=partial(read_place, where) if has_images and place else None,
    )


def _taxon(row: Mapping[str, Any]) -> Taxon:
    """From the ranks, or else from a binomial alone."""
    taxon = Taxon.from_columns(row)
    name = str(row.get("scientific_name") or "").split()
    if taxon.names == Taxon().names and name:
        return Taxon(genus=name[0], species=" ".join(name[1:]), common=taxon.common)
    return taxon


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    readers = {".parquet": _parquet, ".csv": _whole(pa_csv.read_csv), ".jsonl": _whole(pa_json.read_json)}
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
        raise BadFile(f"cannot read {path}: {error}", hint="Parquet, CSV or JSON lines") from error


def _parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        kept = [name for name in _COLUMNS if name in file.schema_arrow.names] or None
        yield from file.iter_batches(batch_size=_BATCH, columns=kept)


def _whole(read: Callable[[Path], pa.Table]) -> Callable[[Path], Iterator[pa.RecordBatch]]:
    return lambda path: iter(read(path).to_batches(max_chunksize=_BATCH))
