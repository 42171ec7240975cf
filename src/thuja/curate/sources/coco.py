"""COCO's JSON, in one pass and by parts: images and annotations put down by the image's id, categories in memory.

A file of two gigabytes (seven million images of a camera-trap collection) never stands in memory as a whole.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.sources.json_items import read_items
from thuja.curate.sources.spec import CHUNK, Notes
from thuja.curate.sources.spilling import Spill, count_parts, parts_of, size_as_text
from thuja.errors import BadFile, UsageError

Item = dict[str, Any]
_SMALL = ("categories", "licenses")
"""The lists that stand in memory. Others (`segment_info`, `videos`, ...) may be as long as the images'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The columns to make of one list's items. Each is a function of the item; `key` is the image's id as text."""

    key: str
    columns: Mapping[str, tuple[pl.DataType, Callable[[Item], Any]]]

    def frame(self, items: list[Item]) -> pl.DataFrame:
        return pl.DataFrame(
            {name: [make(item) for item in items] for name, (_, make) in self.columns.items()},
            schema={name: kind for name, (kind, _) in self.columns.items()},
        )


@dataclass(slots=True, kw_only=True)
class Coco:
    """A COCO file put down: images and annotations in parts by image; `others` has the lists of _SMALL by name."""

    images: Spill
    annotations: Spill
    others: dict[str, list[Item]] = field(default_factory=dict)

    def parts(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Images and the annotations that speak of them, part by part."""
        yield from parts_of(self.images, self.annotations)


def read_coco(path: Path, scratch: Path, notes: Notes, *, images: Fields, annotations: Fields) -> Coco:
    """Read a COCO file; an item that is no object is left out and noted as `broken_item`.

    Of the other lists of the file categories and licenses are kept. Raises UsageError where there is no such file,
    BadFile where it is cut short or has no list of images.
    """
    if not path.is_file():
        raise UsageError(f"there is no file at {path}")
    count = count_parts(size_as_text(path))
    fields = {"images": images, "annotations": annotations}
    spills = {
        name: Spill(folder=scratch / name, key=columns.key, count=count, keeps_keyless=True)
        for name, columns in fields.items()
    }
    waiting: dict[str, list[Item]] = {name: [] for name in fields}
    others: dict[str, list[Item]] = {}
    has_images = False
    for spill in spills.values():
        spill.clear()
    for key, item in read_items(path):
        has_images |= key == "images"
        if key not in (*fields, *_SMALL):
            continue
        if not isinstance(item, dict):
            notes["broken_item"] += 1
        elif key in _SMALL:
            others.setdefault(key, []).append(item)
        else:
            waiting[key].append(item)
            if len(waiting[key]) == CHUNK:
                spills[key].add(fields[key].frame(waiting[key]))
                waiting[key] = []
    if not has_images:
        raise BadFile(f"{path} has no images", hint='COCO\'s JSON: an object with "images" and "annotations"')
    for name, spill in spills.items():
        spill.add(fields[name].frame(waiting[name]))
        spill.flush()
    return Coco(images=spills["images"], annotations=spills["annotations"], others=others)


def text(*names: str) -> tuple[pl.DataType, Callable[[Item], str | None]]:
    """The first of these members that says something, as text."""

    def get(item: Item) -> str | None:
        for name in names:
            value = item.get(name)
            if isinstance(value, str) and value and value.isascii():  # nearly all are
                return value
            if value is None or value == "" or value != value or isinstance(value, list | dict):
                continue
            return clean(str(value))
        return None

    return pl.String(), get


def number(*names: str) -> tuple[pl.DataType, Callable[[Item], float | None]]:
    """The first of these members that is a finite number."""

    def get(item: Item) -> float | None:
        for name in names:
            value = item.get(name)
            try:
                found = float(value) if isinstance(value, int | float | str) else float("nan")
            except (ValueError, OverflowError):
                continue
            if abs(found) < float("inf"):  # no NaN either
                return found
        return None

    return pl.Float64(), get


def truth(name: str) -> tuple[pl.DataType, Callable[[Item], bool | None]]:
    """A member as yes or no; null where it is missing."""

    def get(item: Item) -> bool | None:
        value = item.get(name)
        if value is None:
            return None
        return value.strip().lower() in ("true", "1", "yes") if isinstance(value, str) else bool(value)

    return pl.Boolean(), get


def box(name: str) -> tuple[pl.DataType, Callable[[Item], list[float] | None]]:
    """`[left, top, width, height]`; null where it is not four finite numbers."""

    def get(item: Item) -> list[float] | None:
        value = item.get(name)
        if not isinstance(value, list) or len(value) != 4:
            return None
        is_finite = all(isinstance(side, int | float) and abs(side) < float("inf") for side in value)
        return [float(side) for side in value] if is_finite else None

    return pl.List(pl.Float64()), get


def clean(value: str) -> str:
    """Text that a table can hold: JSON may have half a surrogate pair in it (`\\ud800`)."""
    return value.encode("utf-8", "replace").decode("utf-8")
