"""The floors under a model: what a linear reading of any features tells, and what the tree tells without any."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.signal import Ancestry, pagel_lambda

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PENALTIES: Final = (0.001, 0.03, 1.0)
"""Ridge penalties, in units of the mean variance along an axis of the training features."""
_REPLICATES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The share of pictures named right, the mean of that over classes, and the ends of the latter's 95 % interval.

    `chance` is one over the number of classes, `majority` the share of the commonest; `classes` how many are asked for.
    """

    accuracy: float
    macro: float
    low: float
    high: float
    chance: float
    majority: float
    classes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows to learn from and rows to test on, and the cluster (N,) of each row: intervals draw clusters anew."""

    train: Ints
    test: Ints
    clusters: Ints

    @classmethod
    def by_row(cls, clusters: Ints, generator: np.random.Generator, *, share: float = 1 / 3) -> "Split":
        """Test on that share of each cluster's rows, and on none of a cluster of one."""
        order = generator.permutation(len(clusters))
        place = np.empty(len(clusters), dtype=np.int64)  # of a row within its cluster, in random order
        counts = np.bincount(clusters)
        seen = np.zeros_like(counts)
        for row in order:
            place[row] = seen[clusters[row]]
            seen[clusters[row]] += 1
        is_test = place < np.round(share * counts)[clusters]
        return cls(train=np.flatnonzero(~is_test), test=np.flatnonzero(is_test), clusters=clusters)

    @classmethod
    def folds(cls, clusters: Ints, generator: np.random.Generator, *, count: int = 3) -> list["Split"]:
        """Splits by whole clusters: each cluster is tested on once, and never learnt from then."""
        fold = generator.permutation(int(clusters.max()) + 1)[clusters] % count
        return [
            cls(train=np.flatnonzero(fold != held), test=np.flatnonzero(fold == held), clusters=clusters)
            for held in range(count)
        ]

    def inner(self) -> tuple[Ints, Ints]:
        """A fifth of the training rows to choose a penalty by, and the rest; clusters where the test has others."""
        generator = np.random.default_rng(len(self.train))
        is_new = not np.isin(self.clusters[self.test], self.clusters[self.train]).any()
        units = self.clusters[self.train] if is_new else np.arange(len(self.train))
        names = generator.permutation(np.unique(units))
        is_held = np.isin(units, names[: max(1, len(names) // 5)])
        return self.train[is_held], self.train[~is_held]


class Probe:
    """A ridge-regularised linear discriminant: the nearest class mean in the measure of the variance within classes.

    Classes count alike however many pictures they have. The penalty is the best of three on a fifth of
    the training rows. The axes of the features do not depend on the labels, so one probe of some features
    answers for all targets.
    """

    def __init__(self, features: npt.NDArray[np.floating], split: Split) -> None:
        """Find the axes of the features (N, D) of the split's training rows."""
        self.split = split
        values = np.asarray(features, dtype=np.float64)
        self._held, self._rest = split.inner()
        self._inner = _Axes.of(values, self._rest)
        self._full = _Axes.of(values, split.train)

    def predict(self, labels: Ints) -> Ints:
        """The label of each test row, given the labels (N,) of all; those of test rows are not looked at."""
        rights = []
        for penalty in PENALTIES:
            said = self._inner.nearest(labels, self._rest, self._held, penalty=penalty)
            rights.append(_per_class(said == labels[self._held], labels[self._held]).mean())
        best = PENALTIES[int(np.argmax(rights))]
        return self._full.nearest(labels, self.split.train, self.split.test, penalty=best)

    def score(self, labels: Ints) -> Score:
        """How well the test rows' labels are told."""
        return score(self.predict(labels), labels[self.split.test], self.split.clusters[self.split.test])


@dataclass(frozen=True, slots=True)
class _Axes:
    """Standardised features of all rows along the axes (N, R) of some rows' variance, and the variances (R,)."""

    along: Floats
    variances: Floats

    @classmethod
    def of(cls, features: Floats, rows: Ints) -> "_Axes":
        mean, spread = features[rows].mean(axis=0), features[rows].std(axis=0)
        scaled = (features - mean) / np.where(spread > 1e-9, spread, 1.0)
        scaled[:, spread <= 1e-9] = 0
        # The axes of the shorter side of the table: pixels are many, rows are few.
        x = scaled[rows]
        if len(rows) < x.shape[1]:
            squares, left = np.linalg.eigh(x @ x.T)
            kept = squares > 1e-9 * max(float(squares[-1]), 1e-9)
            axes = x.T @ (left[:, kept] / np.sqrt(squares[kept]))
        else:
            squares, axes = np.linalg.eigh(x.T @ x)
            kept = squares > 1e-9 * max(float(squares[-1]), 1e-9)
            axes = axes[:, kept]
        return cls(np.asarray(scaled @ axes), np.asarray(squares[kept] / len(rows)))

    def nearest(self, labels: Ints, train: Ints, test: Ints, *, penalty: float) -> Ints:
        """The nearest class of each test row, where `train` are the rows whose axes these are.

        The variance within classes is all variance, diagonal here, less that between the C classes: its inverse
        costs one of C x C (Woodbury's identity), however many axes there are.
        """
        classes, places = np.unique(labels[train], return_inverse=True)
        members = (places[:, None] == np.arange(len(classes))).astype(float)
        means = (members.T @ self.along[train] / members.sum(axis=0)[:, None]).T  # (R, C)
        between = means * np.sqrt(members.mean(axis=0))
        inverse = 1 / (self.variances + penalty * self.variances.mean())
        reach = inverse[:, None] * between
        core = np.eye(len(classes)) - between.T @ reach
        weights = inverse[:, None] * means + reach @ np.linalg.solve(core, reach.T @ means)
        scores = self.along[test] @ weights - 0.5 * (means * weights).sum(axis=0)
        return np.asarray(classes[scores.argmax(axis=1)])


def nearest_mean(train: Floats, labels: Ints, test: Floats) -> Ints:
    """The label (M,) of the class mean nearest to each test row (M, D)."""
    classes, places = np.unique(labels, return_inverse=True)
    members = (places[:, None] == np.arange(len(classes))).astype(float)
    means = members.T @ train / members.sum(axis=0)[:, None]
    gaps = (means**2).sum(axis=1) - 2 * test @ means.T
    return np.asarray(classes[gaps.argmin(axis=1)])


def score(said: Ints, truth: Ints, clusters: Ints) -> Score:
    """The score of answers (M,); the interval draws clusters (M,) anew, since rows of one are alike."""
    is_right = said == truth
    classes, places = np.unique(truth, return_inverse=True)
    clusters_, cluster = np.unique(clusters, return_inverse=True)
    asked, right = np.zeros((2, len(clusters_), len(classes)))
    np.add.at(asked, (cluster, places), 1)
    np.add.at(right, (cluster, places), is_right)
    draws = np.random.default_rng(len(truth)).multinomial(
        len(clusters_), np.full(len(clusters_), 1 / len(clusters_)), size=_REPLICATES
    )
    drawn = draws @ asked  # (B, C)
    shares = np.divide(draws @ right, drawn, out=np.zeros(drawn.shape), where=drawn > 0)
    # A class of one cluster counts as often as that was drawn; one of many clusters about once.
    members = (asked > 0).astype(float)
    weights = draws @ members / members.sum(axis=0)
    low, high = np.quantile((weights * shares).sum(axis=1) / weights.sum(axis=1), [0.025, 0.975])
    return Score(
        accuracy=float(is_right.mean()),
        macro=float(_per_class(is_right, truth).mean()),
        low=float(low),
        high=float(high),
        chance=1 / len(classes),
        majority=float(np.bincount(places).max() / len(truth)),
        classes=len(classes),
    )


def _per_class(is_right: npt.NDArray[np.bool_], truth: Ints) -> Floats:
    _, places = np.unique(truth, return_inverse=True)
    return np.asarray(np.bincount(places, weights=is_right) / np.bincount(places))


def from_kin(values: Floats, ancestry: Ancestry, split: Split) -> Floats:
    """Traits (M, T) of the test species as their kin tell them: the best linear prediction along the tree.

    Rows are species; each trait's lambda and mean are fitted on the training species' values (N, T).
    """
    train, test = split.train, split.test
    shared = ancestry.covariance[np.ix_(train, train)]
    own = Ancestry.from_covariance(shared)
    lambdas = np.nan_to_num(pagel_lambda(values[train], own))
    ones = np.ones(len(train))
    found = np.empty((len(test), values.shape[1]))
    along = own.axes.T @ np.column_stack([ones, values[train]])  # the inverse is diagonal along these axes
    reach = ancestry.covariance[np.ix_(test, train)]
    for place, lambda_ in enumerate(lambdas):
        weights = 1 / (lambda_ * own.variances + 1 - lambda_)
        root = (along[:, 0] * weights) @ along[:, 1 + place] / (along[:, 0] ** 2 @ weights)
        gaps = own.axes @ (weights * (along[:, 1 + place] - root * along[:, 0]))
        found[:, place] = root + lambda_ * reach @ gaps
    return found


def class_from_kin(labels: Ints, ancestry: Ancestry, split: Split) -> Ints:
    """The class (M,) that the kin of each test species have most, weighted along the tree."""
    classes = np.unique(labels[split.train])
    flags = (labels[:, None] == classes).astype(float)
    return np.asarray(classes[from_kin(flags, ancestry, split).argmax(axis=1)])


def from_kin_in_folds(values: Floats, ancestry: Ancestry, folds: Sequence[Split]) -> Floats:
    """Traits (S, T) of every species as its kin in other folds tell them."""
    found = np.empty_like(values, dtype=np.float64)
    for fold in folds:
        found[fold.test] = from_kin(values, ancestry, fold)
    return found


def from_all_other_kin(values: Floats, ancestry: Ancestry) -> Floats:
    """Traits (S, T) of every species as all others tell them, by the same prediction, leaving out one at a time.

    Leaving out species i of a linear model with covariance K moves its residual to [P y]_i / P_ii, with P the
    inverse of K less what the mean takes of it (Dubrule 1983): one decomposition serves all S. Each trait's lambda is
    fitted on all species.
    """
    axes = ancestry.axes
    lambdas = np.nan_to_num(pagel_lambda(values, ancestry))
    along = axes.T @ np.column_stack([np.ones(len(values)), values])
    found = np.empty_like(values, dtype=np.float64)
    for place, lambda_ in enumerate(lambdas):
        weights = 1 / (lambda_ * ancestry.variances + 1 - lambda_)
        mean = axes @ (weights * along[:, 0])  # K^-1 1
        total = mean.sum()
        residual = axes @ (weights * along[:, 1 + place]) - mean * (mean @ values[:, place]) / total
        found[:, place] = values[:, place] - residual / (axes**2 @ weights - mean**2 / total)
    return found


def class_from_all_other_kin(labels: Ints, ancestry: Ancestry) -> Ints:
    """The class (S,) that the kin of each species have most, its own left out, weighted along the tree."""
    classes = np.unique(labels)
    flags = (labels[:, None] == classes).astype(float)
    return np.asarray(classes[from_all_other_kin(flags, ancestry).argmax(axis=1)])


def explained(said: Floats, truth: Floats) -> float:
    """R2: the share of the truth's variance that predictions account for; below 0 where its mean does better."""
    return float(1 - ((truth - said) ** 2).sum() / ((truth - truth.mean(axis=0)) ** 2).sum())


def ridge_regression(features: Floats, values: Floats, split: Split) -> Floats:
    """Values (M,) of the test rows by ridge regression; the penalty is the best of four by leaving one out."""
    train, test = split.train, split.test
    mean, spread = features[train].mean(axis=0), features[train].std(axis=0)
    scaled = (features - mean) / np.where(spread > 1e-9, spread, 1.0)
    left, sizes, axes = np.linalg.svd(scaled[train], full_matrices=False)
    centre = values[train].mean()
    target = left.T @ (values[train] - centre)
    found: list[tuple[float, Floats]] = []
    for penalty in (*PENALTIES, 10.0):
        shrunk = sizes**2 / (sizes**2 + penalty * len(train))
        leverage = (left**2 * shrunk).sum(axis=1) + 1 / len(train)
        gaps = (values[train] - centre - left @ (shrunk * target)) / (1 - leverage)
        said = centre + scaled[test] @ (axes.T @ (np.where(sizes > 1e-9, shrunk / np.maximum(sizes, 1e-9), 0) * target))
        found.append((float((gaps**2).sum()), np.asarray(said)))
    return min(found, key=lambda pair: pair[0])[1]
