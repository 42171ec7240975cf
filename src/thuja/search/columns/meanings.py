"""What a name means that several nodes of a tree have: which of them are one taxon, and which are not."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from thuja.search.columns.lineages import Lineages
from thuja.search.columns.runs import Integers
from thuja.taxonomy import RANKS, Rank, Taxon

_Meanings = dict[Taxon, list[int]]


def meanings_of(lineages: Lineages, nodes: Integers) -> list[Taxon]:
    """One taxon for each thing that these nodes of one name are, the one with the most rows first.

    The codes of nomenclature allow a name above species once in a kingdom. So nodes of one name, rank and kingdom are
    one taxon, whatever stands between (data sets do not agree on orders); it gives the kingdom and the name alone.
    """
    found: _Meanings = {}
    for number in nodes.tolist():
        found.setdefault(_identity(lineages.nodes.taxon(number)), []).append(number)
    found = _without_repeats(lineages, _with_kingdoms(found))
    rows = {taxon: int(lineages.counts[numbers].sum()) for taxon, numbers in found.items()}
    return sorted(found, key=lambda taxon: (-rows[taxon], taxon))


def _identity(taxon: Taxon) -> Taxon:
    """What makes a taxon this one: its kingdom, its name, and for a species its genus."""
    rank = taxon.rank
    assert rank is not None
    needed = {Rank.KINGDOM, rank} | ({Rank.GENUS} if rank is Rank.SPECIES else set())
    return Taxon.from_names([taxon[level] if level in needed else "" for level in RANKS], taxon.common)


def _with_kingdoms(found: _Meanings) -> _Meanings:
    """Nodes without a kingdom go with those of the only one, and with none where there are several."""
    by_name: dict[Taxon, list[Taxon]] = {}
    for taxon in found:
        by_name.setdefault(taxon if taxon.rank is Rank.KINGDOM else replace(taxon, kingdom=""), []).append(taxon)
    kept: _Meanings = {}
    for bare, same in by_name.items():
        placed = [taxon for taxon in same if taxon.kingdom]
        if len(placed) == len(same) or len(placed) > 1:
            kept |= {taxon: found[taxon] for taxon in placed}
        else:
            kept[bare] = [number for taxon in same for number in found[taxon]]
    return kept


def _without_repeats(lineages: Lineages, found: _Meanings) -> _Meanings:
    """Without what lies within another meaning: a class Insecta may hold an order Insecta."""

    def is_within(numbers: Iterable[int], others: list[int]) -> bool:
        starts, stops = lineages.nodes.start[others], lineages.nodes.stop[others]
        return all(
            bool(np.any((starts <= lineages.nodes.start[one]) & (lineages.nodes.stop[one] <= stops))) for one in numbers
        )

    def is_repeat(taxon: Taxon) -> bool:
        above = (other for other in found if _level(other) < _level(taxon))
        return any(is_within(found[taxon], found[other]) for other in above)

    return {taxon: numbers for taxon, numbers in found.items() if not is_repeat(taxon)}


def _level(taxon: Taxon) -> int:
    assert taxon.rank is not None
    return int(taxon.rank)
