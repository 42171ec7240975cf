"""Which rows are wanted, before anything is searched."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from thuja.errors import UsageError
from thuja.regions import Region
from thuja.taxonomy import Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Values from `low` up to `high`, both included, None where that side is open.

    Numbers are compared as numbers, all else as text: dates written year first are in their order, and an upper end
    takes in whatever begins with it: up to "2019" is all of 2019. Nothing known never lies in a range.
    """

    low: float | str | None = None
    high: float | str | None = None

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        if low is None and high is None:
            raise UsageError("a range has at least one end", hint="such as 2010..2020, 2010.. or ..2020")
        if isinstance(low, str) and isinstance(high, str):
            is_empty = low > high and not low.startswith(high)
        elif low is None or high is None:
            is_empty = False
        elif isinstance(low, str) or isinstance(high, str):
            raise UsageError(f"a range is of two numbers or of two texts, got {low!r} and {high!r}")
        else:
            is_empty = low > high
        if is_empty:
            raise UsageError(f"a range goes from its least to its greatest, got {low} to {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A part of the globe in degrees, its edges included; it spans the date line where `west` is above `east`."""

    south: float = -90.0
    west: float = -180.0
    north: float = 90.0
    east: float = 180.0

    def __post_init__(self) -> None:
        if not -90 <= self.south <= self.north <= 90:
            raise UsageError(f"a box goes from south to north within -90 and 90, got {self.south:g} to {self.north:g}")
        if not (-180 <= self.west <= 180 and -180 <= self.east <= 180):
            raise UsageError(f"a box's west and east lie within -180 and 180, got {self.west:g} and {self.east:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Rows that meet every condition; the empty filter keeps all.

    `within` and `excludes` are taxa of any rank: a row lies within one of the first and none of the second. `equals`
    gives for a column the values of which a row has one; "" stands for a row that has none. `ranges` bound a column,
    `box` and `region` latitude and longitude. `ids` are the only rows asked for, None for all.
    """

    within: tuple[Taxon, ...] = ()
    excludes: tuple[Taxon, ...] = ()
    equals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    ids: tuple[str, ...] | None = None
    box: Box | None = None
    region: Region | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it keeps every row."""
        is_open = self.ids is None and self.box is None and self.region is None
        return is_open and not (self.within or self.excludes or self.equals or self.ranges)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from every other filter, to remember its rows by."""
        return (
            self.within,
            self.excludes,
            tuple(sorted((name, tuple(values)) for name, values in self.equals.items())),
            tuple(sorted(self.ranges.items(), key=lambda item: item[0])),
            self.ids,
            self.box,
            None if self.region is None else self.region.key,
        )

    @property
    def conditions(self) -> "tuple[Filter, ...]":
        """A filter for each thing that it asks: together they keep what it keeps."""
        parts = [Filter(within=self.within)] if self.within else []
        parts += [Filter(excludes=(taxon,)) for taxon in self.excludes]
        parts += [Filter(equals={name: values}) for name, values in self.equals.items()]
        parts += [Filter(ranges={name: bounds}) for name, bounds in self.ranges.items()]
        parts += [Filter(ids=self.ids)] if self.ids is not None else []
        parts += [Filter(box=self.box)] if self.box is not None else []
        return (*parts, Filter(region=self.region)) if self.region is not None else tuple(parts)
