"""Whether each file is an image that can be used: the whole of it is decoded once, hashed and measured."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import md5, sha256
from typing import Any, cast

import daft
from daft import DataType, Series, col
from PIL import Image

from thuja.curate.duplicates.hashing import hashes_of
from thuja.curate.filters.measures import measures_of
from thuja.curate.rows import STEP_SCHEMA
from thuja.curate.steps import Frame, Step, mark_dropped
from thuja.errors import ImageError
from thuja.images import Limits, decode, read_place
from thuja.images.crops import crop_hash, cropped

STEP = "check"
_FILLED = ("sha256", "md5", "file_size", "width", "height", "crop", "pixel_hash", "pdq", "pdq_quality")
_MEASURED = (*_FILLED, "sharpness", "contrast")
_FOUND = DataType.struct(
    {
        **{name: DataType.from_arrow_type(STEP_SCHEMA.field(name).type) for name in _MEASURED},
        "reason": DataType.string(),
    }
)
_ASKED = ("place", "path", "sha256", "md5", "file_size", "width", "height", "crop", "drop_reason")
_BATCH = 64

Box = tuple[int, int, int, int]
Found = dict[str, Any]


@daft.cls(use_process=False)
class ImageCheck:
    """Reads, hashes and decodes images; Pillow leaves the interpreter's lock, so threads run in parallel."""

    def __init__(self, max_bytes: int, max_pixels: int) -> None:
        self._limits = Limits(max_bytes=max_bytes, max_pixels=max_pixels)

    @daft.method.batch(return_dtype=_FOUND, batch_size=_BATCH)
    def look(self, *columns: Series) -> list[Found]:
        """What each image is, of the columns `_ASKED`; a row that is dropped already is not opened."""
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return [look_at(Asked(*row), self._limits) for row in rows]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of an image before it is opened, in the order of `_ASKED`."""

    place: str | None = None
    path: str | None = None
    sha256: str | None = None
    md5: str | None = None
    file_size: int | None = None
    width: int | None = None
    height: int | None = None
    crop: str | None = None
    drop_reason: str | None = None

    @property
    def is_the_sources_own(self) -> bool:
        """Whether the bytes are the source's, and not a copy that was made smaller."""
        return self.place == self.path


def look_at(asked: Asked, limits: Limits) -> Found:
    """Hashes, upright size and measures of an image, and the reason why it cannot be used.

    A SHA-256 or MD5 that the source gave is checked: other bytes are another image. Of a copy that a download made
    smaller, what is known of the original stands. The hash of a crop is that of its file and its box.
    """
    known = {name: getattr(asked, name) for name in _FILLED if hasattr(asked, name)}
    found: Found = dict.fromkeys((*_MEASURED, "reason")) | known
    if asked.drop_reason is not None:
        return found
    if asked.place is None:
        return found | {"reason": "no_image"}
    try:
        data = read_place(asked.place, limits=limits)
        found |= _file_facts(asked, data)
        if found["reason"]:
            return found
        image = cropped(decode(data, limits=limits), asked.crop)
    except ImageError as error:
        return found | {"reason": error.reason}
    if asked.crop or asked.is_the_sources_own or not asked.width:
        found |= {"width": image.width, "height": image.height}
    if asked.crop:
        found["sha256"] = crop_hash(str(found["sha256"]), asked.crop)
    return found | measures(image)


def _file_facts(asked: Asked, data: bytes) -> Found:
    if not asked.is_the_sources_own and asked.sha256:
        return {}
    facts: Found = {"sha256": sha256(data).hexdigest(), "md5": md5(data).hexdigest(), "file_size": len(data)}  # noqa: S324
    stated = ((asked.sha256, facts["sha256"]), (asked.md5, facts["md5"]))
    is_other = any(told and told.strip().lower() != digest for told, digest in stated)
    return facts | ({"reason": "hash_mismatch"} if is_other else {})


def measures(image: Image.Image) -> Found:
    """The hashes and measures that filters and searches for duplicates go by."""
    hashes, measured = hashes_of(image), measures_of(image)
    return {
        "pixel_hash": hashes.pixel_hash,
        "pdq": hashes.pdq,
        "pdq_quality": hashes.pdq_quality,
        "sharpness": measured.sharpness,
        "contrast": measured.contrast,
    }


def check_step(limits: Limits) -> Step:
    """Drop what cannot be read or decoded, and measure the rest."""
    return Step(
        name=STEP,
        settings={"max_bytes": limits.max_bytes, "max_pixels": limits.max_pixels},
        apply=lambda frame: _check(frame, limits),
        is_rowwise=True,
    )


def _check(frame: Frame, limits: Limits) -> Frame:
    check = ImageCheck(limits.max_bytes, limits.max_pixels)
    look = cast(Callable[..., daft.Expression], check.look)  # on columns, an expression
    frame = frame.with_column("found", look(*(col(name) for name in _ASKED)))
    frame = frame.with_columns({name: col("found")[name] for name in _MEASURED})
    return mark_dropped(frame, col("found")["reason"], STEP).exclude("found")
