"""A table that says what each image shows: CSV, TSV or Parquet, with whatever column names the field uses."""

import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from thuja.curate.rows import Row, drop
from thuja.curate.sources.listing import (
    SPLIT_OF,
    STEP,
    Listing,
    file_row,
)
from thuja.errors import BadFile, UsageError
from thuja.images.finding import SUFFIXES, walk_files
from thuja.record import CATALOG_SCHEMA, uuid_of_source
from thuja.taxonomy import RANKS, Rank, Taxon

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "file": ("file", "filepath", "path", "filename", "image", "imagepath", "imagefile"),
    "scientific": ("scientificname", "taxon", "taxonname"),
    "common": ("commonname", "common", "vernacularname"),
    "label": ("label",),
    "split": ("split", "subset"),
    "license_name": ("licensename", "licence", "license", "licencename"),
    "species": ("species", "specificepithet"),
}
_MEASURED = {"width", "height", "shard_filename", "resolution_status", "verbatim_name", "drop_reason", "dropped_by"}
"""Catalog columns that this curation finds out itself; a table's own are left out."""
_FACTS = {field.name: field.type for field in CATALOG_SCHEMA if field.name not in _MEASURED | {"path", "traits"}}
_ACCEPTED = "file (or path, filename) and one of scientific_name, common_name, label, kingdom ... species"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column of a table says what; what nobody knows becomes a trait."""

    file: str
    names: Mapping[str, str]
    facts: Mapping[str, str]
    traits: tuple[str, ...]

    @classmethod
    def find(cls, header: list[str], table: Path) -> "Columns":
        """Match a header against the names the field uses; raises UsageError when what is needed is missing."""
        plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(header)}
        found = {what: plain[word] for what, words in _ALIASES.items() for word in reversed(words) if word in plain}
        names: dict[str, str] = {
            what: found[what] for what in ("scientific", "common", "label", "species") if what in found
        }
        names |= {rank.label: plain[rank.label] for rank in RANKS[: Rank.SPECIES] if rank.label in plain}
        if "file" not in found or not names:
            what = "where the images are" if "file" not in found else "what the images show"
            raise UsageError(
                f"no column of {table} says {what}: {', '.join(header) or 'it has none'}", hint=f"needed: {_ACCEPTED}"
            )
        used = {found["file"], *(column for what, column in names.items() if what != "label")}
        facts: dict[str, str] = {what: found[what] for what in ("split", "license_name") if what in found}
        facts |= {name: name for name in header if name in _FACTS and name not in used}
        used |= {*facts.values()}
        return cls(
            file=found["file"],
            names=names,
            facts=facts,
            traits=tuple(name for name in header if name and name not in used | _MEASURED | {"traits"}),
        )


def read_labelled(root: Path, table: Path) -> Listing:
    """The images under `root` that the table lists, and those that it does not, as dropped rows.

    Paths in the table are relative to the table's folder or to `root`, whichever fits. Raises
    UsageError or BadFile for a table that cannot be used.
    """
    frame = _read(table)
    columns = Columns.find(frame.columns, table)
    base = _base(root, table, frame[columns.file])
    return Listing(root=root, table=table, make_rows=lambda listing: _rows(listing, frame, columns, base))


def _read(table: Path) -> pl.DataFrame:
    try:
        if table.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(table)
        separator = "\t" if table.suffix.lower() == ".tsv" else ","
        header = pl.read_csv(table, separator=separator, n_rows=0, infer_schema=False).columns
        numeric = {name for name, kind in _FACTS.items() if kind != pa.string()}
        known = {word for words in _ALIASES.values() for word in words} | {rank.label for rank in RANKS}
        texts = {
            name: pl.String
            for name in header
            if name not in numeric and (name in _FACTS or re.sub(r"[^a-z0-9]", "", name.lower()) in known)
        }
        return pl.read_csv(table, separator=separator, schema_overrides=texts, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        why = str(error).strip().partition("\n")[0]
        raise BadFile(
            f"the table {table} cannot be read: {why}", hint="CSV in UTF-8 with a header, or Parquet"
        ) from error


def _base(root: Path, table: Path, files: pl.Series) -> Path:
    """What the table's paths are relative to: the folder in which more of the first files exist."""
    sample = [str(file) for file in files.drop_nulls().head(200)]

    def count(base: Path) -> int:
        return sum(_exists(base, file) for file in sample)

    return max((table.parent, root), key=count)


