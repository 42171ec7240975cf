"""Files that the sub-verbs of `thuja analyze` are given: by name, and what says that they are the same."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path


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
    """The SHA-256 of each file, by its name as given; of folders nothing is said."""
    found = {}
    for path in dict.fromkeys(paths):
        if path.is_file():
            with path.open("rb") as file:
                found[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
