"""Small tables to filter, and what a filter keeps of them by the plainest means: row by row in Python."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from thuja.search.columns import Part, SegmentColumns, Tree
from thuja.search.filters import Filter, Range
from thuja.taxonomy import RANKS, Taxon

RAVEN = ("Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus", "corax")
CROW = (*RAVEN[:6], "corone")
MAGPIE = (*RAVEN[:5], "Pica", "pica")
ROBIN = (*RAVEN[:4], "Muscicapidae", "Erithacus", "rubecula")
SNAIL = ("Animalia", "Mollusca", "Gastropoda", "Neogastropoda", "Ficidae", "Ficus", "variegata")
FIG = ("Plantae", "Tracheophyta", "Magnoliopsida", "Rosales", "Moraceae", "Ficus", "carica")
MOUSE = ("Animalia", "Chordata", "", "Rodentia", "Muridae", "Mus", "musculus")
COMMON = {"corax": "Common Raven", "pica": "Eurasian Magpie", "rubecula": "Robin", "carica": "Común Higuera"}


def table_of(lineages: Sequence[Sequence[str]], **columns: Sequence[Any]) -> pa.Table:
    """One row a lineage, in this order; ids are `id-0`, `id-1`, ..."""
    ranks = {rank.label: pa.array([names[rank] or None for names in lineages], pa.string()) for rank in RANKS}
    ids = [f"id-{row}" for row in range(len(lineages))]
    common = pa.array([COMMON.get(names[-1]) for names in lineages], pa.string())
    return pa.table({"uuid": pa.array(ids, pa.string()), **ranks, "common": common, **columns})


def opened(table: pa.Table, folder: Path) -> SegmentColumns:
    """The columns of a table, built and opened."""
    SegmentColumns.build(table, folder)
    return SegmentColumns.open(folder)


def tree_of(tables: Sequence[pa.Table], folder: Path) -> Tree:
    """The tree over a segment a table."""
    parts, start = [], 0
    for number, table in enumerate(tables):
        parts.append(Part(runs=opened(table, folder / str(number)).runs, start=start))
        start += table.num_rows
    return Tree.of(parts)


def keeps(row: Mapping[str, Any], filter: Filter) -> bool:
    """Whether a row of texts and numbers passes, as the words of `Filter` and `Range` say it."""
    taxon = Taxon.from_columns(row)
    is_within = not filter.within or any(taxon.is_within(one) for one in filter.within)
    is_out = any(taxon.is_within(one) for one in filter.excludes)
    has_equal = all(_written(row[name]) in values for name, values in filter.equals.items())
    in_ranges = all(_lies_in(row[name], bounds) for name, bounds in filter.ranges.items())
    return is_within and not is_out and has_equal and in_ranges and (filter.ids is None or row["uuid"] in filter.ids)


def _written(value: Any) -> str:
    return "" if value is None else str(value)


def _lies_in(value: Any, bounds: Range) -> bool:
    if value is None or value == "":
        return False
    low, high = bounds.low, bounds.high
    if isinstance(value, str):
        return (low is None or value >= low) and (high is None or value <= high or value.startswith(str(high)))
    return (low is None or value >= low) and (high is None or value <= high)
