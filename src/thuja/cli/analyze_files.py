"""Files that the sub-verbs of `thuja analyze` are given: by name, and what says that they are the same."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

_CHUNK: Final = 2**20


def named_files(given: Sequence[str], option: str) -> dict[str, Path]:
    """`NAME=FILE` options by name; a file alone is called by its own name. Raises UsageError for a name twice."""
    from thuja.errors import UsageError

    found: dict[str, Path] = {}
    for one in given:
        name, sign, path = one.partition("=")
        name, path = (name, path) if sign else (Path(one).stem, one)
        if not name or not path or name in found:
            raise UsageError(f'{option} takes NAME=FILE, each name once, got "{one}"', hint=f"{option} pixels=FILE")
        found[name] = Path(path)
    return found


def file_hashes(paths: Iterable[Path]) -> dict[str, str]:
    """The SHA-256 of each file by its name as given; of a folder that of all files in it, in the order of their names.

    What is not there (the name of a published model) has none.
    """
    return {str(path): _hash_of(path) for path in dict.fromkeys(paths) if path.exists()}


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.is_file():
            with one.open("rb") as file:
                while block := file.read(_CHUNK):
                    digest.update(block)
    return digest.hexdigest()
