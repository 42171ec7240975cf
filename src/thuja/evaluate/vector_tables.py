"""A Parquet file of embeddings that someone else made, its rows matched to a task's images."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.embeddings import Vectors, matrix_of
from thuja.errors import BadFile, ImageError, UsageError
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.seen import Flaw, Seen
from thuja.evaluate.task import Images, Indices, Texts
from thuja.images import read_bytes
from thuja.labels import LabelSpace
from thuja.phrasing import PHRASES

VECTOR_COLUMNS: Final = ("emb", "embedding", "embeddings", "vector", "image_embedding", "features")
"""Where vectors are looked for, best first; another column will do where it is the only one of lists of numbers."""
PATH_COLUMNS: Final = (
    "path", "file_path", "filepath", "image_path", "relative_path", "file", "file_name", "filename", "image", "name",
    "uuid", "id",
)  # fmt: skip
"""Columns that may say which image a row is of."""
HASH_COLUMN: Final = "sha256"
_BATCH: Final = 8192
_ABSENT: Final = -1

_KEYS: Final[Mapping[str, Callable[[str], str]]] = {
    "path": lambda path: path,
    "name": lambda path: PurePosixPath(path).name,
    "stem": lambda path: PurePosixPath(path).stem,
}
"""How an image of a task is asked for, most exact first: all of its path, its name, its name without the suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorTable:
    """The file, which stays on disk; in memory are the columns that say whose row is whose."""

    path: Path
    model: str
    column: str
    dim: int
    keys: pa.Table

    @classmethod
    def open(cls, path: Path) -> "VectorTable":
        """Read the schema and the key columns; raises BadFile for a file without vectors, or without keys."""
        try:
            schema = pq.read_schema(path)
            known = [name for name in (HASH_COLUMN, *PATH_COLUMNS) if name in schema.names and _is_text(schema, name)]
            keys = pq.read_table(path, columns=known)
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{path} is not a Parquet file of embeddings: {error}") from error
        if not known:
            raise BadFile(
                f"no column of {path} says which image a row is of",
                hint=f"one of {', '.join((HASH_COLUMN, *PATH_COLUMNS))}; found {', '.join(schema.names)}",
            )
        column = _vector_column(schema, path)
        first = next(_batches(path, column), None)
        model = (schema.metadata or {}).get(b"thuja.model", Path(path).stem.encode()).decode()
        return cls(path=Path(path), model=model, column=column, dim=_dim(first, path), keys=keys)

    def look_up(self, images: Images) -> Seen:
        """The vectors of a task's images, matched by their SHA-256 where the file has it and all are there.

        Or else by the column, and the part of a path, that match most of them.
        """
        matches = [self._match_hashes(images)] if HASH_COLUMN in self.keys.column_names else []
        if not matches or matches[0].flaws:
            columns = [name for name in self.keys.column_names if name != HASH_COLUMN]
            matches += [self._match_paths(images, column, key) for key in _KEYS.values() for column in columns]
        best = min(matches, key=lambda match: len(match.flaws))  # the first of equals
        found = np.flatnonzero(best.places >= 0)
        vectors = self._read(best.places[found])
        is_good = np.isfinite(vectors).all(axis=1)
        why = f"its vector in {self.path} is not of numbers"
        bad = [Flaw(images.paths[row], "not_finite", why) for row in found[~is_good].tolist()]
        return Seen(rows=found[is_good], vectors=vectors[is_good], flaws=(*best.flaws, *bad))

    def texts_of(self, labels: LabelSpace) -> Texts:
        """Texts as a label space knows them: a label's own words, or any phrase of its taxon.

        Raises UsageError for a label space of another model or width, and then for a text that it does not know.
        """
        if labels.vectors.shape[1] != self.dim:
            raise UsageError(
                f"the labels have {labels.vectors.shape[1]} dimensions, the vectors in {self.path} {self.dim}"
            )

        def texts(words: Sequence[str]) -> Vectors:
            row_of = _rows_of(labels, set(words))
            unknown = [word for word in words if word not in row_of]
            if unknown:
                raise UsageError(
                    f"the label space beside {self.path} lacks {len(unknown)} texts, or has two vectors of them: "
                    f'the first is "{unknown[0]}"',
                    hint="its model must encode the texts of this task",
                )
            return unit(labels.vectors[[row_of[word] for word in words]])

        return texts

    def _match_hashes(self, images: Images) -> "_Match":
        place_of = _places(self.keys.column(HASH_COLUMN).to_pylist())
        match = _Match.of(len(images))
        for row, (name, path) in enumerate(zip(images.paths, images.files(), strict=True)):
            try:
                key = hashlib.sha256(read_bytes(path)).hexdigest()
            except ImageError as error:
                match.flaws.append(Flaw.of_file(images.folder, name, reason=error.reason, message=error.message))
                continue
            # Rows of the same bytes are of the same image: any of them will do.
            match.places[row] = place_of.get(key, (_ABSENT,))[0]
            if match.places[row] == _ABSENT:
                match.flaws.append(Flaw(name, "absent", f"{self.path} has no row of these bytes"))
        return match

    def _match_paths(self, images: Images, column: str, key: Callable[[str], str]) -> "_Match":
        asked = [key(path) for path in images.paths]
        paths_of: dict[str, set[str]] = defaultdict(set)
        for name, path in zip(asked, images.paths, strict=True):
            paths_of[name].add(path)
        values = self.keys.column(column).to_pylist()
        depths = {name.count("/") + 1 for name in asked}
        places_of = {depth: _places([_tail(value, depth) for value in values]) for depth in depths}
        match = _Match.of(len(images))
        for row, (name, path) in enumerate(zip(asked, images.paths, strict=True)):
            places = places_of[name.count("/") + 1].get(name, [])
            if not places:
                match.flaws.append(Flaw(path, "absent", f'{self.path} has no row whose {column} is "{name}"'))
            elif len(places) > 1 or len(paths_of[name]) > 1:
                why = f'several images, or rows of {self.path}, are called "{name}"'
                match.flaws.append(Flaw(path, "ambiguous", why))
            else:
                match.places[row] = places[0]
        return match

    def _read(self, places: Indices) -> Vectors:
        """The vectors at these places of the file, (K, D) float32, some rows in memory at a time."""
        vectors = np.full((len(places), self.dim), np.nan, dtype=np.float32)
        order = np.argsort(places, kind="stable")
        sorted_places = places[order]
        start = 0
        for batch in _batches(self.path, self.column):
            low, high = np.searchsorted(sorted_places, (start, start + len(batch)))
            wanted = order[low:high]
            inside = places[wanted] - start
            is_there = batch.is_valid().to_numpy(zero_copy_only=False)[inside]
            taken = batch.take(pa.array(inside[is_there]))
            if len(taken):
                with np.errstate(over="ignore"):  # what is too large for float32 is not a number
                    matrix = matrix_of(taken, self.path)
                if matrix.shape[1] != self.dim:
                    raise BadFile(f"the vectors in {self.path} are of {self.dim} and of {matrix.shape[1]} numbers")
                vectors[wanted[is_there]] = matrix
            start += len(batch)
        return vectors


