"""The files of a segment by size and SHA-256: what is written beside them, and what a check holds them against."""

import hashlib
from pathlib import Path

from thuja.search.manifest import FACTS
from thuja.search.store.segment import FileFacts


def files_of(folder: Path) -> list[FileFacts]:
    """Every file below a segment's folder but the one that will list them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FACTS)
    return [
        FileFacts(name=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=digest_of(path))
        for path in paths
    ]


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
