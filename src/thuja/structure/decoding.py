"""Whether a level (stage, sex) can be told from an image's deviation from its species' mean, in the span and outside.

Logistic regression, trained on some species and asked about others: no species, individual or observation stands on
both sides. Both levels have equally many images of each species, so the share of right answers is the balanced
accuracy and one half is chance. More dimensions tell more, so the span stands beside random subspaces of as many. The
null permutes levels within species, an individual's images together, and learns anew each time. A span of few images
leans a little towards everything: a difference far larger than the noise is told from that little inside it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import Ratio
from thuja.structure.reading import Reading
from thuja.structure.span import Deviations, Floats, random_subspace, spread_of
from thuja.structure.specimens import Indices, Sample
from thuja.structure.variation import known_note

MEASURE = "balanced accuracy of decoding"
WHOLE, INSIDE, OUTSIDE = "in all dimensions", "inside the species span", "outside the species span"
RANDOM = "in random subspaces of as many dimensions"
_RANDOM = 3

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingSettings:
    """`folds` of species; `permutations` of the levels, with none of which there is no null; `strength` is 1 / L2."""

    folds: int = 5
    permutations: int = 19
    strength: float = 1.0

    def __post_init__(self) -> None:
        if self.folds < 2 or self.permutations < 0 or self.strength <= 0:
            raise UsageError(
                "decoding takes two folds or more, no fewer than 0 permutations and a strength above 0, "
                f"got {self.folds}, {self.permutations} and {self.strength}"
            )


def measure_decoding(
    part: str,
    deviations: Deviations,
    basis: Floats,
    *,
    generator: np.random.Generator,
    groups: Indices | None = None,
    settings: DecodingSettings,
) -> list[Reading]:
    """The balanced accuracy in all dimensions, inside a basis (D, k), outside and in random subspaces.

    `groups` (M,) numbers the individuals or observations of the sample's images; of a single one there is no reading.
    Where the basis has no direction, a note says that inside and outside of it tell nothing.
    """
    sample = deviations.sample
    units = np.arange(len(sample.species)) if groups is None else groups
    fold = folds_of(sample.species, units, generator, count=settings.folds)
    if not len(fold):
        return []
    shuffled = [permuted(sample, units, generator) for _ in range(settings.permutations)]
    readings = []
    for name, views in _views(deviations.rests, basis, generator).items():
        reduced = [_scores_of(view) for view in views]
        right = np.mean([_right(view, sample.is_second, fold, settings=settings) for view in reduced], axis=0)
        null, p_value = None, None
        if name != RANDOM and shuffled:
            found = _balanced(right, sample.is_second)
            draws = np.array([_balanced(_right(reduced[0], one, fold, settings=settings), one) for one in shuffled])
            null, p_value = spread_of(draws), float((1 + (draws >= found - 1e-12).sum()) / (1 + len(draws)))
        ratio = Ratio(tops=sample.sums(right), bottoms=sample.sizes)
        readings.append(
            Reading(
                part=part,
                measure=f"{MEASURE} {name}",
                ratio=ratio,
                random=Interval(value=0.5, low=0.5, high=0.5),
                null=null,
                p_value=p_value,
                note="" if name == WHOLE or basis.shape[1] else known_note(0, 0),
            )
        )
    return readings


def folds_of(species: Indices, groups: Indices, generator: np.random.Generator, *, count: int) -> Indices:
    """A fold for each row such that rows of one species, or of one group, share theirs; empty for a single block.

    Species that a group links (an observation of two) are one block; blocks go to the smallest fold, in random order.
    """
    _, block = np.unique(_linked(species, groups), return_inverse=True)
    sizes = np.bincount(block)
    if len(sizes) < 2:
        return np.zeros(0, dtype=np.int64)
    held = np.zeros(min(count, len(sizes)), dtype=np.int64)
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    for one in generator.permutation(len(sizes)):
        fold_of[one] = int(held.argmin())
        held[fold_of[one]] += sizes[one]
    return fold_of[block]


def _linked(species: Indices, groups: Indices) -> Indices:
    """For each row the least species that links of groups lead to."""
    _, place = np.unique(groups, return_inverse=True)
    _, root = np.unique(species, return_inverse=True)
    kind = root.copy()
    while True:
        least = np.full(int(place.max()) + 1, len(root))
        np.minimum.at(least, place, root)
        by_kind = np.full(int(kind.max()) + 1, len(root))
        np.minimum.at(by_kind, kind, least[place])
        if (by_kind[kind] == root).all():
            return np.asarray(root, dtype=np.int64)
        root = by_kind[kind]


def permuted(sample: Sample, groups: Indices, generator: np.random.Generator) -> Flags:
    """The levels dealt anew within each species, to all images of a group at one level together: (M,).

    Images of one individual are alike: dealt one by one, their levels would make a null that is too narrow.
    """
    _, place = np.unique(groups, return_inverse=True)
    keys = np.stack([sample.species, place, sample.is_second.astype(np.int64)], axis=1)
    units, unit = np.unique(keys, axis=0, return_inverse=True)
    order = np.lexsort((generator.random(len(units)), units[:, 0]))  # units are sorted by species
    return np.asarray(units[order, 2].astype(bool)[unit.reshape(-1)])


def _views(rests: Floats, basis: Floats, generator: np.random.Generator) -> Mapping[str, list[Floats]]:
    """The deviations seen through each set of dimensions."""
    inside = rests @ basis
    width, dimensions = rests.shape[1], basis.shape[1]
    views = {WHOLE: [rests], INSIDE: [inside]}
    if dimensions < width:
        views[OUTSIDE] = [rests - inside @ basis.T]
        views[RANDOM] = [rests @ random_subspace(width, dimensions, generator) for _ in range(_RANDOM)]
    return views


def _scores_of(rows: Floats) -> Floats:
    """The rows along axes of their own, no more than there are rows: logistic regression with L2 does not turn."""
    if len(rows) >= rows.shape[1]:
        return rows
    left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(left * sizes)


def _right(rows: Floats, levels: Flags, fold: Indices, *, settings: DecodingSettings) -> Floats:
    """Whether each row's level is told rightly by a regression on the other folds, 1 or 0: (M,)."""
    from sklearn.linear_model import LogisticRegression

    right = np.zeros(len(rows))
    for held in range(int(fold.max()) + 1):
        is_held = fold == held
        train, truth = rows[~is_held], levels[~is_held]
        scale = float(np.sqrt((train**2).mean())) if train.size else 0.0
        if scale == 0 or truth.all() or not truth.any():
            right[is_held] = 0.5  # nothing to learn from: a coin
            continue
        regression = LogisticRegression(C=settings.strength, class_weight="balanced", max_iter=1000, tol=1e-3)
        regression.fit(train / scale, truth)
        right[is_held] = regression.predict(rows[is_held] / scale) == levels[is_held]
    return right


def _balanced(right: Floats, levels: Flags) -> float:
    """The mean over the two levels of the share told rightly."""
    return float((right[levels].mean() + right[~levels].mean()) / 2)
