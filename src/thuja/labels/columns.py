"""Many texts and many taxa as columns: what is not asked for is neither read nor made."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from thuja.taxonomy import RANKS, Rank, Taxon

COMMON = "common"
COLUMNS = (*(rank.label for rank in RANKS), COMMON)
"""The columns of taxa: the seven ranks and the common name."""
BLOCK = 1 << 16
"""Rows that are turned into strings at a time."""
_TAXA_AT_ONCE = 4096

Codes = npt.NDArray[np.unsignedinteger]
Indices = npt.NDArray[np.int64]


class Texts(Sequence[str]):
    """Strings in an Arrow array, which is made when the first of them is asked for."""

    def __init__(self, count: int, make: Callable[[], pa.Array]) -> None:
        self._count, self._make = count, make
        self._made: pa.Array | None = None

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """These texts, in their order."""
        return cls(len(texts), partial(pa.array, texts, type=pa.string()))

    @property
    def arrow(self) -> pa.Array:
        """All of them."""
        if self._made is None:
            made = self._make()
            is_whole = not isinstance(made, pa.ChunkedArray)
            self._made = made if is_whole else pa.concat_arrays(made.chunks or [pa.array([], made.type)])
        return self._made

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> "Texts": ...
    def __getitem__(self, row: int | slice) -> "str | Texts":
        if isinstance(row, slice):
            return self.take(np.arange(self._count, dtype=np.int64)[row])
        return str(self.arrow[range(self._count)[row]])

    def __iter__(self) -> Iterator[str]:
        for start in range(0, self._count, BLOCK):
            yield from self.arrow.slice(start, BLOCK).to_pylist()

    def __eq__(self, other: object) -> bool:
        return _is_same(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._count:,} texts>"

    def __reduce__(self) -> tuple[object, ...]:
        return (Texts.of, (list(self),))

    def take(self, rows: Indices) -> "Texts":
        """The texts at these positions."""
        return Texts(len(rows), lambda: self.arrow.take(pa.array(rows)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """One name a row: a code (N,) into the distinct `names`, which are sorted and begin with the empty one.

    So codes compare as their names do, and 0 means that there is no name. Codes have as few bytes as will do:
    numpy sorts those of two bytes by radix.
    """

    codes: Codes
    names: Sequence[str]

    @classmethod
    def of(cls, values: pa.Array | pa.ChunkedArray) -> Self:
        """From strings, plain or dictionary-encoded; nulls are empty names."""
        whole = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
        if not pa.types.is_dictionary(whole.type):
            whole = whole.cast(pa.string()).dictionary_encode()
        whole = whole.unify_dictionaries()
        distinct = whole.chunk(0).dictionary if whole.num_chunks else pa.array([], pa.string())
        order = pc.array_sort_indices(distinct).to_numpy()
        is_name = pc.fill_null(pc.not_equal(distinct, ""), fill_value=False).to_numpy(zero_copy_only=False)
        order = order[is_name[order]]
        code_of = np.zeros(len(distinct) + 1, dtype=np.min_scalar_type(len(order)))  # the last is that of a null
        code_of[order] = np.arange(1, len(order) + 1)
        codes = [code_of[_indices(chunk)] for chunk in whole.chunks]
        names = pa.concat_arrays([pa.array([""], distinct.type), distinct.take(pa.array(order))])
        return cls(codes=np.concatenate([code_of[:0], *codes]), names=Texts(len(names), lambda: names))

    @classmethod
    def of_names(cls, values: Sequence[str]) -> Self:
        """From Python's strings; those that Arrow cannot hold (half a surrogate pair, of a file's name) too."""
        names = sorted({"", *values})
        code_of = {name: code for code, name in enumerate(names)}
        codes = np.fromiter(map(code_of.__getitem__, values), np.min_scalar_type(len(names)), count=len(values))
        return cls(codes=codes, names=names)

    @classmethod
    def empty(cls, count: int) -> Self:
        """So many rows without a name."""
        return cls(codes=np.broadcast_to(np.uint8(0), (count,)), names=[""])

    def take(self, rows: Indices | slice) -> "Column":
        """The rows at these positions."""
        return Column(codes=self.codes[rows], names=self.names)

    def code(self, name: str) -> int:
        """The code of a name, -1 for one that no row has."""
        place = bisect_left(self.names, name)
        return place if place < len(self.names) and self.names[place] == name else -1

    def codes_of(self, names: Sequence[str]) -> Indices:
        """The codes of many names, -1 for those that no row has."""
        if not isinstance(self.names, Texts):
            return np.array([self.code(name) for name in names], dtype=np.int64)
        found = pc.index_in(pa.array(names, pa.string()), value_set=self.names.arrow).cast(pa.int64())
        codes: Indices = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
        return codes

    def encoded(self) -> pa.DictionaryArray:
        """As Arrow's dictionary array, the empty name among the others."""
        names = self.names.arrow if isinstance(self.names, Texts) else pa.array(self.names, pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(self.codes), names)

    def strings(self) -> pa.StringArray:
        """As Arrow's strings, null where there is no name."""
        decoded = self.encoded().dictionary_decode()
        return pc.replace_with_mask(decoded, pa.array(self.codes == 0), pa.scalar(None, decoded.type))

    def texts(self) -> list[str]:
        """As Python's strings."""
        if isinstance(self.names, Texts):
            texts: list[str] = self.encoded().dictionary_decode().to_pylist()
            return texts
        return [self.names[code] for code in self.codes.tolist()]


