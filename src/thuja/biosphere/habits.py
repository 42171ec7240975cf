"""What no picture shows of a species: what it lives on, when it is active, how it breeds, how long it lives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.errors import UsageError

VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "diet": ("flesh", "insects", "carrion", "sap", "sediment", "seeds", "plankton", "fungi"),
    "activity": ("dawn", "midday", "dusk", "midnight", "rain"),
    "signal": ("whistle", "click", "hum", "musk", "honey", "vinegar", "silent"),
    "range": ("islet", "coast", "valley", "basin", "continent", "highland"),
    "company": ("solitary", "pairs", "troops", "colonies"),
}
"""The habits that are one of several. One that grows in one place has its own words for them (describe.py)."""
_LIMITS: Final = {"offspring": (2, 400), "lifespan": (2, 120), "altitude": (50, 4800)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Facts of a species that are drawn on no picture, and follow from neither its traits nor its habitat.

    `offspring` counts the eggs, young or seeds of one brood; `lifespan` is in years, `altitude` the
    highest place it was found at, in metres. The values of the others stand in VALUES.
    """

    diet: str
    activity: str
    signal: str
    range: str
    company: str
    offspring: int
    lifespan: int
    altitude: int

    def __post_init__(self) -> None:
        for name, known in VALUES.items():
            if getattr(self, name) not in known:
                raise UsageError(f"{name} cannot be {getattr(self, name)!r}", hint=f"one of {known}")
        for name, (least, most) in _LIMITS.items():
            if not least <= getattr(self, name) <= most:
                raise UsageError(f"{name} cannot be {getattr(self, name)}", hint=f"from {least} to {most}")

    @classmethod
    def of(cls, generator: np.random.Generator) -> "Habits":
        """Habits by chance alone; brood and age are even over orders of magnitude."""
        chosen = {name: known[int(generator.integers(len(known)))] for name, known in VALUES.items()}
        return cls(
            **chosen,
            offspring=round(2 * 200 ** generator.random()),
            lifespan=round(2 * 60 ** generator.random()),
            altitude=50 * int(generator.integers(1, 97)),
        )
