"""What a tree says of its tips before any trait is seen: how much of their history each two share."""

import numpy as np
import numpy.typing as npt

from thuja.biosphere.tree import Tree

Floats = npt.NDArray[np.float64]


def covariance(tree: Tree) -> Floats:
    """The covariance (S, S) of Brownian motion among the tips: the time that two lineages have run as one.

    A tip's own variance is the height of the tree, 1. Lineages without living tips count for nothing.
    """
    shared = np.zeros((len(tree.tips), len(tree.tips)))
    below: list[list[int]] = [[] for _ in tree.parent]
    for tip, branch in enumerate(tree.tips):
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
