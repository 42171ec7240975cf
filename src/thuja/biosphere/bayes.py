"""The best that anybody could do: Bayes' rule on the true traits that a picture shows, and on what is known beside.

The rule is exact for specimens that are normal about the mean of their class, a class being a species in one
condition, and for those who see what `Seen` holds: it takes traits that show in part for seen without error.
So no model that goes by those traits can beat it. A model that goes by more can: by the ground, the camera,
the place; that is what `Evidence` is for. In the logarithm, every trait adds a term that is a product of
something of the picture and something of the class, so all pictures against all classes are one product of matrices.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.biosphere.evolution import COLUMNS, steps
from thuja.biosphere.seen import Seen
from thuja.biosphere.traits import TRAITS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NODES = 32
"""Points of the Gauss-Hermite rule: the largest of eight normals to 1e-5."""
NEVER = -1e5
"""The logarithm of what cannot be; finite, since 0 times infinity is no number."""
_CELLS = 10_000_000
"""Pictures times classes at a time: 80 megabytes a table."""


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
class Evidence:
    """What is known of N pictures beside the specimen: log likelihoods by species (N, S) and by condition (N, K)."""

    species: Floats
    conditions: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """The probabilities of N pictures: of each species (N, S) and of each condition (N, K)."""

    species: Floats
    conditions: Floats

    @property
    def size(self) -> int:
        """The number of pictures."""
        return len(self.species)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Bayes' rule for some classes, with the table (F, S * K) of their factors: it is dear, and serves all pictures."""

    classes: Classes
    table: Floats

    @classmethod
    def of(cls, classes: Classes) -> "Rule":
        """The rule of these classes."""
        return cls(classes=classes, table=_class_side(classes))

    def posterior(self, seen: Seen, evidence: Evidence | None = None) -> Posterior:
        """What the rule says of each picture; sums over columns give genus, habitat, stage and all else."""
        classes = self.classes
        features = _picture_side(seen, classes)
        prior = log(classes.species_prior)[:, None] + log(classes.condition_prior)  # (S, K)
        species, conditions = [], []
        batch = max(1, _CELLS // prior.size)
        for start in range(0, len(features), batch):
            rows = slice(start, start + batch)
            logits = (features[rows] @ self.table).reshape(-1, *prior.shape)  # (n, S, K)
            logits += prior
            if evidence is not None:
                logits += evidence.species[rows, :, None]
                logits += evidence.conditions[rows, None, :]
            joint = _normalised(logits.reshape(len(logits), -1)).reshape(logits.shape)
            species.append(joint.sum(axis=2))
            conditions.append(joint.sum(axis=1))
        return Posterior(species=np.concatenate(species), conditions=np.concatenate(conditions))

    def unseen(self, evidence: Floats) -> Posterior:
        """What the rule says of pictures of which only evidence of the species (N, S) is known, and no trait."""
        return Posterior(
            species=_normalised(evidence + log(self.classes.species_prior)),
            conditions=np.tile(self.classes.condition_prior, (len(evidence), 1)),
        )


def log(probabilities: Floats) -> Floats:
    """The logarithm, of what cannot be as well."""
    return np.where(probabilities > 0, np.log(np.maximum(probabilities, 1e-300)), NEVER)


def _normalised(logits: Floats) -> Floats:
    """The probabilities (N, C) of logits, made where those stood."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def summed(probabilities: Floats, labels: Ints) -> Floats:
    """Probabilities (N, C) summed over the classes of each label (C,): (N, labels.max() + 1)."""
    return np.asarray(probabilities @ (labels[:, None] == np.arange(labels.max() + 1)))


def _picture_side(seen: Seen, classes: Classes) -> Floats:
    """Each picture's factors (N, F): of a share, its liability and 1; of a state, whether it is that; 0 if hidden."""
    of_plans = np.array(seen.plans)[:, None] == sorted(set(classes.plans))
    levels, is_known = np.unique(classes.ailing), np.isfinite(seen.ailing)
    nearest = abs(np.where(is_known, seen.ailing, 0.0)[:, None] - levels).argmin(axis=1)
    of_levels = (nearest[:, None] == np.arange(len(levels))) & is_known[:, None]
    return np.concatenate([of_plans, of_levels, seen.factors(is_linear=False)], axis=1)


def _class_side(classes: Classes) -> Floats:
    """Each class's factors (F, S * K), in the order of `_picture_side`."""
    means = classes.means.reshape(-1, classes.means.shape[2])  # (S * K, L)
    plans = sorted(set(classes.plans))
    own_plan = np.repeat(np.array(classes.plans), len(classes.condition_prior))
    own_ailing = np.tile(classes.ailing, len(classes.plans))
    rows: list[Floats] = [
        np.where(np.array(plans)[:, None] == own_plan, 0.0, NEVER),
        np.where(np.unique(classes.ailing)[:, None] == own_ailing, 0.0, NEVER),
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
    return np.asarray(np.maximum(found - logsumexp(found, axis=1, keepdims=True), NEVER))


def _log_between(mean: Floats, spread: float, edges: list[float]) -> Floats:
    """The log probability (K, C) that a normal of mean (C,) lies in each part between the edges (K - 1)."""
    from scipy.special import ndtr

    ends = (np.array([-np.inf, *edges, np.inf])[:, None] - mean) / spread  # (K + 1, C)
    # A part far above the mean is reckoned from the other side, where the normal's tail is not 1 - 0.
    low, high = ends[:-1], ends[1:]
    is_above = low > 0
    share = np.where(is_above, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    return np.asarray(np.log(np.maximum(share, 1e-300)))
