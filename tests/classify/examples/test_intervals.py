import numpy as np
import pytest

from thuja.classify.examples.intervals import share_of
from thuja.errors import EmptyInput


def test_independent_images_have_wilsons_interval():
    """90 of 100: 0.8256 to 0.9448, as in Wilson's formula; each image is a group of its own."""
    share = share_of([True] * 90 + [False] * 10, np.arange(100))
    assert (share.value, share.images, share.groups) == (0.9, 100, 100)
    assert share.low == pytest.approx(0.8256, abs=0.002)
    assert share.high == pytest.approx(0.9448, abs=0.002)


def test_copies_of_an_image_do_not_narrow_the_interval():
    once = share_of([True] * 15 + [False] * 5, np.arange(20))
    many = share_of(np.repeat([True] * 15 + [False] * 5, 50), np.repeat(np.arange(20), 50))
    assert (many.low, many.high) == pytest.approx((once.low, once.high), abs=1e-3)
    assert many.images == 1000


def test_all_right_on_few_observations_is_far_from_sure():
    share = share_of([True] * 300, np.repeat([0, 1, 2], 100))
    assert share.high == 1
    assert share.low < 0.5


def test_the_interval_holds_the_true_share_19_times_of_20():
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(400):
        chances = generator.beta(4, 2, size=40)  # observations differ, images of one are alike
        groups = np.repeat(np.arange(40), 5)
        share = share_of(generator.random(200) < chances[groups], groups)
        inside += share.low <= 4 / 6 <= share.high
    assert 0.92 <= inside / 400 <= 0.98


def test_no_image_is_refused():
    with pytest.raises(EmptyInput, match="no image"):
        share_of([], [])
