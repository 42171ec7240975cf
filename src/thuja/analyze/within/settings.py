"""What an analysis of the variation within species takes, and how often it draws."""

from dataclasses import dataclass, field

from thuja.errors import UsageError
from thuja.structure.decoding import DecodingSettings
from thuja.structure.measuring import StructureSettings
from thuja.structure.specimens import LEAST
from thuja.structure.variation import Draws


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinSettings:
    """`most` images of a species are taken, of `most_species` species at most, drawn at random.

    The local span is of `confusables` species, weighted at `temperature`, and dealt to other species `others` times.
    `is_leading` takes of it only as many directions as its participation ratio says. `flips` of the levels make the
    null of consistency. Vectors are set to length one unless `is_unit` is False.
    """

    most: int = 100
    most_species: int = 1000
    confusables: int = 20
    temperature: float = 0.01
    is_leading: bool = False
    others: int = 39
    flips: int = 999
    is_unit: bool = True
    draws: Draws = field(default_factory=Draws)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)

    def __post_init__(self) -> None:
        if self.most < LEAST or self.most_species < 2:
            raise UsageError(
                f"at most {self.most} images of {self.most_species} species are too few",
                hint=f"{LEAST} images or more, of two species or more",
            )
        if self.confusables < 1 or self.temperature <= 0 or self.others < 1 or self.flips < 0:
            raise UsageError(
                "confusables and others are 1 or more, flips 0 or more and the temperature is above 0, got "
                f"{self.confusables}, {self.others}, {self.flips} and {self.temperature}"
            )

    def structure(self, factors: tuple[str, ...], *, seed: int) -> StructureSettings:
        """The same as the measures of `thuja.structure` take them."""
        return StructureSettings(
            factors=factors,
            most=self.most,
            is_unit=self.is_unit,
            draws=self.draws,
            decoding=self.decoding,
            seed=seed,
        )
