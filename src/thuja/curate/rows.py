"""The table that the steps of a curation hand on: the catalog, and what only the steps need."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from thuja.record import CATALOG_SCHEMA

Row = dict[str, Any]

STEP_SCHEMA = pa.schema(
    [
        *CATALOG_SCHEMA,
        ("place", pa.string()),
        ("eval_keys", pa.string()),
        ("resolution_reason", pa.string()),
        ("lineage", pa.string()),
    ]
)
"""The catalog, and what only the steps need.

`place` is where the bytes lie on this machine (see images.places; null until they are downloaded), `eval_keys` holds
further ids by which an evaluation set may know the image, parted by `;`, `resolution_reason` is the resolver's, which
goes to names.csv, and `lineage` is the seven names in one cell, to group by.
"""

_CHUNK = 20_000


def drop(row: Row, reason: str, step: str) -> Row:
    """The row, dropped for this reason by this step."""
    return row | {"drop_reason": reason, "dropped_by": step}


def write_rows(path: Path, rows: Iterable[Row]) -> int:
    """Write rows as Parquet in chunks, so that a long listing never stands in memory; returns how many."""
    count = 0
    stream = iter(rows)
    with pq.ParquetWriter(path, STEP_SCHEMA) as writer:
        for chunk in _chunks(stream):
            count += len(chunk)
            writer.write_table(pa.Table.from_pylist(chunk, schema=STEP_SCHEMA))
    return count


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK)):
        yield chunk
