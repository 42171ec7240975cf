"""The ceilings are as often right as they say, see what a picture shows, and nothing that is shown passes them."""

from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import pytest

from thuja.biosphere.bayes import log
from thuja.biosphere.card_bayes import (
    KIN,
    PLACE,
    PLAN,
    TRAITS_ALONE,
    WITH_CONTEXT,
    Reckoning,
    ceiling_rows,
    conditions_of,
    context,
    place,
    unseen_rows,
)
from thuja.biosphere.card_pictures import RAW, SPECTRUM, draw_sample, raw_pixels, spectrum, ways_of
from thuja.biosphere.card_scores import PARTS, Asked, probe_rows
from thuja.biosphere.config import WorldConfig
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.traits import HABITATS, NEUTRAL
from thuja.biosphere.within import Condition
from thuja.biosphere.world import World

HARD = WorldConfig(seed=1, species=60, images=60, individual=1.0, overlap=1.0)
"""Individuals of a species differ as species do, and its young, males and winter coats look like other species."""


@cache
def reckoned(config: WorldConfig, images: int) -> tuple[World, Asked, Reckoning]:
    world, generator = World.make(config), np.random.default_rng(0)
    asked = Asked.of(world, draw_sample(world, images, generator), generator)
    everything = world.addresses()
    met = [Sighting.of(world, *map(int, one)) for one in everything[generator.permutation(len(everything))[:2000]]]
    return world, asked, Reckoning.of(world, asked, met)


@pytest.mark.slow
def test_both_ceilings_are_as_often_right_as_they_say_in_a_world_where_they_are_low():
    """Their mean best probability is the share that they answer right: one that saw wrongly would be too sure."""
    world, asked, reckoning = reckoned(HARD, 2400)
    rows = {(row.source, row.target): row for row in ceiling_rows(world, asked, reckoning)}
    for row in rows.values():
        error = np.sqrt(0.25 / len(asked.split.test))
        assert row.score.accuracy == pytest.approx(row.sureness, abs=3 * error), (row.source, row.target)
    for target in ("species", "habitat", "stage", "sex"):
        assert rows[TRAITS_ALONE, target].score.accuracy < 0.97
    gain = rows[WITH_CONTEXT, "habitat"].score.accuracy - rows[TRAITS_ALONE, "habitat"].score.accuracy
    assert gain > 0.005, "the ground tells of the habitat"


def test_context_is_as_likely_as_it_is_often():
    """Grounds and cameras of thousands of sightings, beside what the evidence says of their species."""
    world, asked, reckoning = reckoned(WorldConfig(seed=2, species=12, images=400, home=0.7), 1200)
    likelihood = np.exp(context(world, asked, reckoning).species)
    own = likelihood[np.arange(len(likelihood)), asked.labels["species"]]
    grounds = np.array([one.scene.habitat for one in asked.sightings])
    at_home = grounds == [HABITATS[label] for label in asked.labels["habitat"]]
    outdoors = grounds != NEUTRAL
    assert at_home[outdoors].mean() == pytest.approx(0.7 + 0.3 / 5, abs=3 * np.sqrt(0.2 / outdoors.sum()))
    for camera in {one.observation.camera for one in asked.sightings}:
        rows = np.array([one.observation.camera == camera for one in asked.sightings])
        share = own / np.where(outdoors, np.where(at_home, 0.76, 0.06), 1.0)
        assert share[rows].max() <= 1
        expected = sum(
            world.camera_shares[number][list(type(camera)).index(camera)] * (asked.labels["species"] == place).sum()
            for place, number in enumerate(asked.numbers)
        )
        assert rows.sum() == pytest.approx(expected, abs=3.5 * np.sqrt(expected))


def test_a_neutral_ground_tells_nothing_and_a_species_own_five_to_one_and_more():
    world, asked, reckoning = reckoned(HARD, 2400)
    flat = replace(world, camera_shares=np.full_like(world.camera_shares, 0.2))
    evidence = context(flat, asked, reckoning).species
    habitats = np.array([world.species[number].habitat for number in asked.numbers])
    for row, one in zip(evidence[:200], asked.sightings, strict=False):
        share = np.where(one.scene.habitat == NEUTRAL, 1.0, np.where(habitats == one.scene.habitat, 0.6, 0.1))
        np.testing.assert_allclose(row, log(0.2 * share))


