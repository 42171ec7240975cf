"""Scores of examples by what was learnt without their own observation.

In each round one observation of every class is left out (of a class with many, a tenth). To leave out one observation
alone would be unfair to its class: of five examples a class would have four, and all others five, which at few
examples costs many points of accuracy that a photo from outside does not lose.
"""

from collections.abc import Callable

import numpy as np

from thuja.classify.examples.labelled import Floats, Indices, Labelled

Scorer = tuple[Indices, Callable[[Floats], Floats]]
"""The classes that something was learnt of, and what gives their scores: (N, D) to (N, C)."""


def left_out_scores(labelled: Labelled, rows: Indices, learn: Callable[[Labelled], Scorer]) -> Floats:
    """The scores of these examples by what was learnt of the other rounds: R rows to (R, C).

    A class that the other rounds lack has the score -inf.
    """
    rounds = labelled.rounds()
    scores = np.full((len(rows), labelled.count), -np.inf, dtype=np.float32)
    for number in np.unique(rounds[rows]):
        is_rest = rounds != number
        if not is_rest.any():  # all examples are of one observation
            break
        classes, scorer = learn(labelled.at(is_rest))
        asked = np.flatnonzero(rounds[rows] == number)
        scores[np.ix_(asked, classes)] = scorer(labelled.vectors[rows[asked]])
    return scores
