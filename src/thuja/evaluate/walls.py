"""An answer as a picture of a wall: the image as a thumbnail, what it shows, what was said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from thuja.errors import ImageError
from thuja.images import DEFAULT_LIMITS, decode, encode_jpeg, read_bytes
from thuja.report import WallPicture

THUMBNAIL: Final = 160
_LONG: Final = 90
"""Letters of a caption's line."""


def wall_picture(folder: Path, answer: Mapping[str, Any]) -> WallPicture | None:
    """The picture of a row of answers; None where its image cannot be read."""
    image = thumbnail(folder / answer["path"])
    if image is None:
        return None
    truth, said = str(answer.get("truth") or ""), str(answer.get("answer") or "nothing")
    query = answer.get("query")
    lines = [_short(f"asked: {query}"), truth] if query else [_short(truth), _short(f"said {said}")]
    score = answer.get("score")
    if score is not None:
        lines.append(f"{score:.2f}")
    return WallPicture(image=image, caption=lines, is_right=truth == said)


def thumbnail(path: Path) -> bytes | None:
    """A small JPEG of an image file; None where it cannot be read."""
    try:
        picture = decode(read_bytes(path, limits=DEFAULT_LIMITS), draft=THUMBNAIL)
    except ImageError:
        return None
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    return encode_jpeg(picture, quality=82)


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1].rstrip()}…"
