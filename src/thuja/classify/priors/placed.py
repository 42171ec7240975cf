"""Answers with place and date and without, from one pass over the labels.

A prior weighs nearly all labels of an image alike: by exp(d), the least weight there is. Only the labels recorded
nearby, the set S, weigh more. So with R(y) the posterior without the prior,

    total = exp(d) + sum over S of R(y) (exp(b(y)) - exp(d)),    placed(y) = R(y) exp(b(y)) / total,

a clade's share is exp(d) of what it was, with the same correction over its members in S, and the best k are among
those that were the best k without it and S: a label outside S that is passed by k others without the prior is passed
by the same with it. All terms are positive, so nothing cancels. The logits of S are a product of S against the
images of one place, a hundredth of the whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.classify.clades import Tree
from thuja.classify.halves import widen
from thuja.classify.priors.ranges import Occasion, RangePrior, half_month
from thuja.classify.tiled import Bias, Marginals, marginals
from thuja.classify.tiles import sum_runs
from thuja.classify.top import Top, top_rows
from thuja.embeddings import Vectors
from thuja.errors import ThujaError, UsageError
from thuja.labels import LabelSpace
from thuja.taxonomy import RANKS, Rank

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

_LOGITS_BYTES = 2**24
"""What the logits of labels near a place may take at once: with more of them, fewer images are done together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A block of B images with place and date, and without.

    `placed` is what `marginals` would say under the prior's bias; its posterior is taken over from the block, whose
    other figures stay in `plain`, without a posterior. `labels` (B, k) and `clades` (B, k) a rank are the
    probabilities without the prior of just those answers that `placed` gives.
    """

    placed: Marginals
    plain: Marginals
    labels: Floats
    clades: Mapping[Rank, Floats]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Near:
    """Of the n labels near a place, for I images of a block that were taken there.

    `positions` (n,) are the labels' in the tree's order, `images` (I,) the images' in the block; `logits` and `plain`,
    the posterior without the prior, are (n, I), as are the log `weights`; `rest` (I,) is that of all other labels.
    """

    positions: Indices
    images: Indices
    logits: Floats
    plain: Floats
    weights: Floats
    rest: Floats


class Placer:
    """Weighs blocks of `marginals` by a prior.

    `scale`, `tree` and `bias` are those that the blocks were made with; `bias` may depend on the label only, as
    `size_bias` does.
    """

    def __init__(
        self, labels: LabelSpace, prior: RangePrior, *, scale: float, tree: Tree | None = None, bias: Bias | None = None
    ) -> None:
        if prior.records.labels != len(labels):
            raise UsageError(
                f"the prior is of {prior.records.labels} labels, there are {len(labels)}",
                hint="read the occurrences for these labels",
            )
        self._labels, self._prior, self._scale = labels, prior, np.float32(scale)
        self._tree, self._bias = tree or Tree.of(labels), bias
        self._position = np.empty(len(labels), dtype=np.int64)  # of each label in the tree's order
        self._position[self._tree.order] = np.arange(len(labels))

    def place(self, block: Marginals, vectors: Vectors, occasions: Sequence[Occasion]) -> Placed:
        """The block of B images with their (B, D) vectors and occasions; its posterior is overwritten."""
        if not len(vectors) == len(occasions) == len(block.peak):
            raise ThujaError(f"{len(vectors)} vectors and {len(occasions)} occasions for {len(block.peak)} images")
        answers = _Answers(block)
        for near in self.evidence(block, vectors, occasions):
            self._weigh(answers, near)
        return answers.placed()

    def evidence(self, block: Marginals, vectors: Vectors, occasions: Sequence[Occasion]) -> Iterator[Near]:
        """What there is near each place where some of the block's images were taken."""
        by_place: dict[tuple[float, float], list[int]] = {}
        for image, occasion in enumerate(occasions):
            place = self._prior.place_of(occasion)
            if place is not None:
                by_place.setdefault(place, []).append(image)
        for place, images in by_place.items():
            labels, counts = self._prior.near(place)
            positions = self._whole_species(labels)
            step = max(1, _LOGITS_BYTES // (4 * max(len(positions), 1)))
            for start in range(0, len(images), step):
                part = np.array(images[start : start + step])
                weights, rest = self._weights(positions, (labels, counts), [occasions[image] for image in part])
                logits = self._logits(positions, vectors[part])
                plain = np.exp(logits - block.energy[part])
                yield Near(positions=positions, images=part, logits=logits, plain=plain, weights=weights, rest=rest)

    def _whole_species(self, near: npt.NDArray[np.int32]) -> Indices:
        """The labels (n,) of all species that have one of these labels, in the tree's order: positions."""
        edges = self._tree.edges[Rank.SPECIES]
        found = np.unique(np.searchsorted(edges, self._position[near], side="right") - 1)
        sizes = edges[found + 1] - edges[found]
        return np.repeat(edges[found] - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))

    def _weights(
        self, positions: Indices, near: tuple[npt.NDArray[np.int32], Floats], occasions: Sequence[Occasion]
    ) -> tuple[Floats, Floats]:
        """The log weights of the labels at these positions, (n, I), and those of all other labels, (I,)."""
        times: dict[int | None, int] = {}
        which = [times.setdefault(half_month(occasion), len(times)) for occasion in occasions]
        rests, columns = np.empty(len(times), np.float32), np.empty((len(positions), len(times)), np.float32)
        first = {time: occasions[which.index(number)] for time, number in times.items()}
        at = np.searchsorted(positions, self._position[near[0]])
        for time, number in times.items():
            weights = self._prior.at(*near, first[time])
            rests[number] = weights.rest
            columns[:, number] = weights.rest  # a label of a species whose other label has the records
            columns[at, number] = weights.values
        return columns[:, which], rests[which]

    def _logits(self, positions: Indices, vectors: Vectors) -> Floats:
        rows = self._tree.order[positions]
        logits = widen(self._labels.vectors[rows]) @ (np.asarray(vectors, dtype=np.float32) * self._scale).T  # (n, I)
        return logits if self._bias is None else logits + self._bias(rows, slice(0, len(vectors)))

    def _weigh(self, answers: "_Answers", near: Near) -> None:
        positions, images, plain = near.positions, near.images, near.plain
        rest = np.exp(near.rest)  # (I,)
        placed = plain * np.exp(near.weights)
        gain = placed - plain * rest  # what the labels nearby add, before the division
        total = rest + gain.sum(axis=0)
        answers.set_energy(near, total)
        rows = self._tree.order[positions]
        answers.rank_labels(_Shares(which=rows, images=images, plain=plain, placed=placed / total))
        below = np.arange(len(positions))  # the clades of the rank below that have labels nearby, first the labels
        for rank in reversed(RANKS):
            parents = np.searchsorted(self._tree.edges[rank], positions, side="right") - 1
            clades, starts = np.unique(parents, return_index=True)
            edges = np.append(np.searchsorted(below, starts), len(below))
            if rank == Rank.SPECIES:
                known, then = sum_runs(plain, edges), sum_runs(placed, edges)
                gain = sum_runs(gain, edges)
            else:
                gain = sum_runs(gain, edges)
                known = answers.block.posterior[rank][np.ix_(clades, images)]
                then = known * rest + gain
            below = starts
            answers.rank_clades(
                rank, _Shares(which=clades, images=images, plain=known, placed=np.minimum(then / total, 1))
            )


