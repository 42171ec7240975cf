"""How early the right answers of a query come: measures of ranked lists in which several answers may be right.

Each takes `relevant_in_order`, (Q, K) flags: whether the answer at each place of each of Q lists is right, best
first. A list may be cut short; then `total_relevant` (Q,) says how many right answers there are in all. Each gives
(Q,) numbers, NaN where a query has no right answer at all: leave such queries out, and `mean_over_clusters` over
what the queries have in common gives mean and interval. Where the gallery is what might have been otherwise, redraw it:

    over_clusters(
        lambda images: float(np.nanmean(average_precision(in_order(scores[:, images], relevant[:, images])))),
        observations, generator,
    )
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError, UsageError

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Normaliser(StrEnum):
    """What the precisions of an average precision are divided by."""

    RELEVANT = "relevant"
    """All right answers there are: a list cut at k cannot reach 1 if there are more than k."""

    REACHABLE = "reachable"
    """Those that fit the list, min(relevant, k), as INQUIRE does."""


def in_order(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> Flags:
    """Whether the answers are right, sorted by score, best first: two (Q, C) to (Q, C).

    Among equal scores the wrong answers come first, so that a model that cannot tell gains nothing. Raises
    ThujaError for scores that are not numbers.
    """
    numbers, flags = np.asarray(scores), _lists(relevant)
    if numbers.shape != flags.shape:
        raise ThujaError(f"scores of shape {numbers.shape} do not fit answers of shape {flags.shape}")
    if np.isnan(numbers).any():
        raise ThujaError(f"{int(np.isnan(numbers).sum())} of {numbers.size} scores are not numbers")
    ordered = np.zeros_like(flags)
    for row, (values, is_right) in enumerate(zip(numbers, flags, strict=True)):
        # A right answer comes after the wrong ones of its score or more. Plain sorts are faster than one by two keys.
        right, wrong = np.sort(values[is_right])[::-1], np.sort(values[~is_right])
        ordered[row, len(wrong) - np.searchsorted(wrong, right) + np.arange(len(right))] = True
    return ordered


def average_precision(
    relevant_in_order: npt.ArrayLike,
    total_relevant: npt.ArrayLike | None = None,
    *,
    k: int | None = None,
    normaliser: Normaliser = Normaliser.RELEVANT,
) -> Floats:
    """AP@k = sum over right answers at place i <= k of (right answers up to i) / i, over the normaliser: (Q,).

    Without k, the whole list counts. Their mean is mAP. Sources: Manning et al. 2008, chapter 8; for
    `REACHABLE` arXiv:2411.02537 (INQUIRE), whose code has precisely this.
    """
    flags, total = _lists(relevant_in_order), _totals(relevant_in_order, total_relevant)
    depth = flags.shape[1] if k is None else _places(k)
    cut = flags[:, :depth]
    # Right answers are few: their places suffice, and no (Q, K) table of running counts is made.
    query, place = np.nonzero(cut)
    found = cut.sum(axis=1)
    nth = np.arange(len(query)) - np.repeat(np.cumsum(found) - found, found) + 1
    sums = np.bincount(query, weights=nth / (place + 1), minlength=len(cut))
    return _over(sums, total if normaliser is Normaliser.RELEVANT else np.minimum(total, depth))


def ndcg_at(relevant_in_order: npt.ArrayLike, total_relevant: npt.ArrayLike | None = None, *, k: int) -> Floats:
    """nDCG@k = (sum over right answers at place i <= k of 1 / log2(i + 1)) / (the same, right answers first): (Q,).

    Source: Järvelin and Kekäläinen 2002, with gains of 0 and 1.
    """
    flags, total = _lists(relevant_in_order), _totals(relevant_in_order, total_relevant)
    discounts = 1 / np.log2(np.arange(_places(k)) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(total, k)]
    query, place = np.nonzero(flags[:, :k])
    return _over(np.bincount(query, weights=discounts[place], minlength=len(flags)), ideal)


def reciprocal_rank(
    relevant_in_order: npt.ArrayLike, total_relevant: npt.ArrayLike | None = None, *, k: int | None = None
) -> Floats:
    """1 / place of the first right answer, 0 if none is within k (or the list): (Q,). Their mean is MRR.

    Source: Voorhees 1999 (TREC-8).
    """
    flags, total = _lists(relevant_in_order), _totals(relevant_in_order, total_relevant)
    cut = flags if k is None else flags[:, : _places(k)]
    return _over(cut.any(axis=1) / (cut.argmax(axis=1) + 1), np.minimum(total, 1))


def recall_at(relevant_in_order: npt.ArrayLike, total_relevant: npt.ArrayLike | None = None, *, k: int) -> Floats:
    """Recall@k = right answers within k / all right answers: (Q,).

    With several right answers this is not what papers on captions call R@k: that is `hit_at`.
    """
    flags, total = _lists(relevant_in_order), _totals(relevant_in_order, total_relevant)
    return _over(flags[:, : _places(k)].sum(axis=1), total)


def hit_at(relevant_in_order: npt.ArrayLike, total_relevant: npt.ArrayLike | None = None, *, k: int) -> Floats:
    """1 where any right answer is within k, else 0: (Q,). Their mean is the R@k of papers on captions."""
    flags, total = _lists(relevant_in_order), _totals(relevant_in_order, total_relevant)
    return _over(np.minimum(flags[:, : _places(k)].sum(axis=1), 1), np.minimum(total, 1))


def _lists(relevant_in_order: npt.ArrayLike) -> Flags:
    flags = np.asarray(relevant_in_order)
    if flags.ndim != 2:
        raise ThujaError(f"ranked lists are a table, queries by places, got shape {flags.shape}")
    if not flags.size:
        raise EmptyInput("there is no ranked list to score")
    if flags.dtype != np.bool_ and not ((flags == 0) | (flags == 1)).all():
        raise ThujaError("an answer is right or not; graded relevance is not known here")
    return flags.astype(np.bool_, copy=False)


def _totals(relevant_in_order: npt.ArrayLike, total_relevant: npt.ArrayLike | None) -> Indices:
    """How many right answers each query has in all: what is said, or what its whole list holds."""
    found: Indices = _lists(relevant_in_order).sum(axis=1)
    if total_relevant is None:
        return found
    total = np.asarray(total_relevant, dtype=np.int64)
    if total.shape != found.shape:
        raise ThujaError(f"{len(found)} lists need as many totals, got shape {total.shape}")
    if (total < found).any():
        query = int((total < found).argmax())
        raise ThujaError(f"list {query} holds {found[query]} right answers, and {total[query]} are said to exist")
    return total


def _places(k: int) -> int:
    if k < 1:
        raise UsageError(f"cannot look at the first {k} answers", hint="choose k of at least 1")
    return k


def _over(sums: npt.NDArray[np.number], most: npt.NDArray[np.number]) -> Floats:
    """Divide, NaN where there is nothing to reach."""
    out = np.full(len(sums), np.nan)
    return np.asarray(np.divide(sums, most, out=out, where=most > 0))
