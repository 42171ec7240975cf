"""Moments by chunks are those of all rows at once, whatever the type and the cut, and so is what is made of them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.structure.clouds import cloud, values

from thuja.errors import ThujaError
from thuja.structure.contrast import FISHER, measure_contrast
from thuja.structure.halves import KnownSpan, cuts_of
from thuja.structure.moments import moments_of, scatter_about
from thuja.structure.specimens import Sample
from thuja.structure.streaming import fisher_of, half_means, rests_of_rows, stream_shares
from thuja.structure.variation import DEBIASED, SHARE, measure_variation


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 70), is_unit=st.booleans())
def test_moments_are_those_of_all_rows_at_once(seed: int, rows: int, *, is_unit: bool) -> None:
    generator = np.random.default_rng(seed)
    vectors = (10 + generator.standard_normal((60, 5))).astype(np.float16)
    labels = generator.integers(-1, 4, size=60)
    found = moments_of(vectors, labels, count=5, is_unit=is_unit, rows=rows)
    wide = vectors.astype(np.float64)
    if is_unit:
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    scatter = scatter_about(vectors, labels, found.means, is_unit=is_unit, rows=rows)
    rests = []
    for label in range(4):
        own = wide[labels == label]
        assert found.counts[label] == len(own)
        np.testing.assert_allclose(found.means[label], own.mean(axis=0), rtol=2e-6)
        rests.append(own - own.mean(axis=0))
        assert found.squares[label] == pytest.approx((rests[-1] ** 2).sum(), rel=1e-4, abs=1e-9)
    whole = np.concatenate(rests)
    np.testing.assert_allclose(scatter, whole.T @ whole, rtol=1e-3, atol=1e-4 * np.trace(scatter))
    assert found.counts[4] == 0
    assert (found.means[4] == 0).all()


def test_vectors_that_are_no_numbers_and_labels_that_do_not_fit_are_said() -> None:
    vectors = np.ones((4, 2), dtype=np.float32)
    with pytest.raises(ThujaError, match="expected 4 labels below 1, got 4"):
        moments_of(vectors, np.array([0, 1, 0, 1]), count=1)
    vectors[2] = np.nan
    with pytest.raises(ThujaError, match="not numbers"):
        moments_of(vectors, np.zeros(4, dtype=int), count=1)


def test_streamed_shares_and_fisher_ratio_are_those_of_the_rows(tmp_path: Path) -> None:
    vectors, sample = cloud(3, species=6, each=20, apart=2.0, variances=np.linspace(0.5, 2, 12))
    stored = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=vectors.shape)
    stored[:] = vectors
    generator = np.random.default_rng(0)
    whole = Sample(rows=sample.rows, species=sample.species, is_second=np.zeros(120, dtype=bool))
    cut = cuts_of(whole, 1, generator)
    taken = stored.astype(np.float64)
    read = values(measure_variation(taken, whole, generator, cuts=cut, subspaces=2))
    found = stream_shares(stored, sample.species, cut[0], count=6)
    assert found.plain == pytest.approx(read[SHARE], rel=1e-5)
    assert found.debiased == pytest.approx(read[DEBIASED], rel=1e-5)
    assert (found.dimensions, found.known) == (5, 5)
    span = KnownSpan.of(taken, sample, cut)
    steps = measure_contrast("", taken, sample, cuts=cut, span=span, generator=generator, subspaces=1)
    streamed = fisher_of(moments_of(stored, 2 * sample.species + sample.is_second, count=12))
    assert streamed.value == pytest.approx(values(steps)[FISHER], rel=1e-5)


def test_deviations_read_from_disk_are_those_from_the_means_of_their_halves() -> None:
    generator = np.random.default_rng(0)
    species, vectors = generator.permutation(np.repeat(np.arange(3), 8)), generator.standard_normal((24, 4))
    is_first = np.arange(24) % 2 == 0
    whole, first, second = half_means(vectors, species, is_first, count=3)
    np.testing.assert_allclose(whole[1], vectors[species == 1].mean(axis=0), rtol=1e-6)
    (cut, rests), (_, others) = rests_of_rows(vectors, species, is_first, (first, second))(1)
    own = vectors[(species == 1) & is_first]
    assert cut == 0
    np.testing.assert_allclose(rests, own - own.mean(axis=0), atol=1e-6)
    assert len(rests) + len(others) == 8
