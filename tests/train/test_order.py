"""The endless order of samples: every one once an epoch, the same however it is cut, near in its shards."""

import pickle
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.train.order import SampleOrder

SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


def shards_of(order: SampleOrder, rows: np.ndarray) -> np.ndarray:
    return np.searchsorted(np.cumsum(order.sizes), rows, side="right")


@given(sizes=SIZES, window=st.integers(1, 5), epoch=st.integers(0, 10**6), seed=st.integers(0, 2**40))
def test_every_epoch_draws_every_sample_once(sizes: list[int], window: int, epoch: int, seed: int) -> None:
    order = SampleOrder(sizes=sizes, seed=seed, window=window)
    count = len(order)
    assert sorted(order.rows(epoch * count, (epoch + 1) * count)) == list(range(count))


@given(
    sizes=SIZES,
    window=st.integers(1, 5),
    sampling=st.sampled_from(["exact", "resampled"]),
    first=st.integers(0, 10**9),
    cuts=st.lists(st.integers(0, 40), max_size=6),
)
def test_rows_are_the_same_however_they_are_cut(
    sizes: list[int], window: int, sampling: str, first: int, cuts: list[int]
) -> None:
    order = SampleOrder(sizes=sizes, seed=3, sampling=sampling, window=window)  # type: ignore[arg-type]
    whole = order.rows(first, first + 40)
    edges = [0, *sorted(cuts), 40]
    fresh = [
        SampleOrder(sizes=sizes, seed=3, sampling=sampling, window=window).rows(first + start, first + end)  # type: ignore[arg-type]
        for start, end in pairwise(edges)
    ]
    assert np.concatenate(fresh).tolist() == whole.tolist()
    assert len(whole) == 40


@given(count=st.integers(2, 50), batch=st.integers(2, 60), step=st.integers(0, 500), seed=st.integers(0, 99))
def test_one_window_is_the_plain_permutation_of_each_epoch(count: int, batch: int, step: int, seed: int) -> None:
    order = SampleOrder(sizes=[count], seed=seed)
    first, last = step * batch, (step + 1) * batch
    epochs = range(first // count, last // count + 1)
    plain = np.concatenate([np.random.default_rng([seed, epoch]).permutation(count) for epoch in epochs])
    start = first - epochs[0] * count
    assert order.rows(first, last).tolist() == plain[start : start + batch].tolist()


def test_exact_reading_stays_within_a_window_of_shards_and_epochs_differ() -> None:
    order = SampleOrder(sizes=[10] * 20, seed=1, window=4)
    epochs = [order.rows(200 * epoch, 200 * (epoch + 1)) for epoch in range(2)]
    for rows in epochs:
        windows = shards_of(order, rows).reshape(5, 40)
        assert [len(set(window)) for window in windows.tolist()] == [4] * 5
        assert all((np.diff(window) != 0).mean() > 0.5 for window in windows)  # mixed, not shard after shard
    assert epochs[0].tolist() != epochs[1].tolist()
    assert order.rows(0, 200).tolist() != SampleOrder(sizes=[10] * 20, seed=2, window=4).rows(0, 200).tolist()


def test_resampled_windows_hold_few_shards_and_every_sample_has_its_share_in_the_long_run() -> None:
    order = SampleOrder(sizes=[10] * 20, seed=1, window=4, sampling="resampled")
    rows = order.rows(0, 40 * 2_000)
    shards = shards_of(order, rows).reshape(2_000, 40)
    assert max(len(set(window)) for window in shards.tolist()) <= 4
    assert min(len(set(window)) for window in shards.tolist()) < 4  # with replacement
    shares = np.bincount(rows, minlength=200) / len(rows)
    assert np.abs(shares * 200 - 1).max() < 0.2  # a sample is drawn 400 times, give or take 20


def test_a_far_place_among_two_hundred_million_samples_is_found_at_once() -> None:
    order = SampleOrder(sizes=[10_000] * 24_236, seed=42)
    begun = time.perf_counter()
    rows = order.rows(7 * 10**12, 7 * 10**12 + 90_112)
    assert time.perf_counter() - begun < 1
    assert len(set(rows.tolist())) == 90_112
    assert len(set(shards_of(order, rows).tolist())) <= 64


def test_an_order_goes_to_another_process() -> None:
    order = SampleOrder(sizes=[3, 4], seed=1, window=1)
    order.rows(0, 7)
    copy = pickle.loads(pickle.dumps(order))
    assert copy == order
    assert copy.rows(5, 12).tolist() == order.rows(5, 12).tolist()


def test_orders_that_cannot_be_are_refused() -> None:
    with pytest.raises(EmptyInput, match="no sample in 2 shards"):
        SampleOrder(sizes=[0, 0], seed=1)
    with pytest.raises(UnknownName, match='unknown sampling: "random"'):
        SampleOrder(sizes=[1], seed=1, sampling="random")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="at least one shard"):
        SampleOrder(sizes=[1], seed=1, window=0)
    with pytest.raises(UsageError, match="places rise"):
        SampleOrder(sizes=[1], seed=1).rows(3, 2)
