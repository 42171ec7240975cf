"""The theorem put to a space: what it predicts of each species' loss, what is measured, and where the two part."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from thuja.analyze.finding import Figure, Finding, Section, Verdict, verdict_of
from thuja.analyze.space import Prototypes, Space
from thuja.analyze.theorem.costs import Costs, species_costs
from thuja.analyze.theorem.expansion import Floats
from thuja.analyze.theorem.figures import draw_costs, draw_errors, draw_gram
from thuja.analyze.theorem.gram import GramFit, gram_fits
from thuja.analyze.theorem.predicted import LEAST_COST, Matched, correlation, match
from thuja.analyze.theorem.radius import Radius, measure_radius
from thuja.analyze.theorem.settings import TheoremSettings
from thuja.analyze.theorem.tables import tables_of
from thuja.analyze.theorem.text_half import TextCosts, text_costs
from thuja.errors import EmptyInput
from thuja.metrics.bootstrap import Interval, interval_of
from thuja.metrics.ratios import Ratio, interval, redrawn

TITLE = "The theorem"
ABOUT = (
    "Variation within a species costs the loss tr(Cov_p(mu) Sigma) / 2 tau^2 to second order, so that what lies at "
    "right angles to all differences of prototypes is free (docs/theorem.md). Costs are in nats. A ratio of measured to"
    " predicted holds where its whole 95 % interval over redrawn species lies within {tolerance:.0%} of 1, fails where "
    "it lies outside, and is undecided in between. A correlation is held against that of a prediction that knows no "
    "prototype, the total variance, on the same redraws: it holds where it is larger, by the whole interval. Shares "
    "and Gram matrices are descriptive."
)
_RADII = 12
_RADIUS_LOGITS = 2**18


def theorem_section(
    space: Space,
    generator: np.random.Generator,
    *,
    settings: TheoremSettings | None = None,
    texts: Mapping[str, Prototypes] | None = None,
) -> Section:
    """Predicted against measured costs over species, the radius, and Gram against tree.

    `texts` are further kinds of text by name (reversed, names alone, shuffled), for the Gram matrix. A space without
    prototypes, or none of whose species has both a prototype and images enough, gets a section with the reason.
    """
    settings = settings or TheoremSettings()
    about = ABOUT.format(tolerance=settings.tolerance)
    kinds = {**({} if space.prototypes is None else {"prototypes": space.prototypes}), **(texts or {})}
    fits = gram_fits(kinds, generator, permutations=settings.permutations)
    try:
        matched = match(
            space,
            generator,
            least=settings.least,
            most_species=settings.most_species,
            most_images=settings.most_images,
            is_unit=settings.is_unit,
        )
    except EmptyInput as error:
        return Section(title=TITLE, about=about, reason=error.message)
    if len(np.unique(matched.prototypes, axis=0)) < 2:
        reason = "all prototypes are the same vector, so that no image can be told by them and the loss is constant"
        return Section(title=TITLE, about=about, reason=reason)
    costs = {tau: _costs(matched, tau) for tau in settings.all_temperatures}
    by_text = text_costs(matched.vectors, matched.species, matched.prototypes, own=matched.own, tau=settings.tau)
    radii = {tau: _radii(matched, tau, settings) for tau in settings.all_temperatures}
    here = costs[settings.tau]
    return Section(
        title=TITLE,
        about=about,
        findings=[
            *_ratio_findings(here, by_text, generator, settings=settings),
            *_order_findings(here, generator, settings=settings),
            *_share_findings(here, generator, settings=settings),
            *_gram_findings(fits),
        ],
        tables=tables_of(matched, costs, by_text, radii=radii, fits=fits, settings=settings),
        figures=_figures(costs, radii, fits, settings=settings),
        notes=[
            *matched.notes,
            *_notes(here, matched, settings),
            *(f"{fit.kind}: {fit.note}." for fit in fits if fit.note),
        ],
    )


def _costs(matched: Matched, tau: float) -> Costs:
    return species_costs(matched.vectors, matched.species, matched.prototypes, own=matched.own, tau=tau)


def _radii(matched: Matched, tau: float, settings: TheoremSettings) -> list[Radius]:
    """The radius of some species, spread evenly, by as many of their images as a moderate matrix of logits takes."""
    found = []
    most = max(2, _RADIUS_LOGITS // len(matched.prototypes))
    count = len(matched.own)
    for number in np.unique(np.linspace(0, count - 1, min(count, _RADII)).astype(np.int64)):
        mean, deviations = matched.deviations(int(number))
        if float((deviations**2).sum()) > 0:
            radius = measure_radius(mean, deviations[:most], matched.prototypes, tau=tau, tolerance=settings.tolerance)
            found.append(radius)
    return found


def _ratio_findings(
    costs: Costs, by_text: TextCosts, generator: np.random.Generator, *, settings: TheoremSettings
) -> list[Finding]:
    """Measured over predicted, all on the same redraws of species."""
    asked = (
        ("about the mean of the species' images", costs.measured, costs.predicted),
        ("with p at the species' prototype", costs.measured, costs.at_prototype),
        ("on the sphere, against the direction of the mean", costs.on_sphere, costs.predicted_on_sphere),
        ("of the text's half, over these images as one batch", by_text.measured, by_text.predicted),
    )
    drawn = redrawn(
        [Ratio(tops=tops, bottoms=bottoms) for _, tops, bottoms in asked], generator, replicates=settings.replicates
    )
    findings = []
    for place, (of, _, bottoms) in enumerate(asked):
        if float(np.abs(bottoms).sum()) <= LEAST_COST or not np.isfinite(drawn[0, place]):
            continue
        value = interval(drawn[:, place])
        findings.append(
            Finding(
                claim="variation within species costs what the second order predicts",
                measure="measured cost / predicted cost, of all species",
                of=f"{of}, tau = {settings.tau:.3g}",
                value=value,
                verdict=_near_one(value, settings.tolerance),
                note=f"reach w of a species' images: median {np.median(costs.reach):.3g}",
            )
        )
    return findings


def _near_one(value: Interval, tolerance: float) -> Verdict:
    low, high = 1 - tolerance, 1 + tolerance
    if low <= value.low and value.high <= high:
        return Verdict.HOLDS
    return Verdict.FAILS if value.high < low or value.low > high else Verdict.UNDECIDED


def _order_findings(costs: Costs, generator: np.random.Generator, *, settings: TheoremSettings) -> list[Finding]:
    """Which species pay most: by the prediction, and by the total variance, which knows of no prototype."""
    said, found, plain = (
        np.where(each > LEAST_COST, each, 0.0) for each in (costs.predicted, costs.measured, costs.variance)
    )

    def both(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[float, float]:
        ranks = [rankdata(each[rows]) for each in (said, found, plain)]
        values = [correlation(ranks[0], ranks[1]), correlation(ranks[2], ranks[1])]
        return values[0] if values[0] is not None else np.nan, values[1] if values[1] is not None else np.nan

    whole = both(np.arange(len(costs)))
    if not np.isfinite(whole).all():
        return []
    draws = np.array(
        [both(generator.integers(len(costs), size=len(costs))) for _ in range(settings.replicates)]
    )  # (B, 2)
    effect = interval_of(whole[0] - whole[1], draws[:, 0] - draws[:, 1])
    return [
        Finding(
            claim="the theorem tells which species pay for their variation",
            measure="Spearman's correlation of predicted and measured cost over species",
            of=f"about the mean of the species' images, tau = {settings.tau:.3g}",
            value=interval_of(whole[0], draws[:, 0]),
            control="total variance within the species, which knows of no prototype",
            against=interval_of(whole[1], draws[:, 1]),
            effect=effect,
            verdict=verdict_of(effect),
        )
    ]


def _share_findings(costs: Costs, generator: np.random.Generator, *, settings: TheoremSettings) -> list[Finding]:
    """How much of variance and of cost lies outside the span of the prototypes' differences."""
    full = costs.dimensions
    asked = (
        ("variance within species", costs.variance - costs.inside, costs.variance),
        ("predicted cost on the sphere", costs.outside_part, costs.predicted_on_sphere),
    )

    def shares(tops: Floats, bottoms: Floats) -> Interval:
        return interval(redrawn([Ratio(tops=tops, bottoms=bottoms)], generator, replicates=settings.replicates)[:, 0])

    return [
        Finding(
            claim="variation outside the span of species is cheap",
            measure=f"share outside the {full} dimensions that differences of prototypes span",
            of=f"{of}, tau = {settings.tau:.3g}",
            value=shares(tops, bottoms),
            note="what lies outside costs by the warmer soft-max of a shorter mean alone",
        )
        for of, tops, bottoms in asked
        if float(bottoms.sum()) > LEAST_COST and float(tops.sum()) >= -LEAST_COST
    ]


