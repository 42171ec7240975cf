"""A copy of an index in object storage: the folder stays the one that is changed, and what it lacks goes up after it.

No lock holds across machines there. So a copy is only ever brought forward: a place whose version this folder does not
know, word for word, is left alone; of versions that a compaction took away it keeps the digests.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.fs as pafs

from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.search.manifest import FACTS, INDEX, Version
from thuja.search.store.places import LocalPlace, RemotePlace, is_url, place_of
from thuja.search.store.segment import SegmentFiles
from thuja.search.store.versions import current_number, forgotten, read_version, segment_folder, writing

_BLOCK: Final = 2**23


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """Which version stands there, and what had to be sent for it."""

    version: int
    files: int
    bytes: int


def push_index(folder: Path, url: str, *, advance: Callable[[int], None] = lambda _: None) -> Pushed:
    """Bring the copy of an index at a URL up to the folder's version; the name of the version goes last.

    What is there is not sent again, so that a push that was cut short goes on. Raises UsageError for what is no URL,
    OutputExists for a place that holds an index of another history.
    """
    if not is_url(url):
        raise UsageError(f"{url} is no URL of object storage", hint="such as s3://bucket/index; cp copies a folder")
    place = LocalPlace(folder)
    remote = place_of(url)
    assert isinstance(remote, RemotePlace)
    current_number(place)
    try:
        with writing(folder):
            version = read_version(place)
            _require_same_history(place, remote)
            sent = [
                _send(folder, remote, name, is_fixed=is_fixed, advance=advance)
                for name, is_fixed in _files(place, version)
            ]
            _put(folder / INDEX, remote, INDEX)
    except (OSError, pa.ArrowException) as error:
        raise ThujaError(
            f"{remote.name} cannot be written: {error}", hint="what is sent stays; push again to go on"
        ) from error
    return Pushed(version=version.number, files=sum(size > 0 for size in sent), bytes=sum(sent))


def _require_same_history(place: LocalPlace, remote: RemotePlace) -> None:
    """Raise OutputExists unless the place holds no index, or a version that the folder has, or had, too."""
    try:
        remote.read(INDEX)
    except FileNotFoundError:
        return
    number = current_number(remote)
    file = Version(number=number, model="", dim=0).file
    try:
        there = remote.read(file)
        is_same = _is_known(place, number, there)
    except FileNotFoundError:  # a copy that was cut short before its first version
        is_same = False
    if not is_same:
        raise OutputExists(
            f"{remote.name} holds an index whose version {number} is none of {place.name}",
            hint="push to another place, or delete that one first",
        )


def _is_known(place: LocalPlace, number: int, text: bytes) -> bool:
    """Whether a folder has a version of this text, or had it before a compaction."""
    try:
        return place.read(Version(number=number, model="", dim=0).file) == text
    except FileNotFoundError:
        return forgotten(place).get(str(number)) == hashlib.sha256(text).hexdigest()


def _files(place: LocalPlace, version: Version) -> list[tuple[str, bool]]:
    """The files of a version in the order they are sent, and whether one of that name never changes."""
    files = []
    for segment in version.segments:
        folder = segment_folder(segment.name)
        names = sorted(SegmentFiles.read(place, segment.name).names)
        files += [(f"{folder}/{name}", True) for name in (*names, FACTS)]
        if segment.deleted:
            files.append((version.deleted_file(segment), False))
    return [*files, (version.file, False)]


def _send(folder: Path, remote: RemotePlace, name: str, *, is_fixed: bool, advance: Callable[[int], None]) -> int:
    """Send a file unless it is there in its size; returns the bytes sent."""
    size = (folder / name).stat().st_size
    there = remote.system.get_file_info(remote.at(name))
    is_there = is_fixed and there.type == pafs.FileType.File and there.size == size
    if not is_there:
        _put(folder / name, remote, name)
    advance(size)
    return 0 if is_there else size


def _put(path: Path, remote: RemotePlace, name: str) -> None:
    """One object, which is there whole or not at all once its stream is closed."""
    at = remote.at(name)
    if not isinstance(remote.system, pafs.S3FileSystem | pafs.GcsFileSystem | pafs.AzureFileSystem):
        remote.system.create_dir(at.rpartition("/")[0], recursive=True)
    with path.open("rb") as file, remote.system.open_output_stream(at) as out:
        while block := file.read(_BLOCK):
            out.write(block)
