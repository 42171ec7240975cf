"""What of the search for duplicates is set by the recipe."""

from dataclasses import dataclass
from typing import Final

from thuja.curate.duplicates.bands import MAX_DISTANCE
from thuja.errors import UnknownName, UsageError

CONFIRMATIONS: Final = ("pixels", "embedding", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateSettings:
    """The recipe's [duplicates].

    `exact` compares bytes, `pixels` decoded pixels. `perceptual` takes hashes within `distance` of 256 bits for copies,
    where both have a PDQ quality of at least `min_quality` and `confirm` agrees; the papers use that for leaks only, so
    it is off. 49 of 100 is the quality under which PDQ's authors advise against matching.
    """

    exact: bool = True
    pixels: bool = True
    perceptual: bool = False
    distance: int = 10
    min_quality: int = 50
    confirm: str = "pixels"
    min_cosine: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.distance <= MAX_DISTANCE:
            raise UsageError(
                f"the distance of duplicates must be from 0 to {MAX_DISTANCE} of 256 bits, got {self.distance}",
                hint="distance = 10, as in the paper",
            )
        if not 0 <= self.min_quality <= 100:
            raise UsageError(f"min_quality must be from 0 to 100, got {self.min_quality}", hint="min_quality = 50")
        if not -1 <= self.min_cosine <= 1:
            raise UsageError(f"min_cosine must be from -1 to 1, got {self.min_cosine}", hint="min_cosine = 0.95")
        if self.confirm not in CONFIRMATIONS:
            raise UnknownName.of("confirmation of duplicates", self.confirm, CONFIRMATIONS)
