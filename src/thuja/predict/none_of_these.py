""" "None of these": an answer that competes with the others."""

from collections.abc import Sequence
from dataclasses import replace

from thuja.errors import ThujaError
from thuja.predict.answers import Answer

NONE_OF_THESE = "none of these"


def with_none(answers: Sequence[Answer], unseen: float, *, k: int | None = None) -> tuple[Answer, ...]:
    """The answers, best first, with one more that says the organism is none of the labels; the best `k` of all.

    With the probability `unseen` it is none of them, so what is left for the labels is 1 - `unseen`, shared as before:
    P(label | image) = P(label | image, known) P(known | image). At a rank above species `unseen` is that of the rank.
    """
    if not 0 <= unseen <= 1:
        raise ThujaError(f"a probability lies between 0 and 1, got {unseen:g}")
    left = 1 - unseen
    weighed = [
        replace(one, score=one.score * left, unplaced=None if one.unplaced is None else one.unplaced * left)
        for one in answers
    ]
    # The sort is stable, and a label goes before "none of these" where both are as likely.
    ordered = sorted([*weighed, Answer(text=NONE_OF_THESE, score=unseen)], key=lambda one: -one.score)
    return tuple(ordered[:k])
