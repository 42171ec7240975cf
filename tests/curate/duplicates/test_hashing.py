"""Hashes of images: equal for equal pixels, near for copies, turned for turned ones."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.curate.duplicates.scenes import COPIES, scene

from thuja.curate.duplicates import dihedral_hashes, hashes_of
from thuja.curate.duplicates.hashing import hash_bytes


def distance(one: Image.Image, other: Image.Image) -> int:
    left, right = hash_bytes([hashes_of(one).pdq, hashes_of(other).pdq])
    return int(np.bitwise_count(left ^ right).sum())


@pytest.mark.parametrize("copy", COPIES)
def test_copies_lie_within_ten_bits(copy: str) -> None:
    for number in range(5):
        assert distance(scene(number), COPIES[copy](scene(number))) <= 10


def test_other_images_lie_far_apart() -> None:
    assert min(distance(scene(number), scene(number + 1)) for number in range(10)) > 60


def test_pixel_hashes_are_of_pixels_and_size() -> None:
    image = scene(1)
    data = io.BytesIO()
    image.save(data, "PNG")
    assert hashes_of(Image.open(data).convert("RGB")).pixel_hash == hashes_of(image).pixel_hash
    assert len(hashes_of(image).pixel_hash) == 32
    flat = [hashes_of(Image.new("RGB", size, "red")).pixel_hash for size in ((20, 30), (30, 20))]
    assert flat[0] != flat[1]  # the same bytes in another shape
    image.putpixel((0, 0), (1, 2, 3))
    assert hashes_of(image).pixel_hash != hashes_of(scene(1)).pixel_hash


def test_a_plain_ground_has_no_quality() -> None:
    assert hashes_of(Image.new("RGB", (300, 200), "white")).pdq_quality == 0
    assert hashes_of(scene(2)).pdq_quality >= 50


@pytest.mark.parametrize("turn", list(Image.Transpose))
def test_a_turned_copy_is_found_among_the_eight(turn: Image.Transpose) -> None:
    image = scene(3)
    eight, quality = dihedral_hashes(image)
    turned = hash_bytes([hashes_of(image.transpose(turn)).pdq])
    distances = np.bitwise_count(eight ^ turned).sum(axis=1)
    assert eight.shape == (8, 32)
    assert distances.min() <= 10 < distances[0]
    assert quality == hashes_of(image).pdq_quality


def test_the_first_of_the_eight_is_the_image_as_it_stands() -> None:
    image = scene(4)
    np.testing.assert_array_equal(dihedral_hashes(image)[0][0], hash_bytes([hashes_of(image).pdq])[0])


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_the_smallest_images_have_hashes(size: tuple[int, int]) -> None:
    found = hashes_of(Image.new("RGB", size, "green"))
    assert (len(found.pdq), found.pdq_quality) == (64, 0)
