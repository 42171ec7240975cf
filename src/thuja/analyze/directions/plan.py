"""What is put to every space alike: which images, which folds, which shuffles, which redraws.

A control has to answer the very question that the model answers, so the question is made once, without vectors.
"""

from collections.abc import Sequence
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
    values, and P shuffles of them; `folds` (R,), `weights` (R,); `redraws` (B, S) are species drawn with replacement.
    """

    images: Indices
    species: Indices
    taxa: Sequence[Taxon]
    is_within: bool
    measure: str
    targets: Floats
    folds: Indices
    weights: Floats
    redraws: Indices

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
            return np.asarray(self.by_species(scores[:, None])[:, 0][self.redraws].mean(axis=1))
        step = max(1, _BLOCK // len(self.taxa))
        parts = [self.redraws[start : start + step].T for start in range(0, len(self.redraws), step)]  # (S, b)
        return np.concatenate([ordered(self.measure, scores[drawn], self.targets[drawn, 0]) for drawn in parts])
