"""What all checks of one caption come to."""

from collections.abc import Iterable
from dataclasses import dataclass

from thuja.captions.check.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a caption is taken; its score from 0 to 1; why it is not, and the names of the checks that say so."""

    is_accepted: bool
    score: float
    reasons: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()


def verdict(findings: Iterable[Finding]) -> Verdict:
    """A caption is taken if no check rejects it, and is as good as the worst that a check finds."""
    found = list(findings)
    faults = [finding for finding in found if finding.is_fault]
    return Verdict(
        is_accepted=not faults,
        score=min((finding.score for finding in found), default=1.0),
        reasons=tuple(finding.reason for finding in faults),
        checks=tuple(finding.check for finding in faults),
    )