def _exists(base: Path, file: str) -> bool:
    try:
        return (base / file).is_file()
    except (OSError, ValueError):
        return False


def _rows(listing: Listing, frame: pl.DataFrame, columns: Columns, base: Path) -> Iterator[Row]:
    root = os.path.abspath(listing.root)  # noqa: PTH100 - lexical: a link in a user's folder is the user's
    allowed = os.path.abspath(base)  # noqa: PTH100
    listed: set[str] = set()
    ids: dict[str, int] = {}
    for chunk in frame.iter_slices(20_000):
        for cells in chunk.to_dicts():
            file = str(cells[columns.file] or "")
            absolute = os.path.abspath(os.path.join(allowed, file))  # noqa: PTH100, PTH118
            relative = os.path.relpath(absolute, root).replace(os.sep, "/")
            is_inside = file != "" and relative != "." and not relative.startswith("../")
            is_known_elsewhere = absolute.startswith(allowed + os.sep)
            if not is_inside and file and is_known_elsewhere:
                listing.notes_["outside"] += 1
                continue
            row = _labelled(listing, columns, cells, relative if is_inside else file)
            row["uuid"] = _unique(row, ids)
            if not is_inside:
                row = drop(row | {"path": file}, "outside_source" if file else "no_path", STEP)
            elif not _exists(Path(root), relative):
                row = drop(row, "missing_file", STEP)
            listed.add(relative)
            yield row
    for relative in walk_files(listing.root):
        if relative not in listed and Path(relative).suffix.lower() in SUFFIXES:
            row = file_row(listing.root, relative)
            row["uuid"] = _unique(row, ids)
            yield drop(row, "not_in_table", STEP)


def _labelled(listing: Listing, columns: Columns, cells: Mapping[str, Any], relative: str) -> Row:
    """The row of one line of the table; cells that do not fit their column's type become traits."""
    row = file_row(listing.root, relative)
    traits = {name: _plain(cells[name]) for name in columns.traits if cells[name] not in (None, "")}
    for name, column in columns.facts.items():
        if cells[column] in (None, "") or name == "uuid":
            continue
        value = _as_type(cells[column], _FACTS[name])
        if value is None:
            traits[column] = _plain(cells[column])
        else:
            row[name] = value
    if "source_id" in columns.facts or "data_source" in columns.facts:
        row["uuid"] = uuid_of_source(row["data_source"], row["source_id"])
    if "uuid" in columns.facts and (own := _uuid(cells[columns.facts["uuid"]])):
        row["uuid"] = own
    split = str(row.get("split") or "").strip().lower()
    if split and split not in SPLIT_OF:
        listing.notes_[f"unknown split {split}"] += 1
    row["split"] = SPLIT_OF.get(split)
    row |= _naming(columns, cells)
    row["traits"] = json.dumps(traits, sort_keys=True) if traits else None
    return row


def _naming(columns: Columns, cells: Mapping[str, Any]) -> Row:
    """The name to resolve, and the lineage that came with it in the rank columns."""
    said = {what: str(cells[column] or "").strip() for what, column in columns.names.items()}
    lineage = Taxon.from_columns({what: said.get(what) for what in [rank.label for rank in RANKS]})
    species = lineage.species if " " in lineage.species and not lineage.genus else ""
    names = (said.get("scientific"), lineage.binomial or species, said.get("common"), said.get("label"))
    name = next((name for name in names if name), lineage.scientific_name)
    hint = lineage.at(Rank.GENUS) if species else lineage
    return hint.to_columns() | {"common": said.get("common") or None, "verbatim_name": name or None}


def _unique(row: Row, ids: dict[str, int]) -> str:
    """The row's id; a second row with it gets one of its own, so that no two rows share one."""
    ids[row["uuid"]] = count = ids.get(row["uuid"], 0) + 1
    return str(row["uuid"]) if count == 1 else uuid_of_source(row["uuid"], f"#{count}")


def _uuid(value: object) -> str | None:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        return None


def _as_type(value: Any, kind: pa.DataType) -> Any:
    if kind == pa.string():
        return str(value)
    try:
        return int(value) if kind == pa.int64() else float(value)
    except (TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
