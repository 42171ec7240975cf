"""Whether every file of an index is there and holds what was written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from thuja.errors import BadFile
from thuja.search.manifest import Version
from thuja.search.store.digests import digest_of
from thuja.search.store.places import LocalPlace
from thuja.search.store.segment import SegmentFiles
from thuja.search.store.versions import current_number, listed, read_deleted, read_version, segment_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check looked at, and what is wrong, a sentence each."""

    versions: int
    files: int
    bytes: int
    faults: tuple[str, ...]


def check_index(folder: Path, *, is_quick: bool = False, advance: Callable[[int], None] = lambda _: None) -> Checked:
    """Hold all versions that are kept against the disk; `is_quick` compares sizes alone, not contents.

    `advance` is told the bytes of each file. Raises UsageError where there is no index.
    """
    place = LocalPlace(folder)
    numbers = sorted({current_number(place), *listed(place)})
    faults: list[str] = []
    names: dict[str, int] = {}
    for number in numbers:
        try:
            version = read_version(place, number)
        except BadFile as error:
            faults.append(error.message)
            continue
        faults += _deleted_faults(place, version)
        names.update({one.name: one.rows for one in version.segments})
    files = bytes_ = 0
    for name, rows in names.items():
        try:
            facts = SegmentFiles.read(place, name)
        except BadFile as error:
            faults.append(error.message)
            continue
        if facts.rows != rows:
            faults.append(f"segment {name} has {facts.rows:,} rows, its version says {rows:,}")
        faults += _file_faults(folder / segment_folder(name), facts, is_quick=is_quick, advance=advance)
        files, bytes_ = files + len(facts.files), bytes_ + facts.bytes
    return Checked(versions=len(numbers), files=files, bytes=bytes_, faults=tuple(faults))


def _deleted_faults(place: LocalPlace, version: Version) -> Iterator[str]:
    for segment in version.segments:
        try:
            bits = read_deleted(place, version, segment)
        except BadFile as error:
            yield error.message
            continue
        if bits is not None and bits.count != segment.deleted:
            yield f"{version.deleted_file(segment)} deletes {bits.count:,} rows, its version says {segment.deleted:,}"


def _file_faults(folder: Path, facts: SegmentFiles, *, is_quick: bool, advance: Callable[[int], None]) -> Iterator[str]:
    for one in facts.files:
        path = folder / one.name
        if not path.is_file():
            yield f"{path} is missing"
        elif (size := path.stat().st_size) != one.bytes:
            yield f"{path} holds {size:,} bytes where {one.bytes:,} were written"
        elif not is_quick and digest_of(path) != one.sha256:
            yield f"{path} does not hold what was written"
        advance(one.bytes)
