"""What an analysis says: findings that a reviewer can check one by one, with their tables and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from thuja.metrics.bootstrap import Interval
from thuja.report import Cell


class Verdict(StrEnum):
    """What a finding comes to, by a rule that stands in the section that found it."""

    HOLDS = "holds"
    FAILS = "fails"
    UNDECIDED = "undecided"
    DESCRIPTIVE = "descriptive"
    """A number with nothing to hold it against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One number: what it is to show, how it is measured, what it is held against, and what it comes to.

    `of` is the part that it was measured on (a rank, a trait, a contrast). `effect` is the value less the control's,
    paired on the same redraws where both are of the same images. `note` is what must be known to read it.
    """

    claim: str
    measure: str
    of: str
    value: Interval
    control: str = ""
    against: Interval | None = None
    effect: Interval | None = None
    p_value: float | None = None
    verdict: Verdict = Verdict.DESCRIPTIVE
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings; `name` is the name of its CSV file."""

    name: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A drawing (an SVG document, or the bytes of a PNG); `name` is the name of its file."""

    name: str
    caption: str
    drawing: str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question put to a space: what was found, and what a reader must know first.

    A section that cannot be answered has no finding, and `reason` says in a sentence why.
    """

    title: str
    about: str
    findings: Sequence[Finding] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    notes: Sequence[str] = ()
    reason: str = ""


def verdict_of(effect: Interval | None, *, p_value: float | None = None, is_below: bool = False) -> Verdict:
    """HOLDS where the whole interval is above zero (below it, where that is claimed) and p, if known, is at most .05.

    FAILS where the whole interval lies on the other side, UNDECIDED in between.
    """
    if effect is None:
        return Verdict.DESCRIPTIVE
    low, high = (-effect.high, -effect.low) if is_below else (effect.low, effect.high)
    if high < 0:
        return Verdict.FAILS
    is_sure = p_value is None or p_value <= 0.05
    return Verdict.HOLDS if low > 0 and is_sure else Verdict.UNDECIDED
