"""Logistic regression on frozen features."""

from typing import Any, Self
from warnings import catch_warnings, filterwarnings

import numpy as np
import numpy.typing as npt

from thuja.embeddings import Vectors
from thuja.errors import UsageError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


class LinearProbe:
    """Logistic regression on standardised features (scikit-learn's, L2-penalised by 1 / `strength`).

    It ends where the gradient is within `tolerance`; one that `is_fast` computes in float32.
    """

    def __init__(
        self, *, strength: float = 1.0, max_steps: int = 1000, tolerance: float = 1e-4, is_fast: bool = False
    ) -> None:
        self.strength = strength
        self.max_steps = max_steps
        self.tolerance = tolerance
        self.is_fast = is_fast

    def fit(self, vectors: Vectors, classes: npt.ArrayLike) -> Self:
        """Learn from (N, D) vectors and N class indices of at least two classes."""
        try:
            from sklearn.linear_model import LogisticRegression
        except ModuleNotFoundError as error:
            raise UsageError(
                "a linear probe needs scikit-learn, which is not installed", hint="pip install 'thuja[analyze]'"
            ) from error
        truth = np.asarray(classes, dtype=np.int64)
        if len(np.unique(truth)) < 2:
            raise UsageError("a linear probe needs at least two classes, got one")
        wide = np.asarray(vectors, dtype=np.float64)
        self.mean_ = wide.mean(axis=0)
        spread = wide.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        self.regression_: Any = LogisticRegression(C=self.strength, max_iter=self.max_steps, tol=self.tolerance)
        standardised = (wide - self.mean_) / self.spread_
        with catch_warnings():
            filterwarnings("ignore", "The number of unique classes is greater", UserWarning)  # one example a class
            self.regression_.fit(standardised.astype(np.float32) if self.is_fast else standardised, truth)
        self.classes_: Indices = self.regression_.classes_
        return self

    def probabilities(self, vectors: Vectors) -> Floats:
        """(N, D) to (N, C), in the order of `classes_`."""
        answer = self.regression_.predict_proba(self._standardised(vectors))
        return np.asarray(answer, dtype=np.float32)

    def linear(self) -> tuple[Floats, Floats]:
        """The weights (D, C) and the bias (C,) whose soft-max on bare vectors is `probabilities`."""
        weights, bias = self.regression_.coef_ / self.spread_, self.regression_.intercept_
        if len(self.classes_) == 2:  # scikit-learn has one row for two classes: how much the second is ahead
            weights, bias = np.concatenate([np.zeros_like(weights), weights]), np.append(0.0, bias)
        bias = bias - weights @ self.mean_
        return weights.T.astype(np.float32), bias.astype(np.float32)

    def predict(self, vectors: Vectors) -> Indices:
        """The likeliest class index of each vector: (N, D) to (N,)."""
        return np.asarray(self.regression_.predict(self._standardised(vectors)), dtype=np.int64)

    def _standardised(self, vectors: Vectors) -> npt.NDArray[np.float64]:
        moved = np.asarray(vectors, dtype=np.float64) - self.mean_
        return np.asarray(moved / self.spread_)
