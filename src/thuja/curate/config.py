"""What a curation is told to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from thuja.errors import UsageError
from thuja.images import DEFAULT_LIMITS, Limits
from thuja.taxonomy import Taxon


class Resolved(Protocol):
    """What curation needs to know of a resolved name."""

    @property
    def label(self) -> Taxon:
        """The taxon, and where nobody vouches for the species, the name as it was written."""
        ...

    @property
    def status(self) -> str: ...

    @property
    def reason(self) -> str: ...


Resolve = Callable[[Sequence[str], Sequence[Taxon]], Sequence[Resolved]]
"""Names and the lineages that came with them, to taxa. An importable function, or a `partial` of
one: other processes have to find it, so never a closure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurateConfig:
    """The settings of one curation.

    `unseen_species` is a number of species, or below 1 the fraction of all; `val` and `test` are
    fractions of each species' images, and count only where the source gives no split of its own.
    """

    labels: Path | None = None
    unseen_species: float = 0
    val: float = 0.05
    test: float = 0.15
    seed: int = 0
    max_side: int = 720
    min_images: int = 1
    text_keys: bool = False
    shard_size: int = 10_000
    limits: Limits = field(default=DEFAULT_LIMITS)

    def __post_init__(self) -> None:
        if not (0 <= self.val < 1 and 0 <= self.test < 1 and self.val + self.test < 1):
            raise UsageError(f"val and test must be fractions that leave some to train, got {self.val} and {self.test}")
        if self.unseen_species < 0 or (self.unseen_species > 1 and self.unseen_species % 1):
            raise UsageError(
                f"unseen species must be a whole number or a fraction below 1, got {self.unseen_species}",
                hint="--unseen-species 20, or --unseen-species 0.2",
            )
        for name in ("max_side", "min_images", "shard_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
