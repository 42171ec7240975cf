"""The section on the variation within species: where it lies, what of it is kept, and what the controls say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from thuja.analyze.finding import Figure, Finding, Section
from thuja.analyze.space import Space
from thuja.analyze.within.figures import draw_contrasts, draw_shares, draw_spectra
from thuja.analyze.within.findings import findings_of
from thuja.analyze.within.reading import Read, read_within, specimens_of, texts_of
from thuja.analyze.within.settings import WithinSettings
from thuja.analyze.within.tables import breadth_table, reading_table, spectra_table
from thuja.errors import EmptyInput
from thuja.structure.measuring import Plan
from thuja.structure.span import Deviations, axes_of
from thuja.structure.specimens import LEAST

TITLE = "Variation within species"
ABOUT = (
    "How much of what varies within a species lies inside the span of what species differ by, and what of it is kept. "
    "Spans and variances are of halves of the images that share no observation. All definitions are ours: no code of a "
    "paper's measure is public. A claim holds where the interval of its effect (over redrawn species) lies wholly on "
    "the claimed side of the control and, where there is a p-value, it is .05 or less; it fails where the interval "
    "lies wholly on the other side, and is undecided in between. Against a control a share decides only where what it "
    "is above that of a random subspace of as many dimensions says the same. p is the share of null draws that do as "
    "well, the number counted with them."
)


def within_section(
    space: Space,
    factors: Sequence[str],
    generator: np.random.Generator,
    *,
    settings: WithinSettings | None = None,
) -> Section:
    """Measure the variation within species, and two levels of each factor (a column: life_stage, sex, health).

    Raises UnknownName for a factor that is no column. Where the measures cannot be taken, the section says why.
    """
    settings = settings or WithinSettings()
    try:
        found = measure_within(space, factors, generator, settings=settings)
    except EmptyInput as error:
        return Section(title=TITLE, about=ABOUT, reason=f"{error.args[0]}.")
    model, controls = found.model, found.controls
    return Section(
        title=TITLE,
        about=ABOUT,
        findings=found.findings,
        tables=[
            reading_table(model, controls, seed=found.seed, flips=settings.flips),
            breadth_table(model, controls),
            spectra_table(model, controls),
        ],
        figures=[draw_shares(found.findings), *_contrasts(found.findings), draw_spectra(model, controls)],
        notes=found.notes,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What was read of the model and of each control, what was found, and what a reader must know first."""

    model: Read
    controls: Mapping[str, Read]
    findings: Sequence[Finding]
    notes: Sequence[str]
    seed: int


def measure_within(
    space: Space, factors: Sequence[str], generator: np.random.Generator, *, settings: WithinSettings
) -> Within:
    """Measure a space as `within_section` does, without tables and figures.

    Raises EmptyInput where the measures cannot be taken: of fewer than two species with four images (observations,
    where they are known), or where nothing varies within any.
    """
    specimens = specimens_of(space, factors, generator, most_species=settings.most_species)
    seed = int(generator.integers(2**31))
    plan = Plan.of(specimens, settings.structure(tuple(factors), seed=seed))
    texts, lacking = texts_of(plan, space)
    model = read_within(plan, space.vectors, settings, texts)
    notes = [*_notes(plan, space, factors), *([lacking] if lacking else [])]
    controls: dict[str, Read] = {}
    for name, vectors in space.controls.items():
        try:
            controls[name] = read_within(plan, vectors, settings)
        except EmptyInput as error:
            notes.append(f"The control {name} is left out: {error.args[0]}.")
    findings, untold = findings_of(model, controls, seed=seed, flips=settings.flips)
    return Within(model=model, controls=controls, findings=findings, notes=[*notes, *untold], seed=seed)


def _contrasts(findings: Sequence[Finding]) -> list[Figure]:
    figure = draw_contrasts(findings)
    return [] if figure is None else [figure]


def _notes(plan: Plan, space: Space, factors: Sequence[str]) -> list[str]:
    """What a reader must know before the numbers."""
    sample, width = plan.whole, int(space.vectors.shape[1])
    taken = plan.taken(space.vectors, sample)
    deviations = Deviations.of(taken, sample)
    span = axes_of(deviations.means).shape[1]
    known = len(np.unique(space.species[space.species >= 0]))
    what = "images" if space.groups is None else "observations"
    notes = [
        f"{len(sample.rows):,} images of {sample.count:,} species ({known:,} are named; those with fewer than {LEAST} "
        f"{what}, and those beyond the most that are taken, are left out). Their means span {span} of {width} "
        "dimensions."
    ]
    if span >= width:
        notes.append(
            f"{sample.count:,} species are more than the {width} dimensions: the span of them all holds all variation "
            "of any model, by arithmetic. Only the local span of confusable species can tell."
        )
    if space.groups is None:
        notes.append("Nothing is known of observations, so images of one may stand in both halves.")
    for factor in factors:
        contrasts = [contrast for contrast in plan.parts if contrast.factor == factor]
        notes += [
            f"{contrast}: {plan.parts[contrast].count:,} species have two of both levels." for contrast in contrasts
        ]
        if not contrasts:
            levels = set(plan.specimens.factors[factor].tolist()) - {""}
            told = f"its levels are {', '.join(sorted(levels)):.80}" if levels else "it is not known of any image"
            notes.append(f"{factor} is left out: no two levels are there twice or more in two species or more; {told}.")
    return notes
