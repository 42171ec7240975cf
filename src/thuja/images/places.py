"""Where the bytes of an image lie on this machine: a file, or a stretch of a larger one, such as a tar's member."""

import re
from pathlib import Path

from thuja.errors import ImageError
from thuja.images.decoding import DEFAULT_LIMITS, Limits, read_bytes

_STRETCH = re.compile(r"(?P<path>.+)#(?P<offset>\d{1,18})\+(?P<size>\d{1,18})", re.DOTALL)


def stretch(path: Path | str, offset: int, size: int) -> str:
    """The place of `size` bytes of a file from `offset` on.

    >>> stretch("a.tar", 512, 1000)
    'a.tar#512+1000'
    """
    return f"{path}#{offset}+{size}"


def is_stretch(place: str) -> bool:
    """Whether a place is a stretch of a file, and no file of its own."""
    return _STRETCH.fullmatch(place) is not None


def read_place(place: str, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes at a place; raises ImageError where they are missing, too many, or fewer than the place says."""
    match = _STRETCH.fullmatch(place)
    if match is None:
        return read_bytes(Path(place), limits=limits)
    size = int(match["size"])
    if size > limits.max_bytes:
        raise ImageError(f"{size:,} bytes are over the limit of {limits.max_bytes:,}", reason="too_large_file")
    try:
        with open(match["path"], "rb", buffering=0) as file:  # noqa: PTH123 - a string of a million rows
            file.seek(int(match["offset"]))
            data = file.read(size)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ImageError(f"cannot read {place}: {why}", reason="unreadable") from error
    if len(data) != size:
        raise ImageError(f"{place} ends after {len(data):,} bytes", reason="truncated")
    return data
