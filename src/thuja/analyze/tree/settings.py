"""What a study of the tree takes: how distances are measured, how much is drawn, and a second tree if there is one."""

from dataclasses import dataclass
from enum import StrEnum

from thuja.analyze.phylogeny import Phylogeny
from thuja.errors import UsageError
from thuja.metrics.bootstrap import REPLICATES
from thuja.taxonomy import Rank


class Metric(StrEnum):
    """How far two species are apart in the space."""

    COSINE = "cosine"
    """1 less the cosine of the means of unit vectors."""
    CENTRED = "centred cosine"
    """The same after the mean of all species is taken off: for spaces in which everything points one way."""
    EUCLIDEAN = "euclidean"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSettings:
    """How the tree is held against a space.

    Intervals redraw clades of the rank `unit`, or of the next rank down that has enough of them. Of more than `species`
    species, whole units are drawn until so many are in; of more than `queries` images, so many are asked for their
    neighbour, a species as often as another. `permutations` of species are of at most `permuted` species. `by` names a
    column whose values of at least `least` images are studied apart as well. `leaves` is the most that a tanglegram
    shows; without `is_drawn` there are numbers and no figures, as in a grid of many spaces.
    """

    metric: Metric = Metric.COSINE
    unit: Rank = Rank.FAMILY
    species: int = 2000
    anchors: int = 500
    queries: int = 10_000
    permuted: int = 400
    permutations: int = 999
    shuffles: int = 200
    replicates: int = REPLICATES
    near: float = 0.97
    leaves: int = 60
    is_drawn: bool = True
    by: str | None = None
    least: int = 30
    phylogeny: Phylogeny | None = None

    def __post_init__(self) -> None:
        for name in ("species", "anchors", "queries", "permuted", "permutations", "shuffles", "replicates", "leaves"):
            if getattr(self, name) < 2:
                raise UsageError(f"{name} must be 2 or more, got {getattr(self, name)}")
