"""How far to trust a prior of place and date: the exponent that says most of labelled images with places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.priors.placed import Placer
from thuja.classify.priors.ranges import Occasion, PriorSettings, RangePrior
from thuja.classify.tiled import Bias, Marginals, marginals
from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, ThujaError
from thuja.labels import LabelSpace

Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

LEAST = 20
"""Placed images of known labels that a weight is fitted on at least."""
HEAVIEST = 2.0
DOUBTS = (0.01, 0.05, 0.2)
_NEGLIGIBLE = 1e-12
_STEPS = 32
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorFit:
    """The settings of a prior with its fitted weight, and what it does to the images it was fitted on.

    `nll` is the mean negative log-likelihood of the true label, `top1` how often it is the best answer; `plain_nll`
    and `plain_top1` are those without the prior.
    """

    settings: PriorSettings
    images: int
    nll: float
    plain_nll: float
    top1: float
    plain_top1: float

    def to_json(self) -> dict[str, Any]:
        """As it stands in a calibration."""
        figures = ("images", "nll", "plain_nll", "top1", "plain_top1")
        return {"settings": self.settings.to_json(), **{name: getattr(self, name) for name in figures}}


def fit_prior_weight(
    vectors: Vectors,
    labels: LabelSpace,
    prior: RangePrior,
    *,
    truth: npt.ArrayLike,
    occasions: Sequence[Occasion],
    scale: float,
    tree: Tree | None = None,
    bias: Bias | None = None,
    doubts: Sequence[float] = DOUBTS,
) -> PriorFit:
    """Fit weight (0 to 2) and doubt (one of `doubts`) on N images of known labels: indices, negative for none of them.

    The mean of -log p(truth) is convex in the weight, for the logits are linear in it, so a search by sections finds
    the least; it is made at each doubt. Images without a place or a label take no part; raises EmptyInput for fewer
    than 20 that have both. `scale` is divided by the temperature where one was fitted, which is done before.
    """
    known = np.asarray(truth, dtype=np.int64)
    if not len(known) == len(occasions) == len(vectors):
        raise ThujaError(f"{len(known)} labels and {len(occasions)} occasions for {len(vectors)} images")
    use = np.flatnonzero((known >= 0) & np.array([occasion.is_placed for occasion in occasions], dtype=np.bool_))
    if len(use) < LEAST:
        raise EmptyInput(
            f"a prior's weight is fitted on at least {LEAST} images with a place and a known label, got {len(use)}",
            hint="leave the prior out of the calibration",
        )
    tree = tree or Tree.of(labels)
    priors = [prior.under(replace(prior.settings, weight=1.0, doubt=doubt)) for doubt in doubts]
    cases = [_Cases(Placer(labels, one, scale=scale, tree=tree, bias=bias), tree) for one in priors]
    done = 0
    for block in marginals(vectors[use], labels, scale=scale, k=1, tree=tree, bias=bias):
        part = use[done : done + len(block.peak)]
        truths = np.take(known, part)
        own = np.einsum("nd,nd->n", vectors[part].astype(np.float64), labels.vectors[truths].astype(np.float64)) * scale
        if bias is not None:
            own += bias(truths, slice(done, done + len(part)))[:, 0]
        for one in cases:
            one.add(block, truths, own - block.energy, vectors=vectors[part], occasions=[occasions[at] for at in part])
        done += len(part)
    fits = [_fit(one, prior) for one, prior in zip(cases, priors, strict=True)]
    return min(fits, key=lambda fit: fit.nll)


def _fit(cases: "_Cases", prior: RangePrior) -> PriorFit:
    weight = round(least(cases.nll, HEAVIEST), 3)
    return PriorFit(
        settings=replace(prior.settings, weight=weight),
        images=len(cases),
        nll=cases.nll(weight),
        plain_nll=cases.nll(0.0),
        top1=cases.top1(weight),
        plain_top1=cases.top1(0.0),
    )


def least(function: Callable[[float], float], high: float) -> float:
    """Where a convex function is least between 0 and `high`: a search by golden sections."""
    low = 0.0
    one, other = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_one, at_other = function(one), function(other)
    for _ in range(_STEPS):
        if at_one <= at_other:
            high, other, at_other = other, one, at_one
            one = high - _GOLDEN * (high - low)
            at_one = function(one)
        else:
            low, one, at_one = one, other, at_other
            other = low + _GOLDEN * (high - low)
            at_other = function(other)
    return (low + high) / 2


class _Cases:
    """Labelled images with what lies near them: the likelihood of their labels at any weight, without the labels' pass.

    Of an image: the log posterior of its true label, `own`, and of its best, `best`, without the prior; the log weight
    of the true label and that of labels not recorded nearby.
    """

    def __init__(self, placer: Placer, tree: Tree) -> None:
        self._placer, self._tree = placer, tree
        self._own: Doubles = np.zeros(0)
        self._best: Doubles = np.zeros(0)
        self._weight: Doubles = np.zeros(0)
        self._rest: Doubles = np.zeros(0)
        self._near: list[_Near] = []

    def __len__(self) -> int:
        return len(self._own)

    def add(
        self, block: Marginals, truth: Indices, own: Doubles, *, vectors: Vectors, occasions: Sequence[Occasion]
    ) -> None:
        """A block of images with their true labels, and the log posterior of these."""
        before, nothing = len(self), np.zeros(len(truth))
        self._own = np.concatenate([self._own, own])
        self._best = np.concatenate([self._best, np.log(block.labels.scores[:, 0].astype(np.float64))])
        self._weight = np.concatenate([self._weight, nothing])
        self._rest = np.concatenate([self._rest, nothing])
        for near in self._placer.evidence(block, vectors, occasions):
            cases = near.images + before
            self._rest[cases] = self._weight[cases] = near.rest
            rows = self._tree.order[near.positions]
            found, column = np.nonzero(rows[:, None] == truth[near.images])
            self._weight[cases[column]] = near.weights[found, column]
            # Most labels of a place are no answer under any weight: what is kept of thousands of images fits in memory.
            counts = near.plain * np.exp(np.float64(HEAVIEST) * near.weights)  # (n, I)
            rows, column = np.nonzero(counts > _NEGLIGIBLE)
            self._near.append(
                _Near(
                    case=cases[column],
                    plain=near.plain[rows, column].astype(np.float64),
                    weight=near.weights[rows, column].astype(np.float64),
                )
            )

    def nll(self, weight: float) -> float:
        """The mean of -log p(truth) under a weight."""
        near, rest = self._joined(), np.exp(weight * self._rest)
        more = near.plain * (np.exp(weight * near.weight) - rest[near.case])
        total = rest + np.bincount(near.case, more, minlength=len(rest))
        return float(np.mean(np.log(total) - self._own - weight * self._weight))

    def top1(self, weight: float) -> float:
        """How often the true label is the best under a weight."""
        near, best = self._joined(), self._best + weight * self._rest
        with np.errstate(divide="ignore"):  # the logarithm of a share that is 0 in float32
            np.maximum.at(best, near.case, np.log(near.plain) + weight * near.weight)
        return float(np.mean(self._own + weight * self._weight >= best - 1e-4))

    def _joined(self) -> "_Near":
        if len(self._near) != 1:
            parts = self._near or [_Near(case=np.zeros(0, np.int64), plain=np.zeros(0), weight=np.zeros(0))]
            self._near = [
                _Near(
                    case=np.concatenate([part.case for part in parts]),
                    plain=np.concatenate([part.plain for part in parts]),
                    weight=np.concatenate([part.weight for part in parts]),
                )
            ]
        return self._near[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Near:
    """Labels recorded near images: the image's case, the label's posterior without the prior, its log weight: (E,)."""

    case: Indices
    plain: Doubles
    weight: Doubles
