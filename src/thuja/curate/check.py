"""Whether each file is an image that can be used: the whole of it is decoded once, and hashed."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import daft
from daft import DataType, Series, col

from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import ImageError
from thuja.images import Limits, decode, read_bytes

STEP = "check"
_FOUND = DataType.struct(
    {"sha256": DataType.string(), "width": DataType.int64(), "height": DataType.int64(), "reason": DataType.string()}
)
_BATCH = 64


@daft.cls(use_process=False)
class ImageCheck:
    """Reads, hashes and decodes files; Pillow leaves the interpreter's lock, so threads run in parallel."""

    def __init__(self, max_bytes: int, max_pixels: int) -> None:
        self._limits = Limits(max_bytes=max_bytes, max_pixels=max_pixels)

    @daft.method.batch(return_dtype=_FOUND, batch_size=_BATCH)
    def look(self, paths: Series, hashes: Series, reasons: Series) -> list[dict[str, Any]]:
        """What each file is; a row that is dropped already is not opened."""
        rows = zip(paths.to_pylist(), hashes.to_pylist(), reasons.to_pylist(), strict=True)
        return [
            _NOTHING if reason else look_at(Path(path), stated or "", self._limits) for path, stated, reason in rows
        ]


_NOTHING: dict[str, Any] = {"sha256": None, "width": None, "height": None, "reason": None}


def look_at(path: Path, stated: str, limits: Limits) -> dict[str, Any]:
    """Hash, upright size, and the reason why the file cannot be used.

    `stated` is the SHA-256 that the source gave, if it gave one: other bytes are another image.
    """
    try:
        data = read_bytes(path, limits=limits)
    except ImageError as error:
        return _NOTHING | {"reason": error.reason}
    digest = sha256(data).hexdigest()
    if stated and stated.lower() != digest:
        return _NOTHING | {"sha256": digest, "reason": "hash_mismatch"}
    try:
        image = decode(data, limits=limits)
    except ImageError as error:
        return _NOTHING | {"sha256": digest, "reason": error.reason}
    return {"sha256": digest, "width": image.width, "height": image.height, "reason": None}


def check_step(limits: Limits) -> Step:
    """Drop what cannot be read or decoded."""
    return Step(
        name=STEP,
        settings={"max_bytes": limits.max_bytes, "max_pixels": limits.max_pixels},
        apply=lambda frame: _check(frame, limits),
    )


def _check(frame: Frame, limits: Limits) -> Frame:
    check = ImageCheck(limits.max_bytes, limits.max_pixels)
    look = cast(Callable[..., daft.Expression], check.look)  # on columns, an expression
    frame = frame.with_column("found", look(col("path"), col("sha256"), col("drop_reason")))
    found = {name: col("found")[name] for name in ("sha256", "width", "height")}
    return mark_dropped(frame.with_columns(found), col("found")["reason"], STEP).exclude("found")
