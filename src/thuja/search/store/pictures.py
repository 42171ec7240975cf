"""Thumbnails of pictures that lie in folders or in shards, found by the ids of an index's rows.

Where they lie is listed once: 24 bytes for each name of a picture, sorted by a hash of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ImageError, UsageError
from thuja.images import DEFAULT_LIMITS, Limits, decode, encode_jpeg, read_bytes
from thuja.images.finding import walk_images
from thuja.images.plain import shrunk
from thuja.jobs import cores
from thuja.shards import Fault
from thuja.shards.archive import read_span, scan
from thuja.shards.checking import find_shards, key_hash
from thuja.shards.reader import describe, image_span, open_shard

SIDE: Final = 224
"""The longest side of a thumbnail in pixels."""
_QUALITY: Final = 80
_LIMITS: Final = Limits(max_bytes=64 * 2**20, max_pixels=DEFAULT_LIMITS.max_pixels)
_AT_ONCE: Final = 65_536
_WHOLE: Final = -1
"""The offset of a picture that is a file by itself."""
_PLACE: Final = np.dtype([("hash", "<u8"), ("file", "<u4"), ("offset", "<i8"), ("size", "<u4")])


class _Listed(NamedTuple):
    """A picture under one of its names."""

    hash: int
    file: int
    offset: int
    size: int


class FoundPictures:
    """Pictures by id, as thumbnails. What is broken, or too large, has none."""

    def __init__(self, files: Sequence[Path], places: npt.NDArray[np.void]) -> None:
        self._files = files
        self._places = places[np.argsort(places["hash"], kind="stable")]

    def __len__(self) -> int:
        return len(self._places)

    def jpegs(self, uuids: Sequence[str]) -> Iterable[bytes | None]:
        """The thumbnails of some rows, decoded at the same time by as many threads as there are cores."""
        with ThreadPoolExecutor(cores()) as threads:
            yield from threads.map(self._jpeg, uuids)

    def _jpeg(self, uuid: str) -> bytes | None:
        hashed = np.uint64(key_hash(uuid))
        at = int(np.searchsorted(self._places["hash"], hashed))
        if at == len(self._places) or self._places["hash"][at] != hashed:
            return None
        place = self._places[at]
        path, offset = self._files[int(place["file"])], int(place["offset"])
        try:
            if offset == _WHOLE:
                data = read_bytes(path, limits=_LIMITS)
            else:
                with open_shard(path) as file:
                    data = read_span(file, (offset, int(place["size"])))
            return encode_jpeg(shrunk(decode(data, limits=_LIMITS, draft=SIDE), SIDE), quality=_QUALITY)
        except ImageError:
            return None


def open_pictures(places: Sequence[Path]) -> FoundPictures:
    """List the pictures in shards, folders of shards, data folders, and folders of images.

    In a folder of images a row's id is a file's path as it was given to `thuja embed`, its path below the folder, its
    name, or its name without the suffix. Raises UsageError for what is not there, EmptyInput where no picture is.
    """
    files: list[Path] = []
    parts: list[npt.NDArray[np.void]] = []
    listed: list[_Listed] = []
    for place in places:
        if not place.exists():
            raise UsageError(f"there is no folder of pictures at {place}", hint="a folder of images, or of shards")
        for path, found in _shards(place) if _has_shards(place) else _images(place):
            listed += [one._replace(file=len(files)) for one in found]
            files.append(path)
            if len(listed) >= _AT_ONCE:
                parts.append(_packed(listed))
                listed = []
    parts.append(_packed(listed))
    if not any(map(len, parts)):
        raise EmptyInput(f"no picture in {', '.join(map(str, places))}", hint="a folder of images, or of shards")
    return FoundPictures(files, np.concatenate(parts))


def _packed(listed: Sequence[_Listed]) -> npt.NDArray[np.void]:
    """As Python's own objects they would take ten times as much."""
    return np.array([tuple(one) for one in listed], dtype=_PLACE)


def _has_shards(place: Path) -> bool:
    return place.is_file() or any(place.glob("*.tar")) or any((place / "shards").glob("*.tar"))


def _shards(place: Path) -> Iterator[tuple[Path, list[_Listed]]]:
    for path in find_shards([place]):
        found = []
        with open_shard(path) as file:
            for entry in scan(file, path):
                if isinstance(entry, Fault):
                    continue
                sample, span = describe(file, path, entry, needs_record=False), image_span(entry)
                if not isinstance(sample, Fault) and span is not None:
                    found.append(_Listed(key_hash(sample.record.uuid), 0, *span))
        yield path, found


def _images(folder: Path) -> Iterator[tuple[Path, list[_Listed]]]:
    for path in walk_images(folder):
        below = path.relative_to(folder)
        names = {str(path), str(path.absolute()), below.as_posix(), below.name, below.stem}
        yield path, [_Listed(key_hash(name), 0, _WHOLE, 0) for name in sorted(names)]
