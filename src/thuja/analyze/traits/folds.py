"""Which clades are left out together: whole clades of one rank, so that no kin of that rank is ever learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.taxonomy import RANKS, Rank, Taxon

Indices = npt.NDArray[np.int64]

LEAST_CLADES: Final = 4
"""Clades that there must be: one to predict, and three to learn from and to choose a penalty by."""
LARGEST: Final = 2 / 3
"""The share of the species that one clade may have: with more there is little left to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clades:
    """The clade (S,) and the fold (S,) of each species, numbered from 0; clades are of `rank`, and `taxa` are they.

    `note` says why it is another rank than was asked for, if it is.
    """

    rank: Rank
    clades: Indices
    folds: Indices
    taxa: tuple[Taxon, ...]
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What the clades are called."""
        return tuple(taxon.scientific_name or "unnamed" for taxon in self.taxa)


def clades_of(taxa: Sequence[Taxon], rank: Rank) -> tuple[Indices, tuple[Taxon, ...]]:
    """The clade (S,) of each species at a rank, and the clades; who has no name there goes with what is above."""
    known: dict[tuple[str, ...], int] = {}
    numbers = np.array([known.setdefault(taxon.names[: rank + 1], len(known)) for taxon in taxa], dtype=np.int64)
    return numbers, tuple(Taxon.from_names(names) for names in known)


def choose_clades(taxa: Sequence[Taxon], rank: Rank, generator: np.random.Generator, *, most: int) -> Clades | None:
    """Clades of that rank, or of the one that serves in its stead, in at most so many folds of like size."""
    chosen = choose_rank(taxa, rank)
    if chosen is None:
        return None
    clades, names = clades_of(taxa, chosen[0])
    folds = _balanced(clades, generator, most=most)
    return Clades(rank=chosen[0], clades=clades, folds=folds, taxa=names, note=chosen[1])


def choose_rank(taxa: Sequence[Taxon], rank: Rank) -> tuple[Rank, str] | None:
    """The rank whose clades are left out, and a sentence where it is another than was asked for.

    A rank serves if it has four clades or more and none has over two thirds of the species. Where it has not, the
    next lower rank that does is taken. Where a clade of the rank is hardly ever more than one species, so that near
    kin stay behind, the next higher rank that serves is taken. None where no rank serves.
    """
    clades = {one: clades_of(taxa, one)[0] for one in RANKS if one is not Rank.SPECIES}
    serving = [one for one in clades if _serves(clades[one])]
    if not serving:
        return None
    if rank not in serving:
        chosen = next((one for one in serving if one > rank), serving[-1])
        why = "has too few clades, or one of nearly all species"
    else:
        higher = [one for one in serving if one < rank and not _is_single(clades[one])]
        if not _is_single(clades[rank]) or not higher:
            return rank, ""
        chosen, why = higher[-1], "has hardly more than one species in each clade"
    return chosen, f"The rank of {rank.label} {why}; clades of the rank of {chosen.label} are left out instead."


def _serves(clades: Indices) -> bool:
    sizes = np.bincount(clades)
    return len(sizes) >= LEAST_CLADES and bool(sizes.max() <= LARGEST * len(clades))


def _is_single(clades: Indices) -> bool:
    return int(clades.max()) + 1 > len(clades) / 2


def _balanced(clades: Indices, generator: np.random.Generator, *, most: int) -> Indices:
    """The largest clades first, each to the fold that has fewest species; equals in random order."""
    sizes = np.bincount(clades)
    order = np.lexsort((generator.random(len(sizes)), -sizes))
    held = np.zeros(min(most, len(sizes)), dtype=np.int64)
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    for clade in order:
        fold_of[clade] = int(held.argmin())
        held[fold_of[clade]] += sizes[clade]
    return np.asarray(fold_of[clades])
