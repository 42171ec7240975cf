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
    """The files below a folder that SUFFIXES name, sorted, hidden ones left out; a folder's names in memory at a time.

    Linked folders are entered once, so that a link to a folder above cannot loop. A folder that may
    not be read is yielded as if it were an image: reading it says why.
    """
    seen: set[tuple[int, int]] = set()

    def enter(folder: Path) -> Iterator[Path]:
        try:
            status = folder.stat()
            with os.scandir(folder) as entries:
                names = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
        except OSError:
            yield folder
            return
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        for name, is_folder in names:
            if is_folder:
                yield from enter(folder / name)
            elif name.lower().endswith(SUFFIXES):
                yield folder / name

    return enter(folder)


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
