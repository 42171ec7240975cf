"""A random tree of species and the ranks cut from it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A rooted binary tree of B branches in order of birth; branch 0 is the root's stem.

    `parent` (B,) is -1 for the root; `birth` and `death` (B,) are times from 0, the root's split, to 1,
    the present; `tips` (S,) are the branches alive at the present.
    """

    parent: Ints
    birth: Floats
    death: Floats
    tips: Ints

    @classmethod
    def grow(cls, species: int, generator: np.random.Generator) -> "Tree":
        """A Yule tree: each split falls on a lineage drawn at random, so clades come out uneven."""
        parent, birth, death = [-1], [0.0], [0.0]
        alive, time = [0], 0.0
        while len(alive) < species:
            chosen = int(generator.integers(len(alive)))
            branch = alive[chosen]
            death[branch] = time
            children = [len(parent), len(parent) + 1]
            for _ in children:
                parent.append(branch)
                birth.append(time)
                death.append(time)
            alive[chosen] = children[0]
            alive.append(children[1])
            time += float(generator.exponential(1 / len(alive)))
        scale = 1 / (time or 1.0)
        for branch in alive:
            death[branch] = time
        return cls(
            parent=np.array(parent),
            birth=np.array(birth) * scale,
            death=np.array(death) * scale,
            tips=np.array(sorted(alive)),
        )

    def clades(self, count: int) -> Ints:
        """Each tip's clade (S,), numbered from 0, when the tree is cut where it had `count` lineages."""
        # The tree is binary: after the split that gives `count` lineages there are 2 * count - 1 branches.
        limit = 2 * count - 1
        roots = self.tips.copy()
        while (high := roots >= limit).any():
            roots[high] = self.parent[roots[high]]
        return np.unique(roots, return_inverse=True)[1].astype(np.int64)
