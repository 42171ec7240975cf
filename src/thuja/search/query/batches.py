"""Many queries at once: vectors that `thuja embed` wrote in, a row a neighbour out, in blocks that survive a kill."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from thuja.embeddings import matrix_of
from thuja.errors import BadFile, EmptyInput, OutputExists, UsageError
from thuja.jobs import Progress, Share, Units, atomic_path
from thuja.search.engine.effort import STANDARD, Effort
from thuja.search.filters import Filter
from thuja.search.manifest import is_model_of
from thuja.search.query.asked import require_k
from thuja.search.query.searched import Searched

BLOCK: Final = 1024
"""Queries that are searched at once at most, and what a kill loses."""
_NEIGHBOURS: Final = 250_000
"""Neighbours in memory at a time: of many a query, fewer queries are searched at once."""
_OWN: Final = ("query_uuid", "rank", "uuid", "score")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is asked of each query: `k` neighbours that the filter keeps, told with these columns of the index.

    `without_self` leaves out the row of the query's own id. `version` says which state of the index is searched, so
    that no other one goes on with a killed run.
    """

    queries: Path
    out: Path
    k: int = 10
    filter: Filter = field(default_factory=Filter)
    effort: Effort = STANDARD
    columns: tuple[str, ...] = ()
    without_self: bool = False
    version: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        require_k(self.k)
        if self.out.suffix.lower() not in (".parquet", ".pq"):
            raise UsageError(f"the results of many queries are Parquet, got {self.out}", hint="name it .parquet")
        wrong = set(self.columns) & set(_OWN)
        if wrong:
            raise UsageError(f'"{min(wrong)}" is a column of the result already', hint=f"beside {', '.join(_OWN)}")

    @property
    def block(self) -> int:
        """How many queries are searched at once."""
        return max(1, min(BLOCK, _NEIGHBOURS // self.k))

    def plan(self) -> dict[str, Any]:
        """What tells this job from every other one."""
        stat = self.queries.stat()
        return {
            "queries": [str(self.queries), stat.st_size, stat.st_mtime_ns],
            "index": self.version,
            "k": self.k,
            "filter": repr(self.filter.key),
            "effort": repr(self.effort),
            "columns": list(self.columns),
            "without_self": self.without_self,
        }


def search_batch(index: Searched, batch: Batch, *, label: str = "") -> int:
    """Search for every vector of a file, and write `query_uuid`, `rank` from 1, `uuid`, `score` and columns.

    A query has fewer rows where the filter keeps fewer. A killed run goes on with the same call. Returns how many
    queries there were. Raises BadFile and UsageError for what is no file of vectors of the index's model, OutputExists.
    """
    if batch.out.exists() and not batch.force:
        raise OutputExists(f"{batch.out} is there already", hint="--force replaces it")
    file = _opened(batch.queries, index)
    total = int(file.metadata.num_rows)
    if not total:
        raise EmptyInput(f"{batch.queries} holds no query")
    units = Units.open(batch.out.with_name(f"{batch.out.name}.parts"), batch.plan(), Share(), force=batch.force)
    progress = Progress(total=total, label=label, unit="queries")
    try:
        for number, block in enumerate(file.iter_batches(batch_size=batch.block, columns=["uuid", "emb"])):
            if not units.is_done(number):
                table = neighbours(index, block, batch)
                with units.writing(number) as path:
                    pq.write_table(table, path)
            progress.advance(len(block))
    finally:
        progress.close()
    _join([units.path(number) for number in range(-(-total // batch.block))], batch.out)
    units.remove()
    return total


def neighbours(index: Searched, block: pa.RecordBatch, batch: Batch) -> pa.Table:
    """The rows of the result for some queries (`uuid`, `emb`)."""
    names = np.asarray(block.column("uuid").cast(pa.string()).to_pylist(), dtype=object)
    vectors = np.asarray(matrix_of(block.column("emb"), batch.queries), dtype=np.float32)
    _require_vectors(vectors, batch.queries, names)
    asked = batch.k + batch.without_self
    found = index.search(vectors, k=asked, filter=None if batch.filter.is_empty else batch.filter, effort=batch.effort)
    keys, scores = found.keys, found.scores
    is_wanted = keys >= 0
    distinct, places = np.unique(keys[is_wanted], return_inverse=True)
    rows = index.rows(distinct.tolist(), list(batch.columns)).select(["uuid", *batch.columns]).take(pa.array(places))
    query_of = np.repeat(np.arange(len(names)), is_wanted.sum(axis=1))
    table = pa.table({"query": query_of, "score": scores[is_wanted]})
    if batch.without_self:
        own = pa.array(np.asarray(rows.column("uuid").to_pylist(), dtype=object) != names[query_of])
        table, rows = table.filter(own), rows.filter(own)
    queries = table.column("query").to_numpy()
    rank = 1 + _since_change(queries)
    is_kept = pa.array(rank <= batch.k)
    columns = {name: rows.column(name) for name in batch.columns}
    return pa.table(
        {
            "query_uuid": pa.array(names[queries], type=pa.string()),
            "rank": pa.array(rank, type=pa.int32()),
            "uuid": rows.column("uuid"),
            "score": table.column("score"),
            **columns,
        }
    ).filter(is_kept)


def _since_change(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many rows before each have the same value, in sorted values (n,)."""
    _, first, counts = np.unique(values, return_index=True, return_counts=True)
    return np.arange(len(values)) - np.repeat(first, counts)


def _opened(path: Path, index: Searched) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise UsageError(f"there is no file of queries at {path}", hint="thuja embed writes one") from error
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path} is not a Parquet file: {error}") from error
    names = file.schema_arrow.names
    for name in ("uuid", "emb"):
        if name not in names:
            raise BadFile(f'{path} has no column "{name}"', hint=f"found: {', '.join(names)}; thuja embed writes both")
    model = (file.schema_arrow.metadata or {}).get(b"thuja.model", b"").decode()
    if model and index.model and not is_model_of(index.model, model):
        raise UsageError(
            f"the queries were made by {model}, and the index by {index.model}: they can not be compared",
            hint="embed them with the model of the index",
        )
    kind = file.schema_arrow.field("emb").type
    dim = kind.list_size if pa.types.is_fixed_size_list(kind) else _first_length(file)
    if dim is not None and dim != index.dim:
        raise UsageError(f"the queries in {path} have {dim} numbers, the vectors of the index {index.dim}")
    return file


def _first_length(file: pq.ParquetFile) -> int | None:
    """Of the first vector, in a file whose lists have no fixed size; None where the file or it is empty."""
    first = next(file.iter_batches(batch_size=1, columns=["emb"]), None)
    value = None if first is None or not len(first) else first.column(0)[0].as_py()
    return None if value is None else len(value)


def _require_vectors(vectors: npt.NDArray[np.float32], path: Path, names: npt.NDArray[Any]) -> None:
    is_wrong = ~np.isfinite(vectors).all(axis=1) | ~vectors.any(axis=1)
    if is_wrong.any():
        name = names[is_wrong][0]
        raise BadFile(f'the vector of "{name}" in {path} is zero, or holds what is no number', hint="embed it again")


def _join(parts: list[Path], out: Path) -> None:
    """All parts in one file, block by block, whole or not at all."""
    schema = pa.unify_schemas([pq.read_schema(part) for part in parts], promote_options="permissive")
    with atomic_path(out) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for part in parts:
            writer.write_table(_as(pq.read_table(part), schema))


def _as(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table in a schema of which it may lack columns."""
    arrays = [
        table.column(one.name).cast(one.type) if one.name in table.column_names else pa.nulls(len(table), one.type)
        for one in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
