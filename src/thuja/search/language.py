"""What a user types, as a filter: taxa by name, and conditions such as `license_name=CC0` or `event_date=2010..2020`.

The command line and the web API read the same.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from thuja.errors import UsageError
from thuja.regions import Region
from thuja.search.columns import ColumnKind, Tree, require_filterable
from thuja.search.columns.kinds import require_column
from thuja.search.filters import Box, Filter, Range
from thuja.taxonomy import Taxon

BOX: Final = "box"
"""The word for a part of the globe, where no column has that name."""
_CONDITION: Final = re.compile(r"(?P<name>[^<>=]+?)\s*(?P<sign>=|>=|<=)(?P<values>.*)", re.DOTALL)
_HINT: Final = "such as license_name=CC0, sex=female,male, event_date=2010..2020, latitude>=10 or box=40,-10,60,20"
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A filter as it is written.

    `within` and `excludes` are names of taxa or paths of them; `where` are conditions of one line each, which a row
    meets all. `equals`, `ranges`, `box`, `region` and `ids` are as in `Filter`, for a caller who has them apart.
    """

    within: Sequence[str] = ()
    excludes: Sequence[str] = ()
    where: Sequence[str] = ()
    equals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    box: Box | None = None
    region: Region | None = None
    ids: Sequence[str] | None = None


def read_filter(asked: Asked, *, tree: Callable[[], Tree], kinds: Mapping[str, ColumnKind]) -> Filter:
    """The filter that is meant, by the columns of an index and its tree, which is made only if a taxon is named.

    Raises UnknownName for a taxon or column that is not there, and UsageError for what cannot be read.
    """
    read = Filter(
        within=tuple(taxon_named(name, tree()) for name in asked.within),
        excludes=tuple(taxon_named(name, tree()) for name in asked.excludes),
        equals={name: tuple(values) for name, values in asked.equals.items()},
        ids=None if asked.ids is None else tuple(asked.ids),
        box=asked.box,
        region=asked.region,
    )
    for name in (name for name, values in read.equals.items() if not values):
        raise UsageError(f'the column "{_short(name)}" is asked for no value', hint='"" asks for rows that have none')
    for name, bounds in asked.ranges.items():
        read = _narrowed(read, name, read_range(name, bounds.low, bounds.high, kinds=kinds))
    for condition in asked.where:
        read = _with_condition(read, condition, kinds)
    require_filterable(read, kinds)
    return read


def taxon_named(name: str, tree: Tree) -> Taxon:
    """The taxon that a name means; raises UnknownName, and UsageError where it means several."""
    if not name.strip(" /"):
        raise UsageError("a taxon has a name, got an empty one")
    meant = tree.resolve(name)
    if len(meant) == 1:
        return meant[0]
    names = [taxon.scientific_name for taxon in meant]
    choices = names if len(set(names)) == len(names) else [tree.path(taxon) for taxon in meant]
    raise UsageError(f'"{name}" means {len(meant)} taxa', hint=f"write {' or '.join(choices[:5])}")


def read_range(
    name: str, low: float | str | None, high: float | str | None, *, kinds: Mapping[str, ColumnKind]
) -> Range:
    """The range of a column's values; raises UsageError where a column of numbers gets something else."""
    require_column(name, kinds)
    numbers = [_number(end) for end in (low, high)]
    given = [(end, number) for end, number in zip((low, high), numbers, strict=True) if end is not None]
    if kinds[name] is ColumnKind.NUMBER:
        for end, number in given:
            if number is None:
                raise UsageError(f'the column "{name}" holds numbers, got "{_short(str(end))}"', hint=f"{name}=0..10")
    elif any(number is None for _, number in given):
        # One end is a date or a word, so both are compared as text.
        return Range(low=None if low is None else _plain(low), high=None if high is None else _plain(high))
    return Range(low=numbers[0], high=numbers[1])


def written(filter: Filter) -> list[str]:
    """Each condition of a filter as a user would write it, in the order of `Filter.conditions`.

    >>> written(Filter(within=(Taxon(family="Corvidae"),), equals={"sex": ("", "female, winged")}))
    ['within Corvidae', 'sex=,"female, winged"']
    """
    return [_written(part) for part in filter.conditions]