def _rows_of(labels: LabelSpace, words: set[str]) -> dict[str, int]:
    """The row of every word that means one vector: a label's own text, or else a phrase of its taxon."""
    rows_of: dict[str, set[int]] = defaultdict(set)
    for row, text in enumerate(labels.texts):
        if text in words:
            rows_of[text].add(row)
    others = words - rows_of.keys()
    for row, taxon in enumerate(labels.taxa if others else ()):
        for phrase in {make(taxon) for make in PHRASES.values()} & others:
            rows_of[phrase].add(row)
    return {word: min(rows) for word, rows in rows_of.items() if len(np.unique(labels.vectors[[*rows]], axis=0)) == 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """For each image its place in the file, or `_ABSENT` and a flaw."""

    places: Indices
    flaws: list[Flaw]

    @classmethod
    def of(cls, count: int) -> "_Match":
        """Nothing matched yet."""
        return cls(places=np.full(count, _ABSENT, dtype=np.int64), flaws=[])


def _is_text(schema: pa.Schema, name: str) -> bool:
    kind = schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _vector_column(schema: pa.Schema, path: Path) -> str:
    lists: list[str] = [one.name for one in schema if _is_vector(one.type)]
    for name in VECTOR_COLUMNS:
        if name in lists:
            return name
    if len(lists) != 1:
        what = f"several columns of vectors: {', '.join(lists)}" if lists else "no column of vectors"
        raise BadFile(
            f"{path} has {what}", hint=f"call the one to use {VECTOR_COLUMNS[0]}; found {', '.join(schema.names)}"
        )
    return lists[0]


def _is_vector(kind: Any) -> bool:
    is_list = pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    return bool(is_list and pa.types.is_floating(kind.value_type))


def _batches(path: Path, column: str) -> Iterator[Any]:
    """The column some rows at a time."""
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=[column]):
                yield batch.column(0)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path} is broken: {error}") from error


def _dim(batch: Any, path: Path) -> int:
    lengths = [] if batch is None else pc.drop_null(pc.list_value_length(batch)).to_pylist()
    if not lengths:
        raise BadFile(f"{path} has no vectors")
    return int(lengths[0])


def _places(values: Sequence[str | None]) -> dict[str, list[int]]:
    """The rows that each value stands in."""
    places_of: dict[str, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        if value:
            places_of[value].append(place)
    return places_of


def _tail(value: str | None, depth: int) -> str | None:
    """The last so many parts of a path, which may be of another machine, and of another system."""
    if not value:
        return None
    return "/".join(value.replace("\\", "/").split("/")[-depth:])
