"""Small, blurred and near-blank images."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageFilter

from thuja.curate.filters.measures import contrast_of, measures_of, sharpness_of
from thuja.curate.filters.quality import QualitySettings, quality_reasons, quality_step
from thuja.errors import UsageError


def noise(width: int = 300, height: int = 200) -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_blur_lowers_sharpness_and_not_contrast_of_large_shapes() -> None:
    halves = Image.new("L", (400, 400), 20)
    halves.paste(220, (200, 0, 400, 400))
    blurred = halves.filter(ImageFilter.GaussianBlur(12))
    assert sharpness_of(blurred) < sharpness_of(halves) / 20
    assert contrast_of(blurred) == pytest.approx(contrast_of(halves), abs=2)


def test_an_image_of_one_colour_has_neither() -> None:
    found = measures_of(Image.new("RGB", (50, 40), (7, 120, 9)))
    assert (found.sharpness, found.contrast) == (0, 0)


def test_the_laplacian_of_one_bright_pixel_is_known() -> None:
    """Of 3 x 3 inner pixels with one of 10 in the middle: -40, four of 10, four of 0; mean 0."""
    pixels = np.zeros((5, 5), np.uint8)
    pixels[2, 2] = 10
    assert sharpness_of(Image.fromarray(pixels)) == pytest.approx((1600 + 4 * 100) / 9)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2), (3, 3)])
def test_a_thin_image_is_measured_too(size: tuple[int, int]) -> None:
    found = measures_of(Image.new("RGB", size, "white"))
    assert (found.sharpness, found.contrast) == (0, 0)


def test_measures_do_not_hang_on_the_size_that_an_image_is_stored_in() -> None:
    small = noise(224, 150).filter(ImageFilter.GaussianBlur(3))
    large = small.resize((1120, 750), Image.Resampling.BICUBIC)
    assert sharpness_of(large) == pytest.approx(sharpness_of(small), rel=0.25)


def test_each_threshold_drops_what_lies_under_it(batch: Callable[..., pl.DataFrame]) -> None:
    sharp = {"width": 500, "height": 300, "sharpness": 50.0, "contrast": 100.0}
    rows = batch(
        sharp, sharp | {"height": 223}, sharp | {"height": 224}, sharp | {"sharpness": 7.9}, sharp | {"contrast": 3.0}
    )
    found = quality_reasons(rows, QualitySettings(min_sharpness=8, min_contrast=12)).to_list()
    assert found == [None, "too_small", None, "blurred", "near_blank"]
    assert quality_reasons(rows, QualitySettings(min_side=0)).to_list() == [None] * 5


def test_what_was_not_measured_stays(batch: Callable[..., pl.DataFrame]) -> None:
    assert quality_reasons(batch({}), QualitySettings(min_sharpness=8, min_contrast=12)).to_list() == [None]


def test_the_step_says_who_dropped_a_row(run: Callable[..., dict[str, dict[str, Any]]]) -> None:
    done = run(quality_step(QualitySettings()), [{"width": 10, "height": 10}, {"width": 300, "height": 300}])
    assert (done["u0"]["drop_reason"], done["u0"]["dropped_by"]) == ("too_small", "quality")
    assert done["u1"]["drop_reason"] is None


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_a_threshold_below_nothing_is_refused(value: float) -> None:
    with pytest.raises(UsageError, match="min_sharpness"):
        QualitySettings(min_sharpness=value)
