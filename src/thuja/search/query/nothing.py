"""Why a filter leaves nothing: how many pictures each of its conditions keeps by itself."""

from collections.abc import Sequence
from typing import Final

from thuja.search.filters import Filter, Range
from thuja.search.query.searched import Searched

_SHOWN: Final = 8
"""Values of a condition, and conditions, that a sentence names."""


def said(filter: Filter) -> str:
    """A condition, or several, in words."""
    parts = []
    if filter.within:
        parts.append(f"within {_listed([taxon.scientific_name for taxon in filter.within])}")
    if filter.excludes:
        parts.append(f"not within {_listed([taxon.scientific_name for taxon in filter.excludes])}")
    parts += [f"{column} = {_listed(values)}" for column, values in filter.equals.items()]
    parts += [f"{column} = {_bounds(bounds)}" for column, bounds in filter.ranges.items()]
    if filter.ids is not None:
        parts.append(f"one of {len(filter.ids):,} ids")
    if filter.box is not None:
        box = filter.box
        parts.append(f"between {box.south:g} and {box.north:g} north, {box.west:g} and {box.east:g} east")
    return "; ".join(parts)


def told_of_nothing(index: Searched, filter: Filter) -> str:
    """One sentence: no picture meets all conditions, and how many meet each."""
    if not len(index):
        return "the index holds no picture"
    counts = [f"{said(alone)}: {index.count(alone):,}" for alone in filter.conditions[:_SHOWN]]
    shown = "; ".join(counts)
    return f"no picture of {len(index):,} meets every condition ({shown})"


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(value or "(none)" for value in values[:_SHOWN])
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN:,} more"


def _bounds(bounds: Range) -> str:
    return f"{'' if bounds.low is None else bounds.low}..{'' if bounds.high is None else bounds.high}"
