"""Columns of any table as the three kinds that an index holds: text, numbers, truths."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from thuja.errors import BadFile, UsageError
from thuja.taxonomy import RANKS

TEXT, WHOLE, NUMBER, BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
KIND_OF: Final[Mapping[pa.DataType, str]] = {TEXT: "text", WHOLE: "number", NUMBER: "number", BOOL: "bool"}
RANK_COLUMNS: Final = tuple(rank.label for rank in RANKS)
OWN: Final = ("uuid", "emb")
_BLOCK: Final = 8192
_OTHER_NAMES: Final = {"common_name": "common"}
"""How others call a column that thuja has a name for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The columns of an index beside `uuid`, each of one type of KIND_OF; `left_out` are those of no such kind."""

    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def kinds(self) -> dict[str, str]:
        """`text`, `number` or `bool` by column."""
        return {name: KIND_OF[kind] for name, kind in self.types.items()}

    @property
    def arrow(self) -> pa.Schema:
        """Of the table of rows: `uuid` first."""
        return pa.schema([("uuid", TEXT), *self.types.items()])

    @classmethod
    def of(cls, schema: pa.Schema, *, without: Sequence[str] = ()) -> "Schema":
        """What an index keeps of a table."""
        kept: dict[str, pa.DataType] = {}
        left_out = []
        for one in schema:
            name = _name(one.name, schema.names)
            if one.name in OWN or name in without or one.name in without or types.is_null(one.type):
                continue  # a column without a type has no value: it is of the kind that others give it
            kind = _plain_type(one.type)
            if kind is None:
                left_out.append(one.name)
            else:
                kept[name] = TEXT if name in RANK_COLUMNS else kind
        return cls(types=kept, left_out=tuple(left_out))

    def __or__(self, other: "Schema") -> "Schema":
        """The columns of both; text where they differ in more than the kind of number."""
        merged = dict(self.types)
        for name, kind in other.types.items():
            merged[name] = _wider(merged.get(name, kind), kind)
        left_out = tuple(dict.fromkeys((*self.left_out, *other.left_out)))
        return Schema(types=merged, left_out=tuple(name for name in left_out if name not in merged))

    @classmethod
    def merged(cls, schemas: Sequence[pa.Schema]) -> "Schema":
        """The columns of several segments."""
        return reduce(or_, [cls.of(schema) for schema in schemas], cls())

    def fitted_to(self, there: Sequence[pa.Schema]) -> "Schema":
        """With the type that a column has in segments that are there; raises UsageError for texts among numbers."""
        fitted = dict(self.types)
        for schema in there:
            for one in schema:
                kind = fitted.get(one.name)
                if kind is None or KIND_OF[kind] == KIND_OF[one.type]:
                    continue
                if one.type != TEXT:
                    raise UsageError(
                        f'the column "{one.name}" is {KIND_OF[one.type]} in the index, in these files {KIND_OF[kind]}',
                        hint=f"--without {one.name} leaves it out",
                    )
                fitted[one.name] = TEXT
        return Schema(types=fitted, left_out=self.left_out)


def plain(table: pa.Table, schema: Schema, where: str) -> pa.Table:
    """The rows of a table under the columns of an index, nulls where it has none; lineages as `Taxon` cleans them."""
    names = {_name(name, table.column_names): name for name in table.column_names}
    columns = {}
    for name, kind in schema.types.items():
        if name in names:
            columns[name] = _cast(table.column(names[name]), kind, f'the column "{names[name]}" of {where}')
        else:
            columns[name] = pa.nulls(table.num_rows, kind)
    for rank in RANK_COLUMNS:
        if rank in columns:
            columns[rank] = _clean(columns[rank])
    if "species" in columns and "genus" in columns:
        columns["species"] = _epithet(columns["species"], columns["genus"])
    uuid = _cast(table.column("uuid"), TEXT, f'the column "uuid" of {where}')
    return pa.table({"uuid": uuid, **columns}, schema=schema.arrow)


def widened(whole: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers among fractions: beyond 2^53 the nearest that there is."""
    return whole.cast(NUMBER, safe=False)


def taken(table: pa.Table, rows: pa.Array) -> pa.Table:
    """Rows of a table by their numbers, whatever its texts take: of 2 GB in a column Arrow takes none by itself."""
    return pa.table({name: _taken(table.column(name), rows) for name in table.column_names}, schema=table.schema)


def _taken(column: pa.ChunkedArray, rows: pa.Array) -> pa.ChunkedArray:
    if column.type != TEXT or column.num_chunks < 2:
        return column.take(rows)
    whole = pa.concat_arrays(column.cast(pa.large_string()).chunks)
    blocks = [whole.take(rows.slice(start, _BLOCK)) for start in range(0, len(rows), _BLOCK)]
    return pa.chunked_array([block.cast(TEXT) for block in blocks], type=TEXT)


def _name(name: str, names: Sequence[str]) -> str:
    own = _OTHER_NAMES.get(name, name)
    return name if own in names else own


def _plain_type(kind: pa.DataType) -> pa.DataType | None:
    """What a column of this type is kept as; None for lists, structs, bytes."""
    if types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if types.is_boolean(kind):
        return BOOL
    if types.is_integer(kind):
        return WHOLE
    if types.is_floating(kind) or types.is_decimal(kind):
        return NUMBER
    is_text = types.is_string(kind) or types.is_large_string(kind) or kind == pa.string_view()
    return TEXT if is_text or types.is_date(kind) or types.is_timestamp(kind) else None


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other:
        return one
    return NUMBER if {one, other} == {WHOLE, NUMBER} else TEXT


def _cast(column: pa.ChunkedArray, kind: pa.DataType, what: str) -> pa.ChunkedArray:
    if types.is_timestamp(column.type) and kind == TEXT:
        seconds = column.cast(pa.timestamp("s", column.type.tz), safe=False)
        return pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%S")
    try:
        if types.is_floating(column.type) and kind == TEXT:
            column = column.cast(NUMBER)
        return widened(column) if types.is_integer(column.type) and kind == NUMBER else column.cast(kind)
    except pa.ArrowException as error:
        raise BadFile(f"{what} cannot be read as {KIND_OF[kind]}: {error}") from error


def _clean(names: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without blanks around and doubled within; the empty name is null."""
    cleaned = pc.replace_substring_regex(pc.utf8_trim_whitespace(names), r"\s+", " ")
    return pc.if_else(pc.equal(cleaned, ""), pa.scalar(None, TEXT), cleaned)


def _epithet(species: pa.ChunkedArray, genus: pa.ChunkedArray) -> pa.ChunkedArray:
    """`Corvus corax` under the genus Corvus is `corax`, as `Taxon.from_columns` reads it."""
    heads = pc.struct_field(pc.extract_regex(species, r"^(?P<head>\S+) \S"), "head")
    repeats = pc.fill_null(pc.equal(heads, genus), False)
    return pc.if_else(repeats, pc.replace_substring_regex(species, r"^\S+ ", ""), species)
