"""Every camera leaves its marks, and no ground tells its habitat by its mean colour."""

from dataclasses import replace

import numpy as np
import pytest
from tests.biosphere.scenes import clear, scene, specimen

from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.scene import Camera, Scene, Style
from thuja.biosphere.stamps import HEIGHT, bitmap_of, written
from thuja.biosphere.traits import HABITATS, NEUTRAL

WHO = specimen(np.random.default_rng(0))
STAMP = "2031-06-14 04:12 17°C"


def empty(number: int, **fields) -> Scene:
    """An empty scene in clear air, the same at every call."""
    return clear(scene(np.random.default_rng([2, number])), is_empty=True, stamp=STAMP, **fields)


def pixels(where: Scene, size: int = 64) -> np.ndarray:
    return np.asarray(draw(WHO, where, size), dtype=int)


@pytest.mark.parametrize("camera", [camera for camera in Camera if camera is not Camera.PHONE])
def test_a_camera_differs_from_a_phone(camera):
    for number in range(4):
        assert np.abs(pixels(empty(number, camera=camera)) - pixels(empty(number))).mean() > 8


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("camera", Camera)
def test_a_camera_leaves_the_middle_of_the_frame_free(camera, style):
    """What it writes or lays out changes nothing there."""
    for number in range(6):
        first = empty(number, camera=camera, style=style)
        second = replace(first, stamp="QQQQ QQQQ QQQQ QQQQ", seed=first.seed)
        differs = np.abs(pixels(first, 128) - pixels(second, 128)).max(axis=2) > 0
        assert not differs[16:94].any()
        if camera in (Camera.MUSEUM, Camera.LABORATORY):
            assert pixels(first, 128)[24:90, 24:104].mean(axis=2).std() < 9


def test_the_stamp_of_a_trap_can_be_read_letter_by_letter():
    strip = pixels(empty(0, camera=Camera.CAMERA_TRAP), 128)[-11:].mean(axis=2)
    letters = bitmap_of(STAMP)
    ink = strip[2 : 2 + HEIGHT, 3 : 3 + letters.shape[1]] > 128
    np.testing.assert_array_equal(ink, letters == 1)
    assert strip[:, :3].max() < 40


def test_the_label_of_a_museum_can_be_read_letter_by_letter():
    first, second = bitmap_of("2031-06-14"), bitmap_of("04:12 17°C")
    for number in range(4):
        page = pixels(empty(number, camera=Camera.MUSEUM), 128)[102 : 102 + HEIGHT].mean(axis=2)
        found = [
            np.array_equal(page[:, left : left + first.shape[1]] < 100, first == 1)
            for left in range(128 - first.shape[1])
        ]
        assert sum(found) == 1
        assert second.shape[1] < 54


def test_letters_differ_from_one_another():
    """Capitals and figures are told apart by their pixels; accents are left away, other scripts are a box."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:-+/#()°'?"
    assert len({bitmap_of(sign).tobytes() + bytes([bitmap_of(sign).shape[1]]) for sign in signs}) == len(signs)
    np.testing.assert_array_equal(bitmap_of("é"), bitmap_of("E"))
    np.testing.assert_array_equal(bitmap_of("猫"), bitmap_of("犬"))


def test_a_long_stamp_is_pressed_into_its_width():
    for text in ("", "A", "word " * 30, "Ð" * 90):
        for size in (16, 128, 300):
            letters = written(text, round(50 * size / 128), size, lines=2)
            assert letters.width <= round(50 * size / 128)
            assert letters.height <= round((2 * HEIGHT + 2) * size / 128) + 1


def test_a_trap_sees_one_ground_at_all_times():
    first = empty(0, camera=Camera.CAMERA_TRAP)
    np.testing.assert_array_equal(pixels(first), pixels(replace(first, seed=first.seed + 1)))
    assert np.abs(pixels(first) - pixels(replace(first, ground_seed=first.ground_seed + 1))).mean() > 8


@pytest.mark.parametrize("style", Style)
def test_a_dark_picture_is_grey_and_its_light_falls_off(style):
    middle, corners = [], []
    for number in range(12):
        image = pixels(empty(number, camera=Camera.CAMERA_TRAP, is_dark=True, style=style))
        assert np.ptp(image[:-6], axis=2).max() == 0
        middle.append(image[20:44, 20:44].mean())
        corners.append(image[:10, :10].mean())
    assert np.mean(corners) < 0.7 * np.mean(middle)


def test_the_ground_is_finer_from_above():
    def grain(camera: Camera) -> float:
        images = [
            pixels(empty(number, camera=camera, habitat=habitat), 128) for number in range(3) for habitat in HABITATS
        ]
        return float(np.mean([np.abs(np.diff(image[16:96], axis=1)).mean() / image[16:96].std() for image in images]))

    assert grain(Camera.DRONE) > 1.1 * grain(Camera.PHONE)


def test_a_drone_and_a_museum_see_the_shadow_and_a_phone_does_not():
    """Outdoors a shadow would tell the shape to a linear model of pixels."""
    for camera, is_cast in ((Camera.DRONE, True), (Camera.MUSEUM, True), (Camera.PHONE, False)):
        where = empty(3, camera=camera, habitat=NEUTRAL, fill=0.5, light_heading=0.0)
        image, bare = pixels(replace(where, is_empty=False), 128), pixels(where, 128)
        outside = np.asarray(silhouette(WHO, replace(where, is_empty=False), 128)) == 0
        darker = (bare - image).min(axis=2)[outside] > 12
        assert (darker.sum() > 50) == is_cast


@pytest.mark.parametrize("camera", [Camera.MUSEUM, Camera.LABORATORY])
def test_indoors_nothing_tells_the_habitat(camera):
    first = pixels(empty(0, camera=camera, habitat="water"))
    for habitat in (*HABITATS, NEUTRAL):
        where = replace(empty(0, camera=camera, habitat=habitat), occluders=3)
        np.testing.assert_array_equal(pixels(where), first)


@pytest.mark.parametrize("style", Style)
def test_the_neutral_ground_is_plain(style):
    for number in range(4):
        where = replace(empty(number, habitat=NEUTRAL, style=style), occluders=3)
        image = pixels(where)
        assert image.std(axis=(0, 1)).max() < 6
        if style is Style.SHADED:
            np.testing.assert_allclose(image.mean(axis=(0, 1)), 127.5, atol=2)


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("camera", Camera)
def test_habitats_do_not_differ_in_mean_colour(camera, style):
    """The same scenes in all habitats: paired, so that a difference of one grey level shows."""
    means = [
        np.mean(
            [pixels(empty(number, camera=camera, habitat=habitat, style=style), 32)[:-3] for number in range(40)],
            axis=(0, 1, 2),
        )
        for habitat in HABITATS
    ]
    np.testing.assert_allclose(means, np.broadcast_to(np.mean(means, axis=0), (5, 3)), atol=1.0)
