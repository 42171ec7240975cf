"""Why a filter leaves nothing: how many pictures each of its conditions keeps by itself."""

from typing import Final

from thuja.search.columns import ColumnKind
from thuja.search.filters import Filter
from thuja.search.language import written
from thuja.search.query.searched import Searched

_SHOWN: Final = 8
"""Conditions that a sentence names, and letters of each."""
_LETTERS: Final = 80


def told_of_nothing(index: Searched, filter: Filter) -> str:
    """One sentence: no picture meets all conditions, and how many meet each."""
    if not len(index):
        return "the index holds no picture"
    counts = [
        f"{name[:_LETTERS]}: {index.count(alone):,}"
        for name, alone in list(zip(written(filter), filter.conditions, strict=True))[:_SHOWN]
    ]
    if len(counts) == 1:
        return f"no picture of {len(index):,} is {written(filter)[0][:_LETTERS]}{_values(index, filter)}"
    return f"no picture of {len(index):,} meets every condition; alone they keep {'; '.join(counts)}"


def _values(index: Searched, filter: Filter) -> str:
    """The commonest values of the column that is asked for one, so that a slip shows."""
    for name in filter.equals:
        if index.columns.get(name) == ColumnKind.TEXT:
            values = [one.value[:_LETTERS] for one in index.facets([name], most=_SHOWN)[name] if one.value]
            return f"; the commonest there are {', '.join(values)}" if values else ""
    return ""