def placed_marginals(
    vectors: Vectors,
    labels: LabelSpace,
    prior: RangePrior,
    *,
    occasions: Sequence[Occasion],
    scale: float,
    k: int = 5,
    tree: Tree | None = None,
    bias: Bias | None = None,
) -> Iterator[Placed]:
    """`marginals` with a prior of place and date, and without it, in blocks of images, in order; one pass for both."""
    if len(occasions) != len(vectors):
        raise ThujaError(f"{len(occasions)} occasions for {len(vectors)} images")
    tree = tree or Tree.of(labels)
    placer, done = Placer(labels, prior, scale=scale, tree=tree, bias=bias), 0
    for block in marginals(vectors, labels, scale=scale, k=k, tree=tree, bias=bias):
        images = slice(done, done + len(block.peak))
        yield placer.place(block, vectors[images], occasions[images])
        done = images.stop


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Shares:
    """The posterior of n labels or clades, `which` (n,), for the I `images`: without the prior, and with it."""

    which: Indices
    images: Indices
    plain: Floats
    placed: Floats


class _Answers:
    """A block's answers as they are weighed; those of images without a place stay as they are."""

    def __init__(self, block: Marginals) -> None:
        self.block = block
        self._peak, self._energy = block.peak.copy(), block.energy.copy()
        self._tops = {rank: _copied(top) for rank, top in block.clades.items()}
        self._labels = _copied(block.labels)
        self._plain = {rank: top.scores.copy() for rank, top in block.clades.items()}
        self._plain_labels = block.labels.scores.copy()
        self._factor = np.ones(len(block.peak), dtype=np.float32)
        self._near: list[tuple[Rank, _Shares]] = []

    def set_energy(self, near: Near, total: Floats) -> None:
        self._factor[near.images] = np.exp(near.rest) / total
        images, peaks = near.images, (near.logits + near.weights).max(axis=0, initial=-np.inf)
        self._peak[images] = np.maximum(self.block.peak[images] + near.rest, peaks)
        self._energy[images] += np.log(total)

    def rank_labels(self, shares: "_Shares") -> None:
        _rank(self.block.labels, shares, self._factor, into=(self._labels, self._plain_labels))

    def rank_clades(self, rank: Rank, shares: "_Shares") -> None:
        _rank(self.block.clades[rank], shares, self._factor, into=(self._tops[rank], self._plain[rank]))
        self._near.append((rank, shares))

    def placed(self) -> Placed:
        block = self.block
        for matrix in block.posterior.values():
            np.multiply(matrix, self._factor, out=matrix)  # along whole rows: by image it would step from row to row
        for rank, shares in self._near:
            if rank in block.posterior:
                block.posterior[rank][np.ix_(shares.which, shares.images)] = shares.placed
        placed = Marginals(
            labels=self._labels,
            clades=self._tops,
            posterior=block.posterior,
            peak=self._peak,
            energy=self._energy,
        )
        plain = Marginals(labels=block.labels, clades=block.clades, posterior={}, peak=block.peak, energy=block.energy)
        return Placed(placed=placed, plain=plain, labels=self._plain_labels, clades=self._plain)


