"""A label space on disk: `labels.parquet`, `embeddings.npy` and `labels.json` in one folder."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.embeddings import Vectors
from thuja.errors import BadFile, OutputExists, ThujaError
from thuja.jobs import atomic_path, write_json
from thuja.labels.columns import COLUMNS, COMMON, Column, Taxa, Texts
from thuja.taxonomy import Rank, Taxon

FACTS = "labels.json"
"""Stands in the folder of a whole label space: the model's id, how many labels, how they were made."""
HALF, SINGLE = "float16", "float32"
"""What the vectors of a folder may be."""

_TABLE, _VECTORS = "labels.parquet", "embeddings.npy"
_ROW_GROUP = 1 << 16


class Named(Protocol):
    """Labels without their vectors."""

    @property
    def texts(self) -> Sequence[str]: ...
    @property
    def taxa(self) -> Sequence[Taxon]: ...


class Part(Named, Protocol):
    """Labels with their vectors: a whole label space, or some of one."""

    @property
    def vectors(self) -> Vectors: ...
    @property
    def model(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is in a folder, none of it read before it is used."""

    texts: Texts
    vectors: Vectors
    model: str
    taxa: Taxa | tuple[()]


def open_folder(folder: Path) -> Stored:
    """What `save_parts` wrote; raises BadFile for a folder that is not whole."""
    folder = Path(folder)
    try:
        facts = read_facts(folder)
        # The open file stays what it was when another label space takes its place.
        names = pq.read_schema(folder / _TABLE).names
        coded = [name for name in COLUMNS if name in names]
        file = pq.ParquetFile(folder / _TABLE, memory_map=True, read_dictionary=coded)
        count = file.metadata.num_rows
        vectors = np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False)
        model = str(facts["model"])
        if "text" not in names:
            raise ValueError(f"{_TABLE} has no column text")
    except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
        raise BadFile(f"{folder} is not a label space: {error}") from error
    read = partial(_read, folder / _TABLE, file)
    taxa = Taxa(count, partial(_read_column, read, names, count)) if Rank.KINGDOM.label in names else ()
    return Stored(texts=Texts(count, partial(read, "text")), vectors=vectors, model=model, taxa=taxa)


def _read(path: Path, file: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    try:
        return file.read([name]).column(name)
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read: {error}", hint="build the labels again") from error


def _read_column(read: "partial[pa.ChunkedArray]", names: Sequence[str], count: int, name: str) -> Column:
    return Column.of(read(name)) if name in names else Column.empty(count)


def read_facts(folder: Path) -> dict[str, Any]:
    """What `labels.json` says: `model`, `labels`, `dim`, and how it was built; raises BadFile."""
    try:
        facts = json.loads((Path(folder) / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadFile(f"{folder} is not a label space: {error}") from error
    if not isinstance(facts, dict) or not {"model", "labels", "dim"} <= set(facts):
        raise BadFile(f"{folder} is not a label space: {FACTS} says neither model, labels nor dim")
    return facts


def require_free(out: Path, *, force: bool = False) -> None:
    """Raise OutputExists unless a label space may be written there: in the place of another one with `force` alone."""
    require_no_other(out)
    if (Path(out) / FACTS).exists() and not force:
        raise OutputExists(f"{out} holds another label space", hint="--force replaces it")


def require_no_other(out: Path) -> None:
    """Raise OutputExists for a file, or a folder that holds something else than a label space."""
    if out.is_file():
        raise OutputExists(f"the output {out} is a file", hint="name a folder")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in (FACTS, _TABLE, _VECTORS)):
        raise OutputExists(f"the folder {out} holds something else", hint="name another, or an empty one")


def count_ranks(folder: Path) -> dict[Rank, int]:
    """How many taxa a label space has at each rank, those above its labels too; none for custom labels."""
    path = Path(folder) / _TABLE
    try:
        names = pq.read_schema(path).names
        ranks = [rank for rank in Rank if rank.label in names]
        table = pq.read_table(path, columns=[rank.label for rank in ranks])
    except (OSError, ValueError) as error:
        raise BadFile(f"{folder} is not a label space: {error}") from error
    counts = {}
    for rank in ranks:
        named = table.filter(pc.is_valid(table.column(rank.label)))
        counts[rank] = named.group_by([above.label for above in ranks if above <= rank]).aggregate([]).num_rows
    return counts


def save_parts(
    folder: Path,
    parts: Iterable[Part],
    *,
    count: int,
    facts: Mapping[str, Any] | None = None,
    dtype: str = HALF,
) -> None:
    """Write one label space of `count` labels that comes in parts of one kind, in a part's memory.

    `facts` (text type, prompts, precision) stand in `labels.json`, beside the model's id. `dtype` is float16 or
    float32.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    done, dim, model = 0, 0, ""
    with half_written(folder) as (rows, vectors_file):
        for part in parts:
            if done == 0:
                dim, model = part.vectors.shape[1], part.model
                write_header(vectors_file, (count, dim), kind)
            done += len(part.texts)
            if done > count:
                break
            if part.vectors.shape[1] != dim:
                raise ThujaError(f"expected label vectors of {dim} dimensions, got {part.vectors.shape[1]}")
            _write_rows(vectors_file, part.vectors, kind)
            rows.add(part)
        if done != count:
            raise ThujaError(f"expected {count} labels in all parts, got {done}")
    write_json(Path(folder) / FACTS, {"model": model, "labels": done, "dim": dim, **(facts or {})})


@contextmanager
def half_written(folder: Path) -> Iterator[tuple["LabelTable", BinaryIO]]:
    """The table and the file of vectors, which take their places when the block ends well.

    The folder does not load before its `labels.json` is written after that.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).unlink(missing_ok=True)
    with (
        atomic_path(folder / _TABLE) as table_path,
        atomic_path(folder / _VECTORS) as vectors_path,
        table_path.open("wb") as table_file,
        vectors_path.open("wb") as vectors_file,
        closing(LabelTable(table_file)) as rows,
    ):
        yield rows, vectors_file


def write_header(file: BinaryIO, shape: tuple[int, int], kind: "np.dtype[Any]") -> None:
    """What a .npy file begins with."""
    np.lib.format.write_array_header_1_0(file, {"descr": kind.str, "fortran_order": False, "shape": shape})


def _write_rows(file: BinaryIO, vectors: Vectors, kind: "np.dtype[Any]") -> None:
    """Written, not mapped into memory: where the disk is full, that is an error and not a signal that kills."""
    for start in range(0, len(vectors), _ROW_GROUP):
        file.write(np.ascontiguousarray(vectors[start : start + _ROW_GROUP], dtype=kind).data)


class LabelTable:
    """Writes `labels.parquet` in row groups of many parts."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file  # Python's own: its errors say what the system said
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def add(self, part: Named) -> None:
        """Append these labels."""
        for start in range(0, len(part.texts), _ROW_GROUP):
            self._waiting.append(_rows(part, slice(start, start + _ROW_GROUP)))
            if sum(table.num_rows for table in self._waiting) >= _ROW_GROUP:
                self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        if self._waiting:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        table = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table, row_group_size=_ROW_GROUP)
        self._waiting = []


def _rows(part: Named, which: slice) -> pa.Table:
    """Some of a part's labels as they stand in `labels.parquet`; a missing name is a null."""
    texts = part.texts[which]
    columns: dict[str, pa.Array] = {
        "text": texts.arrow if isinstance(texts, Texts) else pa.array(texts, type=pa.string())
    }
    if part.taxa:
        taxa = Taxa.of(part.taxa[which])
        columns |= {name: taxa.column(name).strings() for name in COLUMNS if name != COMMON}
        names = taxa.scientific_names().arrow
        columns["scientific_name"] = pc.if_else(pc.equal(names, ""), pa.scalar(None, pa.string()), names)
        columns[COMMON] = taxa.column(COMMON).strings()
    return pa.table(columns)
