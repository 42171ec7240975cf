"""One image and what is known of it, and the columns of the catalog that holds millions of them."""

import json
import math
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from thuja.errors import BadFile, UnknownName
from thuja.taxonomy import RANKS, Taxon

Value = str | int | float | bool

_NAMESPACE = uuid.UUID("6f0d5f5e-4f3b-5d0a-9a53-0c7a1d0b7e11")
SPLITS = ("train", "val", "test", "unseen")
"""`unseen` holds every image of the species kept out of training."""

_TEXT, _INT, _FLOAT, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_PYTHON: Mapping[pa.DataType, Callable[[str | int | float], Value]] = {
    _TEXT: str,
    _INT: int,
    _FLOAT: float,
    _BOOL: bool,
}
CATALOG_SCHEMA = pa.schema(
    [
        # TreeOfLife-200M's catalog.parquet
        ("uuid", _TEXT),
        ("data_source", _TEXT),
        ("source_id", _TEXT),
        ("source_url", _TEXT),
        *((rank.label, _TEXT) for rank in RANKS),
        ("scientific_name", _TEXT),
        ("common", _TEXT),
        ("resolution_status", _TEXT),
        ("publisher", _TEXT),
        ("basis_of_record", _TEXT),
        ("img_type", _TEXT),
        ("shard_filename", _TEXT),
        # its provenance.parquet
        ("license_name", _TEXT),
        ("license_link", _TEXT),
        ("copyright_owner", _TEXT),
        ("title", _TEXT),
        # what a curator needs
        ("resolution_score", _FLOAT),
        ("gbif_id", _TEXT),
        ("occurrence_id", _TEXT),
        ("observation_id", _TEXT),
        ("sequence_id", _TEXT),
        ("dataset_key", _TEXT),
        ("download_doi", _TEXT),
        ("event_date", _TEXT),
        ("location_id", _TEXT),
        ("country_code", _TEXT),
        ("latitude", _FLOAT),
        ("longitude", _FLOAT),
        ("coordinate_uncertainty", _FLOAT),
        ("information_withheld", _TEXT),
        ("data_generalizations", _TEXT),
        ("recorded_by", _TEXT),
        ("institution_code", _TEXT),
        ("catalog_number", _TEXT),
        ("individual_count", _INT),
        ("sex", _TEXT),
        ("life_stage", _TEXT),
        ("identification_qualifier", _TEXT),
        ("occurrence_status", _TEXT),
        ("establishment_means", _TEXT),
        ("is_captive", _BOOL),
        ("quality_grade", _TEXT),
        ("issues", _TEXT),
        # the image itself; sizes and hashes are those of the file as the source has it
        ("path", _TEXT),
        ("crop", _TEXT),
        ("caption", _TEXT),
        ("sha256", _TEXT),
        ("md5", _TEXT),
        ("file_size", _INT),
        ("width", _INT),
        ("height", _INT),
        ("pixel_hash", _TEXT),
        ("pdq", _TEXT),
        ("pdq_quality", _INT),
        ("sharpness", _FLOAT),
        ("contrast", _FLOAT),
        ("person_score", _FLOAT),
        ("animal_score", _FLOAT),
        ("specimen_class", _TEXT),
        ("split", _TEXT),
        ("verbatim_name", _TEXT),
        ("traits", _TEXT),
        # the whole story of a dropped image
        ("drop_reason", _TEXT),
        ("dropped_by", _TEXT),
        ("duplicate_of", _TEXT),
        ("leak_of", _TEXT),
    ]
)
"""The catalog: one row an image, null where nothing is known. `traits` is a JSON object.

`crop` is `left,top,width,height` in pixels of the file, of which the image is that part; `issues` holds the source's
flags, parted by `;`; `pdq` is 64 hexadecimal digits; `duplicate_of` is the uuid of the copy that was kept, `leak_of`
the evaluation sets that the image was found in, and by which key (`newt:pdq;fishnet:source_url`).
"""

