"""Unseen against known: scikit-learn's curves, and pairs counted one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score, roc_curve

from thuja.errors import EmptyInput, ThujaError, UsageError
from thuja.metrics.bootstrap import over_clusters
from thuja.metrics.novelty import auroc, fpr_at_tpr

IMAGES = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda images: len({is_known for _, is_known in images}) == 2
)


@given(IMAGES)
def test_auroc_is_the_share_of_pairs_in_order(images) -> None:
    known = [confidence for confidence, is_known in images if is_known]
    unseen = [confidence for confidence, is_known in images if not is_known]
    pairs = sum((one > other) + (one == other) / 2 for one in known for other in unseen)
    confidences, is_known = zip(*images, strict=True)
    found = auroc(confidences, is_known)
    assert found == pytest.approx(pairs / (len(known) * len(unseen)))
    assert found == pytest.approx(roc_auc_score(is_known, confidences))
    assert found == pytest.approx(mannwhitneyu(known, unseen).statistic / (len(known) * len(unseen)))
    assert found == pytest.approx(auroc([-one for one in confidences], np.logical_not(is_known)))


@given(IMAGES, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_fpr_is_that_of_the_first_point_of_the_curve_that_passes_enough(images, tpr) -> None:
    confidences, is_known = zip(*images, strict=True)
    fprs, tprs, _ = roc_curve(is_known, confidences, drop_intermediate=False)
    assert fpr_at_tpr(confidences, is_known, tpr=tpr) == pytest.approx(fprs[np.argmax(tprs >= tpr)])


def test_nineteen_of_twenty_are_95_per_cent() -> None:
    confidences, is_known = [*range(1, 21), 1.5, 0], [1] * 20 + [0, 0]
    assert fpr_at_tpr(confidences, is_known) == 0
    assert fpr_at_tpr(confidences, is_known, tpr=0.96) == 0.5


def test_perfect_blind_and_reversed_models() -> None:
    is_known = [1] * 5 + [0] * 5
    assert (auroc(np.arange(10)[::-1], is_known), fpr_at_tpr(np.arange(10)[::-1], is_known)) == (1, 0)
    assert (auroc(np.ones(10), is_known), fpr_at_tpr(np.ones(10), is_known)) == (0.5, 1)
    assert (auroc(np.arange(10), is_known), fpr_at_tpr(np.arange(10), is_known)) == (0, 1)


def test_half_precision_and_images_of_one_kind() -> None:
    assert auroc(np.float16([0.5, 0.25]), [True, False]) == 1
    assert np.isnan(auroc([1, 2], [1, 1]))
    assert np.isnan(fpr_at_tpr([1, 2], [0, 0]))


def test_replicates_of_one_kind_are_left_out_of_the_interval() -> None:
    confidences, is_known = np.array([3.0, 2.0, 1.0, 0.0]), np.array([1, 1, 0, 0])
    found = over_clusters(lambda rows: auroc(confidences[rows], is_known[rows]), range(4), np.random.default_rng(0))
    assert (found.low, found.value, found.high) == (1, 1, 1)


def test_what_cannot_be_told_apart_is_told() -> None:
    with pytest.raises(EmptyInput):
        auroc([], [])
    with pytest.raises(ThujaError, match="not numbers"):
        auroc([np.nan, 1], [0, 1])
    with pytest.raises(ThujaError, match="do not fit 2 images"):
        fpr_at_tpr([0, 1], [0])
    with pytest.raises(UsageError, match="rate"):
        fpr_at_tpr([0, 1], [0, 1], tpr=95)
