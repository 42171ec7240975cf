"""The claims C22 to C27 as differences that the table of points decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from thuja.experiments.emergence.page import STAGE_AND_SEX, means_of
from thuja.experiments.emergence.rows import Point
from thuja.experiments.table import Difference, paired

Side = Literal["above", "below"]

_PLAIN: Final = "emergence/plain"
_BARE, _OTHER = "neutral", "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One number that a claim asks for: an arm's score less another's (or a constant), above or below 0.

    `name` is a score of a point, or several of which the mean is taken. `high` is an upper end that the interval must
    stay under as well, for a number that is to lie in a range.
    """

    claim: str
    part: str
    name: tuple[str, ...]
    arm: str = _PLAIN
    other: str = ""
    less: tuple[str, ...] = ()
    constant: float = 0.0
    side: Side = "above"
    high: float = np.inf

    @property
    def told(self) -> str:
        """What is compared, in words."""
        against = f" less {self.other}" if self.other else ""
        against += f" less {'+'.join(self.less)}" if self.less else f" less {self.constant:g}" if self.constant else ""
        return f"{'+'.join(self.name)} of {self.arm}{against}"

    def difference(self, points: Sequence[Point]) -> Difference | None:
        """The number with its interval over worlds; None where no world has both."""
        own = means_of(points, self.arm, self.name)
        if self.less:
            return paired(own, means_of(points, self.arm, self.less))
        if self.other:
            return paired(own, means_of(points, self.other, self.name))
        return paired(own, dict.fromkeys(own, self.constant))

    def holds(self, points: Sequence[Point]) -> bool:
        """Whether the whole interval lies on the claimed side."""
        found = self.difference(points)
        if found is None:
            return False
        return found.high < 0 if self.side == "below" else found.low > 0 and found.high < self.high


def _tree() -> list[Asked]:
    return [
        Asked(claim="C22", part=name, name=(f"{name}_{ground}",), other=f"emergence/{other}")
        for name in ("tau", "family")
        for ground in (_BARE, _OTHER)
        for other in ("pixels", "untrained", "shuffled")
    ]


def _ecology() -> list[Asked]:
    found = []
    for ground in (_BARE, _OTHER):
        habitat, hidden = (f"habitat_{ground}",), (f"hidden_1_{ground}", f"hidden_2_{ground}")
        found += [
            Asked(claim="C23", part="beyond ancestry", name=habitat, less=(f"habitat_null_{ground}",)),
            Asked(claim="C23", part="learnt", name=habitat, other="emergence/untrained"),
            Asked(claim="C23", part="learnt", name=habitat, other="emergence/pixels"),
            Asked(claim="C23", part="more than decoys", name=habitat, less=(f"shadow_{ground}",)),
            Asked(claim="C23", part="more than decoys", name=(f"convergent_{ground}",), less=(f"decoy_{ground}",)),
            Asked(claim="C23", part="the undrawn", name=hidden),
            Asked(claim="C23", part="the undrawn", name=hidden, other="emergence/pixels"),
        ]
    return found


def _within() -> list[Asked]:
    return [
        Asked(claim="C24", part="orthogonal", name=("split",), other="emergence/untrained", side="below"),
        Asked(claim="C24", part="orthogonal", name=("log_split",), side="below"),
        Asked(claim="C24", part="separated", name=STAGE_AND_SEX, other="emergence/untrained"),
        Asked(claim="C24", part="preserved", name=("outside_life_stage", "outside_sex"), constant=0.5),
    ]


def _scale() -> list[Asked]:
    arms = ("scale/species_x4", "scale/images_x4")
    shares: list[tuple[str, tuple[str, ...], Side]] = [
        ("share", ("split",), "below"),
        ("share", ("log_split",), "below"),
        ("separation", STAGE_AND_SEX, "above"),
    ]
    return [
        Asked(claim="C25", part=part, name=name, arm="scale/all", other=other, side=side)
        for part, name, side in shares
        for other in arms
    ]


def _hierarchy() -> list[Asked]:
    measures: list[tuple[str, tuple[str, ...], Side]] = [
        ("tree", (f"tau_{_BARE}", f"tau_{_OTHER}"), "above"),
        ("habitat", (f"habitat_{_BARE}", f"habitat_{_OTHER}"), "above"),
        ("share", ("split",), "below"),
        ("separation", STAGE_AND_SEX, "above"),
    ]
    return [
        Asked(claim="C26", part=part, name=name, other=f"emergence/{other}", side=side)
        for part, name, side in measures
        for other in ("shuffled", "cosine")
    ]


def _theorem() -> list[Asked]:
    texts = [
        Asked(claim="C27", part="texts", name=("tau_text_plain",), less=(f"tau_text_{kind}",))
        for kind in ("shuffled", "reversed", "scientific")
    ]
    return [
        Asked(claim="C27", part="near the mean", name=("ratio",), constant=0.9, high=0.2),
        Asked(claim="C27", part="at full length", name=("follows",), constant=0.5),
        *texts,
    ]


_MAKERS: Final[tuple[Callable[[], list[Asked]], ...]] = (_tree, _ecology, _within, _scale, _hierarchy, _theorem)


def asked() -> list[Asked]:
    """Every number that a claim's rule asks for, claim by claim."""
    return [test for make in _MAKERS for test in make()]


def verdicts(points: Sequence[Point]) -> dict[str, dict[str, bool]]:
    """By claim, whether each of its parts holds: a part does if all of its numbers do."""
    found: dict[str, dict[str, bool]] = {}
    for test in asked():
        parts = found.setdefault(test.claim, {})
        parts[test.part] = parts.get(test.part, True) and test.holds(points)
    return found