_OWN = {"uuid", "path", "caption", "data_source", "source_id", "sha256", "width", "height", "split"}
_TAXON = {*(rank.label for rank in RANKS), "scientific_name", "common"}
_KINDS: Mapping[str, pa.DataType] = {f.name: f.type for f in CATALOG_SCHEMA}
_FACTS = {f.name for f in CATALOG_SCHEMA} - _OWN - _TAXON - {"traits"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One image and what is known of it.

    `path` says where the bytes are: a file, a URL, or `shard.tar#member`. `facts` holds any other
    column of the catalog by its name (licence, coordinates, sex, ...); `traits` holds what no
    catalog has a column for (a biosphere's true traits, say). `uuid` is never random.
    """

    uuid: str
    path: str
    taxon: Taxon = field(default_factory=Taxon)
    caption: str = ""
    data_source: str = ""
    source_id: str = ""
    sha256: str = ""
    width: int | None = None
    height: int | None = None
    split: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)
    traits: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.facts:
            if name not in _FACTS:
                raise UnknownName.of("catalog column", name, sorted(_FACTS))
        if self.split and self.split not in SPLITS:
            raise UnknownName.of("split", self.split, SPLITS)

    def to_row(self) -> dict[str, Any]:
        """One row of the catalog, with every column of CATALOG_SCHEMA.

        What UTF-8 cannot hold (bytes of an old file name) is written as its escape, `\\udcff`.
        """
        row: dict[str, Any] = dict.fromkeys(CATALOG_SCHEMA.names)
        row |= {name: getattr(self, name) or None for name in _OWN}
        row |= self.taxon.to_columns()
        row |= _known(self.facts)
        traits = _known(self.traits)
        row["traits"] = json.dumps(traits, sort_keys=True) if traits else None
        return {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Record":
        """From a catalog's row; columns that the catalog does not know are left out, as are NaNs."""
        known = _known({name: row.get(name) for name in (*_OWN, *_FACTS, "traits")})
        own = {"uuid": "", "path": "", **{name: known[name] for name in _OWN if name in known}}
        facts = {name: known[name] for name in sorted(_FACTS) if name in known}
        traits = json.loads(known.get("traits") or "{}")
        return cls(**own, taxon=Taxon.from_columns(row), facts=facts, traits=traits)

    def to_json(self) -> str:
        """The shard's member `<uuid>.json`: the row without its nulls."""
        row = _known(self.to_row())
        if "traits" in row:
            row["traits"] = _known(self.traits)
        return printable(json.dumps(row, ensure_ascii=False))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Record":
        """Read what `to_json` wrote; raises BadFile."""
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadFile(f"a record that is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise BadFile(f"a record must be a JSON object, got {type(row).__name__}")
        traits = row.get("traits") or {}
        if not isinstance(traits, dict):
            raise BadFile(f"a record's traits must be a JSON object, got {traits!r}")
        return cls.from_row(_typed(row) | {"traits": json.dumps(traits)})


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with each value as its column holds it; a shard may come from anywhere. Raises BadFile."""
    typed = _known(row)
    for name, value in typed.items():
        kind = _KINDS.get(name)
        if kind is None or name == "traits":
            continue
        if not isinstance(value, str | int | float) or (kind == _BOOL and not isinstance(value, bool)):
            raise BadFile(f"a record's {name} must be {kind}, got {value!r:.80}")
        try:
            typed[name] = _PYTHON[kind](value)
        except (ValueError, OverflowError) as error:
            raise BadFile(f"a record's {name} must be {kind}, got {value!r:.80}") from error
        if not _fits(typed[name]):
            raise BadFile(f"a record's {name} must be a number that {kind} can hold, got {value!r:.80}")
    return typed


def _fits(value: Value) -> bool:
    """Whether a table can hold a number: a whole one of 64 bits, or a finite one."""
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 63
    return not isinstance(value, float) or math.isfinite(value)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing: None, and NaN, which differs from itself and is no JSON."""
    return {name: value for name, value in values.items() if value is not None and value == value}


def printable(text: str) -> str:
    """Text as UTF-8 can hold it: bytes of an old file name become their escape, `\\udcff`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def uuid_of_source(data_source: str, source_id: str) -> str:
    """The UUIDv5 of an image that its source names."""
    return str(uuid.uuid5(_NAMESPACE, f"{data_source}\n{source_id}"))


def uuid_of_bytes(sha256: str) -> str:
    """The UUIDv5 of an image known by its bytes alone (hexadecimal SHA-256)."""
    return str(uuid.uuid5(_NAMESPACE, sha256.lower()))
