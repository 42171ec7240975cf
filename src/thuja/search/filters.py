"""Which rows are wanted, before anything is searched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from thuja.errors import UsageError
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values from `low` up to `high`, both included, None where that side is open.

    Numbers are compared as numbers, all else as text: dates written year first are in their order.
    """

    low: float | str | None = None
    high: float | str | None = None

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        if low is None and high is None:
            raise UsageError("a range has at least one end", hint="such as 2010..2020, 2010.. or ..2020")
        if isinstance(low, str) and isinstance(high, str):
            is_empty = low > high
        elif low is None or high is None:
            is_empty = False
        elif isinstance(low, str) or isinstance(high, str):
            raise UsageError(f"a range is of two numbers or of two texts, got {low!r} and {high!r}")
        else:
            is_empty = low > high
        if is_empty:
            raise UsageError(f"a range goes from its least to its greatest, got {low} to {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Rows that meet every condition; the empty filter keeps all.

    `within` and `excludes` are taxa of any rank: a row lies within one of the first and none of the second. `equals`
    gives for a column the values of which a row has one; "" stands for a row that has none. `ranges` bound a column.
    `ids` are the only rows asked for, None for all.
    """

    within: tuple[Taxon, ...] = ()
    excludes: tuple[Taxon, ...] = ()
    equals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    ids: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it keeps every row."""
        return not (self.within or self.excludes or self.equals or self.ranges) and self.ids is None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from every other filter, to remember its rows by."""
        return (
            self.within,
            self.excludes,
            tuple(sorted((name, tuple(values)) for name, values in self.equals.items())),
            tuple(sorted(self.ranges.items(), key=lambda item: item[0])),
            self.ids,
        )
