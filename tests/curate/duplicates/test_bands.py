"""Every near pair, once, whatever the hashes: against comparing everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate.duplicates import near_matches, near_pairs
from thuja.curate.duplicates.bands import Hashes, Integers, distinct, near_pairs_of_band, parts_of_band
from thuja.errors import UsageError

BANDS = 11


def flipped(hash_: Hashes, bits: list[int]) -> Hashes:
    changed = np.unpackbits(hash_)
    changed[bits] ^= 1
    return np.packbits(changed)


def brute_matches(left: Hashes, right: Hashes, distance: int) -> Integers:
    differences = np.bitwise_count(left[:, None] ^ right[None]).sum(axis=2, dtype=np.int64)
    return np.argwhere(differences <= distance)


def brute_pairs(hashes: Hashes, distance: int) -> Integers:
    pairs = brute_matches(hashes, hashes, distance)
    return pairs[pairs[:, 0] < pairs[:, 1]]


@st.composite
def adversarial(draw: st.DrawFn) -> Hashes:
    """A few centres, and rows around them: equal, of one band only, of every band, or of any bits; up to 14 bits."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centres = rng.integers(0, 256, (draw(st.integers(1, 3)), 32), dtype=np.uint8)
    centres[rng.random(len(centres)) < 0.3] = 0
    rows = [centres[0]]
    for _ in range(draw(st.integers(0, 40))):
        centre = centres[rng.integers(len(centres))]
        kind, count = draw(st.sampled_from(["equal", "band", "spread", "any"])), int(rng.integers(8, 15))
        if kind == "band":  # every eleventh bit: one band of the first dealing
            bits = (rng.integers(BANDS) + BANDS * rng.choice(23, count, replace=False)).tolist()
        elif kind == "spread":  # one bit in each band, as far as they go
            bits = [band + BANDS * int(rng.integers(23)) for band in rng.permutation(BANDS)[:count].tolist()]
        else:
            bits = rng.choice(256, count, replace=False).tolist() if kind == "any" else []
        rows.append(flipped(centre, [bit for bit in bits if bit < 256]))
    return np.stack(rows)


@settings(max_examples=150, deadline=None)
@given(adversarial(), st.sampled_from([0, 1, 9, 10, 11, 31]))
def test_pairs_are_those_of_comparing_everything(hashes: Hashes, distance: int) -> None:
    np.testing.assert_array_equal(near_pairs(hashes, distance=distance), brute_pairs(hashes, distance))


@settings(max_examples=50, deadline=None)
@given(adversarial(), st.integers(0, 40), st.sampled_from([0, 9, 10, 31]))
def test_matches_are_those_of_comparing_everything(hashes: Hashes, at: int, distance: int) -> None:
    left, right = hashes[:at], hashes[at:]
    np.testing.assert_array_equal(near_matches(left, right, distance=distance), brute_matches(left, right, distance))
    np.testing.assert_array_equal(near_matches(right, left, distance=distance), brute_matches(right, left, distance))


@settings(max_examples=50, deadline=None)
@given(adversarial(), st.integers(1, 5))
def test_bands_and_parts_together_give_every_pair_once(hashes: Hashes, parts: int) -> None:
    hashes = hashes[distinct(hashes).first]
    found = []
    for band in range(BANDS):
        part = parts_of_band(hashes, band, parts)
        for number in range(parts):
            rows = np.flatnonzero(part == number)
            found.append(rows[near_pairs_of_band(hashes[rows], band)])
    together = np.concatenate(found)
    np.testing.assert_array_equal(together[np.lexsort(together.T[::-1])], brute_pairs(hashes, 10))


def plain_ground(count: int, free_bytes: int, seed: int = 0) -> Hashes:
    """Hashes that differ in a few bytes only, as of small things on one plain ground."""
    rng = np.random.default_rng(seed)
    hashes = np.tile(rng.integers(0, 256, 32, dtype=np.uint8), (count, 1))
    hashes[:, :free_bytes] = rng.integers(0, 256, (count, free_bytes), dtype=np.uint8)
    return hashes


@pytest.mark.parametrize("free_bytes", [4, 8])
def test_large_buckets_are_split_and_nothing_is_missed(free_bytes: int) -> None:
    """Every hash shares most bands with every other: at each level the bucket is larger than 1,000."""
    hashes = plain_ground(2_200, free_bytes)
    np.testing.assert_array_equal(near_pairs(hashes), brute_pairs(hashes, 10))
    left, right = hashes[:1_500], hashes[1_500:]
    np.testing.assert_array_equal(near_matches(left, right), brute_matches(left, right, 10))


def test_a_large_bucket_with_one_side_only_gives_no_match() -> None:
    """Rows of one side alone in a large bucket are not joined among themselves."""
    crowd, far = plain_ground(2_000, 4), np.full((1, 32), 7, np.uint8)
    assert near_matches(far, crowd).shape == near_matches(crowd, far).shape == (0, 2)


def test_a_million_equal_hashes_are_one_row_to_the_join() -> None:
    """Against one near hash they are a million matches, and cost what a million rows cost to write."""
    many = np.zeros((1_000_000, 32), np.uint8)
    one = flipped(many[0], [3, 77, 200])[None]
    assert len(distinct(many).first) == 1
    matches = near_matches(many, one)
    np.testing.assert_array_equal(matches, np.stack([np.arange(1_000_000), np.zeros(1_000_000, np.int64)], axis=1))


def test_threads_change_nothing() -> None:
    hashes = plain_ground(1_500, 8, seed=3)
    np.testing.assert_array_equal(near_pairs(hashes, threads=2), near_pairs(hashes))


def test_equal_rows_are_grouped_by_their_first() -> None:
    rows = np.random.default_rng(5).integers(0, 256, (3, 32), dtype=np.uint8)[[2, 0, 2, 1, 0, 2]]
    groups = distinct(rows)
    assert groups.first.tolist() == [0, 1, 3]
    assert groups.group.tolist() == [0, 1, 0, 2, 1, 0]
    assert sorted(map(tuple, groups.pairs().tolist())) == [(0, 2), (0, 5), (1, 4), (2, 5)]


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one_row_have_no_pairs(count: int) -> None:
    hashes = np.zeros((count, 32), np.uint8)
    assert near_pairs(hashes).shape == (0, 2)
    assert near_pairs_of_band(hashes, 0).shape == (0, 2)
    assert near_matches(hashes, hashes).tolist() == [[0, 0]] * count


@pytest.mark.parametrize(
    ("hashes", "distance", "says"),
    [
        (np.zeros((2, 31), np.uint8), 10, "must be"),
        (np.zeros((2, 32), np.int64), 10, "must be"),
        (np.zeros((2, 32), np.uint8), 32, "from 0 to 31"),
        (np.zeros((2, 32), np.uint8), -1, "from 0 to 31"),
    ],
)
def test_what_is_no_hash_is_refused(hashes: Hashes, distance: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        near_pairs(hashes, distance=distance)
