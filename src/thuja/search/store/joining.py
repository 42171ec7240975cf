"""Columns that other tables bring by `uuid`, such as a catalog's, read a row group at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from thuja.errors import BadFile, UsageError
from thuja.search.store.plain import NUMBER, WHOLE, Schema, plain, taken, widened

_ID: Final = "uuid"
_CATALOG: Final = "catalog.parquet"
_PATH: Final = "path"
"""Where a catalog's images lie on the machine that made it: nobody's business who searches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """One such table, and what an index keeps of it."""

    path: Path
    schema: Schema

    @classmethod
    def open(cls, path: Path, *, without: Sequence[str] = ()) -> "Extra":
        """Look at a Parquet file, or the catalog of a data folder; raises UsageError and BadFile."""
        if path.is_dir():
            path, without = path / _CATALOG, (*without, _PATH)
        if not path.is_file():
            raise UsageError(f"there is no table at {path}", hint="a Parquet file with a column uuid, or a data folder")
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"{path} is not a Parquet file: {error}") from error
        if _ID not in schema.names:
            raise BadFile(f'{path} has no column "uuid" to join by', hint=f"found: {', '.join(schema.names[:20])}")
        return cls(path=path, schema=Schema.of(schema, without=without))


def joined(table: pa.Table, extras: Sequence[Extra]) -> pa.Table:
    """A segment's rows with what the tables know of their ids; where these know nothing a row keeps its own values."""
    for extra in extras:
        found = _found(table, extra)
        places = pc.index_in(table.column(_ID), value_set=found.column(_ID).combine_chunks()).combine_chunks()
        found = taken(found, places)
        for name in extra.schema.types:
            at = table.schema.get_field_index(name)
            kind = table.schema.field(at).type
            brought = found.column(name)
            brought = widened(brought) if (brought.type, kind) == (WHOLE, NUMBER) else brought.cast(kind)
            table = table.set_column(at, name, pc.coalesce(brought, table.column(name)))
    return table


def _found(table: pa.Table, extra: Extra) -> pa.Table:
    """The rows of a table whose id is among a segment's, each id once: the last row of it."""
    wanted = pc.unique(table.column(_ID))
    names = [name for name in pq.read_schema(extra.path).names if name not in extra.schema.left_out]
    parts = [plain(pq.read_schema(extra.path).empty_table(), extra.schema, str(extra.path))]
    try:
        with pq.ParquetFile(extra.path) as file:
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=[_ID]).column(_ID).cast(pa.string())
                hits = pc.is_in(ids, value_set=wanted)
                if pc.any(hits).as_py():
                    rows = file.read_row_group(group, columns=names).filter(hits)
                    parts.append(plain(rows, extra.schema, str(extra.path)))
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{extra.path} cannot be read to its end: {error}") from error
    found = pa.concat_tables(parts)
    ids = found.column(_ID)
    distinct = pc.unique(ids)
    last = np.zeros(len(distinct), dtype=np.int64)
    last[np.asarray(pc.index_in(ids, value_set=distinct))] = np.arange(len(ids))
    return taken(found, pa.array(last))
