"""A space from files: embeddings, tables of what else is known, other networks' vectors of the same images, texts."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.analyze.space import Column, Indices, Prototypes, Space
from thuja.embeddings import Embeddings, Vectors
from thuja.errors import BadFile, UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.record import Value
from thuja.taxonomy import RANKS, Rank, Taxon

GROUPS: Final = ("individual_id", "observation_id", "occurrence_id", "sequence_id")
"""What tells which images go together: the first that an image has."""
UNKNOWN: Final = frozenset({"", "unknown", "indeterminate", "undetermined", "not determined", "na", "n/a", "nan"})
"""How tables say that a value is not known, in lower case."""
_TRAITS: Final = "traits"
"""The catalog's column of further facts as JSON."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The files that a space is read from.

    `tables` (CSV, TSV or Parquet) bring columns by `uuid`, or by taxon: the lowest rank that they have a column of, or
    `scientific_name`. A later one replaces what an earlier one said. `controls` are embeddings of the same images,
    `texts` a label space, or embeddings with ranks, of the same model.
    """

    embeddings: Path
    tables: Sequence[Path] = ()
    controls: Mapping[str, Path] = field(default_factory=dict)
    texts: Path | None = None

    @property
    def files(self) -> list[Path]:
        """Every file or folder that is read."""
        return [self.embeddings, *self.tables, *self.controls.values(), *([] if self.texts is None else [self.texts])]


def read_space(sources: Sources, columns: Sequence[str] | None) -> Space:
    """The space with these columns, or with all that the files have.

    Raises BadFile for a file that cannot be read, lacks an image, has one twice, or says two things of one taxon,
    UnknownName for a column that no file has, UsageError for texts of another model.
    """
    found = Embeddings.load(sources.embeddings).normalized()
    _require_sound(found, sources.embeddings)
    taxa = taxa_of(found.columns, len(found))
    tables = [found.columns, *map(_table_of, sources.tables)]
    told = _Told(ids=found.ids, taxa=taxa, tables=tables, paths=[sources.embeddings, *sources.tables])
    wanted = told.names if columns is None else dict.fromkeys(columns)
    return Space(
        vectors=found.vectors,
        taxa=taxa,
        columns={name: told.column(name) for name in wanted},
        groups=told.groups(),
        controls={name: _aligned(path, found.ids) for name, path in sources.controls.items()},
        prototypes=None if sources.texts is None else _prototypes(sources.texts, found.model),
        model=found.model,
    )


def taxa_of(columns: pa.Table, count: int) -> list[Taxon]:
    """The taxon of each row by its columns of ranks, an empty one without; rows of one lineage share one object."""
    ranks = [rank.label for rank in RANKS if rank.label in columns.column_names]
    if not ranks:
        return [Taxon()] * count
    codes = np.zeros(count, dtype=np.int64)
    for name in ranks:
        encoded = pc.dictionary_encode(columns.column(name).cast(pa.string()), null_encoding="encode").combine_chunks()
        codes = np.unique(codes * (len(encoded.dictionary) + 1) + encoded.indices.to_numpy(), return_inverse=True)[1]
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    distinct = [_taxon(row) for row in columns.select(ranks).take(first).to_pylist()]
    return [distinct[one] for one in place.tolist()]


def _taxon(row: Row) -> Taxon:
    """A row's taxon; many tables write the whole binomial in the column of species, and have none of genera."""
    species = str(row.get("species") or "").split()
    is_binomial = not row.get("genus") and len(species) > 1 and species[0][0].isupper()
    return Taxon.from_columns({**row, "genus": species[0]} if is_binomial else row)


