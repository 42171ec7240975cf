"""Tables of paths, URLs or texts, of any length, a batch of rows at a time: CSV, TSV, Parquet, JSON lines.

What a batch holds is kept as it came: CSV's cells are text, Parquet's have their types, and JSON's
those of their values. A row that is broken comes as a Flaw in its place.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from thuja.errors import BadFile, EmptyInput, UnknownName, UsageError
from thuja.record import printable

TABLES = (".csv", ".tsv", ".parquet", ".pq", ".jsonl", ".ndjson")
IMAGE_COLUMNS = (
    "path", "file_name", "file_path", "file", "image", "image_path", "image_file", "url", "image_url",
)  # fmt: skip
"""Where the images are, when nobody says; in any case, with or without the underscore."""
TEXT_COLUMNS = ("text",)

_ROWS: Final = 1024
_MAX_LINE: Final = 2**24
_DEEPEST: Final = 32
"""Levels of a column that Parquet is given; it writes some hundred, and cannot read them again."""
_PLAIN: Final = {pa.string_view(): pa.string(), pa.binary_view(): pa.large_binary()}
"""Images are bytes, of which a thousand may be more than the 2 GB of a plain binary column."""
_LISTS: Final = ((types.is_list, pa.list_), (types.is_large_list, pa.large_list))
_OWN: Final = ("uuid", "emb")
"""The columns that embeddings have of their own."""


class Cells(NamedTuple):
    """One row of a batch: what comes along with an item."""

    batch: pa.RecordBatch
    row: int


class Row(NamedTuple):
    """What a row names (None for an empty cell), its own id (None for none), and all else that it holds."""

    value: str | bytes | None
    id: str | None
    cells: Cells


class _Batch(NamedTuple):
    """Some rows, and their cells of one column as they were read, before what UTF-8 cannot hold was escaped."""

    cells: pa.RecordBatch
    values: Callable[[str], Sequence[Any]]


class Flaw(NamedTuple):
    """A row, or the rest of a table, that cannot be read: a short stable word, and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table whose column `column` names what is to be embedded; see `open_table`."""

    path: Path
    column: str

    def rows(self) -> Iterator[Row | Flaw]:
        """All rows in order, in the memory of a thousand."""
        for found in _batches(self.path):
            if isinstance(found, Flaw):
                yield found
                continue
            batch, values = found.cells, found.values(self.column)
            ids = batch.column("uuid").to_pylist() if "uuid" in batch.schema.names else [None] * batch.num_rows
            dropped = {*_OWN, *(field.name for field in batch.schema if _holds_bytes(field.type))}
            kept = batch.select([name for name in batch.schema.names if name not in dropped])
            for row, (value, name) in enumerate(zip(values, ids, strict=True)):
                value = value if value is None or isinstance(value, bytes) else str(value)
                yield Row(value, None if name is None else printable(str(name)), Cells(kept, row))

    def count(self) -> int:
        """How many rows, for the time left; too many where cells hold line ends."""
        if self.path.suffix.lower() in (".parquet", ".pq"):
            return int(pq.read_metadata(self.path).num_rows)
        return count_lines(self.path) - (self.path.suffix.lower() in (".csv", ".tsv"))


def open_table(path: Path, column: str | None, usual: Sequence[str]) -> Table:
    """A table with its column settled: the one named, or else the first of the `usual` ones that it has.

    Raises UsageError or BadFile, before any row is read, for a table that cannot be used.
    """
    header = header_of(path)
    if column is not None:
        if column not in header:
            raise UnknownName.of(f"column of {path}", column, header)
        return Table(path=path, column=column)
    plain = {_plain(name): name for name in reversed(header)}
    found = next((plain[_plain(name)] for name in usual if _plain(name) in plain), None)
    if found is None:
        raise UsageError(f"{path} has none of the columns {', '.join(usual)}", hint=_hint(header))
    return Table(path=path, column=found)


def _hint(header: Sequence[str]) -> str:
    shown = ", ".join(name[:40] for name in header[:8])
    if len(header) == 1 and ";" in header[0]:
        return f"its heading is {shown}: separate the cells by commas, or by tabs in a .tsv"
    return f"say which one with --column: {shown}"


def common_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """Every column that any of them has, in the order met, with a type that holds all of its values.

    Where no other type does, that is text.
    """
    found: dict[str, pa.DataType] = {}
    for schema in schemas:
        for name, kind in zip(schema.names, schema.types, strict=True):
            found[name] = _wider(found[name], kind) if name in found else kind
    return pa.schema(list(found.items()))


def fitted(table: pa.Table, schema: pa.Schema, count: int) -> pa.Table:
    """The table's `count` rows with the columns of the schema; those that it lacks are nulls."""
    columns = [
        _cast(table.column(name), kind) if name in table.column_names else pa.nulls(count, kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def gathered(rows: Sequence[Cells | None]) -> pa.Table:
    """Rows of whatever batches as one table; None is a row of nulls. No columns, no rows."""
    runs: list[tuple[pa.RecordBatch | None, list[int]]] = []
    for cells in rows:
        batch, row = cells or (None, 0)
        if not runs or runs[-1][0] is not batch:
            runs.append((batch, []))
        runs[-1][1].append(row)
    schema = common_schema(batch.schema.remove_metadata() for batch, _ in runs if batch is not None)
    if not schema.names:
        return pa.table({})
    empty = pa.table({})
    return pa.concat_tables(
        fitted(empty if batch is None else pa.Table.from_batches([batch.take(places)]), schema, len(places))
        for batch, places in runs
    )


def lines(file: BinaryIO) -> Iterator[bytes | Flaw]:
    """The lines of a stream without their ends; one that has no end in 16 MB is a Flaw, once."""
    while line := file.readline(_MAX_LINE):
        if len(line) == _MAX_LINE and not line.endswith(b"\n"):
            yield Flaw("bad_row", f"a line of more than {_MAX_LINE:,} bytes")
            while line and not line.endswith(b"\n"):
                line = file.readline(_MAX_LINE)
            continue
        yield line.rstrip(b"\r\n")


def count_lines(path: Path) -> int:
    """The lines of a file, at the speed of the disk."""
    total, last = 0, b"\n"
    with path.open("rb") as file:
        while piece := file.read(2**20):
            total += piece.count(b"\n")
            last = piece[-1:]
    return total + (last != b"\n")


def header_of(path: Path) -> list[str]:
    """The names of a table's columns; raises BadFile or EmptyInput for one that has none."""
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return _distinct(pq.read_schema(path).names)
        with path.open("rb") as file:
            start = file.read(4)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"cannot read the table {path}: {_first_line(error)}") from error
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFile(f"the table {path} is UTF-16", hint="save it as UTF-8")
    first = next((batch for batch in _batches(path) if not isinstance(batch, Flaw)), None)
    if first is None:
        raise EmptyInput(f"the table {path} is empty", hint="it needs a header and at least one row")
    return list(first.cells.schema.names)


def _batches(path: Path) -> Iterator[_Batch | Flaw]:
    kind = path.suffix.lower()
    if kind in (".parquet", ".pq"):
        return _parquet_batches(path)
    return _json_batches(path) if kind in (".jsonl", ".ndjson") else _csv_batches(path)


def _parquet_batches(path: Path) -> Iterator[_Batch | Flaw]:
    """A row group at a time: where one is broken, those behind it are not."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            try:
                for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group]):
                    columns = [_without_views(column) for column in batch.columns]
                    cells = pa.RecordBatch.from_arrays(columns, names=_distinct(batch.schema.names))
                    yield _Batch(cells, partial(_values, cells))
            except (pa.ArrowException, OSError) as error:
                rows = file.metadata.row_group(group).num_rows
                message = f"{path}, some of the {rows:,} rows of row group {group}: {_first_line(error)}"
                yield Flaw("bad_table", message)


def _csv_batches(path: Path) -> Iterator[_Batch | Flaw]:
    """With Python's own reader: a broken row is one row's error, and no byte of a name is refused."""
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        reader = csv.reader(file, delimiter=separator)
        header: list[str] | None = None
        rows: list[list[str]] = []
        for number in count(1):
            flaw: Flaw | None = None
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                cells, flaw = [], Flaw("bad_row", f"{path}, row {number - 1}: {error}")
            if header is None and cells:
                header = _distinct(cell.strip() for cell in cells)
                yield _text_batch(header, [])
                continue
            if header is not None and len(cells) > len(header):
                flaw = Flaw("bad_row", f"{path}, row {number - 1}: {len(cells)} cells under {len(header)} headings")
            elif cells:
                rows.append(cells)
            if header is not None and rows and (flaw or len(rows) == _ROWS):
                yield _text_batch(header, rows)
                rows = []
            if flaw:
                yield flaw
        if header is not None and rows:
            yield _text_batch(header, rows)


def _json_batches(path: Path) -> Iterator[_Batch | Flaw]:
    with path.open("rb") as file:
        rows: list[Mapping[str, Any]] = []
        for number, line in enumerate(lines(file), start=1):
            row = line if isinstance(line, Flaw) else _json_row(line)
            if isinstance(row, Mapping):
                rows.append(row)
            if rows and (isinstance(row, Flaw) or len(rows) == _ROWS):
                yield _typed_batch(rows)
                rows = []
            if isinstance(row, Flaw):
                yield Flaw(row.reason, f"{path}, line {number}: {row.message}")
        if rows:
            yield _typed_batch(rows)


def _json_row(line: bytes) -> Mapping[str, Any] | Flaw | None:
    if not line.strip():
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Flaw("bad_row", f"no JSON: {_first_line(error)}")
    return row if isinstance(row, dict) else Flaw("bad_row", f"not an object but {type(row).__name__}")


def _text_batch(header: Sequence[str], rows: Sequence[Sequence[str]]) -> _Batch:
    def values(column: str) -> list[str | None]:
        place = header.index(column)
        return [row[place] if place < len(row) else None for row in rows]

    columns = [pa.array([cell and printable(cell) for cell in values(name)], pa.string()) for name in header]
    return _Batch(pa.RecordBatch.from_arrays(columns, names=list(header)), values)


def _typed_batch(rows: Sequence[Mapping[str, Any]]) -> _Batch:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [_typed([row.get(name) for row in rows]) for name in names]
    cells = pa.RecordBatch.from_arrays(columns, names=_distinct(names))
    return _Batch(cells, lambda column: [row.get(column) for row in rows])


def _typed(values: Sequence[Any]) -> pa.Array:
    """Values of one type that Parquet can hold as that type, and else as text: JSON's, but for what is text already."""
    try:
        column = pa.array(values)
        if _is_storable(column.type):
            return column
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError):
        pass
    return pa.array([_as_text(value) for value in values], pa.string())


