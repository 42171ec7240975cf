"""What is asked of a space when the theorem is put to it."""

from dataclasses import dataclass

import numpy as np

from thuja.analyze.theorem.gram import PERMUTATIONS
from thuja.analyze.theorem.radius import TOLERANCE
from thuja.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TheoremSettings:
    """`tau` is the model's temperature, and the theorem is looked at in `temperatures` beside it.

    Species with `least` images or more are taken, at most `most_species` of them and `most_images` of each. Images and
    prototypes are set to length one unless `is_unit` is False. The second order is left where it is off by `tolerance`.
    """

    tau: float = 0.01
    temperatures: tuple[float, ...] = (0.01, 0.03, 0.1, 0.3, 1.0)
    least: int = 5
    most_species: int = 500
    most_images: int = 100
    is_unit: bool = True
    tolerance: float = TOLERANCE
    replicates: int = 500
    permutations: int = PERMUTATIONS

    def __post_init__(self) -> None:
        for tau in (self.tau, *self.temperatures):
            if not (np.isfinite(tau) and tau > 0):
                raise UsageError(f"a temperature must be above 0, got {tau}", hint="CLIP's models end at 0.01")
        if self.least < 2 or self.most_species < 1 or self.most_images < self.least:
            raise UsageError(
                "the theorem takes species of two images at least, and no fewer at most, "
                f"got {self.least}, {self.most_images} and {self.most_species} species"
            )
        if not 0 < self.tolerance < 1 or self.replicates < 1 or self.permutations < 1:
            raise UsageError(
                "the theorem takes a tolerance between 0 and 1, and a replicate and a permutation at least, "
                f"got {self.tolerance}, {self.replicates} and {self.permutations}"
            )

    @property
    def all_temperatures(self) -> tuple[float, ...]:
        """The model's temperature and those beside it, rising."""
        return tuple(sorted({self.tau, *self.temperatures}))
