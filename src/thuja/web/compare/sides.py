"""The pictures of two taxa: how near their middles are, how well each picture tells whose it is, the look-alikes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.search.columns.lineages import Node
from thuja.search.index import Index
from thuja.web.sampling import Keys, filter_of, nearest_to_mean, sampled

Floats = npt.NDArray[np.float32]

MOST: Final = 2_000
"""Pictures of a side that are looked at: their products with the other side's are 16 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A taxon, the keys of a sample of its `total` pictures, and their unit vectors (N, D)."""

    node: Node
    keys: Keys
    vectors: Floats
    total: int

    @classmethod
    def of(cls, index: Index, node: Node) -> "Side":
        """The side of a node that has pictures; raises UsageError for one that has none."""
        keys, total = sampled(index, filter_of(node.taxon), most=MOST)
        if not len(keys):
            raise UsageError(f"the index has no picture of {node.taxon.scientific_name}")
        return cls(node=node, keys=keys, vectors=index.vectors(keys), total=total)

    @property
    def typical(self) -> Keys:
        """The keys, the nearest to their mean first."""
        return self.keys[nearest_to_mean(self.vectors)]

    @property
    def spread(self) -> float | None:
        """The mean cosine of two different pictures of the side; None of one picture alone."""
        count = len(self.vectors)
        if count < 2:
            return None
        total = self.vectors.astype(np.float64).sum(axis=0)
        return float((total @ total - count) / (count * (count - 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A picture of each side, by its place in the sample, and their cosine."""

    first: int
    second: int
    score: float


def require_apart(first: Node, second: Node) -> None:
    """Raise UsageError where one taxon lies within the other: pictures would be compared to themselves."""
    for one, other in ((first, second), (second, first)):
        if one.taxon.is_within(other.taxon):
            inner, outer = one.taxon.scientific_name or "life", other.taxon.scientific_name or "all of life"
            said = "the same taxon twice" if first.taxon == second.taxon else f"{inner} lies within {outer}"
            raise UsageError(f"nothing to compare: {said}", hint="choose two taxa beside each other")


def cosine_of_means(first: Side, second: Side, middle: Floats | None = None) -> float:
    """The cosine between the means of two sides, as they lie from a middle (D,), by default from nought.

    From nought all taxa are alike, since all pictures share much: of BioCLIP 2 birds and insects have .95, moths and
    beetles .92. From the middle of all pictures they have -.31 and .05, and ducks and perching birds .55.
    """
    one, other = (side.vectors.mean(axis=0) - (0 if middle is None else middle) for side in (first, second))
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0


def told_apart(first: Side, second: Side) -> float | None:
    """How often a picture is nearer to its own side's mean than to the other's, each left out of its own mean.

    The mean of both sides' shares, so that the larger does not decide; None where a side has a single picture.
    """
    if min(len(first.vectors), len(second.vectors)) < 2:
        return None
    shares = [_nearer_to_own(*pair) for pair in ((first, second), (second, first))]
    return float(np.mean(shares))


def _nearer_to_own(side: Side, other: Side) -> float:
    vectors = side.vectors.astype(np.float64)
    own = (vectors.sum(axis=0) - vectors) / (len(vectors) - 1)  # (N, D), each without itself
    theirs = other.vectors.astype(np.float64).mean(axis=0)
    to_own = (vectors * own).sum(axis=1) / np.linalg.norm(own, axis=1)
    to_theirs = vectors @ theirs / np.linalg.norm(theirs)
    return float((to_own > to_theirs).mean())


def lookalikes(first: Side, second: Side, *, most: int) -> Sequence[Pair]:
    """The pairs across that are most alike, each picture in one pair at most, the likest first."""
    cosines = first.vectors @ second.vectors.T  # (N, M)
    pairs: list[Pair] = []
    for _ in range(min(most, *cosines.shape)):
        row, column = divmod(int(cosines.argmax()), cosines.shape[1])
        pairs.append(Pair(first=row, second=column, score=float(cosines[row, column])))
        cosines[row, :] = cosines[:, column] = -np.inf
    return pairs
