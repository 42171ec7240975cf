"""Thresholds of conformal sets: by the clade that an image is taken for, and how abundant its best species is.

Split conformal prediction covers as often as asked over all images together. Mondrian groups (Vovk et al. 2005) make
that hold within each group. A group hangs on the image alone, never on its truth: the order (or class) of the best
taxon, and the third that the best species is in by its count.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.tiled import Marginals
from thuja.errors import ThujaError
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float64]

LEAST = 50
"""A group has as many observations, or else it is part of a larger one."""

LEAST_LAST = 20
"""What is of no group is one from so many on: its thresholds are rough, and hold."""

_RANKS = (Rank.ORDER, Rank.CLASS)
_WHOLE = "all"

Keys = tuple[str, ...]
"""What groups an image may be of, the narrowest first."""


def keys_of(
    block: Marginals, tree: Tree, *, counts: npt.NDArray[np.generic] | None = None, thirds: Sequence[float] = ()
) -> list[Keys]:
    """The groups that each image may be of, from (L,) counts of the labels and the two bounds of their thirds.

    The order's part in a third of the counts, the order, the same of the class, and all: without counts there are no
    thirds. Where the part is too small to stand alone it is the order that counts, not the third of a larger clade:
    coverage differs more between clades.
    """
    best = block.labels.indices[:, 0]
    names = [
        # With the rank: a lineage without a name at the order is written as its class.
        [f"{rank.label} {tree.taxa[rank][index].taxonomic_name}" for index in block.clades[rank].indices[:, 0].tolist()]
        for rank in _RANKS
    ]
    clades = [(*one, _WHOLE) for one in zip(*names, strict=True)]
    if counts is None:
        return clades
    bins = np.searchsorted(thirds, counts[best]).tolist()
    return [
        tuple(name for clade in one for name in (f"{clade}|{third}", clade))
        for one, third in zip(clades, bins, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformity:
    """The scores of n calibration observations, and the groups that each may be of: (n,) and (n,)."""

    scores: tuple[float, ...]
    keys: tuple[Keys, ...]
    _cuts: dict[float, Mapping[str, float]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.keys) != len(self.scores) or len({len(key) for key in self.keys}) > 1:
            raise ThujaError(f"{len(self.scores)} scores need as many keys, all of as many groups")
        if not np.isfinite(self.scores).all():
            raise ThujaError("a conformity score is a number")

    @classmethod
    def of(cls, scores: Floats, keys: Sequence[Keys]) -> "Conformity":
        """From an array of scores."""
        return cls(scores=tuple(scores.tolist()), keys=tuple(keys))

    def groups(self, *, least: int = LEAST, last: int = LEAST_LAST) -> dict[str, list[float]]:
        """Part the observations: the narrowest group of at least `least`, of what no narrower one has taken.

        What is left of all is a group of its own from `last` on. No score is in two groups, so that each is
        calibrated on observations of its own kind, and what is rare not on what is common.
        """
        groups: dict[str, list[float]] = defaultdict(list)
        left = list(range(len(self.scores)))
        levels = len(self.keys[0]) if self.keys else 0
        for level in range(levels):
            bar = last if level == levels - 1 else least
            sizes = Counter(self.keys[row][level] for row in left)
            for row in left:
                if sizes[self.keys[row][level]] >= bar:
                    groups[self.keys[row][level]].append(self.scores[row])
            left = [row for row in left if sizes[self.keys[row][level]] < bar]
        return groups

    def prices(self, keys: Sequence[Keys], coverage: float) -> Floats:
        """The price at which each image's set is cut, for the coverage asked.

        A group has as many scores as it takes to say such a coverage at all. An image of no group is measured by all.
        """
        if coverage not in self._cuts:
            fewest = ceil(coverage / (1 - coverage) - 1e-9)
            groups = self.groups(least=max(LEAST, fewest), last=max(LEAST_LAST, fewest))
            self._cuts[coverage] = {name: cut(sorted(found), coverage) for name, found in groups.items()} | {
                "": cut(sorted(self.scores), coverage)
            }
        cuts = self._cuts[coverage]
        return np.array([cuts[next((key for key in one if key in cuts), "")] for one in keys])


def cut(ascending: Sequence[float], coverage: float) -> float:
    """The greatest score that ceil((n + 1) coverage) of n scores reach, 0 where these are more than n."""
    wanted = ceil((len(ascending) + 1) * coverage - 1e-9)
    return ascending[len(ascending) - wanted] if wanted <= len(ascending) else 0.0
