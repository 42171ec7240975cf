"""What is claimed of the variation within species, and each claim held against its nulls and against the controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from thuja.analyze.finding import Finding, Verdict, verdict_of
from thuja.analyze.within.reading import TEXT_LOCAL, Read
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import Ratio, interval, redrawn
from thuja.structure.alignment import ALIGNMENT
from thuja.structure.consistency import CONSISTENCY
from thuja.structure.contrast import BETWEEN, FISHER, WITHIN
from thuja.structure.contrast import SHARE as STEP_SHARE
from thuja.structure.decoding import INSIDE, MEASURE, OUTSIDE, RANDOM, WHOLE
from thuja.structure.local_share import LOCAL_ALIGNMENT, LOCAL_SHARE
from thuja.structure.prototypes import PROTOTYPE_SHARE
from thuja.structure.reading import Reading
from thuja.structure.span import Floats
from thuja.structure.variation import DEBIASED, SHARE, UNSTEADY

SATURATED: Final = "meaningless"
RANDOM_SPACE: Final = "random subspaces of as many dimensions"
MATCHED: Final = "subspaces drawn from the spectrum of all variance"
OTHERS: Final = "the local spans of other species"
FLIPPED: Final = "levels flipped by species"
CHANCE: Final = "chance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a measure is to show: below its nulls or above them, and what its two nulls are; without, a description."""

    claim: str
    is_below: bool = True
    random: str = ""
    null: str = ""


BESIDE = "variation within species lies beside the differences between species"
APART = "variation within species lies beside the differences between confusable species"
CLAIMS: Final[Mapping[str, Claim]] = {
    SHARE: Claim(claim=BESIDE),
    DEBIASED: Claim(claim=BESIDE, random=RANDOM_SPACE, null=MATCHED),
    ALIGNMENT: Claim(claim=BESIDE, random="an average direction", null="all variance"),
    PROTOTYPE_SHARE: Claim(
        claim="variation within species lies beside the text prototypes", random=RANDOM_SPACE, null=MATCHED
    ),
    LOCAL_SHARE: Claim(claim=APART, random=RANDOM_SPACE, null=OTHERS),
    LOCAL_ALIGNMENT: Claim(claim=APART, random="an average direction", null=OTHERS),
    TEXT_LOCAL[LOCAL_SHARE]: Claim(claim=APART, random=RANDOM_SPACE, null=OTHERS),
    TEXT_LOCAL[LOCAL_ALIGNMENT]: Claim(claim=APART, random="an average direction", null=OTHERS),
    STEP_SHARE: Claim(claim="the two levels differ beside the species", random=RANDOM_SPACE, null=MATCHED),
    f"{MEASURE} {WHOLE}": Claim(claim="the two levels can be told apart", is_below=False, random=CHANCE),
    f"{MEASURE} {INSIDE}": Claim(claim="the two levels can be told inside the span", is_below=False, random=CHANCE),
    f"{MEASURE} {OUTSIDE}": Claim(
        claim="what lies beside the species tells the two levels", is_below=False, random=CHANCE
    ),
    f"{MEASURE} {RANDOM}": Claim(claim="the two levels can be told from as many dimensions", is_below=False),
    BETWEEN: Claim(claim="the two levels stand apart", is_below=False),
    WITHIN: Claim(claim="images of one level lie close together"),
    FISHER: Claim(claim="the two levels stand further apart than images of one", is_below=False),
}
TOGETHER = Claim(claim="the two levels differ in the same direction in every species", is_below=False, null=FLIPPED)


