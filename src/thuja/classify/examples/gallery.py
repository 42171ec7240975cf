"""Choose and fit a head on labelled vectors, with what it is worth on observations that it did not see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib.util import find_spec

import numpy as np

from thuja.classify.examples.heads import CentroidHead, Head, HeadKind, KnnHead, ProbeHead
from thuja.classify.examples.intervals import Share
from thuja.classify.examples.labelled import Labelled, LeftOut
from thuja.errors import EmptyInput, UnknownName, UsageError

AUTO = "auto"
HEADS = (*(kind.value for kind in HeadKind), AUTO)
"""What may be asked for."""

_PROBE_COST = 5e9
"""Examples times classes times dimensions up to which `auto` tries a probe: some minutes of one processor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedHead:
    """A head, and what it says of examples asked without their own observation.

    `tried` are the losses of all heads that were compared; `skipped` says of a head why it was not.
    """

    head: Head
    left_out: LeftOut
    tried: Mapping[HeadKind, float]
    skipped: Mapping[HeadKind, str]

    @property
    def accuracy(self) -> Share | None:
        """The share of right answers among the examples that can be right."""
        return self.left_out.accuracy()

    @property
    def alone(self) -> int:
        """How many examples cannot be right: of classes that have no other observation."""
        return int((~self.left_out.can_be_right).sum())

    @property
    def majority(self) -> float:
        """The share of right answers if the commonest class were always said."""
        asked = self.left_out.truth[self.left_out.can_be_right]
        return float(np.bincount(asked).max() / len(asked)) if len(asked) else 0.0

    @property
    def chance(self) -> float:
        """The share of right answers by blind guessing."""
        return 1 / int(self.left_out.log_probabilities.shape[1])


def fit_head(labelled: Labelled, kind: str = AUTO, *, votes: int = 1) -> FittedHead:
    """Fit a head; `auto` is the one least surprised by observations left out, of equals the simplest.

    `votes` is how many votes one observation has among nearest examples. Where no example can be left out, `auto`
    is the nearest centroid. Raises EmptyInput for examples of one class, UsageError for a probe without scikit-learn.
    """
    if kind not in HEADS:
        raise UnknownName.of("head", kind, HEADS)
    if votes < 1:
        raise UsageError(f"one observation needs at least one vote, got {votes}")
    if len(np.unique(labelled.classes)) < 2:
        raise EmptyInput("the examples are all of one class", hint="add examples of another class to tell it from")
    if kind != AUTO:
        head, told = _fitters(votes)[HeadKind(kind)](labelled)
        return FittedHead(head=head, left_out=told, tried={HeadKind(kind): told.loss()}, skipped={})
    skipped = _skipped(labelled)
    is_blind = not labelled.can_be_right().any()
    kinds = [HeadKind.CENTROID] if is_blind else [one for one in HeadKind if one not in skipped]
    fitted = {one: _fitters(votes)[one](labelled) for one in kinds}
    shared = reduce(np.intersect1d, [told.rows for _, told in fitted.values()])
    losses = {one: told.at(shared).loss() for one, (_, told) in fitted.items()}
    head, told = fitted[min(losses, key=losses.__getitem__)]
    return FittedHead(head=head, left_out=told, tried=losses, skipped=skipped)


def _fitters(votes: int) -> Mapping[HeadKind, Callable[[Labelled], tuple[Head, LeftOut]]]:
    return {
        HeadKind.CENTROID: CentroidHead.fit,
        HeadKind.PROBE: ProbeHead.fit,
        HeadKind.KNN: lambda labelled: KnnHead.fit(labelled, cap=votes),
    }


def _skipped(labelled: Labelled) -> dict[HeadKind, str]:
    if find_spec("sklearn") is None:
        return {HeadKind.PROBE: "a linear probe needs scikit-learn: pip install 'thuja[analyze]'"}
    cost = labelled.vectors.size * labelled.count
    if cost > _PROBE_COST:
        return {HeadKind.PROBE: "so many examples and classes take a linear probe hours; --head probe fits it"}
    return {}
