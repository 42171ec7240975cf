"""Labels cut into tiles: runs of whole species in the order of their lineages."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_NARROW = 64
"""Columns up to which `np.add.reduceat` is the faster one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Labels `start` to `stop` of the tree's order, which are the `rows` of the label space.

    `species` are the edges of its species among its labels, `first_species` is the first of them; `genera` are the
    edges of its genera among its species, `genus` is the first of them, which may have begun in the tile before.
    """

    start: int
    stop: int
    rows: slice | Indices
    species: Indices
    first_species: int
    genus: int
    genera: Indices
    begins_genus: bool


def tiles_of(tree: Tree, size: int) -> Sequence[Tile]:
    """Tiles of about so many labels."""
    species, genera = tree.edges[Rank.SPECIES], tree.edges[Rank.GENUS]
    wanted = np.minimum(np.arange(0, len(tree) + size, size), len(tree))
    bounds = np.unique(species[np.searchsorted(species, wanted)])
    is_sorted, tiles = tree.is_sorted, []
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        first, last = (int(np.searchsorted(species, place)) for place in (start, stop))
        genus, end = int(np.searchsorted(genera, start, side="right")) - 1, int(np.searchsorted(genera, stop))
        tiles.append(
            Tile(
                start=start,
                stop=stop,
                rows=slice(start, stop) if is_sorted else tree.order[start:stop],
                species=species[first : last + 1] - start,
                first_species=first,
                genus=genus,
                genera=np.searchsorted(species[first : last + 1], np.clip(genera[genus : end + 1], start, stop)),
                begins_genus=int(genera[genus]) == start,
            )
        )
    return tiles


def sum_runs(rows: Floats, edges: Indices) -> Floats:
    """The sum of each run of rows: (R, B) and (G + 1,) edges to (G, B).

    Many columns are summed by one call along the whole rows of a run: `np.add.reduceat` would step down column by
    column.
    """
    if rows.shape[1] <= _NARROW:
        return np.add.reduceat(rows, edges[:-1], axis=0)
    counts = np.diff(edges)
    sums = np.empty((len(counts), rows.shape[1]), dtype=np.float32)
    single = counts == 1
    sums[single] = rows[edges[:-1][single]]
    double = counts == 2
    starts = edges[:-1][double]
    sums[double] = rows[starts] + rows[starts + 1]
    bounds = edges.tolist()
    for run in np.flatnonzero(counts > 2).tolist():
        np.add.reduce(rows[bounds[run] : bounds[run + 1]], axis=0, out=sums[run])
    return sums
