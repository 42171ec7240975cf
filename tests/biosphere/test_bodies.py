"""Bodies: every trait shows on every plan, where it should, whatever the looks."""

from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.biosphere.bodies_drawn import X, Y, flatten, known_values, lit, plain_looks

from thuja.biosphere.bodies import HELD_OUT, KINGDOM_PLANS, PLANS, body
from thuja.biosphere.marks import edge
from thuja.biosphere.shapes import Stance, Tone, bands, ellipse
from thuja.biosphere.traits import TRAITS, Looks, Region

VISIBLE_SHARE = 0.013
"""Of the body's pixels, how many at least differ by a tenth of the full range between any two values of a trait."""
NEAR = 0.45
"""How far along the way from rear to front, or back, a trait of one end may reach."""


@st.composite
def looks_of_any_kind(draw: st.DrawFn) -> Looks:
    shares = st.floats(0, 1)
    values = {
        name: draw(st.sampled_from(trait.states or trait.counts) if trait.is_discrete else shares)
        for name, trait in TRAITS.items()
    }
    return Looks(body_plan=draw(st.sampled_from(sorted(PLANS))), **values)


@pytest.mark.slow
@pytest.mark.parametrize("plan", sorted(PLANS))
def test_every_trait_is_visible_on_every_plan(plan):
    seen = cache(lit)  # each trait has the plain looks among its own
    for name, trait in TRAITS.items():
        drawn = [seen(plain_looks(plan, **{name: value})) for value in known_values(trait)]
        for (first, here), (second, there) in combinations(drawn, 2):
            changed = (np.abs(first - second).max(axis=2) > 0.1).sum() / (here | there).sum()
            assert changed > VISIBLE_SHARE, name


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_a_trait_of_one_end_does_not_reach_the_other(plan):
    longest = {"mouth_length": 1.0, "tail_length": 1.0, "ornament_length": 1.0}
    for name, trait in TRAITS.items():
        if trait.region is Region.ALL:
            continue
        drawn = [flatten(plain_looks(plan, **(longest | {name: value}))) for value in known_values(trait)]
        front, rear = np.array(drawn[0].body.front), np.array(drawn[0].body.rear)
        way = (front - rear) / np.sum((front - rear) ** 2)
        along = (X - rear[0]) * way[0] + (Y - rear[1]) * way[1]  # 0 at the rear, 1 at the front
        for first, second in combinations(drawn, 2):
            assert (first.body.front, first.body.rear) == (second.body.front, second.body.rear)
            changed = along[first.tones != second.tones]
            assert changed.min() > 1 - NEAR - 0.1 if trait.region is Region.FRONT else changed.max() < NEAR, name


@settings(max_examples=120, deadline=None)
@given(looks_of_any_kind(), st.floats(0, 6.3), st.floats(-1, 1))
def test_a_body_is_finite_and_of_about_one_unit_whatever_its_looks(looks, gait, curl):
    own = body(looks, Stance(gait=gait, curl=curl))
    for part in own.parts:
        assert len(part.outline) >= 3
        assert np.isfinite(part.outline).all()
        assert 0 <= part.height <= 1
    points = np.concatenate([part.outline for part in own.parts])
    low, high = points.min(axis=0), points.max(axis=0)
    assert 0.7 < max(high - low) < 2.2
    assert min(high - low) > 0.25
    for end in (own.front, own.rear):
        assert (low <= end).all()
        assert (end <= high).all()
    assert np.hypot(*np.subtract(own.front, own.rear)) >= 0.6


@settings(max_examples=20, deadline=None)
@given(looks_of_any_kind())
def test_a_body_depends_on_its_looks_and_stance_alone(looks):
    first, second = (body(looks, Stance(gait=1.0, curl=-0.5)) for _ in range(2))
    assert len(first.parts) == len(second.parts)
    for one, other in zip(first.parts, second.parts, strict=True):
        np.testing.assert_array_equal(one.outline, other.outline)


def test_held_out_plans_are_no_kingdoms():
    usual = {plan for plans in KINGDOM_PLANS for plan in plans}
    assert usual | set(HELD_OUT) == set(PLANS)
    assert not usual & set(HELD_OUT)


def test_a_band_keeps_what_is_within_its_reach():
    square = np.array([(-2.0, 0.0), (2.0, 0.0), (2.0, 2.0), (-2.0, 2.0)])
    narrow, wide = bands(square, square[:, 0], (1.0, 3.0))
    np.testing.assert_array_equal(narrow, [(-1, 0), (1, 0), (1, 2), (-1, 2)])
    np.testing.assert_array_equal(wide, square)
    assert bands(square, square[:, 0] + 9, (1.0,))[0].shape == (0, 2)


@pytest.mark.parametrize("form", TRAITS["margin"].states)
def test_an_edged_outline_keeps_to_its_shape(form):
    disc = ellipse((0.1, 0.2), (0.3, 0.3))
    for outline in (disc, disc[::-1]):  # either way round
        radii = np.hypot(*(edge(form, outline) - (0.1, 0.2)).T)
        assert radii.min() > 0.27
        assert (radii.max() < 0.301) == (form == "smooth")
        assert radii.max() < 0.37


def test_a_collar_lies_on_the_coat_alone():
    """Clipped to each part of the coat: it shows where the coat shows, and nowhere else."""
    bare = flatten(plain_looks("fish", collar_place=0.5, collar_width=0.0)).tones
    broad = flatten(plain_looks("fish", collar_place=0.5, collar_width=1.0)).tones
    changed = bare[bare != broad]
    # Where the cut meets the edge of the body, a pixel more or less is drawn.
    assert np.isin(changed, (Tone.COAT, Tone.FIRST, Tone.SECOND)).mean() > 0.99
