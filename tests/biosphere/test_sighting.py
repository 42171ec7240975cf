"""Sightings: observations, individuals, cameras, sites, dates and labels."""

from collections import Counter, defaultdict
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from thuja.biosphere import Camera, Sighting, View, World, WorldConfig
from thuja.biosphere.evolution import looks_of
from thuja.biosphere.field import INDOORS
from thuja.biosphere.slips import SLIPS
from thuja.biosphere.traits import HABITATS, NEUTRAL
from thuja.errors import UsageError
from thuja.taxonomy import Rank


@cache
def plain_world() -> World:
    return World.make(WorldConfig(seed=0, species=60, images=40))


@cache
def sightings() -> list[Sighting]:
    world = plain_world()
    return [Sighting.of(world, species.number, n) for species in world.species for n in range(species.images)]


def shares(values: list) -> dict:
    return {value: count / len(values) for value, count in Counter(values).items()}


def test_a_sighting_depends_on_nothing_drawn_before_it():
    again = World.make(WorldConfig(seed=0, species=60, images=40))
    for place in (0, 17, 999, 2399):
        first = sightings()[place]
        assert Sighting.of(again, first.species.number, first.number) == first


def test_pictures_of_an_observation_share_its_specimen_and_burst_frames_differ():
    groups = defaultdict(list)
    for sighting in sightings():
        groups[sighting.species.number, sighting.observation.number].append(sighting)
    assert {1, 2, 3} == set(map(len, groups.values()))
    for group in groups.values():
        assert [sighting.frame for sighting in group] == list(range(len(group)))
        assert len({sighting.specimen for sighting in group}) == 1
        assert len({sighting.observation for sighting in group}) == 1
        assert len({sighting.scene.seed for sighting in group}) == len(group)


def test_an_individual_met_again_is_the_same_one_at_the_same_place_soon_after():
    individuals = defaultdict(dict)
    for sighting in sightings():
        individuals[sighting.species.number, sighting.observation.individual][sighting.observation.number] = sighting
    met_again = [list(seen.values()) for seen in individuals.values() if len(seen) > 1]
    assert len(met_again) > 100
    for seen in met_again:
        specimens = [one.specimen for one in seen]
        assert len({(one.sex, one.coat_seed, one.is_reversed, one.stage) for one in specimens}) == 1
        assert len({one.observation.site for one in seen}) == 1
        days = [one.observation.day for one in seen]
        assert (max(days) - min(days)).days < 60
        assert not any(one.observation.camera in INDOORS for one in seen), "what was brought in is not met again"
    assert len({one.specimen.season for seen in met_again for one in seen}) == 2


def test_a_burst_is_one_scene_in_which_the_specimen_moves_or_leaves():
    bursts = defaultdict(list)
    for sighting in sightings():
        if sighting.observation.camera is Camera.CAMERA_TRAP:
            bursts[sighting.species.number, sighting.observation.number].append(sighting.scene)
    assert max(map(len, bursts.values())) == 3
    for scenes in bursts.values():
        for before, after in pairwise(scenes):
            assert (before.view, before.is_dark, before.angle, before.fill) == (
                after.view, after.is_dark, after.angle, after.fill
            )  # fmt: skip
            assert before.place != after.place
            assert after.is_empty >= before.is_empty, "who has left does not come back"


def test_it_is_dark_at_night_and_only_in_camera_traps():
    for sighting in sightings():
        is_trap = sighting.observation.camera is Camera.CAMERA_TRAP
        is_night = not 6 * 60 <= sighting.observation.minute < 19 * 60
        assert sighting.scene.is_dark == (is_trap and is_night)


def test_a_specimen_is_its_species_condition_and_own_noise():
    world = World.make(WorldConfig(seed=0, species=20, images=20, individual=0.0, overlap=0.7))
    from thuja.biosphere.within import noise_columns

    noise = noise_columns(dict(world.roles))
    for number in range(world.species[3].images):
        sighting = Sighting.of(world, 3, number)
        mean = world.mean(3, sighting.observation.condition)
        expected = looks_of(mean, sighting.species.looks.body_plan)
        for name, role in world.roles.items():
            if role != "noise":
                assert getattr(sighting.specimen.looks, name) == getattr(expected, name)
    assert len(noise) >= 6


def test_cameras_are_as_common_as_their_order_takes_them():
    observations = {(s.species.number, s.observation.number): s.observation.camera for s in sightings()}
    expected = np.mean([plain_world().camera_shares[species] for species, _ in observations], axis=0)
    cameras = shares(list(observations.values()))
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
    for sighting in sightings():
        if sighting.observation.camera in INDOORS:
            assert sighting.scene.habitat == NEUTRAL
        else:
            assert sighting.scene.habitat == sighting.observation.site.habitat


def test_half_of_the_sightings_are_at_home_and_the_rest_anywhere():
    at_home = [s.scene.habitat == s.species.habitat for s in sightings() if s.scene.habitat != NEUTRAL]
    assert np.mean(at_home) == pytest.approx(0.5 + 0.5 / len(HABITATS), abs=0.04)


def test_a_fixed_camera_sees_one_ground():
    traps = [s for s in sightings() if s.observation.camera is Camera.CAMERA_TRAP]
    grounds = defaultdict(set)
    for sighting in traps:
        scene = sighting.scene
        grounds[sighting.observation.site.code].add((scene.ground_seed, scene.ground_hue, scene.ground_contrast))
    assert set(map(len, grounds.values())) == {1}
    assert len(set.union(*grounds.values())) > 10


