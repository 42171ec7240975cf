"""Looking into shards: a row a sample without its image, and single samples by their uuid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thuja.errors import ThujaError, UnknownName
from thuja.record import CATALOG_SCHEMA
from thuja.shards.archive import Entry, Fault, scan
from thuja.shards.reader import FaultCount, OnFault, Sample, describe, image_span, open_shard, read_at, scan_shard
from thuja.shards.writer import split_of_name

COLUMNS = ("shard", "uuid", "taxon", "split", "size")
"""What a line of a listing says unless it is asked for other columns; `size` is that of the image in bytes."""
_OWN = (*COLUMNS, "key")


def require_columns(columns: Sequence[str]) -> None:
    """Raise UnknownName for a column that a listing cannot fill."""
    for name in columns:
        if name not in _OWN and name not in CATALOG_SCHEMA.names:
            raise UnknownName.of("column", name, [*_OWN, *(one for one in CATALOG_SCHEMA.names if one not in _OWN)])


def list_samples(
    paths: Sequence[Path], columns: Sequence[str] = COLUMNS, *, on_fault: OnFault | None = None
) -> Iterator[dict[str, Any]]:
    """A row a sample, of these columns: those of the catalog, and shard, key, taxon, size. Images are not read."""
    require_columns(columns)
    on_fault = on_fault or FaultCount()
    for path in paths:
        with open_shard(path) as file:
            for entry in scan(file, path):
                found = entry if isinstance(entry, Fault) else describe(file, path, entry)
                if isinstance(found, Fault):
                    on_fault(found)
                elif isinstance(entry, Entry):
                    yield _row(path, entry, found, columns=columns)


def count_samples(path: Path, *, on_fault: OnFault | None = None) -> int:
    """How many samples a shard has, from its headers alone."""
    on_fault = on_fault or FaultCount()
    count = 0
    for found in scan_shard(path):
        if isinstance(found, Fault):
            on_fault(found)
        else:
            count += 1
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A sample, and the shard that it is in."""

    shard: Path
    sample: Sample


def find_samples(paths: Sequence[Path], uuids: Sequence[str]) -> list[Found]:
    """The samples of these uuids (or keys), in the order asked for; raises ThujaError where one is missing."""
    places: dict[str, tuple[Path, Entry]] = {}
    wanted = set(uuids)
    for path in paths:
        if len(places) == len(wanted):
            break
        for found in scan_shard(path):
            if isinstance(found, Entry) and found.key in wanted:
                places.setdefault(found.key, (path, found))
                if len(places) == len(wanted):
                    break
    missing = [uuid for uuid in uuids if uuid not in places]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        hint = "thuja shards ls prints every uuid"
        raise ThujaError(f'no sample "{missing[0]}"{more} in {len(paths)} shards', hint=hint)
    return [Found(shard=places[uuid][0], sample=read_at(*places[uuid])) for uuid in uuids]


def _row(path: Path, entry: Entry, sample: Sample, *, columns: Sequence[str]) -> dict[str, Any]:
    span = image_span(entry)
    own: Mapping[str, Any] = {
        "shard": path.name,
        "uuid": sample.record.uuid,
        "key": entry.key,
        "taxon": sample.record.taxon.scientific_name or None,
        "split": sample.record.split or split_of_name(path.name) or None,
        "size": span[1] if span is not None else None,
    }
    if all(name in own for name in columns):
        return {name: own[name] for name in columns}
    row = sample.record.to_row()
    return {name: own[name] if name in own else row[name] for name in columns}
