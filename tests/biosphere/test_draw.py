"""The renderer: what it draws of a specimen, in every view and size, in sickness and in health."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter
from tests.biosphere.scenes import clear, scene, specimen

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.scene import Ailments, Camera, Scene, Specimen, Style
from thuja.biosphere.traits import PATTERNS, TRAITS, Region, View
from thuja.errors import UsageError


def seen(number: int, plan: str | None = None, **fields) -> tuple[Specimen, Scene]:
    """Picture number `number`, the same at every call."""
    generator = np.random.default_rng([1, number])
    return specimen(generator, plan), scene(generator, **fields)


def pixels(specimen: Specimen, scene: Scene, size: int = 64) -> np.ndarray:
    return np.asarray(draw(specimen, scene, size), dtype=int)


def changed(first: np.ndarray, second: np.ndarray, by: int = 8) -> np.ndarray:
    """Where two pictures differ by more than `by` grey levels in some band."""
    return np.abs(first - second).max(axis=2) > by


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("camera", Camera)
def test_the_same_specimen_and_scene_give_the_same_pixels(camera, style):
    drawn = seen(0, camera=camera, style=style, stamp="A 1")
    np.testing.assert_array_equal(pixels(*drawn), pixels(*drawn))


def test_pictures_differ():
    assert np.abs(pixels(*seen(0)) - pixels(*seen(1))).mean() > 20


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("camera", Camera)
@pytest.mark.parametrize("size", [16, 33, 128, 200])
def test_a_picture_has_the_size_asked_for(size, camera, style):
    image = draw(*seen(0, camera=camera, style=style, stamp="2031-06-14 04:12"), size)
    assert (image.size, image.mode) == ((size, size), "RGB")
    assert silhouette(*seen(0, camera=camera), size).size == (size, size)


@pytest.mark.parametrize("size", [8, 100_000])
def test_a_size_that_cannot_be_drawn_is_refused(size):
    for drawing in (draw, silhouette):
        with pytest.raises(UsageError, match=f"{size} pixels"):
            drawing(*seen(0), size)


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("camera", Camera)
def test_a_picture_looks_the_same_at_another_size(camera, style):
    """The ground's grain is finer in a larger picture; all else, and its place, is the same."""
    for number in range(6):
        who, where = seen(number, camera=camera, style=style, stamp="A 12")
        plain = replace(where, noise=0.0, blur=0.0, ground_contrast=0.0)
        large = draw(who, plain, 192).resize((64, 64))
        # Hatching is as fine as the pixels of the small one.
        allowed = 16 if style is Style.SHADED else 24
        assert np.abs(np.asarray(large, dtype=int) - pixels(who, plain, 64)).mean() < allowed
        shape = np.asarray(silhouette(who, plain, 192).resize((64, 64)), dtype=int)
        assert np.abs(shape - np.asarray(silhouette(who, plain, 64))).mean() < 12


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_a_whole_body_lies_in_the_frame_and_fills_its_share(plan):
    for number in range(12):
        who, where = seen(number, plan, camera=list(Camera)[number % 5], angle=30.0 * number)
        shape = np.asarray(silhouette(who, replace(where, place=(0.5, 0.5)), 128))
        assert not shape[[0, -1]].any()
        assert not shape[:, [0, -1]].any()
        rows, columns = np.flatnonzero(shape.any(axis=1)), np.flatnonzero(shape.any(axis=0))
        length = max(np.ptp(rows), np.ptp(columns)) + 1
        assert where.fill * 128 - 3 <= length <= where.fill * 128 + 3 or where.camera is Camera.CAMERA_TRAP
        small = np.asarray(silhouette(who, replace(where, view=View.DISTANT, fill=0.2), 128)) > 0
        assert 0 < small.mean() < 0.04 + 0.01


def test_a_trap_keeps_whole_bodies_above_its_strip():
    for number in range(20):
        who, where = seen(number, camera=Camera.CAMERA_TRAP, fill=0.92, place=(0.5, 1.0))
        assert not np.asarray(silhouette(who, where, 128))[-11:].any()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_both_colours_cover_half_of_the_specimen(pattern):
    """Else the mean colour of a picture would tell the species to a linear model."""
    for number, plan in enumerate(("bird", "fish", "snail", "beetle")):
        who, where = seen(number, plan)
        looks = replace(who.looks, pattern=pattern, hue=0.0, chroma=1.0, lightness=0.5)
        where = clear(where, ground_saturation=0.0, ground_contrast=0.0, light_strength=0.0)
        image = pixels(replace(who, looks=looks), where, 128)
        red = (image[..., 0] - image[..., 2] > 100).sum()
        cyan = (image[..., 2] - image[..., 0] > 100).sum()
        assert 0.75 < red / cyan < 1.33


