"""Embeddings that are made already, as queries: a Parquet file of thuja's, read some rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.embeddings import Embeddings, Vectors, matrix_of
from thuja.encode.tables import Cells
from thuja.errors import BadFile, UsageError
from thuja.record import printable

_ROWS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorFile:
    """Vectors in a file, or (`table`) in memory: by which model, of how many dimensions, how many."""

    name: str
    model: str
    dim: int
    rows_in_all: int
    path: Path | None = None
    table: pa.Table | None = None

    @classmethod
    def found(cls, path: Path) -> "VectorFile | None":
        """The file of embeddings at `path`; None where it is a table of something else. Raises BadFile."""
        if path.suffix.lower() not in (".parquet", ".pq"):
            return None
        try:
            with pq.ParquetFile(path) as file:
                schema, rows = file.schema_arrow, file.metadata.num_rows
                if not {"uuid", "emb"} <= set(schema.names):
                    return None
                first = next(file.iter_batches(batch_size=1, columns=["emb"]), None)
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"cannot read {path}: {str(error).splitlines()[0]}") from error
        dim = matrix_of(first.column(0), path).shape[1] if first is not None and len(first) else 0
        model = (schema.metadata or {}).get(b"thuja.model", b"").decode("utf-8", "replace")
        return cls(name=str(path), model=model, dim=dim, rows_in_all=rows, path=path)

    @classmethod
    def held(cls, embeddings: Embeddings, *, name: str) -> "VectorFile":
        """Embeddings that a program holds."""
        table = embeddings.to_table()
        return cls(name=name, model=embeddings.model, dim=embeddings.dim, rows_in_all=len(embeddings), table=table)

    def require_made_by(self, model: str, dim: int) -> None:
        """Raise UsageError where another model made them, or nobody says which."""
        if self.rows_in_all and self.dim != dim:
            raise UsageError(
                f"the embeddings in {self.name} have {self.dim} dimensions, the model {model} has {dim}",
                hint="make them again with this model: thuja embed",
            )
        if self.model != model:
            told = f"were made by {self.model}" if self.model else "do not say which model made them"
            raise UsageError(
                f"the embeddings in {self.name} {told}, and the model is {model}",
                hint="make them again with this model: thuja embed",
            )

    def rows(self) -> Iterator[tuple[str, Cells | None, Vectors]]:
        """A name, what came along and the vector of each row, in order; raises BadFile."""
        where = self.path or Path(self.name)
        try:
            for batch in self._batches():
                matrix = matrix_of(batch.column("emb"), where)
                if matrix.shape[1] != self.dim:
                    raise BadFile(f"the vectors in {where} are not all of one length")
                kept = batch.select([name for name in batch.schema.names if name not in ("uuid", "emb")])
                names = batch.column("uuid").to_pylist()
                for row, (name, vector) in enumerate(zip(names, matrix, strict=True)):
                    yield printable(str(name)), Cells(kept, row) if kept.num_columns else None, vector
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{where} is broken: {str(error).splitlines()[0]}") from error

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if self.path is None:
            assert self.table is not None
            yield from self.table.to_batches(max_chunksize=_ROWS)
            return
        with pq.ParquetFile(self.path) as file:
            yield from file.iter_batches(batch_size=_ROWS)
