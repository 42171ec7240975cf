"""From what a user names to pictures, in units: a data folder, shards, a table of images, a folder of images.

A unit is a shard, or up to a thousand images of a table or a folder, all of one split. Its pictures are found without
being opened, so that millions are listed in the memory of one unit.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from thuja.captions.make.listing import listed_folder, listed_table
from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.images.finding import walk_images
from thuja.images.places import stretch
from thuja.jobs import made_by, require_complete
from thuja.record import Record, uuid_of_source
from thuja.shards import Entry, Fault, FaultCount, read_manifest
from thuja.shards.archive import scan
from thuja.shards.checking import find_shards
from thuja.shards.reader import describe, image_span, open_shard
from thuja.shards.writer import is_key, shard_name, split_of_name

logger = logging.getLogger(__name__)

CATALOG = "catalog.parquet"
TABLES = (".csv", ".tsv", ".parquet", ".pq")
UNIT_SIZE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One image to caption: its record, and the place of its bytes; `fault` says why there are none."""

    record: Record
    place: str = ""
    fault: tuple[str, str] | None = None

    @property
    def uuid(self) -> str:
        """The record's id."""
        return self.record.uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Pictures that are done together: `name` is the shard's without its suffix, `source` the shard it is read from."""

    number: int
    name: str
    split: str
    pictures: Callable[[], Iterator[Picture]]
    source: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What was named. `catalog` is what a curation left; `other_shards` are of splits that nobody asked for.

    `stamps` tell these inputs from others, and from themselves when they have changed: the cut into units hangs on it.
    `count` is the number of pictures where that is known, for the time left.
    """

    name: str
    units: Callable[[], Iterator[Unit]]
    stamps: Callable[[], Sequence[tuple[str, int, int]]]
    catalog: Path | None = None
    other_shards: Sequence[Path] = ()
    count: int | None = None

    def limited(self, limit: int | None) -> "Inputs":
        """The first so many pictures of it."""
        if limit is None:
            return self
        count = None if self.count is None else min(limit, self.count)
        return replace(self, units=partial(_first, self.units, limit), count=count)


def find_inputs(data: Path, *, splits: Sequence[str] = ()) -> Inputs:
    """What `data` holds; raises UsageError or EmptyInput where that is nothing to caption."""
    data = Path(data).absolute()  # a place stands in the table, for a report that is made elsewhere
    if not data.exists():
        raise UsageError(f"there is nothing at {data}", hint="a data folder, shards, a table or a folder of images")
    if data.is_dir():
        verb = made_by(data)
        if verb is not None:
            require_complete(data, verb=verb)
        if any(data.glob("*.tar")) or any((data / "shards").glob("*.tar")):
            return _shards(data, splits)
        if (data / CATALOG).is_file():
            raise EmptyInput(f"the data folder {data} has no shards", hint="its images are in shards/*.tar")
        if next(walk_images(data), None) is None:
            raise EmptyInput(f"no image and no shard in {data}", hint="a folder counts .jpg, .png, .tif, .webp, ...")
        return _listed(data, partial(listed_folder, data), splits)
    if data.suffix == ".tar":
        return _shards(data, splits)
    if data.suffix.lower() in TABLES:
        return _listed(data, partial(listed_table, data), splits)
    raise UsageError(
        f"{data} is neither a folder, a shard nor a table", hint=f"a table ends in {', '.join(TABLES)}, a shard in .tar"
    )


def _shards(data: Path, splits: Sequence[str]) -> Inputs:
    paths = find_shards([data])
    ours = [path for path in paths if not splits or split_of_name(path.name) in splits]
    if not ours:
        raise EmptyInput(f"no shard of the split {' or '.join(splits)} in {data}", hint="leave out --split")
    catalog = data / CATALOG if data.is_dir() and (data / CATALOG).is_file() else None

    def units() -> Iterator[Unit]:
        for number, path in enumerate(ours):
            pictures = partial(_of_shard, path)
            split = split_of_name(path.name)
            yield Unit(number=number, name=path.stem, split=split, pictures=pictures, source=path)

    return Inputs(
        name=str(data),
        units=units,
        stamps=lambda: [_stamp(path) for path in ours],
        catalog=catalog,
        other_shards=[path for path in paths if path not in set(ours)],
        count=_counted(ours),
    )


def _counted(shards: Sequence[Path]) -> int | None:
    """How many samples the shards have, by the manifest beside them; None where it does not name them all."""
    try:
        manifest = read_manifest(shards[0].parent)
    except BadFile:  # it is a help here, and `thuja shards check` says what is wrong with it
        return None
    samples = {facts.name: facts.samples for facts in manifest.shards} if manifest else {}
    return sum(samples[path.name] for path in shards) if all(path.name in samples for path in shards) else None


def _of_shard(path: Path) -> Iterator[Picture]:
    """The samples of a shard, broken ones with what is wrong; of samples with one uuid the first."""
    seen: set[str] = set()
    told = FaultCount()
    with open_shard(path) as file:
        for entry in scan(file, path):
            found = entry if isinstance(entry, Fault) else describe(file, path, entry, needs_record=False)
            if isinstance(found, Fault):
                told(found)
                if found.key and found.key not in seen:
                    seen.add(found.key)
                    record = named(Record(uuid=found.key, path=f"{path.name}#{found.key}"))
                    yield Picture(record=record, fault=(found.reason, found.message))
                continue
            assert isinstance(entry, Entry)
            record = named(found.record)
            if record.uuid in seen:
                told(Fault(shard=path, key=entry.key, reason="duplicate_key", message="a uuid that came before"))
                continue
            seen.add(record.uuid)
            span = image_span(entry)
            assert span is not None, "a sample that was described has an image"
            yield Picture(record=record, place=stretch(path, *span))


def named(record: Record) -> Record:
    """The record under an id that a member of a shard can bear, as `thuja shards repack` gives it."""
    if is_key(record.uuid):
        return record
    return replace(record, uuid=uuid_of_source("shard", record.uuid), source_id=record.source_id or record.uuid)


def _listed(data: Path, pictures: Callable[[], Iterator[Record]], splits: Sequence[str]) -> Inputs:
    def units() -> Iterator[Unit]:
        waiting: dict[str, list[Picture]] = {}
        numbers: dict[str, int] = {}
        number = 0
        for record, place in _placed(pictures):
            split = record.split or "train"
            if splits and split not in splits:
                continue
            waiting.setdefault(split, []).append(Picture(record=replace(record, split=split), place=place))
            if len(waiting[split]) == UNIT_SIZE:
                yield _held(number, split, numbers, waiting.pop(split))
                number += 1
        for split in sorted(waiting):
            yield _held(number, split, numbers, waiting[split])
            number += 1

    return Inputs(name=str(data), units=units, stamps=lambda: [_stamp(data) if data.is_file() else _folder_stamp(data)])


def _placed(pictures: Callable[[], Iterator[Record]]) -> Iterator[tuple[Record, str]]:
    """Each record with the place of its bytes; of those with one uuid the first."""
    seen: set[int] = set()
    repeated = 0
    for record in pictures():
        own = named(record)
        number = hash(own.uuid)
        if number in seen:
            repeated += 1
            continue
        seen.add(number)
        yield own, record.path
    if repeated:
        logger.warning("%s rows have the uuid of an earlier one, and are left out", f"{repeated:,}")


def _first(units: Callable[[], Iterator[Unit]], limit: int) -> Iterator[Unit]:
    for unit in units():
        if limit <= 0:
            return
        pictures = list(islice(unit.pictures(), limit))
        limit -= len(pictures)
        yield replace(unit, pictures=partial(iter, pictures))


def _held(number: int, split: str, numbers: dict[str, int], pictures: list[Picture]) -> Unit:
    ours = numbers[split] = numbers.get(split, -1) + 1
    name = shard_name(split, ours).removesuffix(".tar")
    return Unit(number=number, name=name, split=split, pictures=partial(iter, pictures))


def _folder_stamp(folder: Path) -> tuple[str, int, int]:
    """How many images there are, and a digest of their names: one more would move others to the next unit."""
    count, digest = 0, blake2b(digest_size=6)
    for path in walk_images(folder):
        count += 1
        digest.update(os.fsencode(path) + b"\0")
    return str(folder), count, int.from_bytes(digest.digest())


def _stamp(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path.absolute()), status.st_size, status.st_mtime_ns
