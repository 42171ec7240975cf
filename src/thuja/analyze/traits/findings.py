"""What an analysis of a trait comes to: one finding a claim, and the one that needs all of them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.analyze.finding import Finding, Verdict, verdict_of
from thuja.analyze.traits.analysis import Analysis
from thuja.analyze.traits.measure import Measured, Null, told
from thuja.analyze.traits.scores import Told, order_interval, redraw
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import interval

Floats = npt.NDArray[np.float64]

RULE: Final = (
    "A claim against a control holds where the whole 95 % interval of the difference, over redrawn clades on the same "
    "redraws, is above 0, and fails where it is below. A claim against traits simulated on the tree holds where at "
    "most 5 % of them come out as high (p = (1 + how many) / (1 + draws)), under each choice of branch lengths apart; "
    "it fails where the trait lies below the middle 95 % of them. The trait shows beyond ancestry where it is told of "
    "clades left out above chance and above what the tree alone tells; beats the simulated traits in the phylogenetic "
    "regression under every choice of branch lengths; beats every control and every decoy; and is still told above "
    "chance and beyond ancestry on every other background that was given. One of them that fails makes it fail, one "
    "that is undecided, or a decoy that cannot be asked the same, leaves it undecided. "
    "Scores of simulated traits, which ask the same with less power, and strata "
    "stand beside this and decide nothing."
)
_LEVEL = 0.05


def findings_of(analysis: Analysis, generator: np.random.Generator, *, replicates: int) -> list[Finding]:
    """All findings, that of the whole claim first."""
    parts = _Parts.of(analysis, generator, replicates)
    deciding = [
        _above_chance(analysis, parts),
        *_above_kin(analysis, parts),
        *_beyond_ancestry(analysis),
        *_above_controls(analysis, parts),
        *_above_decoys(analysis, parts),
        *_on_other_backgrounds(analysis, parts),
    ]
    beside = [
        _order(analysis, generator),
        *_above_simulated(analysis),
        *_family_resemblance(analysis),
        *_in_strata(analysis, parts),
    ]
    return [_whole(analysis, parts, deciding), *deciding, *beside]


def measure_of(analysis: Analysis) -> str:
    """What the score is called."""
    score = "balanced accuracy" if analysis.problem.trait.is_category else "R2"
    return f"{score} for species of clades left out"


class _Parts:
    """Every score on the same redraws of clades: (1 + B,) each, by name."""

    def __init__(self, scores: dict[str, Floats], tolds: dict[str, Told]) -> None:
        self._scores, self._tolds = scores, tolds

    @classmethod
    def of(cls, analysis: Analysis, generator: np.random.Generator, replicates: int) -> "_Parts":
        tolds = {"own": analysis.own.told}
        tolds |= {f"kin {name}": told(analysis.problem, kin.left_out) for name, kin in analysis.kin.items()}
        tolds |= {f"control {name}": measured.told for name, measured in analysis.controls.items()}
        tolds |= {f"swapped {name}": measured.told for name, measured in analysis.swapped.items()}
        tolds |= {
            f"decoy {name}": aside.own.told for name, aside in analysis.decoys.items() if name not in analysis.untold
        }
        found = redraw(list(tolds.values()), generator, replicates=replicates)
        scores = dict(zip(tolds, found.T, strict=True))
        for name, aside in analysis.strata.items():
            tolds[f"stratum {name}"] = aside.own.told
            scores[f"stratum {name}"] = redraw([aside.own.told], generator, replicates=replicates)[:, 0]
        return cls(scores, tolds)

    def value(self, name: str) -> Interval:
        return interval(self._scores[name])

    def above_chance(self, name: str) -> Interval:
        return interval(self._scores[name] - self._tolds[name].chance)

    def gain(self, first: str, second: str) -> Interval:
        return interval(self._scores[first] - self._scores[second])

    def skills(self, first: str, second: str) -> tuple[Interval, Interval, Interval]:
        """Both on the scale where chance is 0 and all right is 1, and the first less the second."""
        ours, theirs = (self._tolds[name].skill(self._scores[name]) for name in (first, second))
        return interval(ours), interval(theirs), interval(ours - theirs)

    def chance(self, name: str) -> Interval:
        chance = self._tolds[name].chance
        return Interval(value=chance, low=chance, high=chance)


def _whole(analysis: Analysis, parts: _Parts, deciding: Sequence[Finding]) -> Finding:
    verdicts = {finding.verdict for finding in deciding}
    verdict = Verdict.FAILS if Verdict.FAILS in verdicts else Verdict.UNDECIDED
    if verdicts == {Verdict.HOLDS} and not analysis.untold:
        verdict = Verdict.HOLDS
    wanting = [f"{finding.claim} ({finding.of})" for finding in deciding if finding.verdict is not Verdict.HOLDS]
    untested = [
        word
        for word, given in (
            ("no control", analysis.controls),
            ("no decoy", analysis.decoys or analysis.untold),
            ("no other background", analysis.swapped),
        )
        if not given
    ]
    notes = [f"Not shown: {'; '.join(wanting)}."] if wanting else []
    if analysis.untold:
        notes.append(f"Not held against the decoy {', '.join(analysis.untold)}, of which the same cannot be asked.")
    notes += [f"Held against {', '.join(untested)}: none was given."] if untested else []
    return Finding(
        claim=f"{analysis.trait} shows in the space beyond ancestry",
        measure=measure_of(analysis),
        of=analysis.trait,
        value=parts.value("own"),
        control="everything below",
        p_value=analysis.own.beyond_p,
        verdict=verdict,
        note=" ".join(notes),
    )


def _above_chance(analysis: Analysis, parts: _Parts) -> Finding:
    effect = parts.above_chance("own")
    return Finding(
        claim="told of clades left out",
        measure=measure_of(analysis),
        of=analysis.trait,
        value=parts.value("own"),
        control="chance" if analysis.problem.trait.is_category else "the mean of the other clades",
        against=parts.chance("own"),
        effect=effect,
        verdict=verdict_of(effect),
        note=f"{len(analysis.problem.clades.taxa)} clades of the rank of {analysis.problem.clades.rank.label}; "
        "an interval over few clades is too narrow.",
    )


def _above_kin(analysis: Analysis, parts: _Parts) -> list[Finding]:
    best = max(analysis.kin, key=lambda name: parts.value(f"kin {name}").value)
    effect = parts.gain("own", f"kin {best}")
    return [
        Finding(
            claim="tells more than the tree alone",
            measure=measure_of(analysis),
            of=analysis.trait,
            value=parts.value("own"),
            control=f"best linear prediction from the kin that are left, {best}",
            against=parts.value(f"kin {best}"),
            effect=effect,
            verdict=verdict_of(effect),
            note="The better of the choices of branch lengths.",
        )
    ]


def _beyond_ancestry(analysis: Analysis) -> list[Finding]:
    found = []
    for name, null in analysis.own.ts.items():
        lambdas = analysis.own.regressions[name].lambdas
        many = " The mean over categories, each against the rest." if len(lambdas) > 1 else ""
        found.append(
            _against_null(
                null,
                claim="goes with its out-of-clade prediction beyond ancestry",
                measure="t of the phylogenetic regression on the prediction",
                of=f"{analysis.trait}, {name}",
                note=f"Lambda of the residuals {lambdas.mean():.2f}.{many}",
            )
        )
    return found


def _above_simulated(analysis: Analysis) -> list[Finding]:
    return [
        _against_null(
            null,
            claim="told better than traits simulated on the tree",
            measure=measure_of(analysis),
            of=f"{analysis.trait}, {name}",
            note=f"Lambda of the trait {analysis.problem.signals[name].lambda_:.2f}.",
        )
        for name, null in analysis.own.scores.items()
    ]


def _against_null(null: Null, *, claim: str, measure: str, of: str, note: str) -> Finding:
    effect = null.effect
    verdict = Verdict.FAILS if effect.high < 0 else Verdict.UNDECIDED
    return Finding(
        claim=claim,
        measure=measure,
        of=of,
        value=Interval(value=null.value, low=null.value, high=null.value),
        control=f"{len(null.draws)} traits simulated on the tree with matched signal",
        against=null.against,
        effect=effect,
        p_value=null.p_value,
        verdict=Verdict.HOLDS if null.p_value <= _LEVEL else verdict,
        note=note,
    )


def _above_controls(analysis: Analysis, parts: _Parts) -> list[Finding]:
    found = []
    for name, measured in analysis.controls.items():
        effect = parts.gain("own", f"control {name}")
        found.append(
            Finding(
                claim=f"tells more than {name}",
                measure=measure_of(analysis),
                of=analysis.trait,
                value=parts.value("own"),
                control=name,
                against=parts.value(f"control {name}"),
                effect=effect,
                verdict=verdict_of(effect),
                note=f"The control itself against simulated traits: p = {measured.score_p:.3f}, beyond ancestry "
                f"p = {measured.beyond_p:.3f}.",
            )
        )
    return found


def _above_decoys(analysis: Analysis, parts: _Parts) -> list[Finding]:
    found = []
    for name, aside in analysis.decoys.items():
        if name in analysis.untold:
            continue
        ours, theirs, effect = parts.skills("own", f"decoy {name}")
        found.append(
            Finding(
                claim=f"told better than the decoy {name}",
                measure=f"{measure_of(analysis)}, with chance at 0 and all right at 1",
                of=analysis.trait,
                value=ours,
                control=f"decoy {name}",
                against=theirs,
                effect=effect,
                verdict=verdict_of(effect),
                note=f"The decoy itself against simulated traits: p = {aside.own.score_p:.3f}, beyond ancestry "
                f"p = {aside.own.beyond_p:.3f}.",
            )
        )
    return found


def _on_other_backgrounds(analysis: Analysis, parts: _Parts) -> list[Finding]:
    return [
        _elsewhere(measured, parts, f"swapped {name}", measure=measure_of(analysis), of=f"{analysis.trait}, {name}")
        for name, measured in analysis.swapped.items()
    ]


def _elsewhere(measured: Measured, parts: _Parts, part: str, *, measure: str, of: str) -> Finding:
    effect = parts.above_chance(part)
    gap = parts.gain("own", part)
    return Finding(
        claim="holds on another background",
        measure=f"{measure}, learnt on their own backgrounds",
        of=of,
        value=parts.value(part),
        control="chance",
        against=parts.chance(part),
        effect=effect,
        p_value=measured.beyond_p,
        verdict=verdict_of(effect, p_value=measured.beyond_p),
        note=f"Own background less this one: {gap.value:.3f} ({gap.low:.3f} to {gap.high:.3f}). "
        "p is the largest of the phylogenetic regressions.",
    )


def _order(analysis: Analysis, generator: np.random.Generator) -> Finding:
    is_category = analysis.problem.trait.is_category
    return Finding(
        claim="species stand in order along the learned direction",
        measure="mean area under the curve, one category against the rest" if is_category else "Spearman's correlation",
        of=analysis.trait,
        value=order_interval(
            analysis.own.predictions.scores, analysis.problem.targets, analysis.problem.clades.clades, generator
        ),
        note="Each species on the direction that was learnt without its clade.",
    )


def _family_resemblance(analysis: Analysis) -> list[Finding]:
    found = []
    for name, kin in analysis.kin.items():
        one = told(analysis.problem, kin.one_out)
        value = float(one.score(one.parts.sum(axis=0, keepdims=True))[0])
        found.append(
            Finding(
                claim="how far family resemblance goes",
                measure=measure_of(analysis).replace("species of clades left out", "one species left out"),
                of=f"{analysis.trait}, tree only, {name}",
                value=Interval(value=value, low=value, high=value),
                note="All kin are known but the species itself.",
            )
        )
    return found


def _in_strata(analysis: Analysis, parts: _Parts) -> list[Finding]:
    found = []
    for name, aside in analysis.strata.items():
        effect = parts.above_chance(f"stratum {name}")
        found.append(
            Finding(
                claim="told of clades left out, from these images alone",
                measure=measure_of(analysis),
                of=f"{analysis.trait}, {name}",
                value=parts.value(f"stratum {name}"),
                control="chance",
                against=parts.chance(f"stratum {name}"),
                effect=effect,
                p_value=aside.own.beyond_p,
                verdict=verdict_of(effect, p_value=aside.own.beyond_p),
                note=f"{len(aside.problem.trait.taxa)} species; p is the largest of the phylogenetic regressions.",
            )
        )
    return found
