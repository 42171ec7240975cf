"""The theorem's tables: by temperature, why the prediction fails, by species, by radius, by kind of text."""

from collections.abc import Mapping, Sequence

import numpy as np

from thuja.analyze.finding import Table
from thuja.analyze.theorem.costs import Costs
from thuja.analyze.theorem.expansion import Floats
from thuja.analyze.theorem.gram import GramFit
from thuja.analyze.theorem.predicted import Matched, compare
from thuja.analyze.theorem.radius import Radius, certain_reach
from thuja.analyze.theorem.settings import TheoremSettings
from thuja.analyze.theorem.spectrum import MASS, local_span
from thuja.analyze.theorem.text_half import TextCosts
from thuja.report import Cell

_SPANS = 24
"""Species whose local span is looked at."""


def tables_of(
    matched: Matched,
    costs: Mapping[float, Costs],
    by_text: TextCosts,
    *,
    radii: Mapping[float, Sequence[Radius]],
    fits: Sequence[GramFit],
    settings: TheoremSettings,
) -> list[Table]:
    """All tables of the section."""
    return [
        _by_temperature(costs, settings),
        _why(costs),
        _by_radius(radii, settings),
        _local(matched, settings),
        _by_species(matched, costs[settings.tau], by_text, settings=settings),
        _gram(fits),
        _gram_steps(fits),
    ]


def _by_temperature(costs: Mapping[float, Costs], settings: TheoremSettings) -> Table:
    rows: list[list[Cell]] = []
    for tau, each in costs.items():
        kinds = (
            ("about the image mean", each.predicted, each.measured),
            ("p at the prototype", each.at_prototype, each.measured),
            ("on the sphere", each.predicted_on_sphere, each.on_sphere),
        )
        for name, predicted, measured in kinds:
            found = compare(predicted, measured, tolerance=settings.tolerance)
            cells = (found.ratio, found.median, found.close, found.slope, found.pearson, found.spearman)
            rows.append([tau, name, float(measured.mean()), float(predicted.mean()), *cells, found.counted])
    return Table(
        name="theorem_predicted",
        caption=(
            "Predicted and measured cost of the variation within species (means over species, nats): their ratio over "
            f"all, the median species' ratio, the share of species within {settings.tolerance:.0%}, the slope of log "
            "measured on log predicted, correlations over species, species with a cost above rounding."
        ),
        columns=(
            "tau", "prediction", "measured", "predicted", "ratio", "median ratio", "close", "log slope", "pearson",
            "spearman", "species",
        ),
        rows=rows,
    )  # fmt: skip


def _why(costs: Mapping[float, Costs]) -> Table:
    rows: list[list[Cell]] = []
    for tau, each in costs.items():
        rows.append(
            [
                tau,
                float(np.median(each.reach)),
                float(np.median(each.wrong)),
                float(np.median(each.confusers)),
                float(np.median(each.moved)),
                _over(each.at_prototype, each.predicted),
                _over(each.temperature, each.measured),
                _over(each.outside_part, each.predicted_on_sphere) if each.temperature.sum() >= 0 else None,
                _over(each.variance - each.inside, each.variance),
            ]
        )
    return Table(
        name="theorem_why",
        caption=(
            "Why predictions fail. Radius: the reach w (median; certain to a tenth below "
            f"{certain_reach():.2f}). Gap: the probability of other species at the image mean, how many prototypes p "
            "comes to, how far p at the mean is from p at the prototype (total variation), and the predicted cost "
            "there over that at the mean. Length one: the temperature's cost over that in the span (below 0 where "
            "being less sure pays, as images are mistaken), the share of the predicted cost that is of variation "
            "outside the prototypes' span, and the share of variance there."
        ),
        columns=(
            "tau", "reach", "wrong", "confusers", "moved", "cost at prototype / at mean", "temperature / in span",
            "outside, of cost", "outside, of variance",
        ),
        rows=rows,
    )  # fmt: skip


def _over(tops: Floats, bottoms: Floats) -> float | None:
    below = float(bottoms.sum())
    return float(tops.sum()) / below if abs(below) > 0 else None


