"""The papers' figure on spaces whose span of species and variation within are known."""

import re

import numpy as np
import pytest

from thuja.analyze.maps import species_axes, species_axes_figure
from thuja.errors import ThujaError

SPECIES = ["Corvus corax", "Corvus corone", "Pica pica", "Larus fuscus"]


def made(*, shift, noise=0.0, images=3):
    """Four species in the first three of ten dimensions, their juveniles moved by `shift` from the adults."""
    centres = np.zeros((4, 10))
    centres[:, :3] = [[4, 0, 0], [-4, 0, 0], [0, 3, 1], [0, -3, 1]]
    vectors, species, variants = [], [], []
    generator = np.random.default_rng(0)
    for name, centre in zip(SPECIES, centres, strict=True):
        for variant in ("adult", "juvenile"):
            for _ in range(images):
                vectors.append(centre + np.array(shift) * (variant == "juvenile") + noise * generator.normal(size=10))
                species.append(name)
                variants.append(variant)
    return np.array(vectors), species, variants


OUTSIDE = np.eye(10)[7] * 2
INSIDE = np.eye(10)[0] * 2


def test_variation_outside_the_span_is_the_third_axis_and_none_of_it_lies_inside():
    axes = species_axes(*made(shift=OUTSIDE))
    np.testing.assert_allclose(axes.directions[:, 2], np.eye(10)[7], atol=1e-12)
    np.testing.assert_allclose(axes.directions.T @ axes.directions, np.eye(3), atol=1e-12)
    assert axes.in_span == pytest.approx(0, abs=1e-12)
    assert axes.on_third == pytest.approx(1)
    assert axes.by_chance == pytest.approx(0.3)
    for one in range(4):
        adult, juvenile = axes.means[axes.species_of == one]
        np.testing.assert_allclose(juvenile - adult, [0, 0, 2], atol=1e-12)


def test_variation_that_is_half_inside_the_span_is_counted_so():
    axes = species_axes(*made(shift=OUTSIDE + INSIDE))
    assert axes.in_span == pytest.approx(0.5)
    assert axes.on_third == pytest.approx(0.5)


def test_many_images_of_one_variant_do_not_move_a_species():
    vectors, species, variants = made(shift=OUTSIDE)
    more = np.concatenate([vectors, np.repeat(vectors[:1], 50, axis=0)])
    axes = species_axes(more, [*species, *[species[0]] * 50], [*variants, *[variants[0]] * 50])
    np.testing.assert_allclose(axes.means, species_axes(vectors, species, variants).means, atol=1e-9)


def test_images_of_an_unknown_variant_are_left_out():
    vectors, species, variants = made(shift=OUTSIDE)
    strange = np.concatenate([vectors, np.full((1, 10), 99.0)])
    axes = species_axes(strange, [*species, "Corvus corax"], [*variants, None])
    np.testing.assert_allclose(axes.points, species_axes(vectors, species, variants).points, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v, s, k: (v, ["Pica pica"] * len(s), k), "at least three, got 1"),
        (lambda v, s, k: (v, s, [None] * len(s)), "at least three, got 0"),
        (lambda v, s, k: (v, s, ["adult"] * len(s)), "no species has two variants"),
        (lambda v, s, k: (v[:, :3], s, k), "fill a space of 3 dimensions"),
        (lambda v, s, k: (np.ones_like(v), s, k), "lie on one line"),
        (lambda v, s, k: (v, s, ["adult"]), "expected 24 species and variants, got 24 and 1"),
        (lambda v, s, k: (v * np.nan, s, k), "not numbers"),
    ],
)
def test_what_has_no_such_axes_is_said(change, said):
    with pytest.raises(ThujaError, match=said):
        species_axes(*change(*made(shift=OUTSIDE)))


def test_variants_that_do_not_leave_the_span_have_no_third_axis():
    with pytest.raises(ThujaError, match="differ inside the span of species alone"):
        species_axes(*made(shift=INSIDE))
    with pytest.raises(ThujaError, match="do not differ"):
        species_axes(*made(shift=np.zeros(10)))


def test_the_figure_names_species_and_variants_and_says_the_shares():
    figure = species_axes_figure(*made(shift=OUTSIDE + INSIDE, noise=0.1), title="from $adult$ to <juvenile>")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", figure.drawing)
    assert {*SPECIES, "adult", "juvenile", "outside the span", "from $adult$ to &lt;juvenile&gt;"} <= set(words)
    shares = [float(share) for share in re.findall(r"([\d.]+) %", figure.caption)]
    assert shares == pytest.approx([50, 30, 50], abs=3)
    assert figure == species_axes_figure(*made(shift=OUTSIDE + INSIDE, noise=0.1), title="from $adult$ to <juvenile>")


def test_species_that_are_not_asked_for_are_grey():
    figure = species_axes_figure(*made(shift=OUTSIDE), names=["Pica pica"])
    words = re.findall(r"<text[^>]*>([^<]*)</text>", figure.drawing)
    assert "Pica pica" in words
    assert "3 other species" in words
    assert "Corvus corax" not in words
