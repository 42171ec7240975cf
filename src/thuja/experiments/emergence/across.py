"""Linear readings of what is true of species, of clades that the reading was not fitted on."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]

PENALTIES: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 1000.0)
"""In units of the mean variance along an axis; the last says the mean of what was learnt from."""


def read_across(features: Floats, targets: Floats, folds: Indices) -> Floats:
    """What a ridge regression on the other folds says of each row of targets (N, T), from features (N, D).

    Each target's penalty is the best of PENALTIES on folds that it was not fitted on, the asked one never among them.
    """
    said = np.empty_like(targets)
    for fold in np.unique(folds):
        test, others = folds == fold, np.unique(folds[folds != fold])
        lost = np.zeros((len(PENALTIES), targets.shape[1]))
        for held in others:
            inner = folds == held
            guess = _ridge(features, targets, ~test & ~inner, inner)
            lost += ((guess - targets[inner]) ** 2).sum(axis=1)
        best = lost.argmin(axis=0)  # (T,)
        said[test] = _ridge(features, targets, ~test, test)[best, :, np.arange(targets.shape[1])].T
    return said


def _ridge(features: Floats, targets: Floats, train: Flags, test: Flags) -> Floats:
    """What each penalty says (K, M, T) of the test rows."""
    mean, spread = features[train].mean(axis=0), features[train].std(axis=0)
    scaled = (features - mean) / np.where(spread > 1e-9, spread, 1.0)
    left, sizes, axes = np.linalg.svd(scaled[train], full_matrices=False)
    centre = targets[train].mean(axis=0)
    along = left.T @ (targets[train] - centre)  # (R, T)
    reach, unit = scaled[test] @ axes.T, (sizes**2).mean()
    return np.stack([centre + (reach * (sizes / (sizes**2 + p * unit))) @ along for p in PENALTIES])


def explained(said: Floats, truth: Floats, folds: Indices) -> Floats:
    """R2 (T,) of what is said of each column of truth (N, T), against the mean of what was learnt from in each fold.

    0 for a column that does not vary, below 0 where that mean does better.
    """
    means = np.array([truth[folds != fold].mean(axis=0) for fold in range(folds.max() + 1)])[folds]
    rest, whole = ((truth - said) ** 2).sum(axis=0), ((truth - means) ** 2).sum(axis=0)
    return np.asarray(1 - np.divide(rest, whole, out=np.ones_like(rest), where=whole > 1e-12))


def folds_of(clades: Indices, count: int, generator: np.random.Generator) -> Indices:
    """Folds (S,) of about equal size that keep clades (S,) whole, the largest first to the emptiest fold."""
    sizes = np.bincount(clades)
    fold_of, filled = np.zeros(len(sizes), dtype=np.int64), np.zeros(count)
    for clade in np.lexsort((generator.random(len(sizes)), -sizes)):
        fold_of[clade] = filled.argmin()
        filled[fold_of[clade]] += sizes[clade]
    return fold_of[clades]


def balanced(said: Indices, truth: Indices) -> float:
    """The mean over states of the share of each that was said rightly."""
    return float(np.mean([(said[truth == state] == state).mean() for state in np.unique(truth)]))
