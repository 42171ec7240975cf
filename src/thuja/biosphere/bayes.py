"""The best that anybody could do: Bayes' rule on the true traits that a picture shows.

No model of the pictures can beat it, since pictures show nothing of the specimen but its traits, body plan
and ailments. The rule is exact for specimens that are normal about the mean of their class, a class being
a species in one condition. In the logarithm, every trait adds a term that is a product of something of the
picture and something of the class, so all pictures against all classes are one product of matrices.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from thuja.biosphere.evolution import COLUMNS, STEEPNESS, steps
from thuja.biosphere.scene import Ailments
from thuja.biosphere.traits import TRAITS, Looks, Trait, View, visibility

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_NODES = 32
"""Points of the Gauss-Hermite rule: the largest of eight normals to 1e-5."""
_NEVER = -1e5
"""The logarithm of what cannot be; finite, since 0 times infinity is no number."""
_BATCH = 500
"""Pictures at a time: with 10,000 classes that is 40 megabytes a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """S species in K conditions: mean liabilities (S, K, L), variances (L,) of specimens, body plans (S,).

    `species_prior` (S,) and `condition_prior` (K,) are how often each occurs; both sum to 1. `ailing` (K,) is
    how strongly an ailment is drawn in each condition.
    """

    means: Floats
    variances: Floats
    plans: tuple[str, ...]
    species_prior: Floats
    condition_prior: Floats
    ailing: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What N pictures show: a number for each trait of TRAITS (N, T), which of them show (N, T), the body plans (N,).

    The number of a share is its liability, that of a count or a state its place among the trait's. `ailing` (N,)
    is how strongly an ailment is drawn.
    """

    values: Floats
    is_visible: Flags
    plans: tuple[str, ...]
    ailing: Floats

    @classmethod
    def of(cls, looks: Sequence[Looks], views: Sequence[View], ailments: Sequence[Ailments] = ()) -> "Seen":
        """What these specimens show in these views; what shows in part is seen as well as what shows plainly."""
        values = [[_number(trait, getattr(one, name)) for name, trait in TRAITS.items()] for one in looks]
        plans = tuple(one.body_plan for one in looks)
        frames = list(zip(views, plans, strict=True))
        visible = {frame: [visibility(trait, *frame) > 0 for trait in TRAITS.values()] for frame in set(frames)}
        return cls(
            values=np.array(values),
            is_visible=np.array([visible[frame] for frame in frames]),
            plans=plans,
            ailing=np.array([ailing(one) for one in ailments]) if ailments else np.zeros(len(looks)),
        )

    def only(self, names: Collection[str]) -> "Seen":
        """The same with no traits but these."""
        return replace(self, is_visible=self.is_visible & [name in names for name in TRAITS])

    def features(self) -> Floats:
        """What shows as numbers for linear models (N, F): a share's liability; for a count or a state, one flag each.

        What does not show is 0 throughout.
        """
        return _factors(self, is_linear=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """The probabilities of N pictures: of each species (N, S) and of each condition (N, K)."""

    species: Floats
    conditions: Floats

    @property
    def size(self) -> int:
        """The number of pictures."""
        return len(self.species)


def posterior(classes: Classes, seen: Seen) -> Posterior:
    """What Bayes' rule says of each picture; sums over columns give genus, habitat, stage and all else."""
    features = _picture_side(seen, classes)
    table = _class_side(classes)  # (F, S * K)
    prior = np.log(np.maximum(classes.species_prior, 1e-300))[:, None] + np.log(classes.condition_prior)
    species, conditions = [], []
    for start in range(0, len(features), _BATCH):
        logits = features[start : start + _BATCH] @ table + prior.ravel()
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        joint = logits.reshape(-1, *prior.shape)  # (n, S, K)
        species.append(joint.sum(axis=2))
        conditions.append(joint.sum(axis=1))
    return Posterior(species=np.concatenate(species), conditions=np.concatenate(conditions))


def summed(probabilities: Floats, labels: Ints) -> Floats:
    """Probabilities (N, C) summed over the classes of each label (C,): (N, labels.max() + 1)."""
    return np.asarray(probabilities @ (labels[:, None] == np.arange(labels.max() + 1)))


