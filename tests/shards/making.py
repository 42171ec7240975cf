"""Small real shards for the tests of this folder."""

import io
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from thuja.record import Record, uuid_of_source
from thuja.shards import ShardFacts, ShardWriter
from thuja.taxonomy import Taxon

RAVEN = Taxon.from_names(
    ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax"], common="common raven"
)


def jpeg(number: int, width: int = 40, height: int = 30) -> bytes:
    """A picture of its own for each number."""
    pixels = np.random.default_rng(number).integers(0, 255, (height // 5, width // 5, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((width, height)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def uuid(number: int) -> str:
    return uuid_of_source("test", str(number))


def record(number: int, **options: object) -> Record:
    return Record(**{"uuid": uuid(number), "path": f"/home/someone/{number}.jpg", "taxon": RAVEN, **options})  # type: ignore[arg-type]


def samples(numbers: Iterable[int], **options: object) -> Iterable[tuple[Record, bytes]]:
    return ((record(number, **options), jpeg(number)) for number in numbers)


def write(folder: Path, numbers: Iterable[int], *, split: str = "train", max_count: int = 4) -> Sequence[ShardFacts]:
    folder.mkdir(exist_ok=True)
    with ShardWriter(folder, split, max_count=max_count) as writer:
        for one, image in samples(numbers, split=split):
            writer.write(one, image)
    return writer.facts


def foreign(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """A tar as webdataset writes it: a float of a time, and so a pax header before each member."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_600_000_000.5  # type: ignore[assignment]
            tar.addfile(info, io.BytesIO(data))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that a job writes for others to read, by name."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix == ".tar" or "manifest" in path.name
    }
