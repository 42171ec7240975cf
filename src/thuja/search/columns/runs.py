"""The lineages of a segment, whose rows are sorted by them: a taxon is one run of rows, or few.

All is asked of the runs, of which there are as many as distinct lineages, and only the answer is spread over the rows.
A segment that is not sorted has more runs and gives the same answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from thuja.labels import Column, Taxa
from thuja.labels.columns import COLUMNS
from thuja.search.bits import Bits
from thuja.search.columns.arrays import ArrayFile, ArrayWriter
from thuja.search.columns.coded import TextValues, as_texts, read_texts, texts_at, write_texts
from thuja.search.columns.facets import Counts
from thuja.search.columns.kinds import COMMON_NAMES, RANK_NAMES
from thuja.search.filters import Range
from thuja.taxonomy import Rank, Taxon

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Stretches of rows that share a lineage: run i holds the rows `edges[i]` up to `edges[i + 1]`, all of `taxa[i]`.

    `edges` is (R + 1,). A taxon's common name is the one that most of its rows give.
    """

    edges: Integers
    taxa: Taxa

    @property
    def size(self) -> int:
        """The rows of the segment."""
        return int(self.edges[-1])

    def within(self, taxon: Taxon) -> Bits:
        """The rows whose lineage has every name that the taxon gives."""
        return self._spread(self.taxa.is_within(taxon))

    def equal(self, rank: Rank, values: Sequence[str]) -> Bits:
        """The rows that have one of the names at a rank; "" is none. A species may be given as a binomial."""
        column = TextValues(name=rank.label, column=self.taxa.column(rank.label))
        mask = column.equal(values)
        for value in values if rank is Rank.SPECIES else ():
            genus, _, epithet = value.partition(" ")
            if epithet:
                mask |= self.taxa.is_within(Taxon(genus=genus, species=epithet))
        return self._spread(mask)

    def between(self, rank: Rank, bounds: Range) -> Bits:
        """The rows whose name at a rank lies in a range of the alphabet."""
        return self._spread(TextValues(name=rank.label, column=self.taxa.column(rank.label)).within(bounds))

    def sizes(self, kept: Bits | None) -> Integers:
        """How many of the kept rows each run holds: (R,)."""
        if kept is None:
            return np.diff(self.edges)
        if not len(self.taxa):
            return np.zeros(0, dtype=np.int64)
        if kept.count < kept.size // 16:
            return np.diff(np.searchsorted(kept.rows(), self.edges))
        return np.add.reduceat(kept.mask(), self.edges[:-1], dtype=np.int64)

    def first_rows(self, kept: Bits | None) -> Integers:
        """The first kept row of each run, -1 where it has none: (R,)."""
        if kept is None:
            return self.edges[:-1].astype(np.int64)
        rows = np.append(kept.rows(), kept.size)
        first = rows[np.searchsorted(rows, self.edges[:-1])]
        return np.where(first < self.edges[1:], first, -1)

    def counts(self, rank: Rank, kept: Bits | None) -> Counts:
        """How many of the kept rows have each name at a rank; species as binomials."""
        column = self.taxa.column(rank.label)
        codes = column.codes.astype(np.int64)
        genus = self.taxa.column(Rank.GENUS.label)
        if rank is Rank.SPECIES:  # an epithet tells a species within its genus only
            codes += np.where(codes > 0, genus.codes.astype(np.int64) * len(column.names), 0)
        distinct, group = np.unique(codes, return_inverse=True)
        counts = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(counts, group, self.sizes(kept))
        present = np.flatnonzero(counts)
        above, own = np.divmod(distinct[present], len(column.names))
        names = texts_at(column.names, own)
        if rank is Rank.SPECIES:
            names = [f"{first} {name}".strip() for first, name in zip(texts_at(genus.names, above), names, strict=True)]
        return Counts.of(names, counts[present])

    def _spread(self, wanted: npt.NDArray[np.bool_]) -> Bits:
        """From runs to their rows."""
        change = np.flatnonzero(np.diff(wanted, prepend=False, append=False))
        return Bits.from_ranges(self.edges[change[::2]], self.edges[change[1::2]], size=self.size)


def runs_of(table: pa.Table) -> Runs:
    """The runs of a table with any of the columns `kingdom` ... `species`, and `common` or `common_name`.

    Names are read as `Taxon.from_columns` reads them: blanks are tidied, a species that repeats its genus is cut.
    """
    held = [name for name in RANK_NAMES if name in table.column_names]
    columns = {name: Column.of(as_texts(table.column(name))) for name in held}
    is_new = np.zeros(table.num_rows, dtype=bool)
    is_new[:1] = True
    for column in columns.values():
        is_new[1:] |= column.codes[1:] != column.codes[:-1]
    starts = np.flatnonzero(is_new)
    frame = pl.DataFrame(
        {name: columns[name].take(starts).texts() if name in held else [""] * len(starts) for name in RANK_NAMES},
        schema=dict.fromkeys(RANK_NAMES, pl.String),
    ).with_columns(pl.all().str.replace_all(r"\s+", " ").str.strip_chars())
    species, prefix = pl.col(Rank.SPECIES.label), pl.col(Rank.GENUS.label) + " "
    frame = frame.with_columns(
        pl.when((prefix != " ") & species.str.starts_with(prefix))
        .then(species.str.strip_prefix(prefix))
        .otherwise(species)
    )
    names = [Column.of_names(frame[name].to_list()) for name in RANK_NAMES]
    common = _common_names(table, np.cumsum(is_new) - 1, len(starts))
    edges = np.append(starts, table.num_rows).astype(np.int64)
    return Runs(edges=edges, taxa=Taxa.of_columns([*names, common]))


def write_runs(runs: Runs, arrays: ArrayWriter) -> dict[str, Any]:
    """Write the runs; returns the facts for `read_runs`."""
    names = {name: write_texts(runs.taxa.column(name), arrays) for name in COLUMNS}
    return {"edges": asdict(arrays.put(runs.edges)), "names": names}


def read_runs(facts: Mapping[str, Any], arrays: ArrayFile) -> Runs:
    """What `write_runs` wrote."""
    names = [read_texts(facts["names"][name], arrays) for name in COLUMNS]
    return Runs(edges=arrays.get(facts["edges"]), taxa=Taxa.of_columns(names))


def commonest(group: Integers, names: Column, rows: Integers, *, groups: int) -> Column:
    """For each group the name that most rows give, the first of the alphabet among equals, none where none is given.

    `group`, the codes of `names` and `rows` go together: so many rows of this group have that name.
    """
    given = pl.DataFrame({"group": group, "code": names.codes, "rows": rows}).filter(pl.col("code") > 0)
    summed = given.group_by("group", "code").agg(pl.col("rows").sum())
    chosen = summed.sort(["group", "rows", "code"], descending=[False, True, False]).unique("group", keep="first")
    codes = np.zeros(groups, dtype=names.codes.dtype)
    codes[chosen["group"].to_numpy()] = chosen["code"].to_numpy()
    return Column(codes=codes, names=names.names)


def _common_names(table: pa.Table, run: Integers, count: int) -> Column:
    """The common name of each run, of those that its rows give."""
    held = next((name for name in COMMON_NAMES if name in table.column_names), None)
    if held is None:
        return Column.empty(count)
    given = Column.of(as_texts(table.column(held)))
    return Column.of(commonest(run, given, np.ones(len(run), dtype=np.int64), groups=count).encoded())
