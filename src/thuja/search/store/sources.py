"""Files of embeddings as an index takes them in: what they are, batch by batch, and what is refused of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.errors import BadFile, EmptyInput, UsageError
from thuja.search.manifest import UNKNOWN
from thuja.search.store.plain import Schema, plain

_ROWS: Final = 8192
_SUFFIXES: Final = (".parquet", ".pq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One Parquet file of embeddings, by its footer: rows, whose vectors, of how many numbers, which columns."""

    path: Path
    rows: int
    model: str
    preparation: str
    dim: int
    schema: pa.Schema

    @property
    def state(self) -> list[str | int]:
        """What tells whether it is the file of a run before."""
        status = self.path.stat()
        return [str(self.path.absolute()), status.st_size, status.st_mtime_ns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that are taken in: ids and columns, unit vectors (n, D); of those `read`, how many were refused for what."""

    table: pa.Table
    vectors: npt.NDArray[np.float16]
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def find_sources(named: Sequence[Path]) -> list[Source]:
    """The files named, and those of the folders named, sorted; raises UsageError, EmptyInput, BadFile."""
    paths: dict[Path, None] = {}
    for one in named:
        if one.is_dir():
            paths.update(dict.fromkeys(sorted(path for path in one.rglob("*") if path.suffix.lower() in _SUFFIXES)))
        elif one.exists():
            paths[one] = None
        else:
            raise UsageError(f"there is no file of embeddings at {one}", hint="thuja embed writes one")
    if not paths:
        raise EmptyInput(f"no Parquet file in {', '.join(map(str, named[:3]))}", hint="thuja embed writes one")
    return [open_source(path) for path in paths]


def open_source(path: Path) -> Source:
    """Look at one file; raises BadFile for what is no embeddings."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            for name in ("uuid", "emb"):
                if name not in schema.names:
                    raise BadFile(f'{path} has no column "{name}"', hint=f"found: {', '.join(schema.names[:20])}")
            kind = schema.field("emb").type
            is_list = pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
            if not is_list or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
                raise BadFile(f'the column "emb" of {path} must hold lists of numbers, got {kind}')
            dim = kind.list_size if pa.types.is_fixed_size_list(kind) else _first_length(file)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path} is not a Parquet file of embeddings: {error}") from error
    facts = schema.metadata or {}
    return Source(
        path=path,
        rows=rows,
        model=facts.get(b"thuja.model", b"").decode() or UNKNOWN,
        preparation=facts.get(b"thuja.preparation", b"").decode(),
        dim=dim,
        schema=schema.remove_metadata(),
    )


def _first_length(file: pq.ParquetFile) -> int:
    """Of the first vector that there is, in a file whose lists have no fixed size; 0 where there is none."""
    for batch in file.iter_batches(_ROWS, columns=["emb"]):
        lengths = pc.list_value_length(batch.column(0)).drop_null()
        if len(lengths):
            return int(lengths[0].as_py())
    return 0


def read_batches(source: Source, schema: Schema, *, start: int = 0, dim: int, most: int) -> Iterator[Batch]:
    """The rows from number `start` on, in order, at most so many at once; raises BadFile where the file breaks off."""
    names = [name for name in source.schema.names if name not in schema.left_out]
    try:
        with pq.ParquetFile(source.path) as file:
            groups, skipped = _groups_from(file, start)
            for batch in file.iter_batches(min(most, _ROWS), row_groups=groups, columns=names):
                if skipped >= batch.num_rows:
                    skipped -= batch.num_rows
                    continue
                yield _taken_in(pa.Table.from_batches([batch.slice(skipped)]), schema, source, dim=dim)
                skipped = 0
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{source.path} cannot be read to its end: {error}") from error


def _groups_from(file: pq.ParquetFile, start: int) -> tuple[list[int], int]:
    """The row groups that hold row `start` and those behind it, and how many rows of the first come before it."""
    groups, before = list(range(file.num_row_groups)), 0
    while groups and before + (rows := file.metadata.row_group(groups[0]).num_rows) <= start:
        before += rows
        groups.pop(0)
    return groups, start - before


def _taken_in(table: pa.Table, schema: Schema, source: Source, *, dim: int) -> Batch:
    """What can be used of some rows: a row needs an id and a finite vector of `dim` numbers that are not all zero."""
    vectors = table.column("emb").combine_chunks()
    vectors = pa.concat_arrays(vectors.chunks) if isinstance(vectors, pa.ChunkedArray) else vectors
    ids = table.column("uuid")
    has_id = ~np.asarray(pc.fill_null(pc.equal(ids.cast(pa.string()), ""), True))
    fits = np.asarray(pc.fill_null(pc.equal(pc.list_value_length(vectors), dim), False))
    refused = Counter(no_id=int((~has_id).sum()), other_length=int((has_id & ~fits).sum()))
    usable = has_id & fits
    values = vectors.filter(pa.array(usable)).flatten().to_numpy(zero_copy_only=False)
    wide = values.astype(np.float32).reshape(int(usable.sum()), dim)
    is_finite = np.isfinite(wide).all(axis=1)
    scale = np.abs(wide, where=is_finite[:, None], out=np.zeros_like(wide)).max(axis=1, initial=0)[:, None]
    is_direction = scale[:, 0] > 0
    refused.update(not_finite=int((~is_finite).sum()), zero=int((is_finite & ~is_direction).sum()))
    wide = wide[is_direction] / scale[is_direction]  # by the greatest first: squares of 1e30 would be infinite
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    usable[np.flatnonzero(usable)[~is_direction]] = False
    kept = table.drop_columns(["emb"]).filter(pa.array(usable))
    return Batch(
        table=plain(kept, schema, str(source.path)),
        vectors=wide.astype(np.float16),
        read=table.num_rows,
        refused=+refused,  # without noughts
    )


def require_one_space(sources: Sequence[Source], model: str | None) -> tuple[str, str, int]:
    """The model, preparation and length of vector that all files share; raises UsageError where they do not.

    `model` is whose vectors are those of files that do not say so.
    """
    named = {source.path: UNKNOWN if source.model == UNKNOWN else source.model for source in sources}
    told = {path: model if name == UNKNOWN and model else name for path, name in named.items()}
    parts = (
        ("model", told),
        ("preparation", {source.path: source.preparation for source in sources if source.preparation}),
        ("length of vector", {source.path: str(source.dim) for source in sources if source.rows}),
    )
    found = []
    for what, values in parts:
        distinct = {value: path for path, value in values.items()}
        if len(distinct) > 1:
            (one, there), (other, here) = list(distinct.items())[:2]
            raise UsageError(
                f"vectors of one index share one {what}: {there} has {one}, {here} has {other}",
                hint="build an index of each" + _unknown_hint(distinct),
            )
        found.append(next(iter(distinct), ""))
    if model and found[0] != model:
        raise UsageError(f"{sources[0].path} holds vectors of {found[0]}, not of {model}", hint="leave out --model")
    return found[0], found[1], int(found[2] or 0)


def _unknown_hint(names: object) -> str:
    return "; --model says whose vectors those of unknown are" if UNKNOWN in str(names) else ""
