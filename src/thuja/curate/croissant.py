"""A data folder in MLCommons' Croissant format 1.0 (mlcommons.org/croissant/1.0): files, hashes, columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.shards import Manifest

VERSION = "http://mlcommons.org/croissant/1.0"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of the specification's section on it, which readers compare word for word."""
_LINKS = ("source_url", "license_link")
_KEY = r"^(?:.*/)?([^/.]+)(?:\.jpg)?$"
"""A uuid of the name of its image. Readers put the uuids of the catalog, which it refers to, through it too."""
_CATALOG, _IMAGES = "catalog", "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class CroissantFacts:
    """What is told of a data set as a whole; what is empty is left out. `licences` are addresses or names."""

    name: str
    description: str
    licences: Sequence[str] = ()
    url: str = ""
    date: str = ""
    version: str = ""
    cite_as: str = ""
    catalog: str = "catalog.parquet"
    shards: str = "shards"


def croissant(folder: Path, facts: CroissantFacts, manifest: Manifest | None = None) -> dict[str, Any]:
    """The JSON-LD of a data folder: its catalog, and the shards that its manifest names."""
    optional: dict[str, Any] = {
        "license": list(facts.licences),
        "url": facts.url,
        "datePublished": facts.date,
        "version": facts.version,
        "citeAs": facts.cite_as,
    }
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": facts.name,
        "description": facts.description,
        "conformsTo": VERSION,
        **{name: value for name, value in optional.items() if value},
        "isLiveDataset": False,
        "distribution": list(_distribution(folder, facts, manifest)),
        "recordSet": [_catalog_records(folder / facts.catalog, facts), *([_image_records()] if manifest else [])],
    }


def _distribution(folder: Path, facts: CroissantFacts, manifest: Manifest | None) -> Iterator[dict[str, Any]]:
    catalog = folder / facts.catalog
    with catalog.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    yield _file(facts.catalog, catalog.stat().st_size, digest, form="application/x-parquet")
    if manifest is None:
        return
    names = [f"{facts.shards}/{shard.name}" for shard in manifest.shards]
    for name, shard in zip(names, manifest.shards, strict=True):
        yield _file(name, shard.bytes, shard.sha256, form="application/x-tar")
    yield {
        "@type": "cr:FileSet",
        "@id": _IMAGES,
        "name": _IMAGES,
        "description": "The images of all shards.",
        "containedIn": [{"@id": name} for name in names],
        "encodingFormat": "image/jpeg",
        "includes": "*.jpg",
    }


def _file(name: str, size: int, sha256: str, *, form: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{size} B",
        "encodingFormat": form,
        "sha256": sha256,
    }


def _catalog_records(path: Path, facts: CroissantFacts) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": _CATALOG,
        "name": _CATALOG,
        "description": "A row an image; a dropped one has a drop_reason.",
        "key": {"@id": f"{_CATALOG}/uuid"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{_CATALOG}/{column.name}",
                "name": column.name,
                **_description(column.name),
                "dataType": _data_type(column),
                "source": {"fileObject": {"@id": facts.catalog}, "extract": {"column": column.name}},
            }
            for column in pq.read_schema(path)
        ],
    }


def _image_records() -> dict[str, Any]:
    def field(name: str, kind: str, extracted: str, **more: Any) -> dict[str, Any]:
        source: dict[str, Any] = {"fileSet": {"@id": _IMAGES}, "extract": {"fileProperty": extracted}, **more}
        return {"@type": "cr:Field", "@id": f"samples/{name}", "name": name, "dataType": kind, "source": source}

    uuid = field("uuid", "sc:Text", "filename", transform={"regex": _KEY})
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "The images in the shards, by the uuid of their row in the catalog.",
        "key": {"@id": "samples/uuid"},
        "field": [
            {**uuid, "references": {"field": {"@id": f"{_CATALOG}/uuid"}}},
            field("image", "sc:ImageObject", "content"),
        ],
    }


def _description(column: str) -> dict[str, str]:
    said = {"path": "Local: where the file lay on the curator's machine. It leads nowhere on another one."}
    return {"description": said[column]} if column in said else {}


def _data_type(column: pa.Field) -> str:
    if pa.types.is_boolean(column.type):
        return "sc:Boolean"
    if pa.types.is_integer(column.type):
        return "sc:Integer"
    if pa.types.is_floating(column.type):
        return "sc:Float"
    return "sc:URL" if column.name in _LINKS else "sc:Text"
