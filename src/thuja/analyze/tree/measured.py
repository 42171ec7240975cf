"""A number of one side with its redraws, those of the controls on the same redraws, and the findings they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Finding, Verdict, verdict_of
from thuja.analyze.tree.redraws import FEWEST, Redraws
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure: `own` (1 + B,), the value and its redraws, and the same of each control by name.

    `chance` is what would stand there of a space that knows nothing, a number or redraws; None where nobody knows.
    `units` is how many of the clades redrawn bring anything, where it is not all of them.
    """

    claim: str
    measure: str
    of: str
    own: Floats
    controls: Mapping[str, Floats] = field(default_factory=dict)
    chance: Floats | float | None = None
    chance_is: str = "chance"
    p_value: float | None = None
    units: int | None = None
    note: str = ""

    def findings(self, redraws: Redraws) -> list[Finding]:
        """One finding against chance (or of the bare number), and one against each control."""
        if not np.isfinite(self.own[0]):
            return []
        return [self._against_chance(redraws), *(self._against(name, redraws) for name in self.controls)]

    def _against_chance(self, redraws: Redraws) -> Finding:
        effect = None if self.chance is None else interval(self.own - self.chance)
        against = None
        if self.chance is not None:
            against = interval(np.broadcast_to(np.asarray(self.chance, dtype=np.float64), self.own.shape))
        return Finding(
            claim=self.claim,
            measure=self.measure,
            of=self.of,
            value=interval(self.own),
            control=self.chance_is if against is not None else "",
            against=against,
            effect=effect,
            p_value=self.p_value,
            verdict=self._judged(effect, redraws, p_value=self.p_value),
            note=_noted(self.note, self._count(redraws)),
        )

    def _against(self, name: str, redraws: Redraws) -> Finding:
        other = self.controls[name]
        effect = interval(self.own - other) if np.isfinite(other[0]) else None
        return Finding(
            claim=self.claim,
            measure=self.measure,
            of=self.of,
            value=interval(self.own),
            control=name,
            against=interval(other),
            effect=effect,
            verdict=self._judged(effect, redraws),
            note=_noted(
                self.note if effect is not None else "the control's number is not defined", self._count(redraws)
            ),
        )

    def _count(self, redraws: Redraws) -> int:
        return redraws.count if self.units is None else min(self.units, redraws.count)

    def _judged(self, effect: Interval | None, redraws: Redraws, *, p_value: float | None = None) -> Verdict:
        """By the rule of the section: of few units nothing, and a share of all or none is not known to be all or none.

        Of n units that all say the same, 3 / n might say otherwise (the rule of three; Hanley & Lippman-Hand 1983).
        """
        count = self._count(redraws)
        if effect is not None and count and np.ptp(self.own[np.isfinite(self.own)]) == 0:
            effect = Interval(value=effect.value, low=effect.low - 3 / count, high=effect.high + 3 / count)
        verdict = verdict_of(effect, p_value=p_value)
        return verdict if verdict == Verdict.DESCRIPTIVE or count >= FEWEST else Verdict.UNDECIDED


def told(one: Interval | None) -> tuple[float | None, str | None]:
    """A value and its interval as two cells, None where there is none."""
    if one is None or not np.isfinite(one.value):
        return None, None
    return round(one.value, 4), f"{one.low:.3f} to {one.high:.3f}" if one.low < one.high else None


def file_name(text: str) -> str:
    """A text as part of a table's name: letters, digits and underscores."""
    return "_".join("".join(sign if sign.isalnum() else " " for sign in text.lower()).split())


def findings_of(measured: Sequence[Measured], redraws: Redraws) -> list[Finding]:
    """The findings of all measures, in order."""
    return [finding for one in measured for finding in one.findings(redraws)]


def _noted(note: str, count: int) -> str:
    few = "" if count >= FEWEST else f"an interval over {count} clades says little"
    return "; ".join(part for part in (note, few) if part)
