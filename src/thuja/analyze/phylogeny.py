"""A dated tree of species: how much of their history each two share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.biosphere.phylogeny import covariance, patristic
from thuja.biosphere.tree import Tree
from thuja.errors import ThujaError
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phylogeny:
    """A dated tree's covariance (S, S) of S taxa: the time that two lineages ran as one, the same age for all.

    Raises ThujaError for another shape, for what is no symmetric matrix of numbers, and for tips of several ages.
    """

    taxa: Sequence[Taxon]
    covariance: Floats

    def __post_init__(self) -> None:
        count = len(self.taxa)
        if self.covariance.shape != (count, count):
            raise ThujaError(f"expected a covariance of {count} taxa, got an array of shape {self.covariance.shape}")
        if not np.isfinite(self.covariance).all() or not np.allclose(self.covariance, self.covariance.T):
            raise ThujaError("the covariance of a phylogeny is a symmetric matrix of numbers")
        ages = np.diag(self.covariance)
        if ages.min() <= 0 or not np.allclose(ages, ages[0]):
            raise ThujaError(
                f"the tips of a phylogeny have one age, got {ages.min():g} to {ages.max():g}",
                hint="make the tree ultrametric first",
            )

    @classmethod
    def of_tree(cls, tree: Tree, taxa: Sequence[Taxon]) -> "Phylogeny":
        """The true tree of a simulated world, whose tips are these taxa in order."""
        return cls(taxa=taxa, covariance=covariance(tree))

    @property
    def distances(self) -> Floats:
        """The distance (S, S) along the tree between each two species."""
        return patristic(self.covariance)

    def among(self, taxa: Sequence[Taxon]) -> Floats:
        """The covariance of these taxa; raises ThujaError where one is not in the tree."""
        places = {taxon: place for place, taxon in enumerate(self.taxa)}
        missing = [taxon for taxon in taxa if taxon not in places]
        if missing:
            raise ThujaError(
                f"{len(missing)} of {len(taxa)} species are not in the phylogeny, the first is "
                f"{missing[0].scientific_name}",
                hint="leave them out, or analyze without a phylogeny",
            )
        chosen = [places[taxon] for taxon in taxa]
        return np.asarray(self.covariance[np.ix_(chosen, chosen)])