def test_a_dated_strip_tells_the_season_and_no_other_picture_does():
    world, asked, reckoning = reckoned(HARD, 2400)
    evidence = context(world, asked, reckoning).conditions
    seasons = np.array([one.season for one in reckoning.conditions])
    for row, one in zip(evidence, asked.sightings, strict=True):
        is_dated = one.scene.camera == "camera_trap" and bool(one.scene.stamp)
        assert ((row < -1) == (is_dated & (seasons != one.specimen.season))).all()


def test_the_likelihoods_of_all_sites_sum_to_one_for_every_species():
    world, asked, _ = reckoned(HARD, 2400)
    sites = {one.observation.site.number: row for one, row in zip(asked.sightings, place(world, asked), strict=True)}
    everywhere = tuple(
        replace(asked.sightings[0], observation=replace(asked.sightings[0].observation, site=site))
        for site in world.sites
    )
    likelihood = np.exp(place(world, replace(asked, sightings=everywhere)))  # (sites, S)
    np.testing.assert_allclose(likelihood.sum(axis=0), 1)
    for number, row in sites.items():
        np.testing.assert_allclose(np.exp(row), likelihood[number])


def test_what_is_told_unseen_is_measured():
    """The body plan told one over the number of classes, whatever it was: no measure at all."""
    world, asked, reckoning = reckoned(HARD, 2400)
    rows = {
        (row.source, row.target): row.score
        for row in unseen_rows(world, asked, reckoning, ancestry=Ancestry.of(world.tree))
    }
    plans = [world.species[number].looks.body_plan for number in asked.numbers]
    sizes = np.array([plans.count(plan) for plan in plans])
    assert rows[PLAN, "species"].accuracy == pytest.approx(np.mean(1 / sizes), abs=0.06)
    assert rows[PLAN, "species"].accuracy > 2 * rows[PLAN, "species"].chance
    for target in ("species", "genus", "family", "habitat"):
        assert rows[PLACE, target].low > rows[PLACE, target].chance
    for source in (PLAN, PLACE):
        assert (rows[source, "stage"].macro, rows[source, "sex"].macro) == (1 / 3, 0.5), "nothing but the prior"
        assert rows[source, "stage"].accuracy == pytest.approx(0.6, abs=0.06)
    assert [target for source, target in rows if source == KIN] == ["habitat"]


def test_severities_fall_into_eight_bins_of_equal_shares():
    generator = np.random.default_rng(3)
    met = [Condition(ailment="wear", severity=one) for one in generator.uniform(0.4, 1, 800)] + [Condition()] * 3200
    conditions, shares = conditions_of(met)
    levels = sorted({one.severity for one in conditions})
    np.testing.assert_allclose(levels[1:], 0.4 + 0.6 * (np.arange(8) + 0.5) / 8, atol=0.02)
    for level in levels[1:]:
        share = sum(share for one, share in zip(conditions, shares, strict=True) if one.severity == level)
        assert share == pytest.approx(0.2 / 8)


@pytest.mark.slow
def test_nothing_that_is_shown_passes_the_ceiling_that_knows_its_context():
    """Where species are hard to tell and all are at home, the ground tells the habitat better than the traits do.

    A background passes the ceiling of the traits alone, which was called the ceiling of any model.
    """
    config = replace(HARD, species=150, images=40, home=1.0, cameras=("camera_trap",), habitat_rate=60.0)
    config = replace(config, kingdoms=1, phyla=1, classes=1, orders=1)  # of one body plan
    world, asked, reckoning = reckoned(config, 900)
    shown = [dict(islice(ways_of(world, one, 48), 4)) for one in asked.sightings]
    features = {
        (way, name): encoder([one[way] for one in shown])
        for way in PARTS
        for name, encoder in ((RAW, raw_pixels), (SPECTRUM, spectrum))
    }
    ceilings = {(row.source, row.target): row.score.macro for row in ceiling_rows(world, asked, reckoning)}
    assert max(ceilings[TRAITS_ALONE, target] for target in ("species", "habitat", "stage", "sex")) < 0.8
    rows = {(row.shown, row.features, row.target): row.score for row in probe_rows(asked, features)}
    for (_, _, target), score in rows.items():
        assert score.low <= ceilings[WITH_CONTEXT, target]
    background = rows["background only", SPECTRUM, "habitat"]
    assert background.low > ceilings[TRAITS_ALONE, "habitat"]
    assert ceilings[WITH_CONTEXT, "habitat"] > 0.99
