"""Which cluster stands for which class: the assignment, one to one, under which most images are right."""

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]


def name_clusters(clusters: Indices, truth: Indices) -> Indices:
    """The class that each image's cluster is assigned to, by the Hungarian algorithm: (N,), (N,) to (N,).

    -1 for a cluster that gets no class, as some do where there are more clusters than classes.
    """
    from scipy.optimize import linear_sum_assignment

    _, place = np.unique(clusters, return_inverse=True)
    classes, column = np.unique(truth, return_inverse=True)
    if not len(classes):
        return np.zeros(0, dtype=np.int64)
    shared = np.zeros((int(place.max()) + 1, len(classes)), dtype=np.int64)
    np.add.at(shared, (place, column), 1)
    names = np.full(len(shared), -1, dtype=np.int64)
    rows, columns = linear_sum_assignment(shared, maximize=True)
    names[rows] = classes[columns]
    return np.asarray(names[place])