def _by_radius(radii: Mapping[float, Sequence[Radius]], settings: TheoremSettings) -> Table:
    rows: list[list[Cell]] = []
    for tau, each in radii.items():
        if not each:
            continue
        error = [float(np.interp(0.0, np.log(one.scales), one.errors)) for one in each]
        limits = np.array([one.limit for one in each])
        inside = np.isfinite(limits)
        lengths = np.array([one.limit * one.radius for one in each])[inside]
        reaches = np.array([one.limit * one.reach for one in each])[inside]
        rows.append(
            [
                tau,
                len(each),
                float(np.median([one.radius for one in each])),
                float(np.median([one.reach for one in each])),
                float(np.median(error)),
                float(np.median(lengths)) if len(lengths) else None,
                float(np.median(reaches)) if len(reaches) else None,
            ]
        )
    return Table(
        name="theorem_radius",
        caption=(
            "The images' own deviations: their length over tau and their reach w (medians over species), how far the "
            f"second order is off at that size, and the length and reach at which it leaves {settings.tolerance:.0%}."
        ),
        columns=(
            "tau",
            "species",
            "length / tau",
            "reach",
            "second order / exact - 1",
            "limit, length / tau",
            "limit, reach",
        ),
        rows=rows,
    )


def _local(matched: Matched, settings: TheoremSettings) -> Table:
    """The p-weighted span of some species, spread evenly."""
    rows: list[list[Cell]] = []
    count = len(matched.own)
    chosen = np.unique(np.linspace(0, count - 1, min(count, _SPANS)).astype(np.int64))
    for tau in settings.all_temperatures:
        spans = []
        for number in chosen:
            mean, deviations = matched.deviations(int(number))
            span = local_span(mean, matched.prototypes, int(matched.own[number]), tau=tau)
            spans.append((len(span.members), span.basis.shape[1], span.participation, span.inside(deviations)))
        members, dimensions, participation, inside = np.median(np.array(spans), axis=0).tolist()
        rows.append(
            [tau, len(chosen), members, dimensions, participation, inside, dimensions / matched.prototypes.shape[1]]
        )
    return Table(
        name="theorem_local",
        caption=(
            f"The prototypes that hold {MASS:.0%} of p at the image mean and the true one: how many, the dimensions "
            "they span and, weighted by p, come to, and the share of variance within the species in that span, beside "
            "that of a random one of as many dimensions (medians over species)."
        ),
        columns=("tau", "species", "prototypes", "dimensions", "participation", "variance inside", "by chance"),
        rows=rows,
    )


def _by_species(matched: Matched, costs: Costs, by_text: TextCosts, *, settings: TheoremSettings) -> Table:
    columns = (
        costs.measured, costs.predicted, costs.at_prototype, costs.temperature, costs.variance, costs.inside,
        costs.reach, costs.wrong, costs.moved, by_text.measured, by_text.predicted,
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [taxon.binomial, int(images), *(float(column[place]) for column in columns)]
        for place, (taxon, images) in enumerate(zip(matched.taxa, costs.images, strict=True))
    ]
    return Table(
        name="theorem_species",
        caption=f"Each species at tau = {settings.tau:g}: costs in nats, variances, and the text's half.",
        columns=(
            "species", "images", "measured", "predicted", "predicted at prototype", "temperature", "variance",
            "variance inside", "reach", "wrong", "moved", "text measured", "text predicted",
        ),
        rows=rows,
    )  # fmt: skip


def _gram(fits: Sequence[GramFit]) -> Table:
    rows: list[list[Cell]] = [
        [
            fit.kind,
            fit.taxa,
            *((fit.spearman.value, fit.spearman.low, fit.spearman.high) if fit.spearman else (None, None, None)),
            fit.p_value,
            fit.beyond_genus,
            fit.cophenetic,
            fit.agreement,
        ]
        for fit in fits
    ]
    return Table(
        name="theorem_gram",
        caption=(
            "Distances of text prototypes against rank steps: Spearman's correlation with its interval over redrawn "
            "taxa, Mantel's p (descriptive), the same over pairs of different genera, the correlation of cophenetic "
            "heights, and triples ordered as the tree orders them (.5 is chance)."
        ),
        columns=("text", "taxa", "spearman", "low", "high", "mantel p", "beyond genus", "cophenetic", "triples"),
        rows=rows,
    )


def _gram_steps(fits: Sequence[GramFit]) -> Table:
    rows: list[list[Cell]] = [[fit.kind, step.steps, step.pairs, step.cosine] for fit in fits for step in fit.by_step]
    return Table(
        name="theorem_gram_steps",
        caption="The mean cosine of two prototypes by the rank steps between their taxa.",
        columns=("text", "steps", "pairs", "cosine"),
        rows=rows,
    )
