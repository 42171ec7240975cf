"""From what a user names on the command line to image files."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from thuja.errors import EmptyInput, UsageError

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif",
    ".heic", ".heif", ".jp2", ".j2k", ".jpx",
)  # fmt: skip
"""What counts as an image in a folder, by its name in any case; HEIF so that it is reported, not read."""

_DEBRIS = frozenset(("Thumbs.db", "desktop.ini", "__MACOSX"))


def find_images(named: Iterable[str | Path]) -> list[Path]:
    """Files, folders (with what is below them) and glob patterns to image files, each once.

    A file named by itself is taken whatever its suffix; of a folder, the files that SUFFIXES
    name, sorted. The order is the order named. Raises UsageError for a path that does not exist,
    EmptyInput when no image is found at all.
    """
    found: dict[Path, None] = {}
    names = [str(name) for name in named]
    for name in names:
        found.update(dict.fromkeys(_matching(name)))
    if not found:
        raise EmptyInput(f"no image in {', '.join(names[:3])}", hint=f"a folder counts {', '.join(SUFFIXES[:6])} ...")
    return list(found)


def walk_images(folder: Path) -> Iterator[Path]:
    """The files below a folder that SUFFIXES name, as `walk_files` finds them.

    A folder that may not be read is yielded as if it were an image: reading it says why.
    """
    for relative in walk_files(folder):
        path = folder / relative
        if relative.lower().endswith(SUFFIXES) or path.is_dir() or not relative:
            yield path


def walk_files(root: Path) -> Iterator[str]:
    """The relative paths of all files under a folder, sorted, hidden ones and system debris left out.

    Linked folders are entered once, so that a link to a folder above cannot loop. A folder that
    cannot be read is yielded as if it were a file: it becomes a row that says so.
    """
    seen: set[tuple[int, int]] = set()

    def enter(folder: str) -> Iterator[str]:
        try:
            status = os.stat(os.path.join(root, folder))  # noqa: PTH116, PTH118
            entries = sorted(os.scandir(os.path.join(root, folder)), key=lambda entry: entry.name)  # noqa: PTH118
        except OSError:
            yield folder
            return
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _DEBRIS:
                continue
            relative = f"{folder}/{entry.name}" if folder else entry.name
            if _is_folder(entry):
                yield from enter(relative)
            else:
                yield relative

    return enter("")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _matching(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return list(walk_images(path))
    if path.exists() or path.is_symlink():
        return [path]
    if not glob.has_magic(name):
        raise UsageError(f"no such file or folder: {name}")
    matches = (Path(match) for match in sorted(glob.glob(name, recursive=True)))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    return [file for match in matches for file in (_matching(str(match)) if match.is_dir() else [match])]
