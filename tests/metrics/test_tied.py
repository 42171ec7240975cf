"""Rankings with equal scores, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from thuja.metrics.tied import average_precision_by_score, ndcg_by_score


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=12), st.integers(0, 20))
def test_equals_are_taken_together_as_scikit_learn_does(answers: list[tuple[bool, int]], unseen: int) -> None:
    """The public script adds what was not retrieved at a score of -100, and cuts at the list's length."""
    answers = sorted(answers, key=lambda answer: -answer[1])
    flags, scores = np.array([flag for flag, _ in answers]), np.array([score for _, score in answers], np.float32)
    total = int(flags.sum()) + unseen
    if not total:
        return
    precision = average_precision_score(flags, scores) * flags.sum() if flags.any() else 0
    gain = ndcg_score([[*flags, *[1] * unseen]], [[*scores, *[-100] * unseen]], k=len(flags))
    normaliser = min(total, len(flags))
    assert average_precision_by_score(flags, scores, normaliser=normaliser) == pytest.approx(precision / normaliser)
    assert ndcg_by_score(flags, scores, relevant=total) == pytest.approx(gain)
