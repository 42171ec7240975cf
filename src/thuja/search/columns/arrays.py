"""Many arrays in one file, mapped when it is opened: a segment has some forty, an index hundreds of segments."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.errors import BadFile

Array = npt.NDArray[Any]
_ALIGNED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one array stands: little-endian values of `dtype`, `count` of them, from the byte `offset`."""

    dtype: str
    count: int
    offset: int


class ArrayWriter:
    """Puts arrays behind each other into an open file.

    >>> import io
    >>> writer = ArrayWriter(io.BytesIO())
    >>> writer.put(np.arange(3, dtype=np.int16)), writer.put(np.zeros(2, dtype=np.float32)).offset
    (Place(dtype='<i2', count=3, offset=0), 64)
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def put(self, values: Array) -> Place:
        """Write one array (N,)."""
        offset = self._file.tell()
        padding = -offset % _ALIGNED
        self._file.write(b"\0" * padding)
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        self._file.write(np.ascontiguousarray(little).data)
        return Place(dtype=little.dtype.str, count=len(values), offset=offset + padding)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrayFile:
    """The file, mapped: arrays are views of it and touch no byte until they are read."""

    path: Path
    mapped: npt.NDArray[np.uint8]

    @classmethod
    def open(cls, path: Path) -> "ArrayFile":
        """Raises BadFile where there is no such file."""
        try:
            size = path.stat().st_size
            mapped = np.memmap(path, dtype=np.uint8, mode="r") if size else np.zeros(0, dtype=np.uint8)
        except OSError as error:
            raise BadFile(f"{path} cannot be read: {error}") from error
        return cls(path=path, mapped=np.asarray(mapped))

    def get(self, facts: Mapping[str, Any]) -> Array:
        """The array of a place as `dataclasses.asdict` gives it; raises BadFile where the file ends before it."""
        place = Place(**facts)
        stop = place.offset + place.count * np.dtype(place.dtype).itemsize
        if stop > len(self.mapped):
            raise BadFile(f"{self.path} is cut short: {len(self.mapped):,} bytes, at least {stop:,} expected")
        return self.mapped[place.offset : stop].view(place.dtype)
