"""The second look at pairs whose hashes are near."""

import numpy as np
from PIL import Image
from tests.curate.duplicates.scenes import COPIES, scene

from thuja.curate.duplicates.confirming import same_pixels, same_vectors, thumbnail
from thuja.curate.duplicates.hashing import hash_bytes, hashes_of


def test_copies_are_confirmed() -> None:
    for number in range(5):
        image = scene(number)
        copies = np.stack([thumbnail(make(image)) for make in COPIES.values()])
        assert same_pixels(np.stack([thumbnail(image)] * len(copies)), copies).tolist() == [True] * len(copies)


def test_another_specimen_on_the_same_ground_is_not() -> None:
    """Their hashes are near, as PDQ hears the ground; the difference lies in one place."""
    ground = scene(11)
    left, right = ground.copy(), ground.copy()
    left.paste(scene(8, (24, 24)), (250, 150))
    right.paste(scene(9, (24, 24)), (250, 150))
    one, other = hash_bytes([hashes_of(left).pdq, hashes_of(right).pdq])
    assert np.bitwise_count(one ^ other).sum() <= 10
    assert same_pixels(thumbnail(left)[None], thumbnail(right)[None]).tolist() == [False]


def test_blank_images_and_other_images_are_not_copies() -> None:
    blank = thumbnail(Image.new("RGB", (90, 90), "white"))
    looks = np.stack([blank, thumbnail(scene(1)), thumbnail(scene(2))])
    assert same_pixels(looks, looks[[0, 2, 1]]).tolist() == [False] * 3


def test_many_pairs_are_looked_at_in_pieces() -> None:
    one, other = thumbnail(scene(1)), thumbnail(scene(2))
    left, right = np.stack([one] * 2_500), np.stack([one, other] * 1_250)
    assert same_pixels(left, right).tolist() == [True, False] * 1_250
    assert same_pixels(left[:0], right[:0]).tolist() == []


def test_vectors_are_the_same_from_the_cosine_on() -> None:
    left = np.array([[1, 0], [1, 0], [0, 0], [2, 0]], np.float32)
    right = np.array([[5, 0], [1, 1], [0, 0], [0.8, 0.6]], np.float32)
    assert same_vectors(left, right, 0.75).tolist() == [True, False, False, True]
