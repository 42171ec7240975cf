"""The files of an archive by name, unpacked when a reader asks for them, and deleted afterwards."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO

from thuja.errors import BadFile, ThujaError
from thuja.jobs import cache_folder
from thuja.names.archives.packed import Member, Packed, open_packed, require_file, said_of

_PIECE = 1 << 20
_SPARE = 256 << 20
"""Disk that stays free while members are unpacked."""
_LATEST = 4e9
"""The year 2096: what an archive dates later, the file system may refuse."""
_MAX_FILES = 100_000
_ENDINGS = ("tsv", "csv", "txt", "tab")
_MARKERS = re.compile(
    r"(?:(?:meta\.xml)|(?:nodes\.dmp)|(?:taxonomy\.tsv)|(?:(?:nameusage|taxon|name)\.(?:tsv|csv|txt|tab)))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The files of an archive by folded name (`fold_name`), relative to the folder its tables lie in."""

    path: Path
    by_name: dict[str, Member]
    unpack: Callable[[Sequence[Member]], dict[str, Path]]

    def __contains__(self, name: str) -> bool:
        return fold_name(name) in self.by_name

    def fetch(self, *names: str) -> dict[str, Path]:
        """Where the files of these names lie, by the names asked for; those not there are left out."""
        wanted = {name: self.by_name[fold_name(name)] for name in names if name in self}
        paths = self.unpack(list(wanted.values()))
        return {name: paths[member.name] for name, member in wanted.items()}

    def table(self, stem: str) -> str | None:
        """The file name of the table `stem`, as it is written there, under whichever of the usual endings."""
        found = next((name for ending in _ENDINGS if (name := f"{stem}.{ending}") in self), None)
        return PurePosixPath(self.by_name[found].name).name if found else None


def fold_name(name: str) -> str:
    """File names compare without case, hyphens and underscores, as the ColDP specification has it."""
    return re.sub(r"[-_]", "", name.lower())


@contextmanager
def opened(path: Path, *, scratch: Path | None = None) -> Iterator[Members]:
    """The members of an archive or folder, until the block ends; what was unpacked is deleted then.

    Unpacks into a folder of its own in `scratch`, by default the cache folder. Raises UsageError when
    there is nothing at `path`, and BadFile when it is no archive, is cut short or is made to do harm.
    """
    require_file(path)
    if path.is_dir():
        yield _in_folder(path)
        return
    with ExitStack() as stack:
        packed = stack.enter_context(open_packed(path))
        folders: list[Path] = []

        def unpack(wanted: Sequence[Member]) -> dict[str, Path]:
            if not folders:
                folders.append(stack.enter_context(_scratch_folder(scratch or cache_folder())))
            with said_of(path):
                return _unpack(packed, wanted, folders[0])

        yield Members(path=path, by_name=_below_root(packed.members), unpack=unpack)


def _in_folder(folder: Path) -> Members:
    files = sorted(islice((file for file in folder.rglob("*") if file.is_file()), _MAX_FILES + 1))
    if len(files) > _MAX_FILES:
        raise BadFile(f"the folder {folder} holds more than {_MAX_FILES:,} files", hint="name the one with the tables")
    members = []
    for file in files:
        status = file.stat()
        name = file.relative_to(folder).as_posix()
        members.append(Member(name=name, size=status.st_size, made=status.st_mtime))

    def where(wanted: Sequence[Member]) -> dict[str, Path]:
        return {member.name: folder / member.name for member in wanted}

    return Members(path=folder, by_name=_below_root(members), unpack=where)


def _below_root(members: Sequence[Member]) -> dict[str, Member]:
    """The members by folded name, seen from the highest folder that has a table of a taxonomy in it."""
    homes = [PurePosixPath(member.name).parent for member in members if _is_marker(member.name)]
    root = min(homes, key=lambda home: (len(home.parts), str(home)), default=PurePosixPath())
    by_name: dict[str, Member] = {}
    for member in members:
        name = PurePosixPath(member.name)
        if name.is_relative_to(root):
            by_name.setdefault(fold_name(str(name.relative_to(root))), member)
    return by_name


def _is_marker(name: str) -> bool:
    return _MARKERS.fullmatch(fold_name(PurePosixPath(name).name)) is not None


@contextmanager
def _scratch_folder(parent: Path) -> Iterator[Path]:
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=parent, prefix="archive-", suffix=".tmp", ignore_cleanup_errors=True)
    except OSError as error:
        raise ThujaError(
            f"cannot unpack into {parent}: {error.strerror or error}", hint="set THUJA_CACHE to a folder of your own"
        ) from error
    with folder as name:
        yield Path(name)


def _unpack(packed: Packed, wanted: Sequence[Member], folder: Path) -> dict[str, Path]:
    """Copy members into the folder, under numbers: no name of theirs is ever a path of ours."""
    needed = sum(member.size for member in wanted)
    free = shutil.disk_usage(folder).free
    if needed + _SPARE > free:
        raise _no_room(folder, f"unpacking takes {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free")
    paths: dict[str, Path] = {}
    offset = sum(1 for _ in folder.iterdir())
    for member, stream in packed.read({member.name for member in wanted}):
        paths[member.name] = target = folder / f"{offset + len(paths)}{PurePosixPath(member.name).suffix[:8]}"
        _copy(stream, target)
        made = min(max(0.0, member.made), _LATEST)
        os.utime(target, (made, made))
    return paths


def _copy(stream: IO[bytes], target: Path) -> None:
    """Copy a stream in pieces; raises ThujaError where the disk, not the archive, is at fault."""
    with target.open("wb", buffering=0) as output:
        while piece := stream.read(_PIECE):
            rest = memoryview(piece)
            while rest:
                try:
                    rest = rest[output.write(rest) :]
                except OSError as error:
                    raise _no_room(target.parent, error.strerror or str(error)) from error


def _no_room(folder: Path, why: str) -> ThujaError:
    return ThujaError(
        f"no room to unpack into {folder}: {why}", hint="free some, or set THUJA_CACHE to a folder on another disk"
    )
