"""Vectors under their ids, with their origin and columns of facts, in one Parquet file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.errors import BadFile, ThujaError, UnknownName
from thuja.jobs import atomic_path

Vectors = npt.NDArray[np.floating[Any]]
F = TypeVar("F", bound=np.floating[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Vectors of images or texts, with where they come from.

    `vectors` is (N, D), float16 or float32; `columns` has N rows (ranks and whatever came along)
    and neither `uuid` nor `emb`. `model` is the id of the model that made the vectors,
    `preparation` how the images were prepared, as `Preparation.name` says it, and `precision` the
    number format that the model computed in, empty where nobody said.
    """

    ids: Sequence[str]
    vectors: Vectors
    model: str
    is_normalized: bool = True
    preparation: str = ""
    precision: str = ""
    columns: pa.Table = field(default_factory=lambda: pa.table({}))

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.ids):
            raise ThujaError(f"expected {len(self.ids)} vectors in a matrix, got shape {self.vectors.shape}")
        if self.vectors.dtype not in (np.float16, np.float32):
            raise ThujaError(f"vectors must be float16 or float32, got {self.vectors.dtype}")
        names = self.columns.column_names
        if names and self.columns.num_rows != len(self.ids):
            raise ThujaError(f"expected {len(self.ids)} rows of columns, got {self.columns.num_rows}")
        if len({"uuid", "emb", *names}) != len(names) + 2:
            raise ThujaError(f"columns must be distinct, and neither uuid nor emb, got {', '.join(names)}")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dim(self) -> int:
        """D, the length of one vector."""
        return int(self.vectors.shape[1])

    def select(self, which: npt.ArrayLike) -> "Embeddings":
        """The rows at these positions, or where this mask is true, in that order; raises IndexError."""
        rows = positions(which, len(self))
        return replace(
            self,
            ids=[self.ids[int(row)] for row in rows],
            vectors=self.vectors[rows],
            columns=self.columns.take(rows) if self.columns.num_columns else self.columns,
        )

    def join(self, table: pa.Table, *, key: str = "uuid") -> "Embeddings":
        """Bring in the columns of `table`, matched by id; ids that it lacks get nulls.

        A column that is there already is replaced. Raises ThujaError when a key stands twice, and
        UnknownName when there is no column `key`.
        """
        if key not in table.column_names:
            raise UnknownName.of("column to join by", key, table.column_names)
        keys = table.column(key).to_pylist()
        row_of = {name: row for row, name in enumerate(keys)}
        if len(row_of) != len(keys):
            raise ThujaError(f'the column "{key}" to join by has duplicates')
        rows = pa.array([row_of.get(name) for name in self.ids], type=pa.int64())
        columns = self.columns
        for name in table.column_names:
            if name in ("uuid", "emb", key):
                continue
            column = table.column(name).take(rows)
            if name in columns.column_names:
                columns = columns.set_column(columns.column_names.index(name), name, column)
            else:
                columns = columns.append_column(name, column) if columns.num_columns else pa.table({name: column})
        return replace(self, columns=columns)

    def normalized(self) -> "Embeddings":
        """The same with every vector at length one (in float32 inside); zero vectors stay zero."""
        if self.is_normalized:
            return self
        vectors = normalized(self.vectors.astype(np.float32)).astype(self.vectors.dtype)
        return replace(self, vectors=vectors, is_normalized=True)

    def to_table(self) -> pa.Table:
        """What `save` writes: `uuid`, `emb` (a fixed-size list), then the columns; the rest in the metadata."""
        dtype = pa.from_numpy_dtype(self.vectors.dtype)
        flat = pa.array(np.ascontiguousarray(self.vectors).reshape(-1), type=dtype)
        table = pa.table(
            {
                "uuid": pa.array(self.ids, type=pa.string()),
                "emb": pa.FixedSizeListArray.from_arrays(flat, self.dim),
                **{name: self.columns.column(name) for name in self.columns.column_names},
            }
        )
        facts = {"model": self.model, "normalized": str(self.is_normalized).lower(), "preparation": self.preparation}
        if self.precision:
            facts["precision"] = self.precision
        return table.replace_schema_metadata({f"thuja.{name}": value for name, value in facts.items()})

    def save(self, path: Path) -> None:
        """Write the table as a Parquet file, whole or not at all."""
        table = self.to_table()
        with atomic_path(Path(path)) as temporary:
            pq.write_table(table, temporary)

    @classmethod
    def load(cls, path: Path) -> "Embeddings":
        """Read what `save` wrote, or any Parquet file with `uuid` and a list column `emb`.

        A file of someone else's counts as not normalised and its model as unknown.
        """
        try:
            table = pq.read_table(path)
        except FileNotFoundError as error:
            raise BadFile(f"there is no file of embeddings at {path}") from error
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{path} is not a Parquet file of embeddings: {error}") from error
        for name in ("uuid", "emb"):
            if name not in table.column_names:
                raise BadFile(f'{path} has no column "{name}"', hint=f"found: {', '.join(table.column_names)}")
        metadata: Mapping[bytes, bytes] = table.schema.metadata or {}
        if table.column("uuid").null_count:
            raise BadFile(f"{path} has rows without a uuid")
        return cls(
            ids=[str(name) for name in table.column("uuid").to_pylist()],
            vectors=matrix_of(table.column("emb").combine_chunks(), path),
            model=metadata.get(b"thuja.model", b"unknown").decode(),
            is_normalized=metadata.get(b"thuja.normalized", b"false") == b"true",
            preparation=metadata.get(b"thuja.preparation", b"").decode(),
            precision=metadata.get(b"thuja.precision", b"").decode(),
            columns=table.drop_columns(["uuid", "emb"]).replace_schema_metadata(None),
        )


def normalized(vectors: npt.NDArray[F]) -> npt.NDArray[F]:
    """Vectors (..., D) at length one, in the precision that they have; a vector of zeros stays.

    >>> normalized(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=vectors.dtype)


def positions(which: npt.ArrayLike, count: int) -> npt.NDArray[np.int64]:
    """Positions among `count` rows, counted from the front, from positions or a mask; raises IndexError."""
    rows = np.atleast_1d(np.asarray(which))
    if not rows.size:
        return np.zeros(0, dtype=np.int64)
    front: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64)[rows]
    return front


def matrix_of(column: pa.Array | pa.ChunkedArray, path: Path) -> Vectors:
    """A column of lists of numbers, all of one length D, as (N, D) float16 or float32; raises BadFile for another."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], type=column.type)
    kind = column.type
    is_list = pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not is_list or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise BadFile(f"the vectors in {path} must hold lists of numbers, got {kind}")
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    if len(lengths) > 1 or None in lengths:
        raise BadFile(f"the vectors in {path} are not all of one length")
    size = lengths[0] if lengths else (kind.list_size if pa.types.is_fixed_size_list(kind) else 0)
    values = column.flatten().to_numpy(zero_copy_only=False)
    if values.dtype not in (np.float16, np.float32):
        values = values.astype(np.float32)
    matrix: Vectors = values.reshape(len(column), size)
    return matrix
