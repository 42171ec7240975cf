"""Learn what is not the taxon: a category, several labels or a number, and say what it is worth on unknown organisms.

Each target is scored twice: on observations left out, which are of organisms that the others show too; and on clades
left out, of which no example is seen. The second is what holds for organisms that are not among the examples.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thuja.classify.examples.columns import TargetColumn, TargetKind
from thuja.classify.examples.gallery import AUTO, FittedHead, fit_head
from thuja.classify.examples.heads import HeadKind
from thuja.classify.examples.labelled import Floats, Indices, Labelled
from thuja.classify.examples.ridge import Ridge
from thuja.errors import EmptyInput
from thuja.taxonomy import Rank, Taxon

CLADE_RANKS = (Rank.FAMILY, Rank.ORDER, Rank.GENUS, Rank.SPECIES)
"""The ranks whose clades are left out: the first of which the examples have enough."""
FEWEST_CLADES = 5

_REPLICATES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetScore:
    """A measure with its 95 % interval beside a `baseline` that does not look at the image.

    Accuracy beside the commonest category; F1 beside each label's best blind answer; the mean absolute error beside
    that of the mean. `images` were asked, of `groups` observations or clades; `alone` more could not be right, because
    their category has no example outside their group.
    """

    measure: str
    value: float
    low: float
    high: float
    baseline: float
    images: int
    groups: int
    alone: int = 0


class Learnt(Protocol):
    """What a column taught: a head of categories, one of each label, or a regression."""

    def score(self, groups: Indices, generator: np.random.Generator) -> TargetScore:
        """What its answers to examples left out are worth; intervals draw the groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A head over categories."""

    head: FittedHead

    @classmethod
    def learn(cls, labelled: Labelled, column: TargetColumn) -> "Category":
        """Raises EmptyInput where no category has two groups: it tells nothing."""
        if not labelled.can_be_right().any():
            raise EmptyInput(
                f'no value of the column "{column.name}" stands on two observations, so nothing can be learnt of it',
                hint=f"if its values are numbers: --target {column.name}:number",
            )
        if len(column.names) == 1:
            raise EmptyInput(
                f'every value of the column "{column.name}" is {column.names[0]}, so nothing can be learnt of it',
                hint="an empty cell is unknown: write out what the others are, too",
            )
        return cls(head=fit_head(labelled, _kind(labelled)))

    def score(self, groups: Indices, generator: np.random.Generator) -> TargetScore:
        """Accuracy, beside always saying the commonest category."""
        share = self.head.accuracy
        assert share is not None
        return TargetScore(
            measure="accuracy",
            value=share.value,
            low=share.low,
            high=share.high,
            baseline=self.head.majority,
            images=share.images,
            groups=share.groups,
            alone=self.head.alone,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """A head of two classes for each label, and the probability from which it is said: `thresholds` (L,).

    `learnt` are the places of the labels that can be learnt of; the others stand on one observation, or on all.
    """

    heads: Sequence[FittedHead]
    thresholds: Floats
    learnt: Indices
    has: npt.NDArray[np.bool_]
    left_out: Floats

    @classmethod
    def learn(cls, labelled: Labelled, column: TargetColumn) -> "Several":
        """Raises EmptyInput where no label stands on two observations and lacks on two."""
        heads: list[FittedHead] = []
        learnt, answers = [], []
        for label in range(len(column.names)):
            of_label = Labelled(
                vectors=labelled.vectors,
                classes=column.has[:, label].astype(np.int64),
                observations=labelled.observations,
                count=2,
            )
            both = [len(np.unique(labelled.observations[of_label.classes == side])) for side in (0, 1)]
            if min(both) < 2:
                continue
            head = fit_head(of_label, _kind(of_label))
            told = np.full(len(labelled), np.nan, dtype=np.float32)
            told[head.left_out.rows] = np.exp(head.left_out.log_probabilities[:, 1])
            heads.append(head)
            learnt.append(label)
            answers.append(told)
        if not heads:
            raise EmptyInput(f'no label in the column "{column.name}" stands on two observations and lacks on two')
        left_out = np.stack(answers, axis=1)  # (M, L)
        asked = np.isfinite(left_out).all(axis=1)
        has = column.has[:, learnt]
        thresholds = [_best_threshold(left_out[asked, label], has[asked, label]) for label in range(len(heads))]
        return cls(
            heads=heads,
            thresholds=np.array(thresholds, dtype=np.float32),
            learnt=np.array(learnt, dtype=np.int64),
            has=has,
            left_out=left_out,
        )

    def score(self, groups: Indices, generator: np.random.Generator) -> TargetScore:
        """The mean of the labels' F1, beside that of always saying a label: 2 p / (1 + p) of a share p."""
        asked = np.flatnonzero(np.isfinite(self.left_out).all(axis=1))
        said, has = self.left_out[asked] >= self.thresholds, self.has[asked]
        value, low, high = over_groups(lambda rows: _mean_f1(said[rows], has[rows]), groups[asked], generator)
        shares = has.mean(axis=0)
        return TargetScore(
            measure="F1",
            value=value,
            low=low,
            high=high,
            baseline=float((2 * shares / (1 + shares)).mean()),
            images=len(asked),
            groups=len(np.unique(groups[asked])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A regression, with the numbers it learnt from."""

    ridge: Ridge
    numbers: npt.NDArray[np.float64]

    @classmethod
    def learn(cls, labelled: Labelled, column: TargetColumn) -> "Number":
        """Raises EmptyInput for examples of one observation."""
        return cls(ridge=Ridge.fit(labelled, column.numbers), numbers=column.numbers)

    def score(self, groups: Indices, generator: np.random.Generator) -> TargetScore:
        """The mean absolute error, beside that of saying the mean."""
        value, low, high = over_groups(lambda rows: float(self.ridge.errors[rows].mean()), groups, generator)
        return TargetScore(
            measure="mean error",
            value=value,
            low=low,
            high=high,
            baseline=float(np.abs(self.numbers - self.numbers.mean()).mean()),
            images=len(self.numbers),
            groups=len(np.unique(groups)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedTarget:
    """What a column taught, and its two scores; `by_clade` is None where the examples have too few clades.

    `rank` is that of the clades left out. `unplaced` examples have no name there, and take no part in that score.
    """

    column: TargetColumn
    learnt: Category | Several | Number
    score: TargetScore
    by_clade: TargetScore | None = None
    rank: Rank | None = None
    unplaced: int = 0


def fit_target(
    labelled: Labelled, column: TargetColumn, taxa: Sequence[Taxon | None], generator: np.random.Generator
) -> FittedTarget:
    """Learn a column of the examples, whose vectors and observations are those of `labelled` (N), of N taxa.

    Raises EmptyInput where nothing can be learnt.
    """
    own = _of_column(labelled, column, labelled.observations[column.rows])
    learnt = _LEARN[column.kind](own, column)
    score = learnt.score(own.observations, generator)
    rank, clades = clades_of([taxa[row] for row in column.rows.tolist()])
    if rank is None:
        return FittedTarget(column=column, learnt=learnt, score=score)
    placed = np.flatnonzero(clades >= 0)
    part = _at(column, placed)
    apart = _of_column(labelled, part, _joined(labelled.observations[part.rows], clades[placed]))
    try:
        by_clade = _LEARN[column.kind](apart, part).score(apart.observations, generator)
    except EmptyInput:  # every value stands in one clade alone: there is nothing to hold it against
        by_clade = None
    return FittedTarget(
        column=column, learnt=learnt, score=score, by_clade=by_clade, rank=rank, unplaced=len(clades) - len(placed)
    )


_LEARN: dict[TargetKind, Callable[[Labelled, TargetColumn], Category | Several | Number]] = {
    TargetKind.CATEGORY: Category.learn,
    TargetKind.SEVERAL: Several.learn,
    TargetKind.NUMBER: Number.learn,
}


def clades_of(taxa: Sequence[Taxon | None]) -> tuple[Rank | None, Indices]:
    """The rank whose clades can be left out, and each example's clade there, -1 without a name: (N,)."""
    for rank in CLADE_RANKS:
        names = [taxon.at(rank) if taxon is not None and taxon[rank] else None for taxon in taxa]
        distinct = sorted({name for name in names if name is not None})
        if len(distinct) >= FEWEST_CLADES:
            place = {name: number for number, name in enumerate(distinct)}
            return rank, np.array([-1 if name is None else place[name] for name in names], dtype=np.int64)
    return None, np.full(len(taxa), -1, dtype=np.int64)


def over_groups(
    statistic: Callable[[Indices], float], groups: Indices, generator: np.random.Generator
) -> tuple[float, float, float]:
    """A statistic of rows with the ends of its 95 % interval, by drawing whole groups with replacement."""
    order = np.argsort(groups, kind="stable")
    rows_of = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    drawn = [
        statistic(np.concatenate([rows_of[pick] for pick in generator.integers(len(rows_of), size=len(rows_of))]))
        for _ in range(_REPLICATES)
    ]
    value = statistic(np.arange(len(groups)))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return value, float(min(low, value)), float(max(high, value))


def _kind(labelled: Labelled) -> str:
    """A probe where scikit-learn is there, else the better of the heads that need none."""
    return HeadKind.PROBE.value if find_spec("sklearn") is not None else AUTO


def _of_column(labelled: Labelled, column: TargetColumn, groups: Indices) -> Labelled:
    """The examples with something in the column, by category, in these groups: (M,)."""
    is_category = column.kind is TargetKind.CATEGORY
    classes = column.codes if is_category else np.zeros(len(column.rows), dtype=np.int64)
    return Labelled.of(labelled.vectors[column.rows], classes, groups)


def _joined(observations: Indices, clades: Indices) -> Indices:
    """Clades, those that share an observation as one: (M,) each."""
    joined = clades.copy()
    for _ in range(len(np.unique(clades))):
        least = np.full(observations.max() + 1, joined.max())
        np.minimum.at(least, observations, joined)
        of_clade = np.full(clades.max() + 1, joined.max())
        np.minimum.at(of_clade, clades, least[observations])
        merged = of_clade[clades]
        if (merged == joined).all():
            break
        joined = merged
    return joined


def _at(column: TargetColumn, picked: Indices) -> TargetColumn:
    """The column with these of its rows alone; categories that are gone lose their number."""
    if column.kind is TargetKind.CATEGORY:
        kept, codes = np.unique(column.codes[picked], return_inverse=True)
        return replace(column, rows=column.rows[picked], names=[column.names[name] for name in kept], codes=codes)
    if column.kind is TargetKind.SEVERAL:
        return replace(column, rows=column.rows[picked], has=column.has[picked])
    return replace(column, rows=column.rows[picked], numbers=column.numbers[picked])


def _best_threshold(probabilities: Floats, truth: npt.NDArray[np.bool_]) -> float:
    """The probability from which saying the label has the greatest F1; half way to the next below."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + truth.sum())
    is_last = np.append(ranked[1:] < ranked[:-1], True)  # equal probabilities are said together
    best = int(np.argmax(np.where(is_last, f1, -1)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def _mean_f1(said: npt.NDArray[np.bool_], has: npt.NDArray[np.bool_]) -> float:
    """The mean over labels that occur or are said of 2 hits / (said + has): (M, L) each."""
    hits, total = (said & has).sum(axis=0), said.sum(axis=0) + has.sum(axis=0)
    return float(np.mean(2 * hits[total > 0] / total[total > 0])) if (total > 0).any() else float("nan")