def _require_sound(found: Embeddings, path: Path) -> None:
    """Raise BadFile where a vector holds what is no number, or two rows are one image."""
    bad = np.flatnonzero(~np.isfinite(found.vectors).all(axis=1))
    if len(bad):
        raise BadFile(
            f"{len(bad):,} of {len(found):,} vectors in {path} hold what is no number, that of {found.ids[bad[0]]} "
            "the first of them",
            hint="leave these rows out, or embed these images again",
        )
    if len(set(found.ids)) < len(found):
        twice = next(name for name, times in Counter(found.ids).items() if times > 1)
        raise BadFile(f"{path} has the image {twice} twice", hint="one row an image")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the tables say of each image, the last one that says something first."""

    ids: Sequence[str]
    taxa: Sequence[Taxon]
    tables: Sequence[pa.Table]
    paths: Sequence[Path]

    def column(self, name: str, *, among: Sequence[int] | None = None) -> Column:
        """The values of a column, of these tables alone where they are given; raises UnknownName where none has it."""
        asked = range(len(self.tables)) if among is None else among
        holders = [number for number in asked if name in self._names(self.tables[number])]
        if not holders:
            raise UnknownName.of("column", name, self.names)
        values: list[Value | None] = [None] * len(self.ids)
        for number in holders:
            told = self._values(number, name)
            values = [old if new is None else new for old, new in zip(values, told, strict=True)]
        return values

    @property
    def names(self) -> list[str]:
        """The columns that some table has."""
        return sorted({one for table in self.tables for one in self._names(table)} - {"uuid", "emb", _TRAITS})

    def groups(self) -> Indices | None:
        """A number for each image's individual or observation, images of which nothing is known alone; None without.

        What a table says of taxa is no image's: a specimen of a species is not in all pictures of the species.
        """
        own = [number for number, table in enumerate(self.tables) if not number or "uuid" in table.column_names]
        names = [name for name in GROUPS if any(name in self._names(self.tables[number]) for number in own)]
        columns = [self.column(name, among=own) for name in names]
        keys = [
            next(((name, value) for name, value in zip(names, row, strict=True) if value is not None), number)
            for number, row in enumerate(zip(*columns, strict=True))
        ]
        known: dict[object, int] = {}
        return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64) if names else None

    def _values(self, number: int, name: str) -> Sequence[Value | None]:
        table = self.tables[number]
        cells = _cells(table, name)
        if number == 0:  # the embeddings' own columns, row by row
            return cells
        keys, wanted = self._keys(number)
        if not set(keys) & set(wanted) - {""}:
            raise BadFile(
                f"{self.paths[number]} names none of the {len(wanted):,} images",
                hint=f'it says "{next(iter(keys), "")}" where the images say "{next(iter(wanted), "")}"',
            )
        value_of: dict[str, Value] = {}
        for key, cell in zip(keys, cells, strict=True):
            if cell is not None and key and value_of.setdefault(key, cell) != cell:
                raise BadFile(
                    f'{self.paths[number]} says two things of {name}, "{key}": {value_of[key]} and {cell}',
                    hint="one row each: take the mean, or the commonest value, first",
                )
        return [value_of.get(one) for one in wanted]

    def _keys(self, number: int) -> tuple[Sequence[str], Sequence[str]]:
        """What the table's rows and the images are matched by."""
        table = self.tables[number]
        names = table.column_names
        if "uuid" in names:
            return table.column("uuid").cast(pa.string()).to_pylist(), self.ids
        if "scientific_name" in names:
            said = [" ".join(str(name or "").split()).lower() for name in table.column("scientific_name").to_pylist()]
            return said, [taxon.scientific_name.lower() for taxon in self.taxa]
        ranks = [rank for rank in RANKS if rank.label in names]
        if not ranks:
            raise BadFile(
                f"{self.paths[number]} does not say what its rows are about",
                hint=f"it needs a column uuid, scientific_name, or a rank as species; it has {', '.join(names)}",
            )
        rank = ranks[-1]
        rows = [_taxon(row) for row in table.select([one.label for one in ranks]).to_pylist()]
        return [_named(taxon, rank) for taxon in rows], [_named(taxon, rank) for taxon in self.taxa]

    @staticmethod
    def _names(table: pa.Table) -> list[str]:
        names = list(table.column_names)
        if _TRAITS in names:
            first = next((cell for cell in table.column(_TRAITS).slice(0, 1000).to_pylist() if cell), "{}")
            names += [name for name in _facts(first) if name not in names]
        return names


def _named(taxon: Taxon, rank: Rank) -> str:
    """The name at a rank as tables are matched by it, "" where it has none: at species with its genus."""
    return (taxon.binomial if rank is Rank.SPECIES else taxon[rank]).lower()


def _cells(table: pa.Table, name: str) -> list[Value | None]:
    if name in table.column_names:
        return [known(cell) for cell in table.column(name).to_pylist()]
    return [known(_facts(cell).get(name)) for cell in table.column(_TRAITS).to_pylist()]


def known(cell: object) -> Value | None:
    """A cell's value: a number where it is written as one, None where it says that nothing is known."""
    if cell is None or isinstance(cell, bool | int):
        return cell
    if isinstance(cell, float):
        return cell if np.isfinite(cell) else None
    text = str(cell).strip()
    if text.lower() in UNKNOWN:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return number if np.isfinite(number) else text


def _facts(cell: object) -> dict[str, Any]:
    try:
        facts = json.loads(str(cell or "{}"))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _table_of(path: Path) -> pa.Table:
    if not path.is_file():
        raise BadFile(f"there is no table at {path}")
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        try:
            return pq.read_table(path)
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{path} cannot be read: {str(error).partition(chr(10))[0]}") from error
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="," if path.suffix.lower() == ".csv" else "\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path} is not a table in UTF-8: {error}") from error
    if not rows:
        raise BadFile(f"{path} has no row", hint="its first line is the header")
    names = [name for name in rows[0] if name]
    return pa.table({name: pa.array([row.get(name) or None for row in rows], pa.string()) for name in names})


def _aligned(path: Path, ids: Sequence[str]) -> Vectors:
    """The vectors of these images in another file of embeddings."""
    other = Embeddings.load(path).normalized()
    _require_sound(other, path)
    if list(other.ids) == list(ids):
        return other.vectors
    row_of = {name: row for row, name in enumerate(other.ids)}
    missing = [name for name in ids if name not in row_of]
    if missing:
        raise BadFile(
            f"{path} lacks {len(missing):,} of {len(ids):,} images, {missing[0]} the first of them",
            hint="a control is of the same images: embed them by it",
        )
    return other.vectors[[row_of[name] for name in ids]]


def _prototypes(path: Path, model: str) -> Prototypes:
    if path.is_dir():
        labels = LabelSpace.load(path)
        taxa, vectors, theirs = list(labels.taxa), np.asarray(labels.vectors), labels.model
    else:
        found = Embeddings.load(path).normalized()
        taxa, vectors, theirs = taxa_of(found.columns, len(found)), found.vectors, found.model
    if not taxa or all(taxon.rank is None for taxon in taxa):
        raise UsageError(f"the texts in {path} are of no taxa", hint="labels of taxa, as thuja labels build makes them")
    if "unknown" not in (model, theirs) and model != theirs:
        raise UsageError(
            f"the texts in {path} are of the model {theirs}, the images of {model}", hint="embed both by one"
        )
    return Prototypes(taxa=taxa, vectors=vectors)
