"""Five scores of how likely an organism is among the labels, and how often it is before its image is looked at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.classify.unseen.known_vectors import NEIGHBOURS
from thuja.classify.unseen.signs import Evidence
from thuja.errors import UnknownName, UsageError
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float64]

UNSEEN_RANKS: tuple[Rank, ...] = (Rank.SPECIES, Rank.GENUS, Rank.FAMILY)


class Score(StrEnum):
    """What is looked at; each is higher where the organism is more likely among the labels."""

    POSTERIOR = "posterior"
    """The greatest probability of a label (Hendrycks and Gimpel 2017, arXiv:1610.02136; with images and texts
    Ming et al. 2022, arXiv:2211.13445)."""
    LOGIT = "logit"
    """The greatest logit: scale times the cosine to the nearest label (Hendrycks et al. 2022, arXiv:1911.11132)."""
    ENERGY = "energy"
    """log sum exp(logit) over all labels (Liu et al. 2020, arXiv:2010.03759)."""
    KNN = "knn"
    """`NearestKnown`: the cosine to the k-th nearest labelled image."""
    MAHALANOBIS = "mahalanobis"
    """`Mahalanobis`: to the nearest class mean of labelled images, relative to the mean of all."""

    @property
    def needs_images(self) -> bool:
        """Whether it compares with labelled images, and not with the labels."""
        return self in (Score.KNN, Score.MAHALANOBIS)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The score of that name; raises UnknownName."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            raise UnknownName.of("score", text, list(cls)) from None


def max_posterior(evidence: Evidence) -> Floats:
    """`Score.POSTERIOR` of a block: (B,)."""
    return np.exp(np.asarray(evidence.peak, dtype=np.float64) - evidence.energy)


def max_logit(evidence: Evidence) -> Floats:
    """`Score.LOGIT` of a block: (B,)."""
    return np.asarray(evidence.peak, dtype=np.float64)


def energy(evidence: Evidence) -> Floats:
    """`Score.ENERGY` of a block: (B,)."""
    return np.asarray(evidence.energy, dtype=np.float64)


OF_EVIDENCE: Mapping[Score, Callable[[Evidence], Floats]] = {
    Score.POSTERIOR: max_posterior,
    Score.LOGIT: max_logit,
    Score.ENERGY: energy,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevalence:
    """How often an organism's species, genus and family are not among the labels, before its image is looked at.

    Each is a share of all organisms: what is of an unseen genus is of an unseen species too.
    """

    species: float = 0.1
    genus: float = 0.05
    family: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < self.family <= self.genus <= self.species < 1:
            raise UsageError(
                f"unseen families, genera and species are ever larger shares between 0 and 1, got {self.family:g}, "
                f"{self.genus:g} and {self.species:g}",
                hint="such as family 0.02, genus 0.05, species 0.1",
            )

    @classmethod
    def of_species(cls, share: float) -> Self:
        """So many organisms of unseen species; of these, as by default, half of unseen genera and a fifth of families.

        >>> Prevalence.of_species(0.3)
        Prevalence(species=0.3, genus=0.15, family=0.06)
        """
        return cls(species=share, genus=share / 2, family=share / 5)

    def shares(self, ranks: Sequence[Rank]) -> Floats:
        """Of the organisms, known ones first, then those new at each rank and at none above it: (R + 1,).

        No `ranks` stand for custom labels, which are unseen as often as species.
        """
        at = [getattr(self, rank.label) for rank in ranks or (Rank.SPECIES,)]
        return np.asarray(-np.diff([1.0, *at, 0.0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenOptions:
    """How unseen organisms are told: by which score, with which neighbour (kNN), at which prevalence.

    `uses_strangers` lets images of what is no label show what a score does on unseen organisms.
    """

    score: Score = Score.LOGIT
    neighbours: int = NEIGHBOURS
    prevalence: Prevalence = field(default_factory=Prevalence)
    uses_strangers: bool = True
