"""Sightings: observations, individuals, cameras, sites, dates and labels."""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from thuja.biosphere import Camera, Sighting, View, World, WorldConfig
from thuja.biosphere.evolution import looks_of
from thuja.biosphere.field import INDOORS
from thuja.biosphere.slips import SLIPS
from thuja.biosphere.traits import HABITATS, NEUTRAL
from thuja.taxonomy import Rank

WORLD = World.make(WorldConfig(seed=0, species=60, images=40))
SIGHTINGS = [Sighting.of(WORLD, species.number, n) for species in WORLD.species for n in range(species.images)]


def shares(values: list) -> dict:
    return {value: count / len(values) for value, count in Counter(values).items()}


def test_a_sighting_depends_on_nothing_drawn_before_it():
    again = World.make(WorldConfig(seed=0, species=60, images=40))
    for place in (0, 17, 999, 2399):
        first = SIGHTINGS[place]
        assert Sighting.of(again, first.species.number, first.number) == first


def test_pictures_of_an_observation_share_its_specimen_and_burst_frames_differ():
    groups = defaultdict(list)
    for sighting in SIGHTINGS:
        groups[sighting.species.number, sighting.observation.number].append(sighting)
    assert {1, 2, 3} == set(map(len, groups.values()))
    for group in groups.values():
        assert [sighting.frame for sighting in group] == list(range(len(group)))
        assert len({sighting.specimen for sighting in group}) == 1
        assert len({sighting.observation for sighting in group}) == 1
        assert len({sighting.scene.seed for sighting in group}) == len(group)


def test_an_individual_met_again_keeps_its_sex_and_marks():
    individuals = defaultdict(dict)
    for sighting in SIGHTINGS:
        observation = sighting.observation
        individuals[sighting.species.number, observation.individual][observation.number] = sighting.specimen
    met_again = [list(seen.values()) for seen in individuals.values() if len(seen) > 1]
    assert len(met_again) > 100
    for seen in met_again:
        assert len({(one.sex, one.coat_seed, one.is_reversed) for one in seen}) == 1
    assert any(len({one.stage for one in seen}) > 1 for seen in met_again)


def test_a_specimen_is_its_species_condition_and_own_noise():
    world = World.make(WorldConfig(seed=0, species=20, images=20, individual=0.0, overlap=0.7))
    from thuja.biosphere.within import noise_columns

    noise = noise_columns(dict(world.roles))
    for number in range(20):
        sighting = Sighting.of(world, 3, number)
        mean = world.mean(3, sighting.observation.condition)
        expected = looks_of(mean, sighting.species.looks.body_plan)
        for name, role in world.roles.items():
            if role != "noise":
                assert getattr(sighting.specimen.looks, name) == getattr(expected, name)
    assert len(noise) >= 6


def test_cameras_are_as_common_as_their_order_takes_them():
    expected = np.mean(WORLD.camera_shares, axis=0)
    found = Counter((s.species.number, s.observation.number, s.observation.camera) for s in SIGHTINGS)
    cameras = shares([camera for _, _, camera in found])
    for camera, share in zip(Camera, expected, strict=True):
        assert cameras.get(camera, 0) == pytest.approx(share, abs=0.04)


def test_confounding_gives_each_order_a_camera_of_its_own():
    none, all_ = (
        World.make(WorldConfig(seed=0, species=60, images=4, confounding=confounding)) for confounding in (0.0, 1.0)
    )
    assert np.ptp(none.camera_shares, axis=0).max() == 0
    assert set(np.unique(all_.camera_shares)) == {0.0, 1.0}
    for order in np.unique(all_.clades[Rank.ORDER]):
        assert len(np.unique(all_.camera_shares[all_.clades[Rank.ORDER] == order], axis=0)) == 1


def test_indoors_there_is_no_habitat_and_outdoors_it_is_the_sites():
    for sighting in SIGHTINGS:
        if sighting.observation.camera in INDOORS:
            assert sighting.scene.habitat == NEUTRAL
        else:
            assert sighting.scene.habitat == sighting.observation.site.habitat


def test_half_of_the_sightings_are_at_home_and_the_rest_anywhere():
    at_home = [s.scene.habitat == s.species.habitat for s in SIGHTINGS if s.scene.habitat != NEUTRAL]
    assert np.mean(at_home) == pytest.approx(0.5 + 0.5 / len(HABITATS), abs=0.04)


