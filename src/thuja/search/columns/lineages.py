"""The tree of life of an index: the lineages of all its segments as nodes, with counts that follow deletes and filters.

Lineages are sorted, so that a node holds a run of them, and all its counts are one difference of running sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thuja.labels import Sorted, Taxa
from thuja.labels.columns import COLUMNS, COMMON
from thuja.search.bits import Bits
from thuja.search.columns.runs import Integers, Runs, commonest
from thuja.taxonomy import RANKS, Rank, Taxon

ROOT = -1
"""The number of the node above all kingdoms."""
_THUMBNAIL = 1 << 48
"""What a thumbnail weighs against a count when an example is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A taxon with its whole lineage, the rows within it, and the key of one of them that stands for it.

    The example is a row of the commonest lineage below, with a thumbnail if there is one. `rank` is None at the root.
    """

    taxon: Taxon
    rank: Rank | None
    count: int
    has_children: bool
    example_key: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A segment's share in a tree: its lineages, the key of its first row, and which of its rows count, None for all.

    Rows `with_thumbnail` are the better examples.
    """

    runs: Runs
    start: int = 0
    kept: Bits | None = None
    with_thumbnail: Bits | None = None


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: what follows from the rest is kept once it is known
class Nodes:
    """M nodes over U lineages in the order of the tree, each before those below it.

    Node n holds the lineages `start[n]` up to `stop[n]`; `at` (7, U) is the node of a lineage at each rank, -1 where
    it has no name there; a missing rank is jumped over, so that `parent` is the nearest node above.
    """

    taxa: Taxa
    start: Integers
    stop: Integers
    rank: npt.NDArray[np.int8]
    parent: Integers
    at: npt.NDArray[np.int32]

    @classmethod
    def of(cls, taxa: Taxa, depth: npt.NDArray[np.uint8]) -> "Nodes":
        """The nodes over sorted distinct lineages, each of which parts from the one before at the rank `depth`."""
        firsts, lasts, ranks = [], [], []
        for rank in RANKS:
            first = np.flatnonzero(depth <= rank)
            is_named = taxa.codes(rank)[first] != 0
            firsts.append(first[is_named])
            lasts.append(np.append(first, len(taxa))[1:][is_named])
            ranks.append(np.full(int(is_named.sum()), rank, dtype=np.int8))
        start, stop, rank_of = np.concatenate(firsts), np.concatenate(lasts), np.concatenate(ranks)
        order = np.lexsort([rank_of, start])
        start, stop, rank_of = start[order], stop[order], rank_of[order]
        at = np.full((len(RANKS), len(taxa)), ROOT, dtype=np.int32)
        parent = np.full(len(start), ROOT, dtype=np.int64)
        above = np.full(len(taxa), ROOT, dtype=np.int32)
        for rank in RANKS:
            own = np.flatnonzero(rank_of == rank)
            parent[own] = above[start[own]]
            lengths = stop[own] - start[own]
            within = np.repeat(start[own] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
            at[rank, within] = above[within] = np.repeat(own, lengths)
        return cls(taxa=taxa, start=start, stop=stop, rank=rank_of, parent=parent, at=at)

    def children(self, node: int) -> Integers:
        """The nodes right below one, in the order of their lineages."""
        first, stop = np.searchsorted(self._parents, node, "left"), np.searchsorted(self._parents, node, "right")
        return self._by_parent[first:stop]

    @cached_property
    def _by_parent(self) -> Integers:
        return np.argsort(self.parent, kind="stable")

    @cached_property
    def _parents(self) -> Integers:
        return self.parent[self._by_parent]

    @cached_property
    def has_children(self) -> npt.NDArray[np.bool_]:
        """Which nodes have any below them: (M,)."""
        found = np.zeros(len(self.start), dtype=bool)
        found[self.parent[self.parent != ROOT]] = True
        return found

    def taxon(self, node: int) -> Taxon:
        """A node's lineage, and the common name where rows are labelled with this very taxon."""
        first = self.taxa[int(self.start[node])]
        return first.at(Rank(int(self.rank[node])))

    def exact(self, taxon: Taxon) -> int | None:
        """The node of a whole lineage, missing ranks missing there too; None where there is none."""
        if taxon.rank is None:
            return ROOT
        low, high = 0, len(self.taxa)
        for rank in RANKS[: taxon.rank + 1]:
            code = self.taxa.column(rank.label).code(taxon[rank]) if taxon[rank] else 0
            codes = self.taxa.codes(rank)[low:high]
            if code < 0:
                return None
            low, high = low + int(np.searchsorted(codes, code)), low + int(np.searchsorted(codes, code, "right"))
        return int(self.at[taxon.rank, low]) if low < high else None

    def matching(self, taxon: Taxon) -> Integers:
        """Every node of the taxon's rank that has all the names that it gives, in the order of the tree."""
        if taxon.rank is None:
            return np.array([ROOT])
        return np.unique(self.at[taxon.rank, self.taxa.is_within(taxon)]).astype(np.int64)


class Lineages:
    """The tree over the segments of one version of an index, counting the rows that are kept."""

    def __init__(self, parts: Sequence[Part], nodes: Nodes, lineage_of: Sequence[Integers]) -> None:
        self._parts = parts
        self._lineage_of = lineage_of
        self.nodes = nodes

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "Lineages":
        """Over these segments, in the order of the version."""
        joined = Taxa.joined([part.runs.taxa for part in parts]) if parts else Taxa.of([])
        in_order = Sorted.of(joined)
        is_first = in_order.depth < len(RANKS)
        lineage = np.empty(len(joined), dtype=np.int64)
        lineage[in_order.order] = np.cumsum(is_first) - 1
        distinct = joined.take(in_order.order[is_first])
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *(part.runs.sizes(None) for part in parts)])
        common = commonest(lineage, joined.column(COMMON), rows, groups=len(distinct))
        taxa = Taxa.of_columns([*(distinct.column(name) for name in COLUMNS if name != COMMON), common])
        ends = np.cumsum([0, *(len(part.runs.taxa) for part in parts)])
        lineage_of = [lineage[start:stop] for start, stop in pairwise(ends)]
        return cls(parts, Nodes.of(taxa, in_order.depth[is_first]), lineage_of)

    def under(self, kept: Sequence[Bits | None]) -> "Lineages":
        """The same tree counting only these rows of each segment: beside deletes, a filter."""
        parts = [_narrowed(part, bits) for part, bits in zip(self._parts, kept, strict=True)]
        return Lineages(parts, self.nodes, self._lineage_of)

    @cached_property
    def counts(self) -> Integers:
        """The rows of each node: (M,)."""
        return self._running[self.nodes.stop] - self._running[self.nodes.start]

    def node(self, number: int) -> Node:
        """A node by its number, -1 for the root."""
        if number == ROOT:
            total = int(self._running[-1])
            key = self._example(0, len(self.nodes.taxa)) if total else None
            return Node(
                taxon=Taxon(), rank=None, count=total, has_children=bool(len(self.nodes.start)), example_key=key
            )
        start, stop = int(self.nodes.start[number]), int(self.nodes.stop[number])
        return Node(
            taxon=self.nodes.taxon(number),
            rank=Rank(int(self.nodes.rank[number])),
            count=int(self.counts[number]),
            has_children=bool(self.nodes.has_children[number]),
            example_key=self._example(start, stop),
        )

    def below(self, number: int) -> list[Node]:
        """The nodes right below one that have rows, the most of them first."""
        found = self.nodes.children(number)
        found = found[self.counts[found] > 0]
        return [self.node(int(child)) for child in found[np.argsort(-self.counts[found], kind="stable")]]

    def sample(self, number: int, *, most: int) -> Integers:
        """The keys of some rows within a node, evenly through them: of `most` places those whose row is kept.

        It takes the ends of the node's runs alone, so that thousands of nodes are sampled while somebody waits.
        """
        start, stop = (
            (0, len(self.nodes.taxa)) if number == ROOT else (self.nodes.start[number], self.nodes.stop[number])
        )
        none = np.zeros((0, 2), dtype=np.int64)
        spans = [self._spans(place, int(start), int(stop)) for place in range(len(self._parts))]
        starts, stops = np.concatenate([none, *spans]).T
        ends = np.cumsum(stops - starts)
        total = int(ends[-1]) if len(ends) else 0
        wanted = np.unique(np.linspace(0, total - 1, min(most, total)).astype(np.int64))
        span = np.searchsorted(ends, wanted, side="right")
        keys = stops[span] - (ends[span] - wanted)
        found: Integers = keys[self._is_kept(keys)]
        return found

    def _spans(self, place: int, start: int, stop: int) -> Integers:
        """Where the rows of lineages `start` up to `stop` lie in a segment: (S, 2) keys, one span if it is sorted."""
        part, lineage = self._parts[place], self._lineage_of[place]
        if self._is_sorted[place]:
            runs = np.searchsorted(lineage, [start, stop])
            edges = part.runs.edges[runs][None]
        else:
            runs = np.flatnonzero((lineage >= start) & (lineage < stop))
            edges = np.column_stack([part.runs.edges[runs], part.runs.edges[runs + 1]])
        return np.asarray(part.start + edges[edges[:, 0] < edges[:, 1]], dtype=np.int64)

    @cached_property
    def _is_sorted(self) -> list[bool]:
        return [bool((lineage[1:] >= lineage[:-1]).all()) for lineage in self._lineage_of]

    def _is_kept(self, keys: Integers) -> npt.NDArray[np.bool_]:
        found = np.ones(len(keys), dtype=bool)
        for part in self._parts:
            if part.kept is not None:
                here = np.flatnonzero((keys >= part.start) & (keys < part.start + part.runs.size))
                rows = keys[here] - part.start
                found[here] = part.kept.packed[rows >> 3] >> (rows & 7) & 1
        return found

    @cached_property
    def _running(self) -> Integers:
        """How many rows the lineages before each have, and all of them: (U + 1,)."""
        return np.concatenate([[0], np.cumsum(self._per_lineage)])

    @cached_property
    def _per_lineage(self) -> Integers:
        counts = np.zeros(len(self.nodes.taxa), dtype=np.int64)
        for part, lineage in zip(self._parts, self._lineage_of, strict=True):
            np.add.at(counts, lineage, part.runs.sizes(part.kept))
        return counts

    @cached_property
    def _examples(self) -> tuple[Integers, Integers]:
        """For each lineage the key of its first row and how well it stands for those above; 0 where it has no row."""
        keys, weight = np.zeros(len(self.nodes.taxa), dtype=np.int64), self._per_lineage.copy()
        for wants_thumbnail in (False, True):
            best = np.full(len(keys), np.iinfo(np.int64).max)
            for part, lineage in zip(self._parts, self._lineage_of, strict=True):
                kept = _narrowed(part, part.with_thumbnail).kept if wants_thumbnail else part.kept
                if wants_thumbnail and part.with_thumbnail is None:
                    continue
                first = part.runs.first_rows(kept)
                np.minimum.at(best, lineage[first >= 0], first[first >= 0] + part.start)
            found = best < np.iinfo(np.int64).max
            keys[found] = best[found]
            weight[found] += _THUMBNAIL * wants_thumbnail
        return keys, weight

    def _example(self, start: int, stop: int) -> int | None:
        keys, weight = self._examples
        place = start + int(np.argmax(weight[start:stop]))
        return int(keys[place]) if weight[place] else None


def _narrowed(part: Part, kept: Bits | None) -> Part:
    """A part that counts fewer rows."""
    both = [bits for bits in (part.kept, kept) if bits is not None]
    rows = reduce(lambda first, second: first & second, both) if both else None
    return Part(runs=part.runs, start=part.start, kept=rows, with_thumbnail=part.with_thumbnail)
