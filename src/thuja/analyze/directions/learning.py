"""The direction of a trait in a space, tried on what it was not learnt on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.directions.plan import Plan
from thuja.analyze.directions.ridge import CrossFit, cross_fit, direction
from thuja.embeddings import Vectors
from thuja.metrics.bootstrap import Interval, interval_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A direction and how well it orders: the `value`, its `null` (P,) of shuffled values, its `replicates` (B,).

    `axis` (D,) is learnt on all rows, of length one, and is for use on other images; `scores` (R,) of rows and
    `image_scores` (M,) of images come from directions that did not know them. `agreement` is the cosine of the
    directions of two halves of the folds.
    """

    value: Interval
    null: Floats
    p_value: float
    replicates: Floats
    axis: Floats
    scores: Floats
    image_scores: Floats
    agreement: float


def learn(vectors: Vectors, plan: Plan) -> Learnt:
    """Learn the direction of a plan's trait in a space (N, D) and of each shuffle of it."""
    rows, targets = plan.rows(vectors), plan.learnt_targets
    fitted = cross_fit(rows, targets, folds=plan.folds, weights=plan.weights)
    found = plan.statistics(fitted.scores)
    null = found[1:]
    replicates = plan.replicates(fitted.scores[:, 0])
    penalty = int(fitted.penalties[0])
    halves = [np.isin(plan.folds, half) for half in np.array_split(np.unique(plan.folds), 2)]
    axes = [direction(rows[half], targets[half, 0], weights=plan.weights[half], penalty=penalty) for half in halves]
    return Learnt(
        value=interval_of(float(found[0]), replicates),
        null=null,
        # Rounding must not part what is equal: of two levels in few rows many shuffles are the true order again.
        p_value=float((1 + (null >= found[0] - 1e-12).sum()) / (1 + len(null))),
        replicates=replicates,
        axis=direction(rows, targets[:, 0], weights=plan.weights, penalty=penalty),
        scores=fitted.scores[:, 0],
        image_scores=_image_scores(vectors, plan, fitted),
        agreement=float(axes[0] @ axes[1]),
    )


def _image_scores(vectors: Vectors, plan: Plan, fitted: CrossFit) -> Floats:
    """The place of each image along the direction that does not know it; a species' score is the mean of these."""
    if plan.is_within:
        return fitted.scores[:, 0]
    _, place = np.unique(plan.folds, return_inverse=True)
    fold = place[plan.species]  # (M,)
    chosen = np.asarray(vectors[plan.images], dtype=np.float64)
    return np.asarray(np.einsum("md,md->m", chosen - fitted.means[fold], fitted.directions[fold]))