def _with_condition(read: Filter, condition: str, kinds: Mapping[str, ColumnKind]) -> Filter:
    """The filter with one more condition, as it is written."""
    match = _CONDITION.fullmatch(condition.strip())
    if match is None:
        raise UsageError(f'not a condition: "{_short(condition)}"', hint=_HINT)
    name, values = match["name"].strip(), match["values"].strip()
    if name == BOX and name not in kinds:
        if read.box is not None:
            raise UsageError(
                "two boxes are asked for", hint="all conditions hold at once: give the box that both share"
            )
        return replace(read, box=_box(values))
    require_column(name, kinds)
    if match["sign"] == "=" and not _is_range(values):
        if name in read.equals:
            hint = f"all conditions hold at once; for rows that have one of several values: {name}=a,b"
            raise UsageError(f'the column "{_short(name)}" is asked for twice', hint=hint)
        return replace(read, equals={**read.equals, name: tuple(_values(condition, values))})
    if match["sign"] == "=":
        low, _, high = values.partition("..")
        bounds = read_range(name, low.strip() or None, high.strip() or None, kinds=kinds)
    elif match["sign"] == ">=":
        bounds = read_range(name, values or None, None, kinds=kinds)
    else:
        bounds = read_range(name, None, values or None, kinds=kinds)
    return _narrowed(read, name, bounds)


def _narrowed(read: Filter, name: str, bounds: Range) -> Filter:
    """With one more range; two of a column meet in one, where each gives one end."""
    known = read.ranges.get(name)
    if known is not None:
        ends = [known.low, bounds.low], [known.high, bounds.high]
        if any(None not in pair for pair in ends):
            raise UsageError(f'the column "{name}" has two ranges', hint=f"one will do, such as {name}=2..5")
        low, high = (next((end for end in pair if end is not None), None) for pair in ends)
        if isinstance(low, str) != isinstance(high, str):
            low, high = _plain(low or ""), _plain(high or "")
        bounds = Range(low=low, high=high)
    return replace(read, ranges={**read.ranges, name: bounds})


def _is_range(values: str) -> bool:
    return ".." in values and '"' not in values


def _values(condition: str, values: str) -> list[str]:
    """Values parted by commas; one that holds a comma or two dots stands in quotation marks, a mark within doubled."""
    try:
        rows = list(csv.reader([values], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise UsageError(f'cannot read "{_short(condition)}": {error}', hint='quote a comma: title="a, b"') from None
    return [value.strip() for value in rows[0]] if rows and rows[0] else [""]


def _box(values: str) -> Box:
    ends = [_number(end) for end in values.split(",")]
    match ends:
        case [float(south), float(west), float(north), float(east)]:
            return Box(south=south, west=west, north=north, east=east)
    raise UsageError(f'a box is south,west,north,east in degrees, got "{_short(values)}"', hint="box=40,-10,60,20")


def _number(end: float | str | None) -> float | None:
    try:
        number = None if end is None else float(end)
    except ValueError:
        return None
    if number is not None and number != number:
        return None
    return number


def _plain(end: float | str) -> str:
    """A number as it is written in a text: 2010, not 2010.0."""
    return end if isinstance(end, str) else f"{end:.15g}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if any(part in value for part in (",", '"', "..", "\n", "\r")) else value


def _written(part: Filter) -> str:
    if part.within:
        return f"within {' or '.join(taxon.scientific_name for taxon in part.within)}"
    if part.excludes:
        return f"not within {part.excludes[0].scientific_name}"
    if part.box is not None:
        return f"{BOX}={part.box.south:g},{part.box.west:g},{part.box.north:g},{part.box.east:g}"
    if part.region is not None:
        return f"inside {part.region.name}"
    if part.ids is not None:
        return f"one of {len(part.ids):,} ids"
    for name, values in part.equals.items():
        return f"{name}={','.join(map(_quoted, values))}"
    ((name, bounds),) = part.ranges.items()
    low, high = ("" if end is None else _plain(end) for end in (bounds.low, bounds.high))
    return f"{name}={low}..{high}"