def findings_of(model: Read, controls: Mapping[str, Read], *, seed: int, flips: int) -> tuple[list[Finding], list[str]]:
    """The findings, each null's and each control's one of its own, and sentences on what could not be told."""
    findings: list[Finding] = []
    untold: list[str] = []
    unseen = _unseen(model, seed)
    others = {name: {reading.key: reading for reading in read.readings} for name, read in controls.items()}
    for reading in model.readings:
        claim = CLAIMS.get(reading.measure)
        if claim is None:
            continue
        own = _replicates(reading.ratio, seed)
        if not np.isfinite(own[0]) or (reading.measure == STEP_SHARE and reading.part in unseen):
            why = unseen.get(reading.part) or reading.note or "nothing there to take a share of"
            untold.append(f"{reading.part}, {reading.measure}: {why}.")
            continue
        findings += _held(reading, claim, own, seed=seed)
        for name, theirs in others.items():
            other = theirs.get(reading.key)
            if other is not None:
                findings += _paired(reading, claim, own, name, _replicates(other.ratio, seed))
    for part, consistency in model.consistency.items():
        replicates = consistency.redrawn(np.random.default_rng(seed))
        null, p_value = consistency.flipped(np.random.default_rng([seed, 1]), flips=flips)
        if part in unseen or not np.isfinite(replicates[0]):
            untold.append(f"{part}, {CONSISTENCY}: {unseen.get(part, 'no difference of the levels is seen')}.")
            continue
        reading = Reading(part=part, measure=CONSISTENCY, ratio=Ratio.mean([0.0]), null=null, p_value=p_value)
        findings += _held(reading, TOGETHER, replicates, seed=seed)
        for name, read in controls.items():
            if part in read.consistency:
                theirs_drawn = read.consistency[part].redrawn(np.random.default_rng(seed))
                findings += _paired(reading, TOGETHER, replicates, name, theirs_drawn)
    return findings, untold


def _unseen(model: Read, seed: int) -> dict[str, str]:
    """The contrasts whose levels are not seen to differ, and in words that."""
    found = {}
    for reading in model.readings:
        if reading.measure == BETWEEN and interval(_replicates(reading.ratio, seed)).low <= 0:
            found[reading.part] = "the two levels are not seen to differ, and what is not there lies nowhere"
    return found


def _held(reading: Reading, claim: Claim, own: Floats, *, seed: int) -> list[Finding]:
    """The reading against its nulls; alone where it has none."""
    found = []
    for control, null in ((claim.random, reading.random), (claim.null, reading.null)):
        if not control or null is None:
            continue
        is_paired = control == claim.null and reading.null_ratio is not None
        less = _replicates(reading.null_ratio, seed) if is_paired and reading.null_ratio is not None else null.value
        effect = interval(np.asarray(own - less))
        below = reading.below if control == claim.null else reading.below_random
        p_value = below if claim.is_below else reading.p_value
        found.append(
            Finding(
                claim=claim.claim,
                measure=reading.measure,
                of=reading.part,
                value=interval(own),
                control=control,
                against=null,
                effect=effect,
                p_value=p_value,
                verdict=_verdict(reading, claim, effect, p_value),
                note=reading.note,
            )
        )
    if found:
        return found
    return [
        Finding(claim=claim.claim, measure=reading.measure, of=reading.part, value=interval(own), note=reading.note)
    ]


def _paired(reading: Reading, claim: Claim, own: Floats, control: str, theirs: Floats) -> list[Finding]:
    """The reading less the control's, on the same redrawn species."""
    if not np.isfinite(theirs[0]):
        return []
    effect = interval(own - theirs)
    return [
        Finding(
            claim=f"{claim.claim}, more than in the control",
            measure=reading.measure,
            of=reading.part,
            value=interval(own),
            control=control,
            against=interval(theirs),
            effect=effect,
            verdict=_verdict(reading, claim, effect),
            note=reading.note,
        )
    ]


def _verdict(reading: Reading, claim: Claim, effect: Interval, p_value: float | None = None) -> Verdict:
    """By the section's rule; a share that is 1 by arithmetic decides nothing, nor one on which halves do not agree."""
    if reading.note.startswith(SATURATED):
        return Verdict.DESCRIPTIVE
    if reading.note.startswith(UNSTEADY):
        return Verdict.UNDECIDED
    return verdict_of(effect, p_value=p_value, is_below=claim.is_below)


def _replicates(ratio: Ratio, seed: int) -> Floats:
    return redrawn([ratio], np.random.default_rng(seed))[:, 0]
