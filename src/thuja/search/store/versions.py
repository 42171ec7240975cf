"""Versions of an index: which one is current, how a new one takes its place, who may write it."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from thuja.errors import BadFile, OutputExists, UnknownName, UsageError
from thuja.jobs import locked
from thuja.search.bits import Bits
from thuja.search.columns import ColumnKind
from thuja.search.manifest import FORMAT, INDEX, SEGMENTS, VERSIONS, SegmentFacts, Version
from thuja.search.store.lasting import put_file
from thuja.search.store.places import LocalPlace, Place

LOCK: Final = "thuja.lock"
_GONE: Final = "gone.json"


def current_number(place: Place) -> int:
    """The number of the version that `index.json` names; raises UsageError where there is no index."""
    try:
        text = place.read(INDEX)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no index at {place.name}", hint="thuja index build makes one") from error
    except OSError as error:
        hint = "is it the right place, and may you read it?"
        raise UsageError(f"{place.name} cannot be read: {error}", hint=hint) from error
    try:
        said = json.loads(text)
        format_, number = said["format"], said["version"]
    except (ValueError, TypeError, KeyError) as error:
        raise BadFile(f"{place.name}/{INDEX} is not the file of an index") from error
    if format_ != FORMAT or not isinstance(number, int):
        raise BadFile(f"{place.name} is an index of format {format_}, this thuja reads {FORMAT}", hint="upgrade thuja")
    return number


def read_version(place: Place, number: int | None = None) -> Version:
    """The current version, or one of before; raises UsageError, UnknownName, BadFile."""
    newest = current_number(place)
    wanted = newest if number is None else number
    file = Version(number=max(wanted, 0), model="", dim=0).file
    try:
        text = place.read(file).decode("utf-8", errors="replace")
    except FileNotFoundError as error:
        if wanted == newest:
            raise BadFile(f"{place.name} names version {newest}, and {file} is not there") from error
        known = [str(one) for one in listed(place)] if isinstance(place, LocalPlace) else [str(newest)]
        raise UnknownName.of("version", str(wanted), known) from error
    return Version.from_json(text, f"{place.name}/{file}")


def listed(place: LocalPlace) -> list[int]:
    """The numbers of the versions that are kept, ascending."""
    return sorted(int(path.stem) for path in (place.folder / VERSIONS).glob("*.json") if path.stem.isdigit())


def forgotten(place: LocalPlace) -> dict[str, str]:
    """The SHA-256 of the files of versions that are gone, by number: a copy elsewhere may still be of one of them."""
    path = place.folder / VERSIONS / _GONE
    try:
        gone = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadFile(
            f"{path} is not a list of versions", hint="delete it: a push may then take a copy for another's"
        ) from error
    return {str(number): str(digest) for number, digest in gone.items()}


def remember(place: LocalPlace, version: Version) -> None:
    """Keep what tells a version that is about to go."""
    digest = hashlib.sha256(place.read(version.file)).hexdigest()
    known = {**forgotten(place), str(version.number): digest}
    put_file(place.folder / VERSIONS / _GONE, f"{json.dumps(known)}\n".encode())


def next_version(place: LocalPlace) -> int:
    """A number that no version has, or had while its file is kept."""
    return max([0, *listed(place)]) + 1


def read_deleted(place: Place, version: Version, segment: SegmentFacts) -> Bits | None:
    """The deleted rows of a segment in a version, None where there are none."""
    if not segment.deleted:
        return None
    file = version.deleted_file(segment)
    try:
        packed = np.load(io.BytesIO(place.read(file)), allow_pickle=False)
        return Bits(packed=packed, size=segment.rows)
    except (OSError, EOFError, ValueError, AssertionError) as error:  # EOFError: of a file without a byte
        raise BadFile(f"{place.name}/{file} is missing or broken: {error}") from error


def commit(folder: Path, version: Version, deleted: Mapping[str, Bits]) -> Version:
    """Make a version the current one: its files first, the name of it last; `deleted` is by segment.

    Each is on the disk before the next is written, so that a power cut, too, leaves this version or the one before.
    """
    segments = tuple(
        replace(one, deleted=deleted[one.name].count if one.name in deleted else 0) for one in version.segments
    )
    version = replace(version, segments=segments, made=datetime.now(UTC).isoformat(timespec="seconds"))
    for one in segments:
        if one.deleted:
            packed = io.BytesIO()
            np.save(packed, deleted[one.name].packed)
            put_file(folder / version.deleted_file(one), packed.getvalue())
    put_file(folder / version.file, f"{version.to_json()}\n".encode())
    put_file(folder / INDEX, f"{json.dumps({'format': FORMAT, 'version': version.number})}\n".encode())
    return version


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Be the one process that changes an index; raises OutputExists where another is at it. Readers need no leave."""
    busy = OutputExists(f"{folder} is being changed by another process", hint="wait until it has ended, or end it")
    with locked(folder / LOCK, busy):
        yield


def kinds_in(version: Version) -> dict[str, ColumnKind]:
    """The kinds of a version's columns."""
    return {name: ColumnKind(kind) for name, kind in version.columns.items()}


def distinct_in(version: Version) -> dict[str, ColumnKind]:
    """The columns that no segment to come need make ready for filters, since those that are there cannot be."""
    return {name: kind for name, kind in kinds_in(version).items() if kind is ColumnKind.DISTINCT}


def segment_folder(name: str) -> str:
    """Where a segment lies."""
    return f"{SEGMENTS}/{name}"
