"""The best of each group: of a species, a rank, or a value of a column."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from thuja.errors import UnknownName, UsageError
from thuja.search.columns import ColumnKind
from thuja.search.columns.kinds import RANK_NAMES
from thuja.search.filters import Filter
from thuja.search.query.choosing import Chosen
from thuja.search.query.searched import Searched
from thuja.taxonomy import RANKS, Rank, Taxon

_VALUES: Final = 1000
"""Values of a column that are counted before a search: of fewer, it is known when all have been found."""
_AT_ONCE: Final = 4_096
"""Rows whose values are read at a time: a server's other threads stand still meanwhile."""


@dataclass(slots=True, kw_only=True)
class Groups:
    """Lets the first `per_group` of every group through; those without the rank or value are one group, "".

    `most` is how many can come through, None where nobody knows.
    """

    index: Searched
    by: str
    per_group: int
    most: int | None = None
    _passed: int = 0
    _counts: Counter[Taxon | str] = field(default_factory=Counter)
    _full: list[Taxon] = field(default_factory=list)
    _known: dict[tuple[object, ...], tuple[Taxon | str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.by not in RANK_NAMES and self.by not in self.index.columns:
            choices = dict.fromkeys((*RANK_NAMES, *self.index.columns))
            raise UnknownName.of("rank or column to group by", self.by[:80], list(choices))
        if self.by in RANK_NAMES and self.by not in self.index.columns:
            raise UsageError(f"this index has no names at the rank {self.by}", hint="group by a column that it has")

    def through(self, blocks: Iterable[Sequence[Chosen]]) -> Iterator[Sequence[Chosen]]:
        """The best of each group, block by block."""
        for block in blocks:
            passed = []
            for one, (group, name) in zip(block, self._groups([one.key for one in block]), strict=True):
                self._counts[group] += 1
                if self._counts[group] <= self.per_group:
                    one.group = name
                    passed.append(one)
                if self._counts[group] == self.per_group and isinstance(group, Taxon) and name:
                    self._full.append(group)
            self._passed += len(passed)
            yield passed

    @property
    def is_done(self) -> bool:
        """Whether all that can come through has."""
        return self.most is not None and self._passed >= self.most

    def take_full(self) -> Sequence[Taxon]:
        """The taxa that became full since this was asked."""
        full, self._full = self._full, []
        return full

    def _groups(self, keys: Sequence[int]) -> Iterator[tuple[Taxon | str, str]]:
        """The group of each row, and what it is called."""
        rank = next((rank for rank in RANKS if rank.label == self.by), None)
        labels = [self.by] if rank is None else RANK_NAMES[: rank + 1]
        names = [name for name in labels if name in self.index.columns]
        for start in range(0, len(keys), _AT_ONCE):
            table = self.index.rows(keys[start : start + _AT_ONCE], names)
            for cells in zip(*(table.column(name).to_pylist() for name in names), strict=True):
                if cells not in self._known:
                    self._known[cells] = _group(dict(zip(names, cells, strict=True)), self.by, rank)
                yield self._known[cells]


def _group(row: Mapping[str, object], by: str, rank: Rank | None) -> tuple[Taxon | str, str]:
    """The value of a column, or the taxon at a rank, and its name; no taxon where the lineage has no name there."""
    if rank is None:
        value = "" if row[by] is None else str(row[by])
        return value, value
    taxon = Taxon.from_columns(row)
    if not taxon[rank]:
        return "", ""
    cut = taxon.at(rank)
    return cut, cut.scientific_name


def most_of(index: Searched, by: str, per_group: int, filter: Filter, known: Sequence[str]) -> int | None:
    """How many pictures a filter leaves when each value of a column keeps `per_group`, without those of `known` ids.

    None for ranks, where one name may be two taxa, and for columns of very many values.
    """
    kinds = index.columns
    if by not in kinds or kinds[by] == ColumnKind.DISTINCT or by in RANK_NAMES:
        return None
    there = index.facets([by], filter=filter, most=_VALUES)[by]
    if len(there) >= _VALUES:
        return None
    ids = tuple(known) if filter.ids is None else tuple(set(known) & set(filter.ids))
    own = index.facets([by], filter=replace(filter, ids=ids), most=_VALUES)[by] if ids else []
    taken = {one.value: one.count for one in own}
    return sum(min(per_group, one.count - taken.get(one.value, 0)) for one in there)
