"""Static maps say what their colours are, and leave nothing out in silence."""

import re

import numpy as np
import pytest

from thuja.analyze.maps import map_figure, order_figure
from thuja.errors import ThujaError
from thuja.report.colours import OTHERS, PALETTE

POINTS = np.random.default_rng(0).normal(size=(30, 2))


def words(figure):
    return re.findall(r"<text[^>]*>([^<]*)</text>", figure.drawing)


def test_words_beyond_the_palette_are_others_and_unknown_ones_are_said():
    figure = map_figure(POINTS, [None, *(f"class {number % 10}" for number in range(29))], name="m", label="class")
    assert "2 others and not known" in words(figure)
    assert [word for word in words(figure) if word.startswith("class ")] == [f"class {number}" for number in range(8)]
    # Nine of 29 rows are class 8 or 9 or unknown: three and two, and one.
    assert figure.drawing.count(f"fill: {OTHERS}") >= 6


def test_maps_of_other_images_give_a_class_the_same_colour():
    one = map_figure(POINTS[:5], ["a", "b", "b", "b", "b"], name="m")
    other = map_figure(POINTS[:5], ["a", "a", "a", "a", "b"], name="m")
    for figure, counts in ((one, (1, 4)), (other, (4, 1))):
        found = tuple(len(re.findall(f'<use [^>]*style="fill: {color}', figure.drawing)) for color in PALETTE[:2])
        assert found == tuple(count + 1 for count in counts)  # and one in the legend


def test_numbers_have_a_bar_with_their_ends_and_centres_their_names():
    values = [None, *np.linspace(5, 15, 29).tolist()]
    figure = map_figure(
        POINTS, values, name="m", label="beak (mm)", axes=("PC 1", "PC 2"), centres=["small"] * 15 + ["large"] * 15
    )
    assert {"beak (mm)", "PC 1", "PC 2", "small", "large", "not known"} <= set(words(figure))


def test_truth_values_are_words_and_one_point_is_a_map():
    assert {"True", "False"} <= set(words(map_figure(POINTS[:2], [True, False], name="m")))
    assert map_figure(POINTS[:1], [3.0], name="m").name == "m"
    assert map_figure(POINTS[:1], [None], name="m").name == "m"


def test_many_points_are_a_picture_inside_the_drawing():
    many = np.random.default_rng(1).normal(size=(5000, 2))
    drawing = map_figure(many, ["a"] * 5000, name="m").drawing
    assert "<image" in drawing
    assert len(drawing) < 400_000


def test_points_that_are_none_are_said():
    with pytest.raises(ThujaError, match="expected 2 points"):
        map_figure(POINTS, ["a", "b"], name="m")
    with pytest.raises(ThujaError, match="expected 30 points"):
        map_figure(POINTS * np.nan, ["a"] * 30, name="m")


def test_species_stand_in_the_order_of_their_trait():
    species = ["Geospiza fortis", "Geospiza magnirostris", "Geospiza fuliginosa"]
    trait = [12.0, 16.0, 8.0]
    scores = np.array([0.1, 0.9, -0.7])
    figure = order_figure(
        np.repeat(scores, 4), np.repeat(species, 4).tolist(), np.repeat(trait, 4).tolist(), name="o",
        labels=("axis 1", "beak depth (mm)"),
    )  # fmt: skip
    names = [word for word in words(figure) if word.startswith("Geospiza")]
    assert names == ["Geospiza fuliginosa  8", "Geospiza fortis  12", "Geospiza magnirostris  16"]
    assert "species in the order of beak depth (mm); Spearman's ρ of their means 1.00" in words(figure)


def test_an_order_of_one_species_or_of_no_known_trait_is_said():
    with pytest.raises(ThujaError, match="two species with a known trait, got 1"):
        order_figure([1, 2], ["a", "b"], [1.0, None], name="o")
    even = order_figure([1, 2], ["a", "b"], [1.0, 1.0], name="o")
    assert not any("Spearman" in word for word in words(even))