def _is_storable(kind: pa.DataType, levels: int = _DEEPEST) -> bool:
    """Whether Parquet can hold it: no struct without fields, and not too many in one another."""
    if levels == 0 or (types.is_struct(kind) and kind.num_fields == 0):
        return False
    return all(_is_storable(kind.field(place).type, levels - 1) for place in range(kind.num_fields))


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else printable(value)
    return json.dumps(value, default=str)


def _without_views(column: pa.Array) -> pa.Array:
    """Texts and bytes as the types that Arrow can pick rows of; of those that others write it cannot."""
    kind = _mapped(column.type, lambda leaf: _PLAIN.get(leaf, leaf))
    return column if kind == column.type else column.cast(kind)


def _mapped(kind: pa.DataType, of_leaf: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """The type with the leaves of its lists and structs replaced."""
    if types.is_struct(kind):
        return pa.struct([field.with_type(_mapped(field.type, of_leaf)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_mapped(kind.key_type, of_leaf), _mapped(kind.item_type, of_leaf), keys_sorted=kind.keys_sorted)
    for is_list, listed in _LISTS:
        if is_list(kind):
            field = kind.value_field
            return listed(field.with_type(_mapped(field.type, of_leaf)))
    if types.is_fixed_size_list(kind):
        field = kind.value_field
        return pa.list_(field.with_type(_mapped(field.type, of_leaf)), kind.list_size)
    return of_leaf(kind)


def _values(cells: pa.RecordBatch, column: str) -> list[Any]:
    """What each cell names; an image's own bytes where it holds them, as Hugging Face's data sets do."""
    values: list[Any] = cells.column(column).to_pylist()
    if types.is_struct(cells.column(column).type):
        values = [value and (value.get("bytes") or value.get("path")) for value in values]
    return values


def _holds_bytes(kind: pa.DataType) -> bool:
    if types.is_struct(kind):
        return any(field.name == "bytes" and _holds_bytes(field.type) for field in kind)
    return kind in (pa.binary(), pa.large_binary())


def _wider(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    """A type that holds every value of both, told from the types alone: values of other parts are not at hand."""
    if first == second:
        return first
    try:
        schemas = [pa.schema([("x", kind)]) for kind in (first, second)]
        wider = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        for kind in (first, second):
            pa.nulls(1, kind).cast(wider)
    except pa.ArrowException:
        return pa.string()
    return wider if _holds(wider, first) and _holds(wider, second) else pa.string()


def _holds(wider: pa.DataType, kind: pa.DataType) -> bool:
    """Whether each value of a type is one of the wider; of a count beyond 2**53 among fractions, nearly."""
    if wider == kind or types.is_null(kind):
        return True
    if types.is_integer(wider) and types.is_integer(kind):
        return _integers_hold(wider, kind)
    if types.is_floating(wider):
        return bool(types.is_integer(kind) or (types.is_floating(kind) and wider.bit_width >= kind.bit_width))
    if types.is_decimal(wider) and types.is_decimal(kind):
        return bool(wider.scale >= kind.scale and wider.precision - wider.scale >= kind.precision - kind.scale)
    if types.is_struct(wider) and types.is_struct(kind):
        return all(_holds(wider.field(field.name).type, field.type) for field in kind)
    if _is_list(wider) and _is_list(kind):
        return _holds(wider.value_type, kind.value_type)
    return bool(wider == pa.large_string() and types.is_string(kind))


def _integers_hold(wider: pa.DataType, kind: pa.DataType) -> bool:
    if types.is_signed_integer(wider) == types.is_signed_integer(kind):
        return bool(wider.bit_width >= kind.bit_width)
    return bool(types.is_signed_integer(wider) and wider.bit_width > kind.bit_width)


def _is_list(kind: pa.DataType) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column as a type that `_wider` found for it."""
    if column.type == kind:
        return column
    is_text = types.is_string(kind) or types.is_large_string(kind)
    if is_text and not types.is_null(column.type):
        spoken = column.cast(_mapped(column.type, _spoken))
        return pa.chunked_array([[_as_text(value) for value in spoken.to_pylist()]], kind)
    return pc.cast(column, options=pc.CastOptions(target_type=kind, allow_float_truncate=True))


def _spoken(kind: pa.DataType) -> pa.DataType:
    """Text for what Python has no number for, or not of every year, as the nanoseconds of a time."""
    return pa.string() if types.is_temporal(kind) or types.is_decimal(kind) else kind


def _distinct(names: Iterable[str]) -> list[str]:
    """Column names as they are, but for empty ones and those that stand twice: `column_3`, `name_2`."""

    def add(taken: list[str], name: str) -> list[str]:
        name = printable(name) or f"column_{len(taken) + 1}"
        free = next(one for number in count(1) if (one := name if number == 1 else f"{name}_{number}") not in taken)
        return [*taken, free]

    return reduce(add, names, list[str]())


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _first_line(error: BaseException) -> str:
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return why.splitlines()[0] if why else type(error).__name__
