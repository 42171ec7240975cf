"""What a cell's figures depend on beside the model: the task's code, and what lies in its folder."""

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Final

from thuja import __version__
from thuja.evaluate.task import Images, Task
from thuja.images.finding import SUFFIXES, walk_files

_THUJA: Final = Path(__file__).parents[1]
_ROOMS: Final = ("thuja.evaluate.", "thuja.classify", "thuja.phrasing")
"""Where code that a figure depends on may lie; what is imported from elsewhere moves bytes about."""
_HANDED: Final = ("train/probes.py",)
"""What tasks are handed, and do not import."""
_WHOLE: Final = 64 * 2**20
"""Bytes up to which a table counts by its contents; an archive that was left in the folder, by size and time."""


def code_of(task: Task) -> str:
    """A hash of the source that the task's figures come from: its own file, what that imports, and so on."""
    read = task.read
    while isinstance(read, partial):
        read = read.func
    module = sys.modules.get(getattr(read, "__module__", ""))
    start = getattr(module, "__file__", None)
    digest = hashlib.sha256(__version__.encode())
    handed = [_THUJA / name for name in _HANDED]
    for path in (*handed, *(sorted(_reached(Path(start))) if start else ())):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def folder_of(place: Path, images: Images, *, out: Path) -> str:
    """A hash of a task's folder: its tables by their contents, the images that it names by size and time.

    `place` may be a table itself. What lies in `out` is the suite's own and does not count.
    """
    digest = hashlib.sha256()
    for name, path in _tables(place, out.absolute()):
        digest.update(f"{name}\0".encode(errors="surrogateescape"))
        digest.update(_contents(path))
    for name, path in zip(images.paths, images.files(), strict=True):
        digest.update(f"{name}\0{_stamp(path)}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _tables(place: Path, out: Path) -> Iterator[tuple[str, Path]]:
    if place.is_file():
        yield place.name, place
        return
    for name in walk_files(place):
        path = place / name
        if not name.lower().endswith(SUFFIXES) and not path.absolute().is_relative_to(out) and path.is_file():
            yield name, path


def _contents(path: Path) -> bytes:
    if path.stat().st_size > _WHOLE:
        return _stamp(path).encode()
    return hashlib.sha256(path.read_bytes()).digest()


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError is a name with a null byte in it
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"


def _reached(start: Path) -> set[Path]:
    """The file, and those of the rooms above that can be reached from it by imports."""
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    names = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    files = []
    for name in names:
        if name.startswith(_ROOMS):
            base = _THUJA.parent.joinpath(*name.split("."))
            files += [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
    return tuple(files)
