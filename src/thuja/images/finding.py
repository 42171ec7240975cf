"""From what a user names on the command line to image files."""

import glob
from collections.abc import Iterable
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


def _matching(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if path.exists() or path.is_symlink():
        return [path]
    if not glob.has_magic(name):
        raise UsageError(f"no such file or folder: {name}")
    matches = (Path(match) for match in sorted(glob.glob(name, recursive=True)))  # noqa: PTH207 (Path.glob takes no absolute pattern)
    return [file for match in matches for file in (_matching(str(match)) if match.is_dir() else [match])]
