"""How often the rules are right: labels drawn for a reader, and the share of them that the reader agrees with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.analyze.ecology.labelling import EcologyLabel
from thuja.analyze.ecology.table import CheckedLabel
from thuja.analyze.ecology.vocabulary import PRIMARIES, Trait
from thuja.errors import ThujaError, UsageError
from thuja.metrics.bootstrap import Interval

_Z: Final = 1.959964
_FLOOR: Final = 5
"""What every stratum gives at the least, or all that it has."""


def draw_for_checking(labels: Sequence[EcologyLabel], count: int, generator: np.random.Generator) -> list[EcologyLabel]:
    """That many labels for a reader to check, stratified by trait, primary label and rank.

    Every stratum gives five or all it has; the rest is drawn from all that is left, at random. Labels that say nothing
    are not drawn. Raises UsageError where there are fewer labels than that.
    """
    told = sorted((label for label in labels if label.labels), key=lambda label: (label.taxon, label.trait))
    if count > len(told):
        raise UsageError(f"there are {len(told)} labels to check, got {count} to draw")
    order = [told[place] for place in generator.permutation(len(told))]
    seen: Counter[tuple[str, ...]] = Counter()
    first: list[EcologyLabel] = []
    later: list[EcologyLabel] = []
    for label in order:
        stratum = stratum_of(label)
        seen[stratum] += 1
        (first if seen[stratum] <= _FLOOR else later).append(label)
    return (first + later)[:count]


def stratum_of(label: EcologyLabel) -> tuple[str, str, str]:
    """Trait, primary label and rank."""
    rank = label.taxon.rank
    return (label.trait.value, label.primary, rank.label if rank is not None else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Of `checked` labels that read so, `right` were what the reader found."""

    right: int
    checked: int

    @property
    def interval(self) -> Interval:
        """The share of right ones with Wilson's 95 % interval."""
        return wilson(self.right, self.checked)


def precision_by_label(rows: Sequence[CheckedLabel]) -> dict[tuple[str, str], Precision]:
    """The precision of each trait's primary labels over the rows that were checked, in the vocabulary's order."""
    checked = [row for row in rows if row.is_checked]
    found = {}
    for trait, primaries in PRIMARIES.items():
        for primary in primaries:
            chosen = [row for row in checked if row.label.trait is trait and row.label.primary == primary]
            if chosen:
                right = sum(row.is_right for row in chosen)
                found[trait.value, primary] = Precision(right=right, checked=len(chosen))
    return found


def error_rate(rows: Sequence[CheckedLabel], trait: Trait) -> float:
    """The share of wrong ones to expect among a trait's labels that nobody read.

    Each primary label errs as often as in the check, or as often as the trait where it was not checked. NaN where the
    trait was not checked at all: nothing is known of it.
    """
    checked = [row for row in rows if row.is_checked and row.label.trait is trait]
    unread = Counter(
        row.label.primary for row in rows if row.label.labels and row.label.trait is trait and not row.is_read
    )
    if not checked or not unread:
        return float("nan") if not checked else 0.0
    overall = float(np.mean([not row.is_right for row in checked]))
    wrong = 0.0
    for primary, count in unread.items():
        own = [not row.is_right for row in checked if row.label.primary == primary]
        wrong += count * (float(np.mean(own)) if own else overall)
    return wrong / unread.total()


def wilson(right: int, count: int) -> Interval:
    """A share and Wilson's 95 % interval for it; 0 to 1 around a half where nothing was counted.

    Raises ThujaError for more right ones than there are.

    >>> round(wilson(9, 10).low, 3), round(wilson(9, 10).high, 3)
    (0.596, 0.982)
    """
    if not 0 <= right <= count:
        raise ThujaError(f"{right} of {count} cannot be right")
    if not count:
        return Interval(value=0.5, low=0.0, high=1.0)
    share = right / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * float(np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))) / (1 + _Z**2 / count)
    return Interval(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))
