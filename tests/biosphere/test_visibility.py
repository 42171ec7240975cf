"""The table of what shows (shown.py), held against the real renderer on specimens that it was not measured on."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scripts.measure_visibility import NOTHING, PLAIN, Change, Picture, figures, seen, with_another

from thuja.biosphere.bodies import PLANS
from thuja.biosphere.shown import SHOWN
from thuja.biosphere.traits import TRAITS, View, visibility

MISSED = 0.05
"""Of what is stated plain, how much may not show on a specimen: the table was measured on sixteen."""


@cache
def measured(plan: str) -> dict[tuple[View, str], Change]:
    """What each trait changes in each view of one fresh specimen; distant views at any fill that they have."""
    generator = np.random.default_rng([999, list(PLANS).index(plan)])
    found = {}
    for view in View:
        who, where = seen(plan, view, generator)
        if view is View.DISTANT:
            where = replace(where, fill=float(generator.uniform(0.18, 0.3)))
        picture = Picture(who, where)
        for name, trait in TRAITS.items():
            found[view, name] = picture.change(with_another(who, trait, generator))
    return found


def stated(plan: str, level: float) -> list[Change]:
    """What changes where the table states that level."""
    return [one for (view, name), one in measured(plan).items() if visibility(TRAITS[name], view, plan) == level]


SOME = ("bird", "spider", "fern", "palm")
SOME_THEN_ALL = [plan if plan in SOME else pytest.param(plan, marks=pytest.mark.slow) for plan in sorted(PLANS)]
"""Every plan takes a second or two: some are held in every run, the rest in the slow ones."""


@pytest.mark.parametrize("plan", SOME_THEN_ALL)
def test_what_is_stated_not_to_show_changes_next_to_nothing(plan):
    changed = [one.all for one in stated(plan, 0.0)]
    assert changed
    assert max(changed) < 2 * NOTHING


@pytest.mark.parametrize("plan", SOME_THEN_ALL)
def test_what_is_stated_plain_changes_the_picture_plainly(plan):
    changed = [one.plain for one in stated(plan, 1.0)]
    assert len(changed) > 30
    assert np.mean([share < PLAIN / 2 for share in changed]) <= MISSED


def test_what_is_stated_to_show_in_part_shows_on_some_specimens_and_not_on_others():
    changed = {view: [] for view in View}
    for plan in ("bird", "moth", "palm", "spider"):
        for (view, name), one in measured(plan).items():
            if visibility(TRAITS[name], view, plan) == 0.5:
                changed[view].append(one.all >= NOTHING)
    for view in (View.FRONT, View.REAR):
        assert 0.3 < np.mean(changed[view]) < 0.95
    # From afar all that changes at all changes some pixels: there nothing may be stated not to show.
    assert np.mean(changed[View.DISTANT]) > 0.9


def test_nothing_is_plain_from_afar_and_each_end_hides_the_other():
    for plan in PLANS:
        for trait in TRAITS.values():
            levels = {view: visibility(trait, view, plan) for view in View}
            assert levels[View.WHOLE] >= 0.5
            assert levels[View.DISTANT] <= 0.5
            if trait.region.value != "all":
                other = View.REAR if trait.region.value == "front" else View.FRONT
                # On some plans a body that is deep, or a head that is small, hides an ornament.
                assert levels[View(trait.region.value)] >= 0.5
                assert levels[other] == 0


def test_the_table_has_a_figure_for_every_trait_of_every_plan_in_every_view():
    assert set(SHOWN) == set(PLANS)
    for rows in SHOWN.values():
        assert set(rows) == {view.value for view in View}
        assert all(len(row) == len(TRAITS) and set(row) <= set("015") for row in rows.values())


def test_a_trait_is_plain_where_it_is_on_nearly_all_and_hidden_only_where_it_is_on_none():
    def row(*changed: Change, view: View = View.WHOLE) -> str:
        return figures([[one] * len(TRAITS) for one in changed], view)[1]

    much, little, none = Change(all=0.1, plain=0.1), Change(all=0.05, plain=PLAIN / 2), Change(all=0.0, plain=0.0)
    assert row(*[much] * 15, none) == "1"
    assert row(*[much] * 14, none, none) == "5"
    assert row(*[little] * 16) == "5"
    assert row(*[none] * 15, little) == "5"
    assert row(*[none] * 16) == "0"
    assert row(*[much] * 16, view=View.FRONT) == "1"
    assert row(*[much] * 15, none, view=View.FRONT) == "5"
    assert row(*[much] * 16, view=View.DISTANT) == "5"