def _copied(top: Top) -> Top:
    return Top(indices=top.indices.copy(), scores=top.scores.copy())


def _rank(before: Top, shares: _Shares, factor: Floats, *, into: tuple[Top, Floats]) -> None:
    """The best k of what was best before, times `factor`, and of `shares`: into a Top and its plain scores, in place.

    Of equals the one that comes first in the label space stays ahead.
    """
    images, k = shares.images, before.indices.shape[1]
    order = np.argsort(shares.which)
    which = shares.which[order]
    old, old_plain = before.indices[images].T, before.scores[images].T  # (k, I)
    place = np.minimum(np.searchsorted(which, old), max(len(which) - 1, 0))
    is_near = which[place] == old if len(which) else np.zeros(old.shape, np.bool_)
    indices = np.concatenate([old, np.broadcast_to(which[:, None], (len(which), len(images)))])  # (k + n, I)
    plain = np.concatenate([old_plain, shares.plain[order]])
    placed = np.concatenate([np.where(is_near, -1, old_plain * factor[images]), shares.placed[order]])
    best = top_rows(np.ascontiguousarray(placed, dtype=np.float32), k)
    rows = best.indices.T  # (k, I)
    top, known = into
    top.indices[images] = np.take_along_axis(indices, rows, axis=0).T
    top.scores[images] = np.minimum(best.scores, 1)
    known[images] = np.minimum(np.take_along_axis(plain, rows, axis=0), 1).T
