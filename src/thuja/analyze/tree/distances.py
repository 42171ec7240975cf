"""How far species are apart: on the lineage in rank steps, and in a space between the means of their images."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import squareform

from thuja.analyze.tree.settings import Metric
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.taxonomy import RANKS, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Depths = npt.NDArray[np.int8]

_CHUNK: Final = 2**22
"""Numbers that are widened to float64 at a time: 32 MB."""


def common_depths(taxa: Sequence[Taxon]) -> Depths:
    """The depth of each two taxa's common ancestor (S, S): 0 the root, 6 the genus; a taxon's own with itself.

    As `taxonomy.common_ancestor` has it: a rank that only one of them names does not part them.
    """
    names: dict[str, int] = {"": -1}
    table = np.array([[names.setdefault(name, len(names)) for name in taxon.names] for taxon in taxa], dtype=np.int64)
    shape = (len(taxa), len(taxa))
    depths, has_parted = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.bool_)
    for rank in RANKS:
        own = table.reshape(-1, len(RANKS))[:, rank]
        is_same = own[:, None] == own
        is_named = own >= 0
        has_parted |= ~is_same & is_named[:, None] & is_named
        depths[is_same & is_named[:, None] & ~has_parted] = rank + 1
    return depths


def tree_steps(taxa: Sequence[Taxon]) -> Depths:
    """The rank steps (S, S) from each taxon to each other, up to the common ancestor and down again."""
    depths = common_depths(taxa)
    own = np.array([0 if taxon.rank is None else taxon.rank + 1 for taxon in taxa], dtype=np.int8)
    return np.asarray(own[:, None] + own - 2 * depths, dtype=np.int8)


def means_by_species(vectors: Vectors, species: Indices, *, is_unit: bool) -> tuple[Floats, Indices]:
    """The mean vector of each species (S, D), and how many images it is of (S,); rows of species -1 are left out.

    Species are numbered 0 to S - 1. `is_unit` takes each image's vector at length 1 (of nothing at nothing). Rows are
    widened a few thousand at a time.
    """
    order = np.argsort(species, kind="stable")
    order = order[np.searchsorted(species[order], 0) :]
    count = int(species.max(initial=-1)) + 1
    sums = np.zeros((count, vectors.shape[1]))
    step = max(1, _CHUNK // max(1, vectors.shape[1]))
    for start in range(0, len(order), step):
        rows = order[start : start + step]
        chunk = np.asarray(vectors[rows], dtype=np.float64)
        if is_unit:
            chunk = unit(chunk)
        here = species[rows]
        starts = np.flatnonzero(np.diff(here, prepend=-1))
        sums[here[starts]] += np.add.reduceat(chunk, starts, axis=0)
    sizes = np.bincount(species[order], minlength=count)
    return sums / np.maximum(sizes, 1)[:, None], sizes


def unit(rows: Floats) -> Floats:
    """Rows at length 1; a row of nothing stays one."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0))


def pairwise_distances(rows: Floats, metric: Metric = Metric.COSINE) -> Floats:
    """The distance (S, S) between each two of some rows (S, D): species' means, or images.

    For cosines a row of nothing is 1 from all others. Differences below the rounding of the largest are none, so that
    rows that are all alike are at 0. Raises ThujaError for rows that are no numbers.
    """
    if not np.isfinite(rows).all():
        raise ThujaError("the rows that distances are asked of are not all numbers")
    if metric == Metric.EUCLIDEAN:
        apart = rows - rows.mean(axis=0)
        squares = np.einsum("sd,sd->s", apart, apart)
        found = squares[:, None] + squares - 2 * (apart @ apart.T)
        found[found < 1e-12 * max(float(squares.max(initial=0)), float((rows**2).sum(axis=1).max(initial=0)))] = 0
        found = np.sqrt(found)
    else:
        moved = _centred(rows) if metric == Metric.CENTRED else rows
        units = unit(moved)
        found = 1 - units @ units.T
        found[np.abs(found) < 1e-12] = 0
    np.fill_diagonal(found, 0)
    return np.asarray((found + found.T) / 2)


def condensed(table: npt.NDArray[np.generic]) -> Floats:
    """The upper triangle (P,) of a table (S, S), row by row."""
    return np.asarray(squareform(table, checks=False), dtype=np.float64)


def _centred(rows: Floats) -> Floats:
    apart = rows - rows.mean(axis=0)
    # What is left of rows that are all alike is rounding, and has no direction.
    apart[(apart**2).sum(axis=1) < 1e-24 * (rows**2).sum(axis=1)] = 0
    return np.asarray(apart)