def _gram_findings(fits: Sequence[GramFit]) -> list[Finding]:
    return [
        Finding(
            claim="the Gram matrix of prototypes follows the tree",
            measure="Spearman's correlation of 1 - cosine and rank steps over pairs of taxa",
            of=fit.kind,
            value=fit.spearman,
            p_value=fit.p_value,
            note="the p-value is Mantel's and descriptive: taxa of a clade are no independent draws",
        )
        for fit in fits
        if fit.spearman is not None
    ]


def _figures(
    costs: Mapping[float, Costs],
    radii: Mapping[float, Sequence[Radius]],
    fits: Sequence[GramFit],
    *,
    settings: TheoremSettings,
) -> list[Figure]:
    drawn = (
        (
            "theorem_costs",
            "Predicted against measured cost, a dot a species; on the line they agree.",
            draw_costs(costs[settings.tau], tau=settings.tau),
        ),
        (
            "theorem_radius",
            "The species' own deviations, scaled: how far the second order is off, against their length. "
            "Dashed: the tolerance.",
            draw_errors(radii, tolerance=settings.tolerance),
        ),
        ("theorem_gram", "Cosines of prototypes by the rank steps between taxa.", draw_gram(fits)),
    )
    return [Figure(name=name, caption=caption, drawing=svg) for name, caption, svg in drawn if svg is not None]


def _notes(costs: Costs, matched: Matched, settings: TheoremSettings) -> list[str]:
    width, count = matched.prototypes.shape[1], len(matched.prototypes)
    told = [
        f"{len(matched.vectors):,} images of {len(costs):,} species against {count:,} prototypes in {width} dimensions."
    ]
    if costs.dimensions >= width:
        told.append(
            "Differences of prototypes span every dimension: no direction is free, and only the p-weighted span of "
            "confusable species can be smaller."
        )
    if float(costs.temperature.sum()) < 0:
        told.append(
            "Most images are nearer to other species' prototypes: being less sure pays, so that variation outside the "
            "span costs less than nothing and has no share of the cost."
        )
    still = int((costs.variance <= LEAST_COST).sum())
    if still:
        told.append(
            f"{still:,} species have images that are all the same vector: they vary in nothing and cost nothing."
        )
    free = int(((costs.measured <= LEAST_COST) & (costs.variance > LEAST_COST)).sum())
    if free:
        told.append(
            f"{free:,} species vary and pay less than {LEAST_COST:g} nats: their soft-max is saturated at tau = "
            f"{settings.tau:.3g}."
        )
    return told
