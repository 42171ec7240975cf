"""What a picture shows counts, and nothing else of the truth does."""

from dataclasses import replace

import numpy as np
from tests.biosphere.scenes import scene, specimen

from thuja.biosphere.evolution import COLUMNS, WIDTH, looks_of
from thuja.biosphere.scene import Ailments
from thuja.biosphere.seen import COLOURS, Seen
from thuja.biosphere.traits import TRAITS, View, visibility

PLACES = {name: place for place, name in enumerate(TRAITS)}


def seen_in(**fields) -> Seen:
    generator = np.random.default_rng(0)
    return Seen.of([specimen(generator, "beast", ailments=Ailments(wear=0.4))], [scene(generator, **fields)])


def test_a_front_view_hides_the_tail_and_a_rear_view_the_mouth():
    for view, shown in ((View.WHOLE, [True, True]), (View.FRONT, [False, True]), (View.REAR, [True, False])):
        visible = seen_in(view=view).is_visible[0]
        assert [visible[PLACES[name]] for name in ("tail", "mouth")] == shown


def test_an_infrared_picture_shows_all_but_colours():
    """Bayes' rule saw hue, chroma and lightness in pictures in greys."""
    light, dark = seen_in(is_dark=False), seen_in(is_dark=True)
    hidden = light.is_visible & ~dark.is_visible
    assert {name for name, place in PLACES.items() if hidden[0, place]} == set(COLOURS)
    assert light.is_visible.all()
    flags = dark.features()[0]
    assert (flags == light.only(set(TRAITS) - set(COLOURS)).features()[0]).all()
    assert np.count_nonzero(flags) == np.count_nonzero(light.features()[0]) - len(COLOURS)


def test_an_empty_frame_shows_nothing():
    """Bayes' rule saw every trait of a specimen that had left."""
    empty = seen_in(is_empty=True)
    assert not empty.is_visible.any()
    assert empty.plans == ("",)
    assert np.isnan(empty.ailing[0])
    assert not empty.features().any()
    assert seen_in().ailing[0] == 0.4


def test_a_share_is_seen_as_its_liability_and_a_count_as_its_place():
    liabilities = np.random.default_rng(1).standard_normal(WIDTH)
    looks = replace(looks_of(liabilities, "fish"), limb_count=5)
    values = Seen.wholly([looks]).values[0]
    np.testing.assert_allclose(values[PLACES["elongation"]], liabilities[COLUMNS["elongation"]][0], atol=1e-9)
    assert values[PLACES["limb_count"]] == 2


def test_a_near_view_shows_what_lies_where_it_looks_on_that_body_plan():
    """What shows is what the table of measured visibility says of the picture's own body plan."""
    generator = np.random.default_rng(6)
    for plan in ("bird", "spider"):
        near = Seen.of([specimen(generator, plan)], [scene(generator, view=View.FRONT)]).is_visible[0]
        assert near.tolist() == [visibility(trait, View.FRONT, plan) > 0 for trait in TRAITS.values()]
    assert visibility(TRAITS["limb_tip"], View.FRONT, "bird") != visibility(TRAITS["limb_tip"], View.FRONT, "spider")
