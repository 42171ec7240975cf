"""The second renderer: the same specimens in ink on paper."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageFilter
from tests.biosphere.scenes import clear, scene, specimen

from thuja.biosphere.draw import draw, silhouette
from thuja.biosphere.scene import Scene, Specimen, Style
from thuja.biosphere.traits import HABITATS, PATTERNS, View


def seen(number: int, plan: str | None = None, **fields) -> tuple[Specimen, Scene]:
    generator = np.random.default_rng([3, number])
    who = specimen(generator, plan)
    return who, clear(scene(generator, style=Style.HATCHED, fill=0.8), **fields)


def greys(who: Specimen, where: Scene, size: int = 128) -> np.ndarray:
    return np.asarray(draw(who, where, size).convert("L"), dtype=int)


def test_the_outline_is_a_dark_line_all_around():
    """Along the edge of the silhouette nearly every pixel has ink close by."""
    for number in range(6):
        who, where = seen(number)
        shape = silhouette(who, where, 128)
        solid = shape.point([0] * 128 + [255] * 128)
        rim = np.asarray(solid) > np.asarray(solid.filter(ImageFilter.MinFilter(3)))
        near = np.asarray(draw(who, where, 128).convert("L").filter(ImageFilter.MinFilter(3)))
        assert (near[rim] < 110).mean() > 0.95


def test_ink_has_hard_edges_and_takes_no_blur():
    who, where = seen(0)
    np.testing.assert_array_equal(greys(who, replace(where, blur=1.0)), greys(who, where))
    body = np.asarray(silhouette(who, where, 128)) == 255

    def steps(style: Style) -> float:
        across = np.abs(np.diff(greys(who, replace(where, style=style)), axis=1))
        return float((across[body[:, 1:]] > 60).mean())

    assert steps(Style.HATCHED) > 1.6 * steps(Style.SHADED)


def test_both_styles_show_the_same_silhouette():
    for number, view in enumerate(View):
        who, where = seen(number, view=view)
        shaded = replace(where, style=Style.SHADED)
        np.testing.assert_array_equal(np.asarray(silhouette(who, where, 64)), np.asarray(silhouette(who, shaded, 64)))


def test_ink_and_wash_keep_the_hue():
    """The mean colour of what is drawn in one colour leans to that colour."""
    for hue in (0.0, 0.8):
        who, where = seen(1, "beetle")
        who = replace(who, looks=replace(who.looks, hue=hue, chroma=1.0, lightness=0.5))
        image = np.asarray(draw(who, where, 128), dtype=float)
        image -= image.mean(axis=2, keepdims=True)
        leaning = np.abs(image[np.asarray(silhouette(who, where, 128)) == 255])
        # Red and cyan differ in the first band, green and magenta in the second.
        assert leaning.mean(axis=0).argmax() == (0 if hue == 0 else 1)


def test_patterns_can_be_told_apart():
    who, where = seen(2, "beetle")
    drawn = [greys(replace(who, looks=replace(who.looks, pattern=pattern)), where, 64) for pattern in PATTERNS]
    for number, first in enumerate(drawn):
        for second in drawn[number + 1 :]:
            assert (np.abs(first - second) > 24).mean() > 0.008


@pytest.mark.parametrize("habitat", HABITATS)
def test_the_ground_is_sparse_lines_on_paper(habitat):
    inked = []
    for number in range(12):
        who, where = seen(number, habitat=habitat, is_empty=True)
        image = greys(who, where)
        inked.append((image < np.median(image) - 25).mean())
    assert 0.01 < np.mean(inked) < 0.25


def test_the_style_shares_no_look_with_the_other():
    """A hatched picture is far paler than a shaded one: most of it is paper."""
    for number in range(6):
        who, where = seen(number)
        assert np.median(greys(who, where)) > 170