def _number(trait: Trait, value: str | int | float) -> float:
    known: tuple[str | int, ...] = trait.states or trait.counts
    if known:
        return float(known.index(value))
    share = np.clip(float(value), 1e-9, 1 - 1e-9)
    return float(np.log(share / (1 - share)) / STEEPNESS)


def ailing(ailments: Ailments) -> float:
    """How strongly ailments are drawn, in all."""
    return ailments.lesions + ailments.parasites + ailments.wear


def _picture_side(seen: Seen, classes: Classes) -> Floats:
    """Each picture's factors (N, F): of a share, its liability and 1; of a state, whether it is that; 0 if hidden."""
    of_plans = np.array(seen.plans)[:, None] == sorted(set(classes.plans))
    levels = np.unique(classes.ailing)
    of_levels = np.abs(seen.ailing[:, None] - levels).argmin(axis=1)[:, None] == np.arange(len(levels))
    return np.concatenate([of_plans, of_levels, _factors(seen, is_linear=False)], axis=1)


def _factors(seen: Seen, *, is_linear: bool) -> Floats:
    columns: list[Floats] = []
    for place, trait in enumerate(TRAITS.values()):
        value, shows = seen.values[:, place, None], seen.is_visible[:, place, None]
        if trait.is_discrete:
            own = value == np.arange(len(trait.states or trait.counts))
        else:
            own = value if is_linear else np.column_stack([value, np.ones(len(value))])
        columns.append(np.asarray(own * shows, dtype=np.float64))
    return np.concatenate(columns, axis=1)


def _class_side(classes: Classes) -> Floats:
    """Each class's factors (F, S * K), in the order of `_picture_side`."""
    means = classes.means.reshape(-1, classes.means.shape[2])  # (S * K, L)
    plans = sorted(set(classes.plans))
    own_plan = np.repeat(np.array(classes.plans), len(classes.condition_prior))
    own_ailing = np.tile(classes.ailing, len(classes.plans))
    rows: list[Floats] = [
        np.where(np.array(plans)[:, None] == own_plan, 0.0, _NEVER),
        np.where(np.unique(classes.ailing)[:, None] == own_ailing, 0.0, _NEVER),
    ]
    for name, trait in TRAITS.items():
        mean, variance = means[:, COLUMNS[name]], classes.variances[COLUMNS[name]]
        if trait.states:
            rows.append(log_largest(mean, np.sqrt(variance)).T)
        elif trait.counts:
            rows.append(_log_between(mean[:, 0], float(np.sqrt(variance[0])), steps(trait)))
        else:
            # -(x - m)^2 / 2v without the x^2, which no class has to itself.
            rows.append(np.stack([mean[:, 0] / variance[0], -(mean[:, 0] ** 2) / (2 * variance[0])]))
    return np.concatenate(rows)


def log_largest(means: Floats, spread: Floats) -> Floats:
    """The log probability (C, K) that each of K independent normals of means (C, K) and spread (K,) is the largest.

    P(k) = E over z of prod_j Phi((m_k + s_k z - m_j) / s_j), z standard normal: one dimension however many states.
    """
    from scipy.special import log_ndtr, logsumexp

    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = np.log(weights / weights.sum())
    found = np.empty_like(means)
    for k in range(means.shape[1]):
        others = [j for j in range(means.shape[1]) if j != k]
        height = means[:, k, None] + spread[k] * nodes  # (C, Q)
        beaten = sum(log_ndtr((height - means[:, j, None]) / spread[j]) for j in others)
        found[:, k] = logsumexp(beaten + weights, axis=1)
    # The rule's small error must not make the states add up to more or less than 1.
    return np.asarray(np.maximum(found - logsumexp(found, axis=1, keepdims=True), _NEVER))


def _log_between(mean: Floats, spread: float, edges: list[float]) -> Floats:
    """The log probability (K, C) that a normal of mean (C,) lies in each part between the edges (K - 1)."""
    from scipy.special import ndtr

    ends = (np.array([-np.inf, *edges, np.inf])[:, None] - mean) / spread  # (K + 1, C)
    # A part far above the mean is reckoned from the other side, where the normal's tail is not 1 - 0.
    low, high = ends[:-1], ends[1:]
    is_above = low > 0
    share = np.where(is_above, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    return np.asarray(np.log(np.maximum(share, 1e-300)))
