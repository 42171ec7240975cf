"""How strongly images speak for the labels at hand, with all of them and without the clade that each belongs to.

What a score does on an organism that is not among the labels can be seen on known ones: take an image's own species
(genus, family) out of the labels and score it again. Nothing is subtracted for that, where an image that is sure of
its species would leave only rounding behind: the labels outside the widest clade are summed in one pass, and what is
narrower is added shell by shell.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.halves import widen
from thuja.classify.posterior import checked
from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError
from thuja.labels import LabelSpace
from thuja.taxonomy import Rank, Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_LABELS, _IMAGES = 4096, 2048
"""A tile of logits is 32 MB."""


class Evidence(Protocol):
    """What any pass over the labels leaves of an image: `Marginals` and `Signs` alike."""

    @property
    def peak(self) -> Floats: ...

    @property
    def energy(self) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The greatest logit of each image, and the logarithm of the sum of all their exponentials; -inf for no label."""

    peak: Floats
    energy: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """Where each of N images belongs among L labels.

    Taken in `order`, the labels of a clade stand side by side. `spans` (R, N, 2) say where the image's own clade
    begins and ends there, at each of R levels from the narrowest to the widest; each lies within the next.
    `ranks` are those of the levels, none for custom labels, whose only level is the label itself.
    """

    order: Indices
    spans: Indices
    ranks: tuple[Rank, ...]

    def __post_init__(self) -> None:
        if self.spans.ndim != 3 or self.spans.shape[2] != 2:
            raise ThujaError(f"spans are levels x images x 2, got shape {self.spans.shape}")

    def __len__(self) -> int:
        return int(self.spans.shape[1])

    @property
    def levels(self) -> int:
        """R, how many clades of an image can be left out."""
        return len(self.spans)

    @classmethod
    def of_taxa(cls, places: Indices, tree: Tree, ranks: Sequence[Rank]) -> Self:
        """The homes of images whose species are at these `places` among the tree's; ranks from the narrowest up."""
        first = tree.edges[Rank.SPECIES][places]
        spans = []
        for rank in ranks:
            edges = tree.edges[rank]
            clade = np.searchsorted(edges, first, side="right") - 1
            spans.append(np.stack([edges[clade], edges[clade + 1]], axis=1))
        return cls(order=tree.order, spans=np.stack(spans), ranks=tuple(ranks))

    @classmethod
    def of_labels(cls, places: Indices, labels: LabelSpace) -> Self:
        """The homes of images whose labels are at these `places`; each label is a clade by itself."""
        spans = np.stack([places, places + 1], axis=1)[None]
        return cls(order=np.arange(len(labels), dtype=np.int64), spans=spans, ranks=())


def places_at(taxa: Sequence[Taxon], tree: Tree, rank: Rank = Rank.SPECIES) -> Indices:
    """Where each taxon stands among those of a tree at a rank, -1 for one that does not: (N,)."""
    known = tree.taxa[rank]
    found: dict[Taxon, int] = {}
    for taxon in set(taxa):
        place = bisect_left(known, taxon)
        found[taxon] = place if place < len(known) and known[place] == taxon else -1
    return np.array([found[taxon] for taxon in taxa], dtype=np.int64)


def signs(
    vectors: Vectors,
    labels: LabelSpace,
    *,
    scale: float,
    order: Indices | None = None,
    without: Indices | None = None,
) -> Signs:
    """The greatest logit and the energy of N images over L labels, tile by tile: (N, D) vectors of length one.

    `without` (N, 2) says of each image which labels, in `order`, do not count. Raises ThujaError for vectors that do
    not fit or are not numbers.
    """
    wide = checked(vectors, labels.vectors)
    peak = np.full(len(wide), -np.inf, dtype=np.float32)
    energy = np.full(len(wide), -np.inf, dtype=np.float32)
    for first in range(0, len(labels), _LABELS):
        last = min(first + _LABELS, len(labels))
        texts = widen(labels.vectors[slice(first, last) if order is None else order[first:last]])
        if not np.isfinite(texts).all():
            raise ThujaError("a label's vector is not a number", hint="build the labels again")
        places = np.arange(first, last)
        for start in range(0, len(wide), _IMAGES):
            images = slice(start, start + _IMAGES)
            logits = wide[images] @ texts.T  # (B, T)
            logits *= np.float32(scale)
            if without is not None:
                spans = without[images]
                met = np.flatnonzero((spans[:, 0] < last) & (spans[:, 1] > first))  # few clades lie in a tile
                inside = (places >= spans[met, :1]) & (places < spans[met, 1:])
                logits[met] = np.where(inside, np.float32(-np.inf), logits[met])
            _join(peak[images], energy[images], logits)
    return Signs(peak=peak, energy=energy)


def signs_without(vectors: Vectors, labels: LabelSpace, homes: Homes, *, scale: float) -> Signs:
    """The signs with all labels and without each image's own clade at each level: two matrices (R + 1, N).

    Row 0 is all labels, row r those outside the clade at level r; -inf where none is left.
    """
    if len(vectors) == 0:
        raise EmptyInput("there is no image to leave a clade out for")
    outside = signs(vectors, labels, scale=scale, order=homes.order, without=homes.spans[-1])
    wide = np.asarray(vectors, dtype=np.float32)
    peak = np.tile(outside.peak, (homes.levels + 1, 1))  # (R + 1, N)
    energy = np.tile(outside.energy, (homes.levels + 1, 1))
    widest, clade_of = np.unique(homes.spans[-1], axis=0, return_inverse=True)
    for clade, (first, last) in enumerate(widest.tolist()):
        images = np.flatnonzero(clade_of == clade)
        texts = widen(labels.vectors[homes.order[first:last]])
        for rows in np.array_split(images, -(-len(images) // _IMAGES)):
            logits = (wide[rows] @ texts.T) * np.float32(scale)  # (n, labels of the clade)
            _add_shells(peak, energy, logits, homes=homes, rows=rows, first=first)
    return Signs(peak=peak, energy=energy)


def _add_shells(peak: Floats, energy: Floats, logits: Floats, *, homes: Homes, rows: Indices, first: int) -> None:
    """Add to each level, the widest but one first, what lies between its clade and the next wider one."""
    places = np.arange(first, first + logits.shape[1])
    for level in range(homes.levels - 1, -1, -1):
        # What is outside of the narrower clade at `level` - 1, or all labels at 0, takes in everything outside the
        # wider clade, and of the wider clade what the narrower leaves.
        wider = homes.spans[level, rows]
        shell = (places >= wider[:, :1]) & (places < wider[:, 1:])
        if level:
            narrower = homes.spans[level - 1, rows]
            shell &= (places < narrower[:, :1]) | (places >= narrower[:, 1:])
        taken = np.where(shell, logits, np.float32(-np.inf))
        own_peak, own_energy = peak[level + 1, rows], energy[level + 1, rows]
        _join(own_peak, own_energy, taken)
        peak[level, rows], energy[level, rows] = own_peak, own_energy


def _join(peak: Floats, energy: Floats, logits: Floats) -> None:
    """Take (B, T) logits into the running peak and energy (B,), in place; `logits` are spent."""
    top = logits.max(axis=1)
    base = np.where(np.isfinite(top), top, 0)  # a row of -inf alone has no greatest logit to take off
    logits -= base[:, None]
    np.exp(logits, out=logits)
    with np.errstate(divide="ignore"):
        told = base + np.log(logits.sum(axis=1))
    np.maximum(peak, top, out=peak)
    np.logaddexp(energy, told, out=energy)
