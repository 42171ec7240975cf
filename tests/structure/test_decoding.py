"""Decoding levels across species: where the signal lies it is found, and nothing is learnt by heart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.structure.clouds import cloud, sample_of, values
from tests.structure.test_contrast import stepped

from thuja.errors import UsageError
from thuja.structure.decoding import (
    INSIDE,
    MEASURE,
    OUTSIDE,
    RANDOM,
    WHOLE,
    DecodingSettings,
    folds_of,
    measure_decoding,
    permuted,
)
from thuja.structure.reading import Reading
from thuja.structure.span import Deviations, axes_of
from thuja.structure.specimens import Sample

QUICK = DecodingSettings(folds=3, permutations=9)


def decoded(vectors: np.ndarray, sample: Sample, groups: np.ndarray | None = None) -> dict[str, Reading]:
    deviations, generator = Deviations.of(vectors, sample), np.random.default_rng(0)
    basis = axes_of(deviations.means)
    readings = measure_decoding("stage", deviations, basis, generator=generator, groups=groups, settings=QUICK)
    return {reading.measure.removeprefix(f"{MEASURE} "): reading for reading in readings}


def accuracy(reading: Reading) -> float:
    return values([reading])[reading.measure]


def test_a_step_outside_the_span_is_decoded_outside_and_not_inside() -> None:
    vectors, sample = stepped(0, each=12, inside=0.0, length=4.0)
    found = decoded(vectors, sample)
    assert list(found) == [WHOLE, INSIDE, OUTSIDE, RANDOM]
    assert accuracy(found[OUTSIDE]) > 0.95
    assert accuracy(found[WHOLE]) > 0.95
    assert found[OUTSIDE].p_value == 1 / 10
    assert found[INSIDE].null.low - 0.05 < accuracy(found[INSIDE]) < found[INSIDE].null.high + 0.05
    assert found[OUTSIDE].null.value == pytest.approx(0.5, abs=0.06)


def test_a_step_inside_the_span_is_decoded_inside_and_not_outside() -> None:
    vectors, sample = stepped(1, each=12, inside=1.0, length=4.0)
    found = decoded(vectors, sample)
    assert accuracy(found[INSIDE]) > 0.95
    assert accuracy(found[INSIDE]) > accuracy(found[RANDOM]) + 0.1
    assert abs(accuracy(found[OUTSIDE]) - 0.5) < 0.15


def test_what_is_an_individuals_own_is_not_taken_for_its_sex() -> None:
    """Four individuals a species, ten alike pictures each, sexes by chance: whoever sees one on both sides is right."""
    generator = np.random.default_rng(4)
    vectors, sample = cloud(2, species=10, each=40, apart=1.0, variances=np.full(40, 0.01))
    individual = np.arange(400) // 10
    vectors += generator.standard_normal((40, 40))[individual]
    found = decoded(vectors, sample, individual)
    assert found[WHOLE].p_value > 0.1
    rows = np.arange(400)
    assert (sample.is_second[rows // 10 * 10] == sample.is_second).all()


def test_the_null_of_individuals_is_as_wide_as_they_are_few() -> None:
    generator = np.random.default_rng(5)
    vectors, sample = cloud(3, species=10, each=40, apart=1.0, variances=np.full(40, 0.01))
    individual = np.arange(400) // 10
    vectors += generator.standard_normal((40, 40))[individual]
    together, alone = decoded(vectors, sample, individual)[WHOLE].null, decoded(vectors, sample)[WHOLE].null
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=60),
    st.integers(2, 5),
    st.integers(0, 5),
)
def test_no_species_and_no_group_stands_in_two_folds(rows: list[tuple[int, int]], count: int, seed: int) -> None:
    species, groups = np.array(rows).T
    fold = folds_of(species, groups, np.random.default_rng(seed), count=count)
    if not len(fold):
        return
    for names in (species, groups):
        for name in np.unique(names):
            assert len(set(fold[names == name].tolist())) == 1
    assert fold.max() + 1 == len(np.unique(fold)) <= count


def test_species_that_an_observation_links_are_one_block() -> None:
    species, groups = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 1, 2, 2, 9])
    fold = folds_of(species, groups, np.random.default_rng(0), count=5)
    assert len(set(fold[:5].tolist())) == 1
    assert fold[5] != fold[0]
    assert len(folds_of(species[:5], groups[:5], np.random.default_rng(0), count=5)) == 0


@given(st.integers(0, 1000), st.lists(st.integers(0, 4), min_size=24, max_size=24))
def test_permuted_levels_stay_with_their_individuals_and_their_species(seed: int, groups: list[int]) -> None:
    sample, groups = sample_of(3, 8), np.array(groups)
    levels = permuted(sample, groups, np.random.default_rng(seed))
    for species in range(3):
        dealt = []
        for group in np.unique(groups[sample.species == species]):
            for level in (False, True):
                rows = (sample.species == species) & (groups == group) & (sample.is_second == level)
                if rows.any():
                    assert len(set(levels[rows].tolist())) == 1
                    dealt.append((level, bool(levels[rows][0])))
        assert sum(old for old, _ in dealt) == sum(fresh for _, fresh in dealt)


def test_one_block_of_species_cannot_be_decoded_and_settings_are_checked() -> None:
    vectors, sample = stepped(0, each=6, inside=0.0)
    assert decoded(vectors, sample, np.zeros(len(vectors), dtype=np.int64)) == {}
    with pytest.raises(UsageError, match="two folds or more"):
        DecodingSettings(folds=1)


def test_vectors_that_do_not_vary_are_guessed() -> None:
    sample = sample_of(4, 4)
    vectors = np.repeat(np.eye(4), 4, axis=0)
    assert accuracy(decoded(vectors, sample)[WHOLE]) == 0.5
