"""One query, answered: what it is like, which pictures are near, what of them is shown."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from thuja.search.columns.kinds import RANK_NAMES
from thuja.search.engine.effort import STANDARD, Effort
from thuja.search.query.asked import Query
from thuja.search.query.candidates import Block, Candidates
from thuja.search.query.choosing import Chosen, collapsed, each, spread
from thuja.search.query.credits import NEEDED, Credit
from thuja.search.query.encoding import Encode
from thuja.search.query.grouping import Groups, most_of
from thuja.search.query.hits import Answer, Hit
from thuja.search.query.nothing import told_of_nothing
from thuja.search.query.searched import Searched
from thuja.search.query.vectors import Sought, sought
from thuja.taxonomy import Taxon

_ALWAYS: Final = (*RANK_NAMES, "common", *NEEDED)
"""Columns that are read of every hit: who it is, and whose picture."""
_AT_ONCE: Final = 1_024


def answer(index: Searched, query: Query, encode: Encode | None = None, *, effort: Effort = STANDARD) -> Answer:
    """What of the index is most like what the query says.

    `encode` is needed for pictures and words alone. Raises UsageError for an index and a model of different spaces and
    for words to a model that reads none, UnknownName for ids and columns that are not there, ImageError for bytes that
    are no picture. A filter that keeps nothing is an answer without hits, and `told` says which condition it was.
    """
    started = time.perf_counter()
    if encode is not None:
        encode.require_space(index.model, index.dim)
    total = len(index) if query.filter.is_empty else index.count(query.filter)
    if not total:
        why = told_of_nothing(index, query.filter)
        return Answer(hits=(), total=0, is_exact=True, is_exhausted=True, told=(why,), took_ms=_since(started))
    found = sought(index, query, encode, effort=effort)
    shown, is_exhausted = _shown(index, query, found, effort)
    told = found.told
    if len(shown) < query.k:
        few = _told_of_few(query, len(shown), total) if is_exhausted else _told_of_depth(query, len(shown))
        told = (*told, few)
    return Answer(
        hits=hits_of(index, shown, query),
        total=total,
        facets=index.facets(query.facets, filter=query.filter) if query.facets else {},
        is_exact=effort.is_exact,
        is_exhausted=is_exhausted,
        told=told,
        took_ms=_since(started),
    )


def _shown(index: Searched, query: Query, found: Sought, effort: Effort) -> tuple[Sequence[Chosen], bool]:
    """The neighbours of one page, and whether there is none after them."""
    candidates = Candidates(
        index, found.vector, query.filter, effort=effort, without=found.known, deepest=query.deepest
    )
    groups = None if query.group_by is None else _groups(index, query, query.group_by)
    wanted = query.offset + query.k
    chosen: list[Chosen] = []
    for block in _chosen(index, query, candidates, groups):
        chosen += block
        if len(chosen) > wanted:
            break
    is_all = candidates.is_exhausted or (groups is not None and groups.is_done)
    return chosen[query.offset : wanted], len(chosen) <= wanted and is_all


def _groups(index: Searched, query: Query, by: str) -> Groups:
    most = most_of(index, by, query.per_group, query.filter, query.known)
    return Groups(index=index, by=by, per_group=query.per_group, most=most)


def _chosen(index: Searched, query: Query, candidates: Candidates, groups: Groups | None) -> Iterator[Sequence[Chosen]]:
    """Neighbours through every step that the query asks for."""
    blocks: Iterator[Sequence[Chosen]] = each(_without_full(candidates, groups))
    if query.collapse is not None:
        blocks = collapsed(index, blocks, query.collapse)
    if groups is not None:
        blocks = groups.through(blocks)
    if query.diversity:
        blocks = spread(blocks, index.vectors, diversity=query.diversity, page=query.k)
    return blocks


def _without_full(candidates: Candidates, groups: Groups | None) -> Iterator[Block]:
    """Neighbours, none of taxa of which there is enough once that is known."""
    for block in candidates:
        yield block
        if groups is not None:
            if groups.is_done:
                return
            candidates.leave_out(groups.take_full())


def hits_of(index: Searched, chosen: Iterable[Chosen], query: Query) -> list[Hit]:
    """Neighbours with what the index tells of each."""
    listed = list(chosen)
    if not listed:
        return []
    wanted = [name for name in (index.columns if query.columns is None else query.columns) if name != "uuid"]
    needed = [name for name in _ALWAYS if name in index.columns and name not in wanted]
    table = index.rows([one.key for one in listed], [*wanted, *needed])
    # Part by part: a server's other threads stand still while one is turned into Python's values.
    rows = [row for start in range(0, len(listed), _AT_ONCE) for row in table.slice(start, _AT_ONCE).to_pylist()]
    return [
        Hit(
            id=str(row["uuid"]),
            key=one.key,
            score=one.score,
            taxon=Taxon.from_columns(row),
            credit=Credit.of(row),
            row={name: row.get(name) for name in wanted},
            group=None if query.group_by is None else one.group,
            copies=one.copies,
        )
        for one, row in zip(listed, rows, strict=True)
    ]


def _told_of_few(query: Query, count: int, total: int) -> str:
    what = f"pictures, at most {query.per_group} of a {query.group_by}" if query.group_by else "pictures"
    kept = f"the filter keeps {total:,}" if not query.filter.is_empty else f"the index holds {total:,}"
    after = f" after the first {query.offset:,}" if query.offset else ""
    return f"{count:,} {what}{after} are all there are: {kept}"


def _told_of_depth(query: Query, count: int) -> str:
    group = f" of another {query.group_by}" if query.group_by else ""
    after = f" after the first {query.offset:,}" if query.offset else ""
    nearest = f"among the nearest {query.deepest:,}"
    return f"{count:,} are shown{after}: {nearest} there are no more{group}; a filter reaches further"


def _since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
