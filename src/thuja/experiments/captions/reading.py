"""Traits read off vectors by a line: a ridge whose penalty is chosen on species that it was not fitted on."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PENALTIES: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""In units of the mean variance along an axis of the standardised vectors."""
_FOLDS: Final = 4


def explained(vectors: Floats, targets: Floats, species: Ints, *, is_test: npt.NDArray[np.bool_]) -> Floats:
    """R2 (T,) of each target (N, T) on the test rows, read off vectors (N, D) by what the other rows teach.

    Against the mean of the rows that taught: below 0 where that mean does better. `species` (N,) are the clusters that
    folds keep whole: the penalty of each target is the best of seven on other species than it was fitted on.
    """
    train = ~is_test
    folds = np.random.default_rng(len(species)).permutation(int(species.max()) + 1)[species] % _FOLDS
    lost = np.zeros((len(PENALTIES), targets.shape[1]))
    for fold in range(_FOLDS):
        inner, held = train & (folds != fold), train & (folds == fold)
        if inner.any() and held.any():
            lost += ((_read(vectors, targets, inner, held) - targets[held]) ** 2).sum(axis=1)
    best = lost.argmin(axis=0)  # (T,)
    said = _read(vectors, targets, train, is_test)[best, :, np.arange(targets.shape[1])].T  # (M, T)
    truth = targets[is_test]
    whole = ((truth - targets[train].mean(axis=0)) ** 2).sum(axis=0)
    rest = ((truth - said) ** 2).sum(axis=0)
    return np.asarray(1 - np.divide(rest, whole, out=np.ones_like(rest), where=whole > 0))


def _read(vectors: Floats, targets: Floats, train: npt.NDArray[np.bool_], test: npt.NDArray[np.bool_]) -> Floats:
    """What each penalty says (P, M, T) of the test rows."""
    mean, spread = vectors[train].mean(axis=0), vectors[train].std(axis=0)
    scaled = (vectors - mean) / np.where(spread > 1e-9, spread, 1.0)
    centre = targets[train].mean(axis=0)
    left, sizes, axes = np.linalg.svd(scaled[train], full_matrices=False)
    target = left.T @ (targets[train] - centre)  # (R, T)
    along = scaled[test] @ axes.T  # (M, R)
    unit = train.sum() * (sizes**2).mean() / train.sum()
    return np.stack(
        [centre + along @ ((sizes / (sizes**2 + penalty * unit))[:, None] * target) for penalty in PENALTIES]
    )
