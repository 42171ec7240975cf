"""How much ancestry species share, said by a taxonomy, which has no branch lengths, or by a phylogeny handed in.

Two choices of branch lengths stand side by side, because neither is the truth: equal steps between ranks, and
Grafen's (1989, doi:10.1098/rstb.1989.0106), by which a node stands the higher the more species are below it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.phylogeny import Phylogeny
from thuja.biosphere.signal import Ancestry
from thuja.errors import EmptyInput, ThujaError
from thuja.taxonomy import RANKS, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

EQUAL_STEPS: Final = "equal steps"
GRAFEN: Final = "Grafen's"
PHYLOGENY: Final = "phylogeny"


def shared_ranks(taxa: Sequence[Taxon]) -> Indices:
    """How many ranks each two of S lineages have run as one (S, S), 0 to 7; 7 for a species with itself.

    The deepest rank at which both have the same name and the same names above. A rank that both lack is nothing
    shared. Raises EmptyInput for no taxon.
    """
    if not taxa:
        raise EmptyInput("there is no species whose ancestry could be told")
    shared = np.zeros((len(taxa), len(taxa)), dtype=np.int64)
    for rank in RANKS:
        known: dict[tuple[str, ...], int] = {}
        numbers = np.array(
            [
                known.setdefault(taxon.names[: rank + 1], len(known)) if taxon[rank] else -1 - row
                for row, taxon in enumerate(taxa)
            ]
        )
        shared[numbers[:, None] == numbers[None, :]] = rank + 1
    np.fill_diagonal(shared, len(RANKS))
    return shared


def equal_steps(taxa: Sequence[Taxon]) -> Floats:
    """The covariance (S, S) of species on a tree in which every rank is a step as long as any other.

    The root is the last common ancestor of these species, so that the farthest of them share 0; the age of all is 1.
    """
    shared = shared_ranks(taxa)
    root = int(shared.min())
    return np.asarray((shared - root) / max(len(RANKS) - root, 1)) if root < len(RANKS) else np.ones(shared.shape)


def grafen(taxa: Sequence[Taxon], *, rho: float = 1.0) -> Floats:
    """The covariance (S, S) of species on the taxonomy's tree with Grafen's branch lengths; the age of all is 1.

    A node's height is ((species below it - 1) / (S - 1)) to the power `rho`: below 1 nodes stand higher, and kin
    share less. The species counted are those handed in. Raises ThujaError for a power that is not above 0.
    """
    if rho <= 0:
        raise ThujaError(f"the power of Grafen's heights is above 0, got {rho:g}")
    shared = shared_ranks(taxa)
    count = len(taxa)
    if count == 1:
        return np.ones((1, 1))
    below = np.stack([(shared >= level).sum(axis=1) for level in range(len(RANKS) + 1)])  # (8, S)
    heights = (below[shared, np.arange(count)[:, None]] - 1) / (count - 1)  # (S, S) of the last common ancestors
    np.fill_diagonal(heights, 0.0)
    return np.asarray(1 - heights**rho)


def ancestries(
    taxa: Sequence[Taxon], *, rho: float = 1.0, phylogeny: Phylogeny | None = None
) -> Mapping[str, Ancestry]:
    """The ancestry of S species under each choice of branch lengths, by its name; a phylogeny's where there is one."""
    found = {EQUAL_STEPS: equal_steps(taxa), GRAFEN: grafen(taxa, rho=rho)}
    if phylogeny is not None:
        found[PHYLOGENY] = phylogeny.among(taxa)
    return {name: Ancestry.from_covariance(covariance) for name, covariance in found.items()}
