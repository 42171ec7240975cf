"""What a tree says of its tips before any trait is seen: how much of their history each two share."""

import numpy as np
import numpy.typing as npt

from thuja.biosphere.tree import Tree

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def covariance(tree: Tree, species: Ints | None = None) -> Floats:
    """The covariance (S, S) of Brownian motion among the tips: the time that two lineages have run as one.

    It is of all tips, or of some `species` by number. A tip's own variance is the height of the tree, 1.
    Lineages without living tips count for nothing.
    """
    living = tree.tips if species is None else tree.tips[species]
    shared = np.zeros((len(living), len(living)))
    below: list[list[int]] = [[] for _ in tree.parent]
    for tip, branch in enumerate(living):
        below[branch].append(tip)
        shared[tip, tip] = tree.death[branch]
    # Children are born after their parents: backwards, every branch is whole before it joins its parent.
    for branch in range(len(tree.parent) - 1, 0, -1):
        parent, tips = int(tree.parent[branch]), below[branch]
        if parent < 0 or not tips:
            continue
        kin = below[parent]
        shared[np.ix_(kin, tips)] = tree.death[parent]
        shared[np.ix_(tips, kin)] = tree.death[parent]
        kin.extend(tips)
    return shared


def patristic(covariance: Floats) -> Floats:
    """The distance (S, S) along the tree between each two tips."""
    own = np.diag(covariance)
    return np.asarray(own[:, None] + own[None, :] - 2 * covariance)
