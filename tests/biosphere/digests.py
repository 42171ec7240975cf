"""What is in a folder, so that two can be told to be the same."""

import hashlib
from pathlib import Path

from thuja.jobs import MARKER


def digest(folder: Path) -> dict[str, str]:
    """Every file's hash, but for the marker, which holds the time."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
