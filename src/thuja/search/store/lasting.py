"""What is written stays when the power fails: bytes reach the disk before anything that names them does."""

import os
from pathlib import Path

from thuja.jobs import atomic_path


def put_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; it is on the disk, under its name, when this returns."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Have all files below a folder, and their names, on the disk."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder, and needs none of this
        return
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
