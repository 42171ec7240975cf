"""Two trees of the same leaves face to face, their branches rotated so that few lines between them cross."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thuja.taxonomy import RANKS, Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_ROUNDS = 12


@dataclass(slots=True, kw_only=True)
class Branch:
    """A node with its `height` (0 at the leaves), and its children in the order that they are drawn, or its leaf."""

    height: float
    children: list["Branch"] = field(default_factory=list)
    leaf: int = -1

    def leaves(self) -> list[int]:
        """The leaves below, in order."""
        return [self.leaf] if self.leaf >= 0 else [leaf for child in self.children for leaf in child.leaves()]


def of_lineages(taxa: Sequence[Taxon]) -> Branch:
    """The taxonomy of L taxa as a tree, heights in ranks above the leaves; ranks that part nothing are passed over."""
    return _below(list(range(len(taxa))), 0, taxa)


def of_linkage(tree: Floats, leaves: int) -> Branch:
    """A tree of SciPy's linkage (L - 1, 4)."""
    nodes = [Branch(height=0.0, leaf=leaf) for leaf in range(leaves)]
    for left, right, height, _ in tree.tolist():
        nodes.append(Branch(height=height, children=[nodes[int(left)], nodes[int(right)]]))
    return nodes[-1]


def untangle(first: Branch, second: Branch) -> float:
    """Rotate both trees in turn, each to the other's order, and leave them at their best; its entanglement.

    Children are ordered by the mean place of their leaves on the other side, a round after the other.
    """
    best, kept = np.inf, (first.leaves(), second.leaves())
    for turn in range(_ROUNDS):
        moved, still = (second, first) if turn % 2 == 0 else (first, second)
        _order_by(moved, _places(still.leaves()))
        value = entanglement(first.leaves(), second.leaves())
        if value < best - 1e-12:
            best, kept = value, (first.leaves(), second.leaves())
    for branch, leaves in zip((first, second), kept, strict=True):
        _order_by(branch, _places(leaves))
    return float(best)


def entanglement(first: Sequence[int], second: Sequence[int]) -> float:
    """The share of pairs of lines that cross between two orders of the same leaves: 0 the same, 1 reversed."""
    count = len(first)
    if count < 2:
        return 0.0
    place = _places(second)
    along = np.array([place[leaf] for leaf in first])
    crossings = int(np.triu(along[:, None] > along, 1).sum())
    return crossings / (count * (count - 1) / 2)


def _below(members: list[int], level: int, taxa: Sequence[Taxon]) -> Branch:
    if len(members) == 1:
        return Branch(height=0.0, leaf=members[0])
    for rank in RANKS[level:]:
        parts: dict[str, list[int]] = {}
        for member in members:
            # Those without a name at the rank stand together, and are parted by the ranks below.
            parts.setdefault(taxa[member][rank], []).append(member)
        if len(parts) > 1:
            children = [_below(part, rank + 1, taxa) for part in parts.values()]
            return Branch(height=float(len(RANKS) - rank), children=children)
    return Branch(height=1.0, children=[Branch(height=0.0, leaf=member) for member in members])


def _order_by(branch: Branch, places: Mapping[int, int]) -> float:
    """Order children by the mean place of their leaves; the mean of this branch's own leaves."""
    if branch.leaf >= 0:
        return float(places[branch.leaf])
    means = [_order_by(child, places) for child in branch.children]
    branch.children = [branch.children[place] for place in np.argsort(means, kind="stable").tolist()]
    return float(np.mean([places[leaf] for leaf in branch.leaves()]))


def _places(leaves: Sequence[int]) -> dict[int, int]:
    return {leaf: place for place, leaf in enumerate(leaves)}
