"""What is claimed of the variation within species, and each claim held against its nulls and against the controls."""

from collections.abc import Mapping, Sequence
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
from thuja.structure.variation import DEBIASED, NOTHING_KNOWN, SHARE, UNSTEADY

SATURATED: Final = "meaningless"
RANDOM_SPACE: Final = "random subspaces of as many dimensions"
MATCHED: Final = "subspaces drawn from the spectrum of all variance"
OTHERS: Final = "the local spans of other species"
FLIPPED: Final = "levels flipped by species"
CHANCE: Final = "chance"
_NO_DIFFERENCE: Final = "no difference of the levels is seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a measure is to show: below its nulls or above them, and what its two nulls are; without, a description.

    What does not decide is a description beside a control too: a share as it stands is of noise as well.
    """

    claim: str
    is_below: bool = True
    decides: bool = True
    random: str = ""
    null: str = ""


BESIDE = "variation within species lies beside the differences between species"
APART = "variation within species lies beside the differences between confusable species"
APART_BY_TEXT = "variation within species lies beside the differences between species that texts confuse"
CLAIMS: Final[Mapping[str, Claim]] = {
    SHARE: Claim(claim=BESIDE, decides=False),
    DEBIASED: Claim(claim=BESIDE, random=RANDOM_SPACE, null=MATCHED),
    ALIGNMENT: Claim(claim=BESIDE, random="an average direction", null="all variance"),
    PROTOTYPE_SHARE: Claim(
        claim="variation within species lies beside the text prototypes", random=RANDOM_SPACE, null=MATCHED
    ),
    LOCAL_SHARE: Claim(claim=APART, random=RANDOM_SPACE, null=OTHERS),
    LOCAL_ALIGNMENT: Claim(claim=APART, random="an average direction", null=OTHERS),
    TEXT_LOCAL[LOCAL_SHARE]: Claim(claim=APART_BY_TEXT, random=RANDOM_SPACE, null=OTHERS),
    TEXT_LOCAL[LOCAL_ALIGNMENT]: Claim(claim=APART_BY_TEXT, random="an average direction", null=OTHERS),
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
    others = {name: ({one.key: one for one in read.readings}, _unseen(read, seed)) for name, read in controls.items()}
    for reading in model.readings:
        claim = CLAIMS.get(reading.measure)
        if claim is None:
            continue
        own = _replicates(reading.ratio, seed)
        why = _untold(reading, own, unseen)
        if why:
            untold.append(f"{reading.part}, {reading.measure}: {why}.")
            continue
        findings += _held(reading, claim, own, seed=seed)
        for name, (readings, theirs_unseen) in others.items():
            other = readings.get(reading.key)
            if other is None:
                continue
            theirs = _replicates(other.ratio, seed)
            why = _untold(other, theirs, theirs_unseen)
            if why:
                untold.append(f"{name}: {reading.part}, {reading.measure}: {why}.")
            else:
                findings.append(_paired((reading, own), (other, theirs), claim, control=name))
    consistent, unclear = _consistency(model, controls, unseen, seed=seed, flips=flips)
    return [*findings, *consistent], [*untold, *unclear]


def _consistency(
    model: Read, controls: Mapping[str, Read], unseen: Mapping[str, str], *, seed: int, flips: int
) -> tuple[list[Finding], list[str]]:
    """The same of how consistent each contrast is across species."""
    findings: list[Finding] = []
    untold: list[str] = []
    others = {name: (read.consistency, _unseen(read, seed)) for name, read in controls.items()}
    for part, consistency in model.consistency.items():
        own = consistency.redrawn(np.random.default_rng(seed))
        if part in unseen or not np.isfinite(own[0]):
            untold.append(f"{part}, {CONSISTENCY}: {unseen.get(part, _NO_DIFFERENCE)}.")
            continue
        null, p_value = consistency.flipped(np.random.default_rng([seed, 1]), flips=flips)
        reading = Reading(part=part, measure=CONSISTENCY, ratio=Ratio.mean([0.0]), null=null, p_value=p_value)
        findings += _held(reading, TOGETHER, own, seed=seed)
        for name, (consistencies, theirs_unseen) in others.items():
            if part not in consistencies:
                continue
            theirs = consistencies[part].redrawn(np.random.default_rng(seed))
            if part in theirs_unseen or not np.isfinite(theirs[0]):
                untold.append(f"{name}: {part}, {CONSISTENCY}: {theirs_unseen.get(part, _NO_DIFFERENCE)}.")
            else:
                findings.append(_paired((reading, own), (reading, theirs), TOGETHER, control=name))
    return findings, untold


def _untold(reading: Reading, own: Floats, unseen: Mapping[str, str]) -> str:
    """Why a reading is no number to go by; "" where it is one."""
    if reading.note.startswith(NOTHING_KNOWN):
        return reading.note
    if reading.measure == STEP_SHARE and reading.part in unseen:
        return unseen[reading.part]
    return "" if np.isfinite(own[0]) else reading.note or "nothing there to take a share of"


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
        noise = noise_note(reading.measure, null)
        notes = [note for note in (noise, reading.note) if note]
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
                verdict=_verdict(notes, claim, effect, p_value),
                note="; ".join(notes),
            )
        )
    if found:
        return found
    return [
        Finding(claim=claim.claim, measure=reading.measure, of=reading.part, value=interval(own), note=reading.note)
    ]


def noise_note(measure: str, null: Interval) -> str:
    """What is to be said of an alignment held against a null that is no number to go by; "" for all else.

    A variance is above 0 and its estimate from few images need not be. An alignment of nearly 0 is what is claimed; a
    null of 0 or less says that the differences it is a share of are not seen.
    """
    if measure not in (ALIGNMENT, LOCAL_ALIGNMENT, TEXT_LOCAL[LOCAL_ALIGNMENT]) or null.value > 0:
        return ""
    return f"{UNSTEADY}: the null is no alignment but {null.value:.2g}, so few images tell too little"


def _paired(one: tuple[Reading, Floats], other: tuple[Reading, Floats], claim: Claim, *, control: str) -> Finding:
    """A reading less the control's, on the same redrawn species.

    Spans of more dimensions hold more, so a share decides only where the share less that of a random subspace of as
    many dimensions says the same.
    """
    (reading, own), (beside, theirs) = one, other
    effect = interval(own - theirs)
    shift = 0.0
    if claim.random == RANDOM_SPACE and reading.random is not None and beside.random is not None:
        shift = reading.random.value - beside.random.value
    notes = (reading.note, beside.note)
    verdicts = {_verdict(notes, claim, found) for found in (effect, interval(own - theirs - shift))}
    told = [reading.note] if reading.note else []
    if beside.note and beside is not reading:
        told.append(f"{control}: {beside.note}")
    return Finding(
        claim=f"{claim.claim}, more than in the control",
        measure=reading.measure,
        of=reading.part,
        value=interval(own),
        control=control,
        against=interval(theirs),
        effect=effect,
        verdict=verdicts.pop() if len(verdicts) == 1 else Verdict.UNDECIDED,
        note="; ".join(told),
    )


def _verdict(notes: Sequence[str], claim: Claim, effect: Interval, p_value: float | None = None) -> Verdict:
    """By the section's rule; a share that is 1 by arithmetic decides nothing, nor one on which halves do not agree."""
    if not claim.decides or any(note.startswith(SATURATED) for note in notes):
        return Verdict.DESCRIPTIVE
    if any(note.startswith(UNSTEADY) for note in notes):
        return Verdict.UNDECIDED
    return verdict_of(effect, p_value=p_value, is_below=claim.is_below)


def _replicates(ratio: Ratio, seed: int) -> Floats:
    return redrawn([ratio], np.random.default_rng(seed))[:, 0]
