"""Do finches lie by the size of their beak along the first axis of their variation, which knows nothing of beaks?"""

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions.ordering import spearman
from thuja.analyze.directions.plan import Plan
from thuja.analyze.directions.planning import DirectionSettings, plan_of
from thuja.analyze.directions.ridge import Rows
from thuja.analyze.directions.traits import read_trait
from thuja.analyze.finding import Figure, Finding, Section, verdict_of
from thuja.analyze.maps import map_figure, order_figure
from thuja.analyze.papers.finches import BEAK
from thuja.analyze.space import Space
from thuja.embeddings import Vectors
from thuja.metrics.bootstrap import interval_of
from thuja.structure.span import spread_of

Floats = npt.NDArray[np.float64]

_ABOUT = (
    "BioCLIP 2's page shows Darwin's finches in two dimensions, in the order of their beaks' size. Here the first axis "
    "is that along which the images vary most, each species counting once; it is found without a look at beaks. Its "
    "sign has no meaning, so the measure is the size of Spearman's correlation of species' means with the size of "
    "their beak. The null shuffles the sizes among species. HOLDS: the whole interval over species is above the null's "
    "mean and p is at most .05. Few species of one young clade can show an order, and not where it comes from."
)
_TITLE = "Beaks along the first axis"


def beak_section(space: Space, generator: np.random.Generator, *, settings: DirectionSettings) -> Section:
    """The first axis of a space and of its controls against the size of beaks."""
    trait = read_trait(BEAK, space.column(BEAK))
    plan = plan_of(space, trait, generator, settings)
    if isinstance(plan, str):
        return Section(title=_TITLE, about=_ABOUT, reason=plan)
    own, (shares, places) = _Axis.of(space.vectors, plan), _places(space.vectors, plan)
    found = [own.finding()]
    for name, vectors in space.controls.items():
        other = _Axis.of(vectors, plan)
        effect = interval_of(own.value.value - other.value.value, own.replicates - other.replicates)
        found.append(
            Finding(
                claim=f"the first axis orders finches by their beak better than that of {name}",
                measure=own.measure,
                of=BEAK,
                value=own.value,
                control=name,
                against=other.value,
                effect=effect,
                verdict=verdict_of(effect),
            )
        )
    return Section(title=_TITLE, about=_ABOUT, findings=found, figures=_figures(places * [own.sign, 1], shares, plan))


def _figures(places: Floats, shares: Floats, plan: Plan) -> list[Figure]:
    sizes = [float(plan.targets[one, 0]) for one in plan.species]
    names = [plan.taxa[one].scientific_name for one in plan.species]
    labels = tuple(f"axis {number} ({share:.0%} of variance)" for number, share in enumerate(shares, start=1))
    return [
        map_figure(
            places,
            sizes,
            name="finches_pca",
            caption="Finches on the two axes along which they vary most, coloured by the size of their species' beak",
            axes=(labels[0], labels[1]),
            label="beak size",
            centres=names,
        ),
        order_figure(
            places[:, 0],
            names,
            sizes,
            name="finches_order",
            caption="Species in the order of their beaks, and where their images lie along the first axis",
            labels=("along the first axis", "beak size"),
        ),
    ]


def _places(vectors: Vectors, plan: Plan) -> tuple[Floats, Floats]:
    """The shares of the two first axes (2,) and the images on them (M, 2), species counting alike."""
    chosen = np.asarray(vectors[plan.images], dtype=np.float64)
    axes = Rows.of(chosen, 1 / plan.counts[plan.species])
    order = np.argsort(-axes.spreads, kind="stable")[:2]
    places, shares = np.zeros((len(chosen), 2)), np.zeros(2)
    places[:, : len(order)] = axes.places[:, order]
    shares[: len(order)] = axes.spreads[order] / max(float(axes.spreads.sum()), np.finfo(float).tiny)
    return shares, places


class _Axis:
    """How the first axis of a space orders species by the plan's values and their shuffles."""

    def __init__(self, means: Floats, plan: Plan) -> None:
        """`means` (S,) are the species' along the axis."""
        scores = np.repeat(means[:, None], plan.targets.shape[1], axis=1)
        found = spearman(scores, plan.targets)
        self.sign = -1.0 if found[0] < 0 else 1.0
        self.null = np.abs(found[1:])
        self.replicates = self.sign * plan.over_redraws(lambda drawn: spearman(means[drawn], plan.targets[drawn, 0]))
        self.value = interval_of(abs(float(found[0])), self.replicates)
        self.p_value = float((1 + (self.null >= self.value.value - 1e-12).sum()) / (1 + len(self.null)))
        self.measure = f"size of Spearman's correlation of the first axis over {len(means)} species"

    @classmethod
    def of(cls, vectors: Vectors, plan: Plan) -> "_Axis":
        """Of a space (N, D)."""
        return cls(plan.mean_by_species(_places(vectors, plan)[1])[:, 0], plan)

    def finding(self) -> Finding:
        """The order against its shuffles."""
        null = spread_of(self.null)
        assert null is not None, "there are shuffles"
        effect = interval_of(self.value.value - null.value, self.replicates - null.value)
        return Finding(
            claim="the axis along which finches vary most orders them by their beak",
            measure=self.measure,
            of=BEAK,
            value=self.value,
            control=f"{BEAK} shuffled among species",
            against=null,
            effect=effect,
            p_value=self.p_value,
            verdict=verdict_of(effect, p_value=self.p_value),
            note="the interval keeps the axis as it is and draws species",
        )
