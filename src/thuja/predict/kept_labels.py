"""Published labels as answers want them: label by label in float16, turned once and kept in thuja's cache.

The published matrix lies on the disk dimension by dimension, and the labels in no order: a block of images would
take 17 s to meet 867,455 of them there, and takes one in the copy.
"""

import hashlib
import tempfile
from pathlib import Path

from thuja.jobs import Progress, cache_folder, say
from thuja.labels import FACTS, LabelSpace, import_published

_LEAST = 1 << 26
"""Bytes of a matrix that is worth a copy."""


def open_published(matrix: Path, names: Path, *, model: str) -> LabelSpace:
    """The labels in these files; large ones from a copy, which is made where it is not there, and said on stderr."""
    if matrix.stat().st_size < _LEAST:
        return LabelSpace.load_published(matrix, names, model=model)
    kept = cache_folder() / "labels" / f"{matrix.stem}-{_fingerprint([matrix, names], model)}"
    if not (kept / FACTS).is_file():
        _keep(kept, matrix, names, model=model)
    return LabelSpace.load(kept)


def _fingerprint(files: list[Path], model: str) -> str:
    """Twelve hexadecimal digits of the model and of the files' sizes and times."""
    digest = hashlib.sha256(model.encode())
    for file in files:
        status = file.stat()
        digest.update(f"\n{status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


def _keep(kept: Path, matrix: Path, names: Path, *, model: str) -> None:
    """Make the copy; its folder appears whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    say(f"the labels in {matrix} are kept in float16 in {kept}")
    progress = Progress(total=None, label="labels", unit="labels")
    with tempfile.TemporaryDirectory(prefix=f"{kept.name}.", dir=kept.parent) as folder:
        made = Path(folder) / "made"
        import_published(matrix, names, model=model, out=made, advance=progress.advance)
        progress.close()
        try:
            made.rename(kept)
        except OSError:  # another process was faster: what it made is the same
            if not (kept / FACTS).is_file():
                raise