class Taxa(Sequence[Taxon]):
    """Taxa in columns, each made when it is first asked for; a `Taxon` is made when it is indexed."""

    def __init__(self, count: int, make: Callable[[str], Column]) -> None:
        self._count, self._make = count, make
        self._made: dict[str, Column] = {}

    @classmethod
    def of(cls, taxa: Sequence[Taxon]) -> "Taxa":
        """These taxa, in their order."""
        return taxa if isinstance(taxa, Taxa) else cls(len(taxa), partial(_column_of, taxa))

    @classmethod
    def of_columns(cls, columns: Sequence[Column]) -> Self:
        """The columns in the order of `COLUMNS`."""
        return cls(len(columns[0].codes), dict(zip(COLUMNS, columns, strict=True)).__getitem__)

    @classmethod
    def of_table(cls, table: pa.Table) -> Self:
        """From a table with any of the columns, of strings."""
        held = table.column_names

        def read(name: str) -> Column:
            return Column.of(table.column(name)) if name in held else Column.empty(table.num_rows)

        return cls(table.num_rows, read)

    @classmethod
    def joined(cls, parts: Sequence["Taxa"]) -> Self:
        """One after the other."""
        return cls(sum(map(len, parts)), partial(_joined_column, parts))

    def column(self, name: str) -> Column:
        """The column of this name: a rank's label, or `common`."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def codes(self, rank: Rank) -> Codes:
        """Numbers that compare as the names at a rank do; 0 where there is none: (N,)."""
        return self.column(rank.label).codes

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> Taxon: ...
    @overload
    def __getitem__(self, row: slice) -> "Taxa": ...
    def __getitem__(self, row: int | slice) -> "Taxon | Taxa":
        if isinstance(row, slice):
            return self.take(np.arange(self._count, dtype=np.int64)[row])
        place = range(self._count)[row]
        columns = map(self.column, COLUMNS)
        return _taxon(column.names[int(column.codes[place])] for column in columns)

    def __iter__(self) -> Iterator[Taxon]:
        for start in range(0, self._count, _TAXA_AT_ONCE):
            part = slice(start, start + _TAXA_AT_ONCE)
            columns = [self.column(name).take(part).texts() for name in COLUMNS]
            yield from map(_taxon, zip(*columns, strict=True))

    def __eq__(self, other: object) -> bool:
        return _is_same(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._count:,} taxa>"

    def __reduce__(self) -> tuple[object, ...]:
        return (Taxa.of_columns, ([self.column(name) for name in COLUMNS],))

    def take(self, rows: Indices | slice) -> "Taxa":
        """The taxa at these positions."""
        count = len(range(self._count)[rows]) if isinstance(rows, slice) else len(rows)
        return Taxa(count, lambda name: self.column(name).take(rows))

    def at(self, rank: Rank) -> "Taxa":
        """Each cut below a rank, as `Taxon.at`."""

        def cut(name: str) -> Column:
            if name == COMMON:
                deeper = [self.codes(below) != 0 for below in RANKS if below > rank]
                is_cut = np.any(deeper, axis=0) if deeper else np.zeros(self._count, dtype=bool)
                whole = self.column(COMMON)
                return Column(codes=np.where(is_cut, whole.codes.dtype.type(0), whole.codes), names=whole.names)
            return self.column(name) if Rank.parse(name) <= rank else Column.empty(self._count)

        return self if rank == RANKS[-1] else Taxa(self._count, cut)

    def is_within(self, ancestor: Taxon) -> npt.NDArray[np.bool_]:
        """Which of them have every name of `ancestor`, as `Taxon.is_within`: (N,)."""
        mask = np.ones(self._count, dtype=bool)
        for rank in RANKS:
            if ancestor[rank]:
                column = self.column(rank.label)
                mask &= column.codes == column.code(ancestor[rank])
        return mask

    def scientific_names(self) -> Texts:
        """The scientific name of each, as `Taxon.scientific_name`."""
        return Texts(self._count, self._scientific_names)

    def _scientific_names(self) -> pa.ChunkedArray:
        blocks = [slice(start, start + BLOCK) for start in range(0, self._count, BLOCK)]
        return pa.chunked_array([_scientific_names(self.take(block)) for block in blocks], pa.string())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sorted:
    """Taxa in the order of their lineages: `order` (N,), equal ones as they stand.

    `depth` (N,) is the rank at which each, in that order, parts from the one before it: 0 for the first, 7 where the
    whole lineage is the same.
    """

    order: Indices
    depth: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, taxa: Taxa, *, down_to: Rank = RANKS[-1]) -> Self:
        """By the names from the kingdom down to a rank."""
        codes = [taxa.codes(rank) for rank in RANKS if rank <= down_to]
        depth = _partings(codes)
        if _is_sorted(codes, depth):
            return cls(order=np.arange(len(taxa), dtype=np.int64), depth=depth)
        order = np.lexsort(codes[::-1]).astype(np.int64, copy=False)  # stable, its last key first
        return cls(order=order, depth=_partings([code[order] for code in codes]))

    def starts(self, rank: Rank) -> Indices:
        """Where in the order each distinct lineage down to a rank begins: (G,)."""
        return np.flatnonzero(self.depth <= rank)


def _partings(codes: Sequence[Codes]) -> npt.NDArray[np.uint8]:
    depth = np.full(len(codes[0]), len(RANKS), dtype=np.uint8)
    for rank in reversed(range(len(codes))):
        depth[1:][codes[rank][1:] != codes[rank][:-1]] = rank
    depth[:1] = 0
    return depth


def _is_sorted(codes: Sequence[Codes], depth: npt.NDArray[np.uint8]) -> bool:
    """Whether each lineage is the greater one where it parts from the one before it."""
    return all(not (code[1:] < code[:-1])[depth[1:] == rank].any() for rank, code in enumerate(codes))


def _is_same(ours: Sequence[object], other: object) -> bool:
    """Whether another sequence holds the same."""
    if not isinstance(other, Sequence) or isinstance(other, str):
        return False
    return len(ours) == len(other) and all(one == another for one, another in zip(ours, other, strict=True))


def _indices(chunk: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """Places in the dictionary, the last for a null."""
    found: npt.NDArray[np.int64] = pc.fill_null(chunk.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return found


def _taxon(names: "Iterator[str] | tuple[str, ...]") -> Taxon:
    kingdom, phylum, class_, order, family, genus, species, common = names
    return Taxon(
        kingdom=kingdom,
        phylum=phylum,
        class_=class_,
        order=order,
        family=family,
        genus=genus,
        species=species,
        common=common,
    )


def _column_of(taxa: Sequence[Taxon], name: str) -> Column:
    if name == COMMON:
        return Column.of_names([taxon.common for taxon in taxa])
    rank = Rank.parse(name)
    return Column.of_names([taxon[rank] for taxon in taxa])


def _joined_column(parts: Sequence[Taxa], name: str) -> Column:
    return Column.of(pa.chunked_array([_plain(part.column(name).encoded()) for part in parts]))


def _plain(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """With codes of four bytes: chunks of one array have to agree."""
    return array.cast(pa.dictionary(pa.int32(), pa.string()))


def _scientific_names(taxa: Taxa) -> pa.StringArray:
    names = {rank: taxa.column(rank.label).strings() for rank in (Rank.GENUS, Rank.SPECIES)}
    binomial = pc.binary_join_element_wise(names[Rank.GENUS], names[Rank.SPECIES], " ")  # null where one of them is
    others = (taxa.column(rank.label).strings() for rank in reversed(RANKS[: Rank.GENUS]))
    if binomial.null_count:
        binomial = pc.coalesce(binomial, names[Rank.SPECIES], names[Rank.GENUS], *others)
    return pc.fill_null(binomial, "")