@pytest.mark.slow
@pytest.mark.parametrize("plan", sorted(PLANS))
@pytest.mark.parametrize(("view", "hidden"), [(View.FRONT, Region.REAR), (View.REAR, Region.FRONT)])
def test_a_near_view_shows_nothing_of_the_other_end(plan, view, hidden):
    """Not one pixel changes with any trait that sits there, at any angle."""
    traits = [trait for trait in TRAITS.values() if trait.region is hidden]
    for number in range(3):
        who, where = seen(number, plan, view=view, angle=45.0 + 90 * number, foreshortening=0.7 + 0.15 * number)
        plain = pixels(who, where, 48)
        for trait in traits:
            for value in trait.states or (0.0, 1.0):
                other = replace(who, looks=replace(who.looks, **{trait.name: value}))
                np.testing.assert_array_equal(pixels(other, where, 48), plain, err_msg=f"{trait.name} {value}")


@pytest.mark.parametrize("plan", sorted(PLANS))
@pytest.mark.parametrize("view", [View.FRONT, View.REAR])
def test_a_near_view_is_nearer_than_a_whole_one(plan, view):
    """It shows a part of the body larger, and the body runs out of the frame."""
    for number in range(4):
        shape = np.asarray(silhouette(*seen(number, plan, view=view), 64)) > 0
        assert shape.mean() > 0.08
        assert shape[[0, -1]].any() or shape[:, [0, -1]].any()


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("camera", [Camera.PHONE, Camera.CAMERA_TRAP])
def test_the_specimen_is_drawn_where_its_silhouette_is_and_nowhere_else(camera, style):
    for number in range(8):
        who, where = seen(number, camera=camera, style=style)
        image, empty = pixels(who, clear(where)), pixels(who, clear(where, is_empty=True))
        shape = np.asarray(silhouette(who, where, 64), dtype=int)
        assert not changed(image, empty, 0)[shape == 0].any()
        assert changed(image, empty)[shape == 255].mean() > 0.8


@pytest.mark.parametrize("camera", Camera)
def test_an_empty_frame_shows_nothing_of_the_specimen(camera):
    where = seen(0, camera=camera, is_empty=True)[1]
    first, second = specimen(np.random.default_rng(1)), specimen(np.random.default_rng(2))
    np.testing.assert_array_equal(pixels(first, where), pixels(second, where))
    assert not np.asarray(silhouette(first, where, 64)).any()
    full = replace(where, is_empty=False)
    assert changed(pixels(first, full), pixels(first, where)).mean() > 0.03


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("kind", ["lesions", "parasites", "wear"])
def test_an_ailment_shows_the_more_the_worse_it_is(kind, style):
    """More pixels differ from the healthy specimen; at the worst it strikes the eye."""
    shares = []
    for number in range(10):
        who, where = seen(number, style=style)
        where = clear(where, fill=0.8)
        healthy = pixels(who, where, 128)
        body = np.asarray(silhouette(who, where, 128)) > 0
        ill = [replace(who, ailments=Ailments(**{kind: severity})) for severity in (0.0, 0.3, 0.6, 1.0)]
        shares.append([changed(pixels(one, where, 128), healthy, 24).sum() / body.sum() for one in ill])
    none, mild, middling, worst = np.mean(shares, axis=0)
    assert none == 0
    assert 0.005 < mild < middling < worst
    assert worst > 0.08
    assert np.min(shares, axis=0)[3] > 0.01


def test_parasites_stick_out_of_the_outline_and_wear_bites_into_it():
    gained, lost = 0, 0
    for number in range(10):
        who, where = seen(number)
        shape = np.asarray(silhouette(who, where, 64)) > 127
        infested = replace(who, ailments=Ailments(parasites=1.0))
        worn = replace(who, ailments=Ailments(wear=1.0))
        gained += int(((np.asarray(silhouette(infested, where, 64)) > 127) & ~shape).sum())
        lost += int((shape & ~(np.asarray(silhouette(worn, where, 64)) > 127)).sum())
        assert not ((np.asarray(silhouette(worn, where, 64)) > 127) & ~shape).any()
    assert gained > 100
    assert lost > 100


def test_wear_fades_colours_towards_grey():
    who, where = seen(2)
    who = replace(who, looks=replace(who.looks, chroma=1.0))
    body = np.asarray(silhouette(who, where, 64).filter(ImageFilter.MinFilter(3))) == 255

    def colourfulness(specimen: Specimen) -> float:
        return float(np.ptp(pixels(specimen, clear(where)), axis=2)[body].mean())

    assert colourfulness(replace(who, ailments=Ailments(wear=1.0))) < 0.75 * colourfulness(who)


def test_the_other_form_wears_the_two_colours_the_other_way_round():
    """So that over both forms every part of a body has the same grey mean."""
    for number in range(6):
        who, where = seen(number)
        where = clear(where, light_strength=0.0)
        body = np.asarray(silhouette(who, where, 64)) == 255
        both = pixels(who, where) + pixels(replace(who, is_reversed=not who.is_reversed), where)
        # Eyes are black and white in both.
        assert (np.abs(both[body] - 255).max(axis=1) < 8).mean() > 0.93


def test_a_silhouette_is_black_and_white():
    shape = silhouette(*seen(0), 128)
    assert shape.mode == "L"
    assert isinstance(shape, Image.Image)
    greys = np.asarray(shape)
    assert ((greys == 0) | (greys == 255)).mean() > 0.9
