"""Two models on the same images: paired intervals, and Holm's procedure as he wrote it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import EmptyInput, ThujaError
from thuja.metrics.bootstrap import mean_over_clusters
from thuja.metrics.novelty import auroc
from thuja.metrics.paired import holm, paired, paired_over


def answers(images=2000, species=100):
    """Two models of which the second errs a little more often, on images that are hard for both."""
    generator = np.random.default_rng(0)
    clusters = np.repeat(np.arange(species), images // species)
    hardness = generator.random(species)[clusters]
    first = generator.random(images) > hardness
    second = first & (generator.random(images) > 0.03)
    return first, second, clusters


def test_a_small_lead_is_seen_where_the_models_own_intervals_overlap() -> None:
    first, second, clusters = answers()
    own = [mean_over_clusters(each, clusters, np.random.default_rng(1)) for each in (first, second)]
    assert own[0].low < own[1].high
    found = paired(first, second, clusters=clusters, generator=np.random.default_rng(1))
    assert found.difference.value == pytest.approx(first.mean() - second.mean())
    assert found.difference.low > 0
    assert found.not_above == 0


def test_the_difference_turned_round_is_the_same_with_the_other_sign() -> None:
    first, second, clusters = answers()
    one = paired(first, second, clusters=clusters, generator=np.random.default_rng(1))
    other = paired(second, first, clusters=clusters, generator=np.random.default_rng(1))
    assert (other.difference.low, other.difference.value) == pytest.approx(
        (-one.difference.high, -one.difference.value)
    )
    assert other.not_above == 1


def test_a_model_is_not_above_itself() -> None:
    first, _, clusters = answers()
    found = paired(first, first, clusters=clusters, generator=np.random.default_rng(1))
    assert (found.difference.low, found.difference.high, found.not_above) == (0, 0, 1)


def test_the_share_of_replicates_is_a_normal_tail_where_means_are_normal() -> None:
    generator = np.random.default_rng(2)
    gains = generator.normal(size=400)
    gains += 0.05 - gains.mean()  # one standard error above 0: 16 % of the replicates fall below
    found = paired(gains, np.zeros(400), clusters=range(400), generator=generator, replicates=20_000)
    assert found.not_above == pytest.approx(0.16, abs=0.02)


def test_any_statistic_may_be_paired_and_means_agree() -> None:
    first, second, clusters = answers(images=600, species=30)
    plain = paired(first, second, clusters=clusters, generator=np.random.default_rng(3), replicates=3000)
    general = paired_over(
        lambda rows: float(first[rows].mean()),
        lambda rows: float(second[rows].mean()),
        clusters=clusters,
        generator=np.random.default_rng(3),
        replicates=3000,
    )
    assert general.difference.value == pytest.approx(plain.difference.value)
    assert (general.difference.low, general.difference.high) == pytest.approx(
        (plain.difference.low, plain.difference.high), abs=0.004
    )


def test_pairs_of_auroc_leave_out_replicates_of_one_kind() -> None:
    is_known = np.array([1, 1, 0, 0])
    ours, theirs = np.array([3, 2, 1, 0]), np.array([0, 1, 2, 3])
    found = paired_over(
        lambda rows: auroc(ours[rows], is_known[rows]),
        lambda rows: auroc(theirs[rows], is_known[rows]),
        clusters=range(4),
        generator=np.random.default_rng(0),
    )
    assert (found.difference.low, found.difference.value, found.not_above) == (1, 1, 0)


def test_one_cluster_says_nothing() -> None:
    found = paired([1, 1], [0, 0], clusters=[7, 7], generator=np.random.default_rng(0))
    assert found.difference.value == 1
    assert np.isnan(found.not_above)


def test_pairs_that_are_none_are_told() -> None:
    with pytest.raises(EmptyInput):
        paired([], [], clusters=[], generator=np.random.default_rng(0))
    with pytest.raises(ThujaError, match="1 values of the second model do not fit 2 images"):
        paired([1, 0], [1], clusters=[0, 1], generator=np.random.default_rng(0))
    with pytest.raises(ThujaError, match="not numbers"):
        paired([1, np.nan], [1, 1], clusters=[0, 1], generator=np.random.default_rng(0))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.999))
def test_adjusted_p_values_reject_what_holms_steps_reject(p_values, level) -> None:
    """Step down from the smallest: reject while p <= level / (comparisons left)."""
    rejected = set()
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        bar = p_values[index] * (len(p_values) - step)
        if bar > level:
            break
        rejected.add(index)
    assert set(np.flatnonzero(holm(p_values) <= level)) == rejected


def test_holm_of_known_p_values() -> None:
    assert holm([0.04, 0.01, 0.03]).tolist() == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    with pytest.raises(EmptyInput):
        holm([])
    with pytest.raises(ThujaError, match="between 0 and 1"):
        holm([0.5, np.nan])
