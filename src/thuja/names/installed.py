"""Backbones by name: the embedded one, those that `thuja names import` installed, and files of the user's."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

from thuja.errors import UnknownName
from thuja.jobs import cache_folder
from thuja.names.backbone import Backbone
from thuja.names.embedded import NAME, embedded
from thuja.names.store import is_store

_OPENING = Lock()


def backbones_folder() -> Path:
    """Where installed backbones lie, each in a folder of its name."""
    return cache_folder() / "backbones"


def installed() -> list[str]:
    """The names of the backbones that can be opened by name, the embedded one first."""
    folder = backbones_folder()
    found = sorted(path.name for path in folder.iterdir() if is_store(path)) if folder.is_dir() else []
    return [NAME, *(name for name in found if not name.startswith(f"{NAME}-"))]


def open_backbone(name: str | Path) -> Backbone:
    """The backbone of that name, or in that folder or file; opened once in a process.

    Raises UnknownName for a name that is neither installed nor a path.
    """
    with _OPENING:  # two threads would both read a file
        return _open(str(name))


@cache
def _open(name: str) -> Backbone:
    path = Path(name)
    is_word = bool(name) and len(path.parts) == 1
    if name == NAME:
        return embedded()
    if is_word and is_store(backbones_folder() / name):
        return Backbone.open(backbones_folder() / name)
    if name and (path.exists() or path.suffix or not is_word):
        return Backbone.load(path)
    raise UnknownName.of("backbone", name, [*installed(), "the path of a table or of a store"])


def open_backbones(names: Sequence[str | Path | Backbone] | None) -> list[Backbone]:
    """The backbones of these names, in their order (those that are open stay so); without any, the embedded one."""
    if isinstance(names, str):
        names = [names]
    return [name if isinstance(name, Backbone) else open_backbone(name) for name in names or (NAME,)]
