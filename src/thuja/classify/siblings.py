"""What an answer was weighed against: the taxa of its own rank in the least clade that holds another one.

Only the labels of that clade are scored, so one image against 867,455 species costs what its genus holds.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.halves import widen
from thuja.classify.tiled import Bias
from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_TILE = 16_384
_TINY = float(np.finfo(np.float32).tiny)
_LEAST_WEIGHT = 1e-6
"""Of a clade's posterior; a label with less of it takes no part in what the clade says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """The other taxa at an answer's rank within `clade` (None: among all), best first.

    `scores` are probabilities on the scale of the answer's own.
    """

    clade: Taxon | None
    taxa: tuple[Taxon, ...]
    scores: tuple[float, ...]


def rows_of(tree: Tree, taxon: Taxon, rank: Rank) -> Indices:
    """The labels, by their rows in the label space, that make up a taxon at a rank; none where none does."""
    place = _place(tree, taxon, rank)
    return tree.order[:0] if place is None else tree.order[slice(*_span(tree, place, rank))]


def logits_of(vector: Floats, labels: LabelSpace, rows: Indices, *, scale: float, bias: Bias | None = None) -> Floats:
    """One image's logits for some labels: (D,) and T rows to (T,). `bias` is asked about image 0."""
    found = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _TILE):
        some = rows[start : start + _TILE]
        found[start : start + len(some)] = widen(_taken(labels.vectors, some)) @ vector
        found[start : start + len(some)] *= np.float32(scale)
        if bias is not None:
            found[start : start + len(some)] += bias(some, slice(0, 1))[:, 0]
    return found


def siblings(
    vector: Floats,
    labels: LabelSpace,
    answer: tuple[Taxon, float],
    *,
    tree: Tree,
    rank: Rank,
    scale: float,
    bias: Bias | None = None,
) -> Siblings:
    """Whom a taxon, answered at `rank` with some probability, was weighed against within its nearest clade.

    (D,) is the image's vector. The soft-max's sum over all labels is not needed: what the answer's labels add up to
    and the answer's own probability tell it.
    """
    taxon, score = answer
    own = _place(tree, taxon, rank)
    if own is None:
        raise ThujaError(f'no label is of the {rank.label} "{taxon.at(rank).taxonomic_name}"')
    clade, (start, stop) = _contested(tree, taxon, rank)
    edges = tree.edges[rank]
    first, last = (int(np.searchsorted(edges, place)) for place in (start, stop))
    logits = logits_of(vector, labels, tree.order[start:stop], scale=scale, bias=bias)
    masses = _log_sums(logits, edges[first : last + 1] - start)  # (G,)
    told = np.minimum(masses - masses[own - first] + np.log(max(score, _TINY)), 0)
    order = [int(place) for place in np.argsort(-told, kind="stable") if place != own - first]
    probabilities = np.exp(told).tolist()
    return Siblings(
        clade=clade,
        taxa=tuple(tree.taxa[rank][first + place] for place in order),
        scores=tuple(probabilities[place] for place in order),
    )


def voice(vector: Floats, labels: LabelSpace, rows: Indices, *, scale: float, bias: Bias | None = None) -> Floats:
    """The vector that several labels speak with to an image: their mean, weighed by their posterior among them: (D,).

    It is the gradient, by the image's vector, of the logarithm of their summed probability (over `scale`, and but for
    what all labels share), so the difference of two voices is where one sum gains on the other.
    """
    logits = logits_of(vector, labels, rows, scale=scale, bias=bias)
    weights = np.exp(logits - logits.max())
    weights /= weights.sum()
    heard = np.flatnonzero(weights >= _LEAST_WEIGHT)
    spoken: Floats = weights[heard] @ widen(_taken(labels.vectors, rows[heard])) / weights[heard].sum()
    return spoken.astype(np.float32)


def _contested(tree: Tree, taxon: Taxon, rank: Rank) -> tuple[Taxon | None, tuple[int, int]]:
    """The least clade around a taxon that holds another one of its rank, and where its labels lie in the tree."""
    for above in reversed(RANKS[:rank]):
        place = _place(tree, taxon, above)
        assert place is not None  # what holds a taxon is there as it is
        start, stop = _span(tree, place, above)
        if np.searchsorted(tree.edges[rank], stop) - np.searchsorted(tree.edges[rank], start) > 1:
            return taxon.at(above), (start, stop)
    return None, (0, len(tree))


def _span(tree: Tree, place: int, rank: Rank) -> tuple[int, int]:
    """Where the labels of a taxon begin and end in the tree's order."""
    return int(tree.edges[rank][place]), int(tree.edges[rank][place + 1])


def _place(tree: Tree, taxon: Taxon, rank: Rank) -> int | None:
    """A taxon's index among the tree's taxa at a rank; None where it is not there."""
    wanted, taxa = taxon.at(rank), tree.taxa[rank]
    place = bisect_left(taxa, wanted)
    return place if place < len(taxa) and taxa[place] == wanted else None


def _log_sums(logits: Floats, edges: Indices) -> npt.NDArray[np.float64]:
    """The logarithm of the summed exponentials of each run: (T,) and (G + 1,) edges to (G,)."""
    peaks = np.maximum.reduceat(logits, edges[:-1]).astype(np.float64)
    shifted = np.exp(logits - np.repeat(peaks, np.diff(edges)))
    sums: npt.NDArray[np.float64] = peaks + np.log(np.add.reduceat(shifted, edges[:-1]))
    return sums


def _taken(vectors: Vectors, rows: Indices) -> Vectors:
    """Rows of a matrix that may lie on disk; a stretch of it is read as one."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
        return vectors[rows[0] : rows[-1] + 1]
    return vectors[rows]
