"""What a score is: written-out measures on arrays of true and predicted class indices.

A class index of -1 means "no class": a truth that is not asked, or an answer that is not given.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Which of N images were right, the class of each, and the species of each as its cluster.

    At rank species the classes are the clusters; at a higher rank a class holds several.
    """

    is_right: Flags
    classes: Indices
    species: Indices

    def __post_init__(self) -> None:
        if len(self.is_right) == 0:
            raise EmptyInput("there is no image to score")

    def accuracy(self) -> float:
        """The share of images that are right."""
        return float(self.is_right.mean())

    def macro_accuracy(self) -> float:
        """The mean over classes of the share of a class's images that are right."""
        return float(per_class_accuracy(self.is_right, self.classes).mean())


def per_class_accuracy(is_right: Flags, classes: Indices) -> npt.NDArray[np.float64]:
    """The share of right images in each class that has any, in order of class index."""
    _, place = np.unique(classes, return_inverse=True)
    return np.asarray(np.bincount(place, weights=is_right) / np.bincount(place))


def is_in_top(ranked: Indices, truth: Indices, k: int) -> Flags:
    """Whether the truth is among the first k of the ranked answers: (N, K), (N,) to (N,)."""
    return np.asarray((ranked[:, :k] == truth[:, None]).any(axis=1))


def confusion(truth: Indices, predicted: Indices, count: int) -> Indices:
    """How often class i (row) was called class j (column): (count, count).

    Images without a class or without an answer are left out.
    """
    table = np.zeros((count, count), dtype=np.int64)
    is_told = (truth >= 0) & (predicted >= 0)
    np.add.at(table, (truth[is_told], predicted[is_told]), 1)
    return table
