"""A prior that counts clades and not species: what marginals over uneven clades can be corrected by.

Summed up the tree, a family of 5,000 species outweighs one of two wherever the image says little. A tree-uniform
prior gives each child of a clade the same share of it: p(label) is the product, over the ranks, of one over the number
of siblings.
"""

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.tiled import Bias
from thuja.errors import UsageError
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

STRONGEST = 2.0


def size_bias(tree: Tree, strength: float = 1.0) -> Bias | None:
    """What `marginals` adds to each label's logit; None for strength 0.

        strength * log(L p(y)),   log p(y) = - sum over ranks r of log c_r(y) - log s(y)

    c_r(y) is how many taxa stand at rank r within y's clade one rank up (all kingdoms for the kingdom; a label without
    a name at a rank counts as one of them), s(y) how many labels share y's lineage. Strength 1 is the tree-uniform
    prior, 0 that of labels alike.
    """
    if not 0 <= strength <= STRONGEST:
        raise UsageError(f"the strength against clade size lies between 0 and {STRONGEST:g}, got {strength:g}")
    if strength == 0:
        return None
    weights = np.empty((len(tree), 1), dtype=np.float32)
    weights[tree.order, 0] = strength * (tree_uniform(tree) + np.log(len(tree)))

    def bias(rows: slice | Indices, images: slice) -> Floats:
        return weights[rows]

    return bias


def tree_uniform(tree: Tree) -> npt.NDArray[np.float64]:
    """The log of the tree-uniform prior of each label, in the tree's order: (L,), summing to 1."""
    logs: npt.NDArray[np.float64] = np.full(len(tree), -np.log(len(tree.taxa[RANKS[0]])))
    for rank in RANKS[:-1]:
        children = np.diff(tree.members(rank))  # (G,)
        logs -= np.repeat(np.log(children), tree.sizes(rank))
    logs -= np.repeat(np.log(tree.sizes(Rank.SPECIES)), tree.sizes(Rank.SPECIES))
    return logs


def cooled(bias: Bias, temperature: float) -> Bias:
    """A bias that is part of what a temperature divides."""
    share = np.float32(1 / temperature)

    def colder(rows: slice | Indices, images: slice) -> Floats:
        return bias(rows, images) * share

    return colder


def sum_biases(*biases: Bias | None) -> Bias | None:
    """One bias that adds all those that are not None; None where none is left."""
    given = [bias for bias in biases if bias is not None]
    if len(given) < 2:
        return given[0] if given else None

    def total(rows: slice | Indices, images: slice) -> Floats:
        tile = given[0](rows, images)
        for bias in given[1:]:
            tile = tile + bias(rows, images)
        return tile

    return total