def test_a_fixed_camera_sees_one_ground_and_writes_where_and_when():
    traps = [s for s in SIGHTINGS if s.observation.camera is Camera.CAMERA_TRAP]
    grounds = defaultdict(set)
    for sighting in traps:
        grounds[sighting.observation.site.code].add((sighting.scene.ground_seed, sighting.scene.ground_hue))
        assert sighting.scene.stamp.endswith(sighting.observation.site.code)
        assert sighting.observation.day.isoformat() in sighting.scene.stamp
    assert set(map(len, grounds.values())) == {1}
    assert 0.25 < np.mean([s.scene.is_dark for s in traps]) < 0.55
    assert not any(s.scene.is_dark for s in SIGHTINGS if s.observation.camera is not Camera.CAMERA_TRAP)


def test_some_burst_frames_are_empty_and_blank_frames_have_no_species():
    later = [s for s in SIGHTINGS if s.observation.camera is Camera.CAMERA_TRAP and s.frame > 0]
    assert 0.08 < np.mean([s.scene.is_empty for s in later]) < 0.22
    assert not any(s.scene.is_empty for s in SIGHTINGS if s.frame == 0)
    assert WORLD.blanks == 24
    blank = Sighting.of(WORLD, len(WORLD.species), 5)
    assert blank.species is None
    assert blank.scene.is_empty
    assert blank.observation.label.written == ""


def test_near_and_distant_views_occur():
    views = shares([s.scene.view for s in SIGHTINGS])
    assert views[View.WHOLE] > 0.6
    assert min(views[view] for view in (View.FRONT, View.REAR, View.DISTANT)) > 0.02


def test_seasons_follow_the_date_and_stages_their_shares():
    for sighting in SIGHTINGS:
        is_summer = 4 <= sighting.observation.day.month <= 9
        assert (sighting.specimen.season == "summer") == is_summer
    stages = shares([s.specimen.stage for s in SIGHTINGS])
    assert stages["adult"] == pytest.approx(0.6, abs=0.04)
    assert stages["juvenile"] == pytest.approx(0.2, abs=0.04)


def test_labels_are_faulty_as_often_as_asked():
    labels = {(s.species.number, s.observation.number): s.observation.label for s in SIGHTINGS}
    faults = shares([label.fault.partition(":")[0] for label in labels.values()])
    assert faults["family only"] == pytest.approx(0.1, abs=0.025)
    assert faults["dirty"] == pytest.approx(0.1, abs=0.025)
    assert faults["wrong"] == pytest.approx(0.015, abs=0.012)


def test_a_label_is_what_its_fault_says():
    for sighting in SIGHTINGS:
        label, taxon = sighting.observation.label, sighting.species.taxon
        if label.fault == "family only":
            assert label.taxon == taxon.at(Rank.FAMILY)
            assert label.written == taxon.family
        elif label.fault == "wrong":
            assert label.taxon != taxon
            assert label.written == label.taxon.scientific_name
        elif label.fault:
            assert label.taxon == taxon
            assert label.fault.removeprefix("dirty: ") in SLIPS
        else:
            assert (label.taxon, label.written) == (taxon, taxon.scientific_name)


def test_wrong_labels_mostly_name_kin():
    world = World.make(WorldConfig(seed=1, species=60, images=40, wrong=1.0, dirty=0.0, family_only=0.0))
    families = [
        (s.observation.label.taxon.family, s.species.taxon.family)
        for s in (Sighting.of(world, number, 0) for number in range(60))
        if np.sum(world.labelling.groups[Rank.FAMILY] == world.labelling.groups[Rank.FAMILY, s.species.number]) > 1
    ]
    assert np.mean([said == true for said, true in families]) > 0.6


def test_a_species_is_seen_within_its_range_and_kin_live_near():
    sites = defaultdict(Counter)
    for sighting in SIGHTINGS:
        sites[sighting.species.number][sighting.observation.site.number] += 1
    likely = [
        np.mean([WORLD.ranges[species, site] for site in seen.elements()]) * len(WORLD.sites)
        for species, seen in sites.items()
    ]
    assert np.mean(likely) > 1.5


def test_knobs_of_one_part_leave_the_others_as_they_are():
    """`home` moves grounds; specimens, dates and labels stay."""
    other = World.make(replace(WORLD.config, home=1.0))
    for sighting in SIGHTINGS[::37]:
        moved = Sighting.of(other, sighting.species.number, sighting.number)
        assert moved.specimen == sighting.specimen
        assert moved.observation.day == sighting.observation.day
