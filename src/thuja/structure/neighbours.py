"""The nearest other row of each row, by cosine, and whether it is of the same taxon at a rank.

A row whose taxon occurs once cannot be right, so beside what is right stand what can be, and what a random other row
would be. All is exact: products of a tile of rows with a tile of rows, in float32, of which only the best is kept.

`nearest_of` finds k neighbours of any vectors; it knows no groups and holds all queries in float32, so that a table of
millions of rows is asked here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.hierarchy import codes_of
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEAR: Final = 0.97
"""The cosine above which two rows count as near duplicates."""

TILE_BYTES: Final = 256 * 2**20
"""The memory of one tile of products."""
_MOST_QUERIES: Final = 2**14
"""Queries of one tile: each tile widens all rows once, so few tiles are quick ones."""
_BLOCK: Final = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Of each of Q rows the nearest other one (its place, -1 where there is none) and its cosine: (Q,) each."""

    queries: Indices
    places: Indices
    cosines: Floats


def nearest(
    vectors: Vectors,
    queries: npt.ArrayLike | None = None,
    *,
    groups: Indices | None = None,
    tile_bytes: int = TILE_BYTES,
) -> Nearest:
    """The nearest other row of each of N, or of those at `queries` (Q,), by cosine; the first of equals.

    `groups` (N,) numbers rows that are no neighbours of each other (images of one individual), -1 for rows that stand
    alone. Raises EmptyInput for fewer than two rows, ThujaError for rows that are no numbers or have no direction.
    """
    count = len(vectors)
    if count < 2:
        raise EmptyInput(f"a neighbour needs two rows, got {count}")
    _require_directions(vectors)
    asked = np.arange(count) if queries is None else np.asarray(queries, dtype=np.int64)
    places, cosines = np.full(len(asked), -1), np.full(len(asked), -np.inf, dtype=np.float32)
    height = max(1, min(len(asked), _MOST_QUERIES, tile_bytes // 4))
    width = max(1, tile_bytes // (4 * height))
    for top in range(0, len(asked), height):
        own = slice(top, top + height)
        units = _units(vectors[asked[own]])
        for low in range(0, count, width):
            products = units @ _units(vectors[low : low + width]).T  # (queries, rows) of this tile
            _hide(products, asked[own], low, groups)
            best = products.argmax(axis=1)
            values = products[np.arange(len(best)), best]
            is_nearer = values > cosines[own]
            places[own][is_nearer] = best[is_nearer] + low
            cosines[own][is_nearer] = values[is_nearer]
    return Nearest(queries=asked, places=places, cosines=cosines)


def stratified_queries(strata: npt.ArrayLike, count: int, generator: np.random.Generator) -> Indices:
    """The places of `count` of N rows, in order: as many of each stratum (N,) as it has, up to an equal share.

    What large strata have beyond their share is drawn last, so that rare ones are asked in full.
    """
    _, numbers = np.unique(np.asarray(strata), return_inverse=True)
    shuffled = generator.permutation(len(numbers))
    order = shuffled[np.argsort(numbers[shuffled], kind="stable")]
    sizes = np.bincount(numbers)
    turn = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # a row's place in its stratum
    fair = np.lexsort((generator.random(len(order)), turn))
    return np.sort(order[fair[:count]])


def rank_codes(taxa: Sequence[Taxon], *, is_by_name: bool = False) -> Indices:
    """A number for each taxon at each rank, -1 where it has no name there: (N, 7).

    Taxa are whole lineages, so that a bird and a plant of one genus name differ; `is_by_name` compares the names
    alone, at species with their genus.
    """
    if not is_by_name:
        return codes_of(taxa)
    bare = {taxon: [_bare(taxon, rank) for rank in RANKS] for taxon in set(taxa)}
    return np.stack([codes_of([bare[taxon][rank] for taxon in taxa])[:, rank] for rank in RANKS], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What Q queries come to at a rank: (Q,) each.

    `is_asked`: the query has a name there. `is_right`: so has its neighbour, and the same. `is_possible`: another row,
    of another group, has it. `chance`: how often a random row of another group would be right.
    """

    is_asked: Flags
    is_right: Flags
    is_possible: Flags
    chance: npt.NDArray[np.float64]


def agreed(codes: Indices, found: Nearest, *, groups: Indices | None = None) -> Agreed:
    """Hold the codes (N,) of rows at one rank, -1 for no name, against those of their neighbours."""
    own = codes[found.queries]
    others = np.where(found.places >= 0, codes[found.places], -1)
    total, same = len(codes), _occurrences(codes)[found.queries]
    hidden = hidden_same = np.ones(len(own), dtype=np.int64)  # what may not be the answer: itself, or its group
    if groups is not None:
        is_grouped = groups >= 0
        marks = np.where(is_grouped, groups, groups.max(initial=0) + 1 + np.arange(total))
        place = np.unique(codes, return_inverse=True)[1]
        pair = np.unique(marks, return_inverse=True)[1] * (place.max() + 1) + place
        hidden, hidden_same = _occurrences(marks)[found.queries], _occurrences(pair)[found.queries]
    right = np.where(own >= 0, same - hidden_same, 0)
    return Agreed(
        is_asked=own >= 0,
        is_right=(own >= 0) & (own == others),
        is_possible=right > 0,
        chance=np.divide(right, total - hidden, out=np.zeros(len(own)), where=total > hidden),
    )


def _occurrences(values: Indices) -> Indices:
    """How often each value occurs: (N,) to (N,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(counts[place])


def _hide(products: Floats, queries: Indices, low: int, groups: Indices | None) -> None:
    """Nobody is its own neighbour, nor that of its group."""
    width = products.shape[1]
    rows = np.flatnonzero((queries >= low) & (queries < low + width))
    products[rows, queries[rows] - low] = -np.inf
    if groups is None:
        return
    theirs, ours = groups[low : low + width], groups[queries]
    columns = np.flatnonzero(np.isin(theirs, ours) & (theirs >= 0))
    if len(columns):
        row, column = np.nonzero(ours[:, None] == theirs[columns])
        products[row, columns[column]] = -np.inf


def _units(vectors: Vectors) -> Floats:
    wide = np.asarray(vectors, dtype=np.float32)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float32)


def _require_directions(vectors: Vectors) -> None:
    bad = nought = 0
    for start in range(0, len(vectors), _BLOCK):
        wide = np.asarray(vectors[start : start + _BLOCK], dtype=np.float32)
        bad += int((~np.isfinite(wide).all(axis=1)).sum())
        nought += int((~wide.any(axis=1)).sum())
    if bad:
        raise ThujaError(f"{bad} of {len(vectors)} vectors are not numbers")
    if nought:
        raise ThujaError(f"{nought} of {len(vectors)} vectors are nought and have no neighbour")


def _bare(taxon: Taxon, rank: Rank) -> Taxon:
    """The name at a rank alone, at species with its genus."""
    names = ["" for _ in RANKS]
    names[rank] = taxon[rank]
    if rank == Rank.SPECIES:
        names[Rank.GENUS] = taxon.genus
    return Taxon.from_names(names)