def test_what_is_written_on_a_picture_tells_neither_species_nor_place():
    for sighting in sightings():
        observation = sighting.observation
        if observation.camera is Camera.CAMERA_TRAP:
            assert sighting.scene.stamp.startswith(observation.day.isoformat())
            assert len(sighting.scene.stamp) == len("2031-05-17 09:12")
        elif observation.camera is Camera.MUSEUM:
            assert sighting.scene.stamp == f"No {observation.serial:06d}"
        else:
            assert sighting.scene.stamp == ""
    serials = [s.observation.serial for s in sightings()]
    numbers = [s.species.number for s in sightings()]
    assert abs(np.corrcoef(serials, numbers)[0, 1]) < 0.08


def test_some_burst_frames_are_empty_and_blank_frames_have_no_species():
    later = [s for s in sightings() if s.observation.camera is Camera.CAMERA_TRAP and s.frame > 0]
    assert 0.12 < np.mean([s.scene.is_empty for s in later]) < 0.32
    assert not any(s.scene.is_empty for s in sightings() if s.frame == 0)
    assert plain_world().blanks == 24
    blank = Sighting.of(plain_world(), len(plain_world().species), 5)
    assert blank.species is None
    assert blank.scene.is_empty
    assert blank.observation.label.written == ""


def test_near_and_distant_views_occur():
    views = shares([s.scene.view for s in sightings()])
    assert views[View.WHOLE] > 0.6
    assert min(views[view] for view in (View.FRONT, View.REAR, View.DISTANT)) > 0.02


def test_seasons_follow_the_date_and_stages_their_shares():
    for sighting in sightings():
        is_summer = 4 <= sighting.observation.day.month <= 9
        assert (sighting.specimen.season == "summer") == is_summer
    stages = shares([s.specimen.stage for s in sightings()])
    assert stages["adult"] == pytest.approx(0.6, abs=0.04)
    assert stages["juvenile"] == pytest.approx(0.2, abs=0.04)


def test_labels_are_faulty_as_often_as_asked():
    labels = {(s.species.number, s.observation.number): s.observation.label for s in sightings()}
    faults = shares([label.fault.partition(":")[0] for label in labels.values()])
    assert faults["family only"] == pytest.approx(0.1, abs=0.025)
    assert faults["dirty"] == pytest.approx(0.1, abs=0.025)
    assert faults["wrong"] == pytest.approx(0.015, abs=0.012)


def test_a_label_is_what_its_fault_says():
    for sighting in sightings():
        label, taxon = sighting.observation.label, sighting.species.taxon
        if label.fault == "family only":
            assert label.taxon == taxon.at(Rank.FAMILY)
            assert label.written == taxon.family
        elif label.fault == "wrong":
            assert label.taxon != taxon
            assert label.written == label.taxon.scientific_name
        elif label.fault:
            assert label.taxon == taxon.at(SLIPS[label.fault.removeprefix("dirty: ")].best)
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
    for sighting in sightings():
        sites[sighting.species.number][sighting.observation.site.number] += 1
    likely = [
        np.mean([plain_world().ranges[species, site] for site in seen.elements()]) * len(plain_world().sites)
        for species, seen in sites.items()
    ]
    assert np.mean(likely) > 1.5


KNOBS = {
    "home": (1.0, {"specimen", "label", "camera", "day"}),
    "dirty": (0.6, {"specimen", "camera", "day", "scene"}),
    "wrong": (0.5, {"specimen", "camera", "day", "scene"}),
    "misplaced": (0.0, {"specimen", "camera", "day", "scene"}),
    "homonyms": (0.0, {"specimen", "camera", "day", "scene"}),
    "descriptive": (1.0, {"specimen", "camera", "day", "scene"}),
    "images": (70, {"specimen", "camera", "day", "scene", "label"}),
    "tail": (0.0, {"specimen", "camera", "day", "scene", "label"}),
    "blank": (0.5, {"specimen", "camera", "day", "scene", "label"}),
    "hidden": ((0.9,), {"specimen", "camera", "day", "scene", "label"}),
    "ill": (0.9, {"camera", "day", "label"}),
    "overlap": (1.0, {"camera", "day", "label"}),
    "convergence": (0.9, {"camera", "day", "label"}),
}


@pytest.mark.parametrize("knob", KNOBS)
def test_a_knob_turns_its_own_thing_and_leaves_the_rest(knob):
    """Pictures of one number in two worlds that differ in one knob: what it has no part in is the same."""
    value, same = KNOBS[knob]
    other = World.make(replace(plain_world().config, **{knob: value}))
    for species in range(0, 60, 7):
        for number in range(12):
            one, two = Sighting.of(plain_world(), species, number), Sighting.of(other, species, number)
            found = {
                "specimen": one.specimen == two.specimen,
                "scene": one.scene == two.scene,
                "label": one.observation.label == two.observation.label,
                "camera": one.observation.camera == two.observation.camera,
                "day": one.observation.day == two.observation.day,
            }
            assert same <= {what for what, is_same in found.items() if is_same}


def test_a_number_that_is_not_there_is_refused():
    for species, number in ((0, 10**6), (-1, 0), (61, 0), (60, 24), (3, -1)):
        with pytest.raises(UsageError, match="no picture"):
            Sighting.of(plain_world(), species, number)


def test_a_world_without_camera_traps_has_no_blank_frames():
    assert World.make(WorldConfig(species=5, images=40, cameras=("drone",), blank=1.0)).blanks == 0
