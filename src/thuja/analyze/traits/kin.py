"""What the tree alone says of a species: the best linear prediction from its kin, without any picture.

With whole clades left out it can say little; with one species left out it says how far family resemblance goes.
"""

import numpy as np
import numpy.typing as npt

from thuja.analyze.ancestry import signals
from thuja.analyze.traits.ridge import Predictions, means_without
from thuja.biosphere.signal import Ancestry

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def from_kin_left_out(targets: Floats, folds: Indices, ancestry: Ancestry) -> Predictions:
    """Targets (S, T), none of them constant, as the species of other folds (S,) tell them along the tree.

    With K the covariance at the lambda of all species, and P its inverse less what the mean takes of it, leaving out
    the rows A moves their residuals to P_AA^-1 (P y)_A. That lambda saw the species left out too, which flatters this
    baseline a little.
    """
    axes, species = ancestry.axes, len(targets)
    lambdas, _, _ = signals(targets, ancestry)
    found = np.empty_like(targets)
    rows = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    for column, lambda_ in enumerate(lambdas):
        weights = 1 / (lambda_ * ancestry.variances + 1 - lambda_)
        mean = axes @ (weights * (axes.T @ np.ones(species)))
        total, value = float(mean.sum()), targets[:, column]
        gaps = axes @ (weights * (axes.T @ value)) - mean * (mean @ value) / total
        for held in rows:
            own = axes[held]
            kept = (own * weights) @ own.T - np.outer(mean[held], mean[held]) / total
            found[held, column] = value[held] - np.linalg.solve(kept, gaps[held])
    _, numbers = np.unique(folds, return_inverse=True)
    return Predictions(
        values=found, scores=found - means_without(targets, numbers), penalties=np.zeros((0, 0), dtype=np.int64)
    )
