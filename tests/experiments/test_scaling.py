"""Nested subsets: equal parts are equal numbers, and the smaller lies in the larger."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import EmptyInput, UsageError
from thuja.experiments.scaling import PARTS, Subset, choose
from thuja.taxonomy import Taxon


def pictures(species: int, each: int) -> list[Taxon]:
    """Each species' pictures, not side by side; the first species has twice as many."""
    kinds = [Taxon.from_names(["", "", "", "", "", f"Gen{n}", "ep"]) for n in range(species)]
    return kinds * each + kinds[:1] * each


parts = st.integers(1, PARTS)


@given(st.integers(PARTS, 40), st.integers(PARTS, 40), parts, parts, st.integers(0, 3))
def test_all_chosen_species_give_the_same_number_of_pictures(
    species: int, each: int, some: int, few: int, seed: int
) -> None:
    taxa = pictures(species, each)
    rows = choose(taxa, Subset(species=some, images=few), seed=seed)
    counts = Counter(taxa[row] for row in rows)
    assert len(counts) == some * (species // PARTS)
    assert set(counts.values()) == {few * (each // PARTS)}
    assert rows.tolist() == sorted(set(rows.tolist()))


@given(parts, parts, parts, parts, st.integers(0, 3))
def test_the_smaller_subset_lies_in_the_larger(one: int, two: int, few: int, many: int, seed: int) -> None:
    taxa = pictures(32, 48)
    small = choose(taxa, Subset(species=min(one, two), images=min(few, many)), seed=seed)
    large = choose(taxa, Subset(species=max(one, two), images=max(few, many)), seed=seed)
    assert set(small.tolist()) <= set(large.tolist())


def test_four_times_the_species_with_a_quarter_of_the_pictures_are_as_many_pictures() -> None:
    taxa = pictures(48, 32)
    axis = [choose(taxa, Subset(species=part, images=PARTS // part), seed=1) for part in (1, 4, 16)]
    assert [len(rows) for rows in axis] == [96, 96, 96]
    assert [len({taxa[row] for row in rows}) for rows in axis] == [3, 12, 48]


def test_another_seed_takes_other_species() -> None:
    taxa = pictures(48, 32)
    first, second = ({taxa[row] for row in choose(taxa, Subset(species=4, images=4), seed=seed)} for seed in (0, 1))
    assert first != second


def test_a_world_too_small_to_be_cut_is_said() -> None:
    with pytest.raises(EmptyInput, match="16 species of 16 training pictures, got 15 with at least 20"):
        choose(pictures(15, 20), Subset(species=1), seed=0)
    with pytest.raises(UsageError, match="1 to 16 sixteenths of the images, got 0"):
        Subset(images=0)
    assert len(choose(pictures(16, 16), Subset(), seed=0)) == 256


def test_rows_are_whole_numbers() -> None:
    assert choose(pictures(16, 16), Subset(images=1), seed=0).dtype == np.int64
