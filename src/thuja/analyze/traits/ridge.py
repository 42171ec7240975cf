"""Ridge regression of many traits at once, each species predicted by a fit that never saw its clade.

Of a fit with hat matrix H, leaving out the rows A moves their residuals to (I - H)_AA^-1 ((I - H) y)_A, exactly, with
the intercept fitted anew (block PRESS). So one decomposition serves all folds, all penalties and all traits, and the
penalty of a fold is chosen by leaving out the other folds too, one after the other.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

PENALTIES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""In units of the species' whole variance: the smallest hardly shrinks anything, the largest all to the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Values (S, T) as fits without each species' clade predict them, and how far above the mean of what those saw.

    `scores` (S, T) are places along the learned direction: a mean that lacks a clade of high values is low, so the
    predictions themselves lean against the truth. `penalties` (F, T) are the places in PENALTIES that were chosen.
    """

    values: Floats
    scores: Floats
    penalties: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Mean vectors (S, D) about their mean, their whole variance scaled to 1 a species, along axes of their own.

    `left` (S, R) has orthonormal columns of sum 0, `squares` (R,) are the axes' squared lengths, S in sum, and `axes`
    (D, R) the axes. `mean` (D,) and `scale` are what vectors were moved by and multiplied with.
    """

    left: Floats
    squares: Floats
    axes: Floats
    mean: Floats
    scale: float

    @classmethod
    def of(cls, vectors: Floats) -> "Axes | None":
        """The axes of vectors that are not all the same; None for such."""
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        size = float((centred**2).sum())
        if size <= 1e-18 * float((vectors**2).sum()):
            return None
        scale = float(np.sqrt(len(vectors) / size))
        centred *= scale
        if len(centred) <= centred.shape[1]:
            squares, left = np.linalg.eigh(centred @ centred.T)
            kept = squares > 1e-10 * squares[-1]
            squares, left = squares[kept], left[:, kept]
            axes = centred.T @ left / np.sqrt(squares)
        else:
            squares, axes = np.linalg.eigh(centred.T @ centred)
            kept = squares > 1e-10 * squares[-1]
            squares, axes = squares[kept], axes[:, kept]
            left = centred @ axes / np.sqrt(squares)
        return cls(left=left, squares=squares, axes=axes, mean=mean, scale=scale)

    def along(self, vectors: Floats) -> Floats:
        """Other vectors (M, D) of the same space, about the same mean and on the same scale, along the axes (M, R)."""
        return np.asarray((vectors - self.mean) @ self.axes * self.scale)


def predict_left_out(axes: Axes, targets: Floats, folds: Indices, *, together: int = 1) -> Predictions:
    """Targets (S, T) as ridge regression on the species of other folds predicts them; folds (S,) from 0, three or more.

    Every `together` columns in a row are one trait (its categories) and share a penalty, chosen in each fold by the
    squares left when the other folds are left out in turn.
    """
    species, columns = targets.shape
    count = int(folds.max()) + 1
    rows = [np.flatnonzero(folds == fold) for fold in range(count)]
    losses = np.zeros((len(PENALTIES), count, columns // together))
    predicted = np.zeros((len(PENALTIES), species, columns))
    for number, penalty in enumerate(PENALTIES):
        fit = _Fit.of(axes, targets, penalty)
        for held in range(count):
            predicted[number, rows[held]] = targets[rows[held]] - fit.without(rows[held])
            for other in range(held):
                gaps = fit.without(np.concatenate([rows[held], rows[other]]))
                size = len(rows[held])
                losses[number, other] += _losses(gaps[:size], together)
                losses[number, held] += _losses(gaps[size:], together)
    chosen = losses.argmin(axis=0)  # (F, T)
    places = np.repeat(chosen, together, axis=1)[folds]  # (S, columns)
    values = np.take_along_axis(predicted, places[None], axis=0)[0]
    return Predictions(values=values, scores=values - means_without(targets, folds), penalties=chosen)


def predict_elsewhere(
    axes: Axes, elsewhere: Floats, targets: Floats, folds: Indices, *, penalties: Indices
) -> Predictions:
    """The same species seen otherwise: other mean vectors (S, D) in the same space.

    Each fold's fit is that of `predict_left_out`, learnt from the space's own vectors with the penalties (F, T) chosen
    there; the mean is the own vectors' too, so what moves all images moves all predictions.
    """
    own, other = axes.left * np.sqrt(axes.squares), axes.along(elsewhere)  # (S, R) both
    together = targets.shape[1] // penalties.shape[1]
    scores = np.zeros(targets.shape)
    for fold in range(len(penalties)):
        is_held = folds == fold
        shrinking = np.array(PENALTIES)[np.repeat(penalties[fold], together)] * len(own)
        train, values = own[~is_held], targets[~is_held]
        centre = train.mean(axis=0)
        squares, turned = np.linalg.eigh((train - centre).T @ (train - centre))
        along = turned.T @ ((train - centre).T @ (values - values.mean(axis=0)))  # (R, T)
        slopes = turned @ (along / (np.maximum(squares, 0)[:, None] + shrinking))
        scores[is_held] = (other[is_held] - centre) @ slopes
    return Predictions(values=scores + means_without(targets, folds), scores=scores, penalties=penalties)


def direction(axes: Axes, target: Floats, penalty: float) -> Floats:
    """The direction (D,) of length one along which a target (S,) rises, learnt from all species; zeros for none."""
    along = axes.left.T @ (target - target.mean())
    found = axes.axes @ (np.sqrt(axes.squares) * along / (axes.squares + penalty * len(target)))
    length = float(np.linalg.norm(found))
    return np.asarray(found / length if length > 0 else found)


def means_without(targets: Floats, folds: Indices) -> Floats:
    """For each species the mean of the targets (S, T) over the species of other folds."""
    count = int(folds.max()) + 1
    flags = (folds == np.arange(count)[:, None]).astype(np.float64)  # (F, S)
    sums, sizes = flags @ targets, flags.sum(axis=1)
    return np.asarray(((targets.sum(axis=0) - sums) / (len(folds) - sizes)[:, None])[folds])


@dataclass(frozen=True, slots=True)
class _Fit:
    """One penalty's fit of all species: residuals (S, T), and the hat matrix as W W' + 1 1' / S with W (S, R)."""

    residuals: Floats
    wide: Floats

    @classmethod
    def of(cls, axes: Axes, targets: Floats, penalty: float) -> "_Fit":
        shrunk = axes.squares / (axes.squares + penalty * len(targets))
        gaps = targets - targets.mean(axis=0)
        return cls(gaps - axes.left @ (shrunk[:, None] * (axes.left.T @ gaps)), axes.left * np.sqrt(shrunk))

    def without(self, rows: Indices) -> Floats:
        """The residuals (A, T) of some rows of a fit that left them out."""
        own = self.wide[rows]
        kept = np.eye(len(rows)) - own @ own.T - 1 / len(self.wide)
        return np.asarray(np.linalg.solve(kept, self.residuals[rows]))


def _losses(gaps: Floats, together: int) -> Floats:
    return np.asarray((gaps**2).sum(axis=0).reshape(-1, together).sum(axis=1))
