"""A random tree of species, by birth and death, and the ranks cut from it."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_FASTEST = 4.0
"""How many times the first lineage's pace a lineage may split at the most, and at the least its inverse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A rooted binary tree of the B branches that lead to living species, by birth; branch 0 is the root's stem.

    `parent` (B,) is -1 for the root; `birth` and `death` (B,) are times from 0, the root's split, to 1,
    the present; `tips` (S,) are the branches alive at the present.
    """

    parent: Ints
    birth: Floats
    death: Floats
    tips: Ints

    @classmethod
    def grow(
        cls, species: int, generator: np.random.Generator, *, extinction: float = 0.0, unevenness: float = 0.0
    ) -> "Tree":
        """Grow until that many species live, and keep what leads to them.

        Lineages die out at `extinction` (below 1) times the pace at which they split. A child's pace is
        its parent's times exp(normal(0, `unevenness`)), so that fast clades grow large and slow ones stay
        small, more so than by chance alone (0: a constant-rate birth-death tree).
        """
        while True:
            past = _Past.live(species, generator, extinction=extinction, unevenness=unevenness)
            if past is not None:
                return cls.of_survivors(past.splits, past.alive, past.time)

    @classmethod
    def of_survivors(cls, splits: list[tuple[int, int, int, float]], alive: list[int], end: float) -> "Tree":
        """The tree of the lineages `alive` at `end`, from all splits (parent, two children, time) in order of time."""
        # From the last split back: a lineage stands for a branch of the kept tree once one below it lives.
        heads = {lineage: lineage for lineage in alive}  # lineage -> the kept branch that it leads to
        kept: list[tuple[int, int, int, float]] = []
        for lineage, first, second, time in reversed(splits):
            below = [heads.pop(child) for child in (first, second) if child in heads]
            if len(below) == 2:
                kept.append((lineage, below[0], below[1], time))
                heads[lineage] = lineage
            elif below:
                heads[lineage] = below[0]
        kept.reverse()
        root = next(iter(heads.values()))
        number = {root: 0}
        parent, birth, death = [-1], [0.0], [0.0]
        start = kept[0][3] if kept else 0.0
        scale = 1 / (end - start) if end > start else 1.0
        for lineage, first, second, time in kept:
            branch = number[lineage]
            death[branch] = (time - start) * scale
            for child in (first, second):
                number[child] = len(parent)
                parent.append(branch)
                birth.append(death[branch])
                death.append(1.0)
        tips = sorted(number[lineage] for lineage in alive)
        if len(alive) == 1:
            death[0] = 1.0
        return cls(parent=np.array(parent), birth=np.array(birth), death=np.array(death), tips=np.array(tips))

    def clades(self, count: int) -> Ints:
        """Each tip's clade (S,), numbered from 0, when the tree is cut where it had `count` lineages."""
        return np.unique(self.roots(count), return_inverse=True)[1].astype(np.int64)

    def roots(self, count: int) -> Ints:
        """The branch (S,) that each tip descends from where the tree had `count` lineages."""
        # The tree is binary: after the split that gives `count` lineages there are 2 * count - 1 branches.
        limit = 2 * count - 1
        roots = self.tips.copy()
        while (high := roots >= limit).any():
            roots[high] = self.parent[roots[high]]
        return roots

    def members(self) -> dict[int, list[int]]:
        """The numbers of the tips below each branch, itself counted if it is one."""
        found: dict[int, list[int]] = defaultdict(list)
        for number, tip in enumerate(self.tips.tolist()):
            branch = tip
            while branch >= 0:
                found[branch].append(number)
                branch = int(self.parent[branch])
        return dict(found)


@dataclass(frozen=True, slots=True)
class _Past:
    """All that happened: splits in order of time, the lineages alive at its end, and when that was."""

    splits: list[tuple[int, int, int, float]]
    alive: list[int]
    time: float

    @classmethod
    def live(
        cls, species: int, generator: np.random.Generator, *, extinction: float, unevenness: float
    ) -> "_Past | None":
        """A past that ends with that many species; None when all die out before."""
        splits: list[tuple[int, int, int, float]] = []
        alive, paces, born, time = [0], [1.0], 1, 0.0
        total = 1.0
        while True:
            time += float(generator.exponential(1 / (total * (1 + extinction))))
            if len(alive) == species:
                return cls(splits, alive, time)  # the last wait is over: the youngest pair has had its time too
            chosen = int(generator.integers(len(alive)))
            while generator.random() * _FASTEST > paces[chosen]:  # by pace, without a table of sums
                chosen = int(generator.integers(len(alive)))
            lineage, pace = alive[chosen], paces[chosen]
            alive[chosen], paces[chosen] = alive[-1], paces[-1]
            alive.pop()
            paces.pop()
            total -= pace
            if generator.random() * (1 + extinction) < 1:
                splits.append((lineage, born, born + 1, time))
                for child in (born, born + 1):
                    own = float(np.clip(pace * np.exp(generator.normal(0, unevenness)), 1 / _FASTEST, _FASTEST))
                    alive.append(child)
                    paces.append(own)
                    total += own
                born += 2
            elif not alive:
                return None
