"""Colour words against pixels."""

from dataclasses import replace

import numpy as np
import pytest

from thuja.captions.check.colour_terms import BASIC, are_near, may_be_one
from thuja.captions.check.colours import Colours, named_colours
from thuja.captions.check.finding import Pixels, Subject
from thuja.captions.check.palette import REGIONS, palette_of, to_lab
from thuja.captions.check.traits.lexicon import general

PAINTS = {
    "black": (10, 10, 10),
    "white": (250, 250, 250),
    "gray": (128, 128, 128),
    "brown": (110, 70, 35),
    "red": (200, 20, 25),
    "orange": (250, 140, 20),
    "yellow": (250, 225, 40),
    "green": (40, 150, 50),
    "blue": (40, 70, 200),
    "purple": (120, 40, 160),
    "pink": (245, 160, 185),
}


def painted(*names: str, side: int = 66) -> Pixels:
    """Stripes of plain paints."""
    rows = [np.tile(np.array(PAINTS[name], dtype=np.uint8), (side // len(names), side, 1)) for name in names]
    return np.concatenate(rows)


def test_lab_of_known_colours_is_the_published_one() -> None:
    """White, black and sRGB red, as in CIE 15 with D65."""
    lab = to_lab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], dtype=np.uint8))
    assert np.allclose(lab, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]], atol=0.1)


@pytest.mark.parametrize("name", BASIC)
def test_each_basic_colour_is_found_where_it_is_painted(name: str) -> None:
    other = "blue" if name in ("yellow", "orange", "brown", "red", "pink") else "yellow"
    assert palette_of(painted(name, other)).shares[name] >= 0.45


def test_a_colour_that_is_far_from_all_paints_is_absent(goldfinch: Subject) -> None:
    seen = replace(goldfinch, image=painted("yellow", "black", "white"))
    assert not Colours()("A yellow bird with black wings and a white rump", seen).is_fault
    found = Colours()("A yellow bird with red wings", seen)
    assert found.reason == "the picture shows nothing red"
    assert found.facts == {"claimed": ["yellow", "red"], "absent": ["red"], "is_decided": True}


def test_a_cast_of_light_hides_no_colour(goldfinch: Subject) -> None:
    cast = (painted("white", "red", "gray") * np.array([0.45, 0.75, 1.0])).astype(np.uint8)
    assert not Colours()("A red bird with white wings", replace(goldfinch, image=cast)).is_fault


def test_grey_and_dark_pictures_and_missing_ones_are_undecided(goldfinch: Subject) -> None:
    for image in (painted("gray", "white"), (painted("red", "blue") * 0.1).astype(np.uint8), None):
        found = Colours()("A red bird with blue wings", replace(goldfinch, image=image))
        assert (found.is_fault, found.facts["is_decided"]) == (False, False)


def test_colours_of_a_name_are_not_looked_for(goldfinch: Subject) -> None:
    jay = replace(goldfinch, names=("blue jay",), image=painted("yellow", "red"))
    assert not Colours()("A blue jay with yellow wings", jay).is_fault


def test_colour_words_are_read_with_their_neighbours() -> None:
    found = named_colours("Reddish-brown back, a coral bill and no green on a coral reef under a blue sky", general())
    assert set(found) == {"reddish brown", "coral", "blue"}
    assert found["reddish brown"] == {"red", "brown", "orange", "pink"}


def test_neighbouring_colours_may_be_one_and_far_ones_not() -> None:
    assert are_near("red", "red")
    assert are_near("orange", "red")
    assert not are_near("red", "green")
    assert may_be_one({"blue", "purple"}, {"pink"})
    assert not may_be_one({"blue"}, {"yellow", "red"})
    assert set(REGIONS) == set(BASIC)
