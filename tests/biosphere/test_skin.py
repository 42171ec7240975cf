"""The skin: both colours in equal areas, and a texture on the coat alone."""

import numpy as np
import pytest
from tests.biosphere.bodies_drawn import X, Y, flatten, plain_looks, random_looks, skin_of, specimen_of

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.shapes import Tone
from thuja.biosphere.skin import paint
from thuja.biosphere.traits import PATTERNS, TRAITS


def ratio(looks):
    """The area of colour 1 by that of colour 2."""
    flat = flatten(looks)
    share = skin_of(looks, flat).share[(flat.tones > 0) & (flat.tones < Tone.PUPIL)]
    return (1 - share).sum() / share.sum()


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("texture", TRAITS["texture"].states)
def test_both_colours_cover_half_of_a_specimen(pattern, texture):
    """Else the mean colour of a picture would tell the species to a linear model."""
    for plan in ("bird", "serpent", "moth", "coral"):
        assert 0.9 < ratio(plain_looks(plan, pattern=pattern, texture=texture)) < 1.1


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_both_colours_cover_half_of_every_body_plan(plan):
    generator = np.random.default_rng(0)
    assert all(0.75 < ratio(random_looks(plan, generator)) < 1.33 for _ in range(12))


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_black_and_white_stay_small(plan):
    tones = flatten(plain_looks(plan)).tones
    assert (tones >= Tone.PUPIL).sum() < 0.03 * (tones > 0).sum()


@pytest.mark.parametrize("texture", TRAITS["texture"].states)
def test_a_texture_rises_on_the_coat_alone(texture):
    looks = plain_looks("fish", texture=texture)
    flat = flatten(looks)
    relief = skin_of(looks, flat).relief
    assert (relief is None) == (texture == "smooth")
    if relief is not None:
        assert relief.dtype == np.float32
        assert (relief[flat.tones != Tone.COAT] == 0).all()
        assert 0.01 < relief[flat.tones == Tone.COAT].std() < 0.1


def test_a_skin_depends_on_looks_and_coat_seed_alone():
    looks = plain_looks("bird", texture="scaly")
    flat = flatten(looks)
    first, second = skin_of(looks, flat), skin_of(looks, flat)
    np.testing.assert_array_equal(first.share, second.share)
    np.testing.assert_array_equal(first.relief, second.relief)
    assert ((first.share >= 0) & (first.share <= 1)).all()


def test_the_skin_of_what_is_in_the_frame_knows_nothing_of_the_rest():
    """A long mouth takes colour from the coat elsewhere: a near view of the tail must not tell of it."""
    rear = X < -0.1
    shares = []
    for length in (0.0, 1.0):
        looks = plain_looks("fish", mouth_length=length)
        tones = np.where(rear, flatten(looks).tones, np.uint8(0))
        shares.append(paint(specimen_of(looks), tones, (X, Y)).share)
    np.testing.assert_array_equal(*shares)


def test_nothing_in_the_frame_is_no_failure():
    looks = plain_looks("fish", texture="warty")
    skin = paint(specimen_of(looks), np.zeros_like(X, dtype=np.uint8), (X, Y))
    assert (skin.share == 0).all()
    assert skin.relief is not None
    assert (skin.relief == 0).all()
