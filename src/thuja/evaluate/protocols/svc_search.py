"""Tell two classes apart by a support vector machine whose kernel, C and gamma are searched at random.

The search is scikit-learn's RandomizedSearchCV over StandardScaler and SVC, candidate by candidate and fold by fold.
A few hundred vectors of a thousand numbers make products once a fold; the hundred candidates then share them as
precomputed kernels, and none of scikit-learn's copies of pipelines are made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FOLDS = 5
COSTS = (1e-3, 1e1)
GAMMAS = (1e-4, 1e-3)
KERNELS = ["rbf", "linear", "sigmoid", "poly"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How the search is done: `iterations` candidates drawn with `seed`, folds shuffled or as they lie."""

    iterations: int = 100
    seed: int = 0
    is_shuffled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    cost: float
    gamma: float
    kernel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Products:
    """Dot products of vectors to be answered (rows) with those learnt from, and of the latter among themselves."""

    taught: Floats
    asked: Floats
    taught_squares: Floats
    asked_squares: Floats

    @classmethod
    def of(cls, taught: Vectors, asked: Vectors) -> "_Products":
        left, right = taught.astype(np.float64), asked.astype(np.float64)
        return cls(
            taught=left @ left.T,
            asked=right @ left.T,
            taught_squares=(left**2).sum(axis=1),
            asked_squares=(right**2).sum(axis=1),
        )

    def answer(self, is_one: Flags, candidate: _Candidate) -> Floats:
        """How surely each asked vector is of class one: the decision value, or +-1 where one class is all there is."""
        if is_one.all() or not is_one.any():
            return np.full(len(self.asked), 1.0 if is_one.all() else -1.0)
        from sklearn.svm import SVC

        kernel = _KERNELS[candidate.kernel]
        machine = SVC(kernel="precomputed", C=candidate.cost)
        machine.fit(kernel(self.taught, self.taught_squares[:, None] + self.taught_squares, candidate.gamma), is_one)
        asked = kernel(self.asked, self.asked_squares[:, None] + self.taught_squares, candidate.gamma)
        return np.asarray(machine.decision_function(asked), dtype=np.float64)


def search_and_answer(
    taught: Vectors,
    is_one: Flags,
    asked: Vectors,
    *,
    prepare: Callable[[Vectors, Vectors], tuple[Vectors, Vectors]],
    budget: Budget,
) -> Floats:
    """Decision values of (A, D) vectors, learnt from (N, D) with the candidate that is best over the folds: (A,).

    `prepare` gets what is learnt from and what is answered, in each fold anew. A class of fewer than five images
    makes as many folds; of fewer than two, the first candidate is taken without a search.
    """
    from sklearn.model_selection import StratifiedKFold

    candidates = _draw_candidates(budget)
    best = candidates[0]
    count = min(FOLDS, int(is_one.sum()), int((~is_one).sum()))
    if count > 1:
        shuffle = {"shuffle": True, "random_state": budget.seed} if budget.is_shuffled else {}
        scores = [
            _fold_scores(
                _Products.of(*prepare(taught[learnt], taught[checked])),
                is_one[learnt],
                is_one[checked],
                candidates=candidates,
            )
            for learnt, checked in StratifiedKFold(count, **shuffle).split(taught, is_one)
        ]
        # The mean over folds as scikit-learn takes it; of equals the first.
        best = candidates[int(np.average(np.stack(scores, axis=1), axis=1).argmax())]
    return _Products.of(*prepare(taught, asked)).answer(is_one, best)


def _draw_candidates(budget: Budget) -> list[_Candidate]:
    """Those that RandomizedSearchCV draws; it takes the names in order of the alphabet, so they must be as there."""
    from scipy.stats import loguniform
    from sklearn.model_selection import ParameterSampler

    space = {"svc__C": loguniform(*COSTS), "svc__gamma": loguniform(*GAMMAS), "svc__kernel": KERNELS}
    return [
        _Candidate(cost=float(drawn["svc__C"]), gamma=float(drawn["svc__gamma"]), kernel=str(drawn["svc__kernel"]))
        for drawn in ParameterSampler(space, budget.iterations, random_state=budget.seed)
    ]


def standardised(taught: Vectors, asked: Vectors) -> tuple[Vectors, Vectors]:
    """Both with the mean of `taught` taken off and divided by its standard deviation."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(taught)
    return scaler.transform(taught), scaler.transform(asked)


def _fold_scores(products: _Products, learnt: Flags, checked: Flags, *, candidates: Sequence[_Candidate]) -> Floats:
    """The accuracy of each candidate on the fold that it did not learn from."""
    return np.array([((products.answer(learnt, candidate) >= 0) == checked).mean() for candidate in candidates])


def _linear(dots: Floats, squares: Floats, gamma: float) -> Floats:
    return dots


def _rbf(dots: Floats, squares: Floats, gamma: float) -> Floats:
    return np.exp(-gamma * (squares - 2 * dots))


def _sigmoid(dots: Floats, squares: Floats, gamma: float) -> Floats:
    return np.tanh(gamma * dots)


def _poly(dots: Floats, squares: Floats, gamma: float) -> Floats:
    return np.asarray((gamma * dots) ** 3)


_KERNELS: dict[str, Callable[[Floats, Floats, float], Floats]] = {
    "linear": _linear,
    "rbf": _rbf,
    "sigmoid": _sigmoid,
    "poly": _poly,
}
