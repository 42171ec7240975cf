"""The one form that images have in thuja's shards: a plain JPEG, of which nobody learns where its owner lives."""

import io
import math
import re
from collections.abc import Iterable
from typing import Any

from PIL import Image

from thuja.images.decoding import DEFAULT_LIMITS, PILLOW_RAISES, QUIET, Limits, decode, encode_jpeg

_PLAIN_SEGMENTS = frozenset({"APP0", "APP14"})
"""JFIF, and Adobe's colour transform: all that a JPEG without metadata has before its picture."""
_SCAN, _END = b"\xda", b"\xff\xd9"
_SEGMENT = re.compile(rb"\xff[\xe0-\xef\xfe]")
"""The mark of an application's segment or a comment."""


def shard_bytes(data: bytes, *, max_side: int | None, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes as they are when they are a plain JPEG of at most `max_side` (None: any), else encoded anew.

    Plain: RGB, and no EXIF, colour profile or comment, so that no place or name of a person gets
    into a shard and no reader has to turn the picture. Raises ImageError.
    """
    if is_plain_jpeg(data, max_side):
        return data
    return encode_jpeg(shrunk(decode(data, limits=limits, draft=max_side), max_side))


def shrunk(image: Image.Image, max_side: int | None) -> Image.Image:
    """The image with no side longer than `max_side` pixels, if there is a limit."""
    size = fitted_size(image.size, max_side)
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)


def fitted_size(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    """Width and height with no side longer than `max_side`, if there is a limit, in the same shape.

    >>> fitted_size((1024, 768), 448)
    (448, 336)
    """
    scale = min(1.0, 1.0 if max_side is None else max_side / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def is_plain_jpeg(data: bytes, max_side: int | None = None) -> bool:
    """Whether a file that decodes can stand in a shard as it is."""
    if not data.startswith(b"\xff\xd8\xff"):
        return False
    with QUIET:
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                if image.format != "JPEG" or image.mode != "RGB" or max(image.size) > (max_side or math.inf):
                    return False
                segments: Iterable[tuple[str, Any]] = getattr(image, "applist", [("unknown", b"")])
        except PILLOW_RAISES:
            return False  # for `decode` to say why
    return all(name in _PLAIN_SEGMENTS for name, _ in segments) and not _hides_segments(data)


def _hides_segments(data: bytes) -> bool:
    """Whether a JPEG may hold metadata where Pillow does not list it: behind its first scan, or its end.

    In a scan a byte 0xFF is followed by 0 or a restart mark, so that another mark found there is one
    (or a byte of a table between two scans: such a file is encoded anew for nothing).
    """
    place = scan_start(data)
    return data.find(_END, place) != len(data) - len(_END) or _SEGMENT.search(data, place) is not None


def has_end(data: bytes) -> bool:
    """Whether a JPEG's end mark stands behind the begin of its picture: a thumbnail before it has one of its own."""
    return data.find(_END, scan_start(data)) >= 0


def scan_start(data: bytes) -> int:
    """Where a JPEG's first scan begins, or what is no segment where one should be."""
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != _SCAN:
        place += 2 + max(int.from_bytes(data[place + 2 : place + 4]), 2)
    return place
