"""What a Hugging Face data set says of its columns: which hold images, and the names of class numbers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from huggingface_hub import metadata_load

from thuja.errors import BadFile, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The image column of a table, and the class names of its label columns, by number."""

    image: str
    classes: Mapping[str, tuple[str, ...]]


def find_features(schema: pa.Schema, folder: Path, image: str, *, is_data_set: bool = True) -> Features:
    """From the schema's own metadata, else from dataset_info.json or the README in the folder.

    The folder is looked through when it is the data set's own; of another, in which a table lies, only what lies
    beside the table is read.

    `image` is the column that the user named, or empty. Raises UsageError where no column holds images.
    """
    said: dict[str, Any] = {}
    for features in _told(schema, folder, is_data_set=is_data_set):
        said = features | said
    images = [name for name in schema.names if _kind(said.get(name)) == "image" or _is_image(schema.field(name).type)]
    if image and image not in schema.names:
        raise UsageError(f'there is no column "{image}"', hint=f"one of {', '.join(schema.names)}")
    if not image and not images:
        raise UsageError(
            f"no column holds images: {', '.join(schema.names)}",
            hint="the source's option image = COLUMN, or kind = table for a table of paths or addresses",
        )
    classes = {name: _class_names(said.get(name)) for name in schema.names}
    return Features(image=image or images[0], classes={name: names for name, names in classes.items() if names})


def _told(schema: pa.Schema, folder: Path, *, is_data_set: bool) -> Iterator[dict[str, Any]]:
    """Features by column from each place that may hold them, the most trusted first."""
    yield _features(_parsed((schema.metadata or {}).get(b"huggingface", b"{}")).get("info"))
    pattern = "dataset_info*.json"
    for path in sorted(folder.rglob(pattern) if is_data_set else folder.glob(pattern)):
        found = _parsed(path.read_bytes())
        yield _features(found if "features" in found else next(iter(found.values()), None))
    readme = folder / "README.md"
    if readme.is_file():
        try:
            info = (metadata_load(readme) or {}).get("dataset_info")
        except (ValueError, yaml.YAMLError) as error:
            raise BadFile(f"{readme} cannot be read: {error}", hint="YAML between two lines of ---") from error
        yield _features(info[0] if isinstance(info, list) and info else info)


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _features(info: object) -> dict[str, Any]:
    features = info.get("features") if isinstance(info, dict) else None
    if isinstance(features, list):  # a README's: [{name: label, dtype: {class_label: {names: {'0': cat}}}}]
        return {str(item.get("name")): item.get("dtype") for item in features if isinstance(item, dict)}
    return features if isinstance(features, dict) else {}


def _kind(feature: object) -> str:
    if isinstance(feature, dict):
        return str(feature.get("_type", "")).lower()
    return str(feature)


def _is_image(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind):
        return False
    names = {kind.field(number).name for number in range(kind.num_fields)}
    return names == {"bytes", "path"}


def _class_names(feature: object) -> tuple[str, ...]:
    """`{"names": ["cat", ...]}` of a schema, or `{"class_label": {"names": {"0": "cat"}}}` of a README."""
    inner = feature.get("class_label", feature) if isinstance(feature, dict) else None
    names = inner.get("names") if isinstance(inner, dict) else None
    if isinstance(names, dict):
        by_number = {int(key): str(name) for key, name in names.items() if str(key).isdigit()}
        return tuple(by_number.get(number, "") for number in range(min(max(by_number, default=-1) + 1, 10**6)))
    return tuple(str(name) for name in names) if isinstance(names, list) else ()
