"""The figures of the variation within species: shares beside their nulls, the two levels, and the spectra."""

from collections.abc import Mapping, Sequence

import numpy as np

from thuja.analyze.finding import Figure, Finding
from thuja.analyze.within.findings import MATCHED, OTHERS, RANDOM_SPACE
from thuja.analyze.within.reading import TEXT_LOCAL, Read
from thuja.metrics.bootstrap import Interval
from thuja.report.colours import OTHERS as GREY
from thuja.report.colours import PALETTE
from thuja.report.drawing import drawing
from thuja.structure.consistency import CONSISTENCY
from thuja.structure.contrast import SHARE as STEP_SHARE
from thuja.structure.decoding import INSIDE, MEASURE, OUTSIDE
from thuja.structure.local_share import LOCAL_SHARE
from thuja.structure.prototypes import PROTOTYPE_SHARE
from thuja.structure.variation import DEBIASED, PART

SHARES = {
    DEBIASED: "all species",
    PROTOTYPE_SHARE: "text prototypes",
    LOCAL_SHARE: "confusable species",
    TEXT_LOCAL[LOCAL_SHARE]: "confusable species, by text",
}
LEVELS = {
    STEP_SHARE: "share of the difference inside",
    CONSISTENCY: "consistency across species",
    f"{MEASURE} {INSIDE}": "told inside the span",
    f"{MEASURE} {OUTSIDE}": "told outside the span",
}
NULLS = {RANDOM_SPACE: "random", MATCHED: "spectrum-matched", OTHERS: "other species' spans"}


def draw_shares(findings: Sequence[Finding]) -> Figure:
    """The shares inside each span, with their intervals, and what subspaces hold that know nothing of the species."""
    lines = _lines(findings, {(PART, measure): name for measure, name in SHARES.items()})
    return Figure(
        name="within-shares",
        caption="The share of the variation within species inside the span of species differences, debiased, with 95 % "
        "intervals over redrawn species; beside it what subspaces of as many dimensions hold.",
        drawing=_dots(lines, "share inside", name="within-shares"),
    )


def draw_contrasts(findings: Sequence[Finding]) -> Figure | None:
    """For each pair of levels: where the difference lies, how alike it is, and where it is told; None without one."""
    parts = dict.fromkeys(finding.of for finding in findings if finding.of != PART)
    if not parts:
        return None
    named = {(part, measure): f"{part}, {name}" for part in parts for measure, name in LEVELS.items()}
    return Figure(
        name="within-levels",
        caption="Two levels within species: the share of their difference inside the species span, the mean cosine of "
        "their differences in two species, and how well they are told (chance: 0.5) inside the span and outside.",
        drawing=_dots(_lines(findings, named), "share, cosine or balanced accuracy", name="within-levels"),
    )


def draw_spectra(model: Read, controls: Mapping[str, Read]) -> Figure:
    """The share of variance in the widest directions, within species and between them."""
    with drawing(6.4, 3.4, name="within-spectra") as (figure, out):
        axes = figure.add_subplot()
        named = {"the model": model.breadth} | {name: read.breadth for name, read in controls.items()}
        for colour, (name, breadth) in zip(PALETTE * 4, named.items(), strict=False):
            places = np.arange(1, 1 + len(breadth.within))
            axes.plot(places, np.cumsum(breadth.within), color=colour, label=f"{name}: within")
            kept = np.maximum(breadth.between, 0)
            total = kept.sum()
            if total > 0:
                axes.plot(places, np.cumsum(kept) / total, color=colour, linestyle="--", label=f"{name}: between")
        axes.set(xscale="log", xlabel="directions, the widest first", ylabel="share of variance", ylim=(0, 1.02))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.legend(fontsize=8)
    return Figure(
        name="within-spectra",
        caption="In how many directions images vary within species (solid) and species differ (dashed).",
        drawing=out[0],
    )


def _lines(
    findings: Sequence[Finding], named: Mapping[tuple[str, str], str]
) -> dict[str, tuple[Interval, dict[str, Interval], dict[str, Interval]]]:
    """By name of the line: the model's value, its nulls, and the controls' values."""
    lines: dict[str, tuple[Interval, dict[str, Interval], dict[str, Interval]]] = {}
    for finding in findings:
        name = named.get((finding.of, finding.measure))
        if name is None:
            continue
        _, nulls, controls = lines.setdefault(name, (finding.value, {}, {}))
        if finding.against is None:
            continue
        if finding.control in NULLS:
            nulls[NULLS[finding.control]] = finding.against
        elif "more than in the control" in finding.claim:
            controls[finding.control] = finding.against
    return lines


def _dots(
    lines: Mapping[str, tuple[Interval, Mapping[str, Interval], Mapping[str, Interval]]], label: str, *, name: str
) -> str:
    """A line of dots for each number: the model's, the controls', and the nulls as grey marks."""
    markers = dict(zip(NULLS.values(), ("|", "x", "d"), strict=True))
    said: set[str] = set()
    with drawing(6.8, 1.0 + 0.42 * max(len(lines), 1), name=name) as (figure, out):
        axes = figure.add_subplot()
        for place, (value, nulls, controls) in enumerate(lines.values()):
            values = {"the model": value, **controls}
            for number, (who, one) in enumerate(values.items()):
                at, colour = place - 0.12 * number, PALETTE[number % len(PALETTE)]
                axes.plot([one.low, one.high], [at, at], color=colour, linewidth=1.6)
                axes.plot(one.value, at, "o", color=colour, markersize=5, label=_once(who, said))
            for null, one in nulls.items():
                axes.plot([one.low, one.high], [place + 0.2] * 2, color=GREY, linewidth=0.8)
                axes.plot(one.value, place + 0.2, markers[null], color=GREY, markersize=7, label=_once(null, said))
        axes.set_yticks(range(len(lines)), list(lines))
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.axvline(0, color=GREY, linewidth=0.6)
        axes.set_xlabel(label)
        if said:
            axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return out[0]


def _once(name: str, said: set[str]) -> str | None:
    if name in said:
        return None
    said.add(name)
    return name
