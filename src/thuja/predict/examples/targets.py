"""What examples say beyond the taxon: a Guess for each column that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from thuja.classify.examples.columns import TargetKind, read_target, split_target
from thuja.classify.examples.heads import Head, probabilities
from thuja.classify.examples.labelled import Floats, Indices, Labelled
from thuja.classify.examples.ridge import Ridge
from thuja.classify.examples.targets import Category, FittedTarget, Number, Several, TargetScore, fit_target
from thuja.errors import UsageError
from thuja.predict.answers import Guess
from thuja.taxonomy import Rank, Taxon


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryGuesser:
    """The likeliest of the `names`, with its probability."""

    head: Head
    names: Sequence[str]

    def guesses(self, units: Floats) -> list[Guess]:
        """A Guess for each of (N, D) vectors of length one."""
        found = probabilities(self.head, units)
        return [
            Guess(value=self.names[best], probability=float(row[best]))
            for row, best in zip(found, found.argmax(axis=1).tolist(), strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralGuesser:
    """Those of the `names` whose probability reaches its threshold; their places tell which were learnt."""

    heads: Sequence[Head]
    names: Sequence[str]
    thresholds: Floats

    def guesses(self, units: Floats) -> list[Guess]:
        """A Guess for each of (N, D) vectors of length one."""
        found = np.stack([probabilities(head, units)[:, 1] for head in self.heads], axis=1)  # (N, L)
        return [
            Guess(value=tuple(name for name, is_said in zip(self.names, row, strict=True) if is_said))
            for row in (found >= self.thresholds).tolist()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberGuesser:
    """A number, and the interval in which that of a new observation lies nine times of ten."""

    ridge: Ridge

    def guesses(self, units: Floats) -> list[Guess]:
        """A Guess for each of (N, D) vectors of length one; without ends where there are too few observations."""
        low, high = self.ridge.intervals(units)
        return [
            Guess(
                value=float(value),
                low=float(low[row]) if np.isfinite(low[row]) else None,
                high=float(high[row]) if np.isfinite(high[row]) else None,
            )
            for row, value in enumerate(self.ridge.predict(units))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleTarget:
    """A column that was learnt: how it answers, and what that is worth.

    `rows` (M,) are the examples that it learnt from, and `codes` the category of each (M,), or for each label 1 where
    it stands (M, L): what a head over nearest examples looks up.
    `empty` cells were left out; `unlearnt` labels stand, or lack, on fewer than two observations.
    """

    name: str
    kind: TargetKind
    guesser: CategoryGuesser | SeveralGuesser | NumberGuesser
    rows: Indices
    codes: Indices
    empty: int
    unlearnt: Sequence[str]
    score: TargetScore
    by_clade: TargetScore | None
    rank: Rank | None

    @property
    def names(self) -> Sequence[str]:
        """What may be guessed; nothing for a number."""
        return () if isinstance(self.guesser, NumberGuesser) else tuple(self.guesser.names)

    def guesses(self, units: Floats) -> list[Guess]:
        """A Guess for each of (N, D) vectors of length one."""
        return self.guesser.guesses(units)


def fit_targets(
    labelled: Labelled, cells: pa.Table, taxa: Sequence[Taxon | None], *, asked: Sequence[str]
) -> Mapping[str, ExampleTarget]:
    """Learn each of the columns asked for, `column` or `column:kind`, of N examples and their taxa."""
    targets: dict[str, ExampleTarget] = {}
    for one in asked:
        name, kind = named_target(one, cells.column_names)
        if name in targets:
            raise UsageError(f'the target "{name}" is asked for twice', hint="name each column once")
        column = read_target(name, cells.column(name).to_pylist(), kind)
        fitted = fit_target(labelled, column, taxa, np.random.default_rng(0))
        targets[name] = _of(fitted)
    return targets


def named_target(asked: str, header: Sequence[str]) -> tuple[str, TargetKind | None]:
    """The column, which may itself end in a colon and a word, and the kind that the user says."""
    return (asked, None) if asked in header else split_target(asked)


def guesser_of(fitted: FittedTarget) -> CategoryGuesser | SeveralGuesser | NumberGuesser:
    """What turns a target that was learnt into guesses."""
    learnt, names = fitted.learnt, fitted.column.names
    if isinstance(learnt, Category):
        return CategoryGuesser(head=learnt.head.head, names=names)
    if isinstance(learnt, Number):
        return NumberGuesser(ridge=learnt.ridge)
    return SeveralGuesser(
        heads=[head.head for head in learnt.heads],
        names=[names[label] for label in learnt.learnt.tolist()],
        thresholds=learnt.thresholds,
    )


def _of(fitted: FittedTarget) -> ExampleTarget:
    column, learnt = fitted.column, fitted.learnt
    learnt_of = set(learnt.learnt.tolist()) if isinstance(learnt, Several) else set(range(len(column.names)))
    return ExampleTarget(
        name=column.name,
        kind=column.kind,
        guesser=guesser_of(fitted),
        rows=column.rows,
        codes=learnt.has.astype(np.int64) if isinstance(learnt, Several) else column.codes,
        empty=column.empty,
        unlearnt=[name for label, name in enumerate(column.names) if label not in learnt_of],
        score=fitted.score,
        by_clade=fitted.by_clade,
        rank=fitted.rank,
    )
