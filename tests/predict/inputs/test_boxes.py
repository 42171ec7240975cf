"""Boxes: pixels or shares, clipped, and what a hostile table holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from thuja.encode.tables import Flaw
from thuja.errors import ImageError, UsageError
from thuja.predict.inputs.boxes import Box, box_in


def image_of(width: int, height: int) -> Image.Image:
    """Each pixel says where it is: its column in red, its row in green."""
    rows, columns = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([columns, rows, 0 * rows], axis=2).astype(np.uint8))


def test_a_box_of_shares_and_the_same_in_pixels_cut_out_the_same():
    image = image_of(40, 20)
    shares, pixels = Box.of((0.25, 0.5, 0.5, 0.25)), Box.of((10, 10, 20, 5))
    assert (shares.is_relative, pixels.is_relative) == (True, False)
    cuts = [np.asarray(box.cut(image)) for box in (shares, pixels)]
    assert cuts[0].tolist() == cuts[1].tolist()
    assert (cuts[0][0, 0].tolist(), cuts[0][-1, -1].tolist()) == ([10, 10, 0], [29, 14, 0])
    assert shares.shares(None) == pixels.shares((40, 20)) == "0.25,0.5,0.5,0.25"


def test_a_box_over_the_border_is_clipped_and_one_beyond_it_is_an_error():
    image = image_of(40, 20)
    assert Box.of((30, -5, 20, 10)).cut(image).size == (10, 5)
    assert Box.of((30, -5, 20, 10)).shares((40, 20)) == "0.75,0,0.25,0.25"
    with pytest.raises(ImageError, match="outside"):
        Box.of((50, 0, 10, 10)).cut(image)


def test_the_share_of_a_box_in_pixels_is_not_known_without_the_image():
    assert Box.of((10, 10, 20, 5)).shares(None) == ""


@given(st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(2, 30)] * 2))
@settings(max_examples=25)
def test_shares_cut_out_what_the_pixels_did(sides):
    """Told in shares and read again, a box is the same pixels, to the rounding of six digits."""
    image = image_of(64, 64)
    box = Box.of(sides)
    again = Box.of(tuple(map(float, box.shares(image.size).split(","))))
    assert np.array_equal(np.asarray(box.cut(image)), np.asarray(again.cut(image)))


@pytest.mark.parametrize(
    "cells",
    [
        {"bbox": "10,20,30,40"},
        {"bbox": "[10, 20, 30, 40]"},
        {"bbox": [10, 20, 30, 40]},
        {"bbox": {"x": 10, "y": 20, "w": 30, "h": 40}},
    ],
)
def test_one_column_holds_a_box_in_any_of_four_ways(cells):
    assert box_in(cells, ["bbox"]) == Box(x=10, y=20, width=30, height=40, is_relative=False)


def test_four_columns_hold_a_box_and_empty_ones_none():
    columns = ("x", "y", "width", "height")
    assert box_in(dict(zip(columns, ("1", 2, 3.5, "4"), strict=True)), columns) == Box.of((1, 2, 3.5, 4))
    assert box_in(dict.fromkeys(columns), columns) is None
    assert box_in(dict.fromkeys(columns, ""), columns) is None


@pytest.mark.parametrize(
    "value",
    ["1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,0,4", "1,2,-3,4", "nan,0,1,1", "inf,0,1,1", "[1, 2", '["x"]', "[[1]]", 7],
)  # fmt: skip
def test_what_is_no_box_is_a_flaw_with_its_words(value):
    flaw = box_in({"bbox": value}, ["bbox"])
    assert isinstance(flaw, Flaw)
    assert flaw.reason == "broken_box"
    assert str(value)[:80] in flaw.message


def test_a_box_without_an_extent_is_refused():
    with pytest.raises(UsageError, match="above zero"):
        Box.of((0, 0, 0, 1))


def test_a_cell_of_brackets_without_end_is_a_row_with_an_error():
    """A table of a stranger stopped the run with a traceback."""
    assert isinstance(box_in({"bbox": "[" * 100_000}, ["bbox"]), Flaw)
