"""What is put to every space alike: which images, which folds, which shuffles, which redraws.

A control has to answer the very question that the model answers, so the question is made once, without vectors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions.ordering import ordered
from thuja.embeddings import Vectors
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_BLOCK: Final = 2**22
"""Numbers that are ranked at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """R rows to be ordered, of M images of S species.

    Between species a row is a species' mean; within species it is an image's way from that mean. `images` (M,) are
    numbers of the space's rows, `species` (M,) from 0 to S - 1, `taxa` (S,) who they are. `targets` (R, 1 + P) are the
    values, and P shuffles of them; `folds` (R,), `weights` (R,). `redraws` are B drawings of species: what is left out
    together (species, or families) is drawn together, with replacement, so that they may differ in length.
    """

    images: Indices
    species: Indices
    taxa: Sequence[Taxon]
    is_within: bool
    measure: str
    targets: Floats
    folds: Indices
    weights: Floats
    redraws: Sequence[Indices]

    @property
    def counts(self) -> Floats:
        """How many images each species has (S,)."""
        return np.bincount(self.species, minlength=len(self.taxa)).astype(np.float64)

    def rows(self, vectors: Vectors) -> Floats:
        """The rows (R, D) in a space (N, D)."""
        chosen = np.asarray(vectors[self.images], dtype=np.float64)  # (M, D)
        means = self.mean_by_species(chosen)
        return chosen - means[self.species] if self.is_within else means

    def mean_by_species(self, table: Floats) -> Floats:
        """The mean of the images' rows (M, D) in each species: (S, D)."""
        sums = np.zeros((len(self.taxa), table.shape[1]))
        np.add.at(sums, self.species, table)
        return np.asarray(sums / self.counts[:, None])

    @property
    def learnt_targets(self) -> Floats:
        """The targets as they are learnt: within species, less their mean there."""
        return self.targets - self.mean_by_species(self.targets)[self.species] if self.is_within else self.targets

    def statistics(self, scores: Floats) -> Floats:
        """How well scores (R, 1 + P) order their targets (1 + P,): over species, or the mean of it within each."""
        if not self.is_within:
            return ordered(self.measure, scores, self.targets)
        return np.asarray(self.by_species(scores).mean(axis=0))

    def by_species(self, scores: Floats) -> Floats:
        """Within each species how well scores (R, Q) order the first Q targets: (S, Q)."""
        targets = self.targets[:, : scores.shape[1]]
        found = [
            ordered(self.measure, scores[self.species == one], targets[self.species == one])
            for one in range(len(self.taxa))
        ]
        return np.stack(found)

    def replicates(self, scores: Floats) -> Floats:
        """The statistic of the true targets over redrawn species: (B,), from scores (R,)."""
        if self.is_within:
            own = self.by_species(scores[:, None])[:, 0]
            return np.array([own[drawn].mean() for drawn in self.redraws])
        return self.over_redraws(lambda drawn: ordered(self.measure, scores[drawn], self.targets[drawn, 0]))

    def over_redraws(self, statistic: Callable[[Indices], Floats]) -> Floats:
        """A statistic of species (L, b) to (b,) of every drawing: (B,), those of one length at a time."""
        lengths = np.array([len(drawn) for drawn in self.redraws])
        found = np.empty(len(lengths))
        for length in np.unique(lengths).tolist():
            alike = np.flatnonzero(lengths == length)
            step = max(1, _BLOCK // length)
            for start in range(0, len(alike), step):
                places = alike[start : start + step]
                found[places] = statistic(np.stack([self.redraws[place] for place in places.tolist()], axis=1))
        return found
