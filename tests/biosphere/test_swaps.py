"""Swaps: one thing exchanged, all else the same; in memory and on disk."""

import csv
import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from thuja.biosphere import (
    Camera,
    Sighting,
    Style,
    Swap,
    View,
    World,
    WorldConfig,
    WriteConfig,
    draw,
    silhouette,
    swap_of,
    swapped,
    write_world,
)
from thuja.biosphere.field import INDOORS
from thuja.biosphere.redraw import RedrawConfig, write_swaps
from thuja.biosphere.sites import BASES, img_type
from thuja.biosphere.traits import HABITATS, NEUTRAL
from thuja.biosphere.truth import record_of
from thuja.errors import OutputExists, UnknownName, UsageError

WORLD = World.make(WorldConfig(seed=5, species=12, images=6))
SIGHTINGS = [s for s in (Sighting.of(WORLD, k, n) for k in range(12) for n in range(3)) if not s.scene.is_empty]
OUTDOORS = [s for s in SIGHTINGS if s.scene.camera not in INDOORS]


def changed(first: object, second: object) -> set[str]:
    return {field.name for field in fields(first) if getattr(first, field.name) != getattr(second, field.name)}


@pytest.mark.parametrize("ground", ["own", "other", "neutral"])
def test_another_ground_changes_the_ground_alone(ground):
    for sighting in OUTDOORS:
        again = swapped(WORLD, sighting, Swap(ground=ground))
        assert again.specimen == sighting.specimen
        assert changed(again.scene, sighting.scene) <= {"habitat", "occluders"}
        assert again.scene.occluders == 0
        home = sighting.species.habitat
        assert again.scene.habitat in {"own": {home}, "other": set(HABITATS) - {home}, "neutral": {NEUTRAL}}[ground]


def test_what_was_brought_indoors_stands_on_a_ground_outdoors():
    indoors = [s for s in (Sighting.of(WORLD, k, n) for k in range(12) for n in range(3)) if s.scene.camera in INDOORS]
    assert indoors
    for sighting in indoors:
        assert swapped(WORLD, sighting, Swap(ground="own")).scene.camera is Camera.PHONE


def test_a_changed_trait_leaves_all_others_and_the_scene():
    for sighting in SIGHTINGS:
        again = swapped(WORLD, sighting, Swap(trait=("pattern", "net")))
        assert changed(again.specimen.looks, sighting.specimen.looks) <= {"pattern"}
        assert again.scene == sighting.scene
        assert again.specimen.looks.pattern == "net"


def test_grounds_differ_in_no_pixel_of_the_organism():
    for sighting in [s for s in OUTDOORS if s.scene.view is View.WHOLE][:10]:
        grounds = [swapped(WORLD, sighting, Swap(ground=ground)) for ground in ("own", "other", "neutral")]
        sharp = [replace(one.scene, blur=0.0, noise=0.0) for one in grounds]
        inside = np.asarray(silhouette(sighting.specimen, sharp[0], 64)) == 255
        pictures = [np.asarray(draw(sighting.specimen, scene, 64), dtype=int) for scene in sharp]
        assert inside.sum() > 30
        for picture in pictures[1:]:
            assert np.abs(picture - pictures[0])[inside].max() <= 2


@pytest.mark.parametrize("camera", Camera)
def test_another_camera_takes_the_same_specimen_in_the_same_pose_at_the_same_site(camera):
    for sighting in SIGHTINGS[:12]:
        again = swapped(WORLD, sighting, Swap(camera=camera))
        assert again.specimen == sighting.specimen
        assert again.scene.camera is camera
        kept = {"view", "place", "fill", "angle", "is_mirrored", "stance", "foreshortening"}
        assert not kept & changed(again.scene, sighting.scene)
        record = record_of(again, WORLD.config, 32)
        assert record.facts["basis_of_record"] == BASES[camera]
        assert record.facts["img_type"] == img_type(camera, sighting.specimen.looks.body_plan)
        assert ("catalog_number" in record.facts) == (camera is Camera.MUSEUM)
        assert bool(again.scene.stamp) == (camera in (Camera.MUSEUM, Camera.CAMERA_TRAP))


def test_a_distant_view_is_small_and_a_whole_one_is_not():
    whole = next(s for s in OUTDOORS if s.scene.view is View.WHOLE)
    far = swapped(WORLD, whole, Swap(view=View.DISTANT))
    assert far.scene.fill < 0.31 < whole.scene.fill
    assert swapped(WORLD, far, Swap(view=View.WHOLE)).scene.fill > 0.31
    assert swapped(WORLD, whole, Swap(view=View.REAR)).scene.fill == whole.scene.fill


def test_another_pose_keeps_ground_light_and_camera():
    for sighting in SIGHTINGS[:12]:
        again = swapped(WORLD, sighting, Swap(pose=True))
        assert changed(again.scene, sighting.scene) <= {"place", "angle", "is_mirrored", "stance", "foreshortening"}
        assert again.scene.place != sighting.scene.place


def test_another_style_and_view_change_pixels_only_there():
    sighting = next(s for s in OUTDOORS if s.scene.view is View.WHOLE)
    hatched = swapped(WORLD, sighting, Swap(style=Style.HATCHED))
    assert changed(hatched.scene, sighting.scene) == {"style"}
    near = swapped(WORLD, sighting, Swap(view=View.FRONT))
    assert changed(near.scene, sighting.scene) == {"view"}
    pictures = [np.asarray(draw(s.specimen, s.scene, 64), dtype=int) for s in (sighting, hatched, near)]
    assert np.abs(pictures[0] - pictures[1]).mean() > 10
    assert np.abs(pictures[0] - pictures[2]).mean() > 10


def test_a_swap_is_the_same_whenever_it_is_asked_for():
    swap = Swap(ground="other", pose=True)
    assert swapped(WORLD, SIGHTINGS[3], swap) == swapped(World.make(WORLD.config), SIGHTINGS[3], swap)


def test_a_blank_frame_cannot_be_swapped():
    world = World.make(WorldConfig(species=5, images=20, blank=0.1))
    with pytest.raises(UsageError, match="blank frame"):
        swapped(world, Sighting.of(world, 5, 0), Swap(pose=True))


@pytest.mark.parametrize(
    ("text", "swap"),
    [
        ("ground=neutral", Swap(ground="neutral")),
        ("pose+style=hatched", Swap(pose=True, style=Style.HATCHED)),
        ("trait=hue:0.25", Swap(trait=("hue", 0.25))),
        ("trait=ocelli:3+camera=museum", Swap(trait=("ocelli", 3), camera=Camera.MUSEUM)),
        ("view=rear", Swap(view=View.REAR)),
    ],
)
def test_a_swap_is_read_from_text(text, swap):
    assert swap_of(text) == swap


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("ground=moon", UnknownName, "moon"),
        ("trait=wings:2", UnknownName, "wings"),
        ("trait=hue:2", UsageError, "hue cannot be 2"),
        ("trait=hue:red", UsageError, 'hue cannot be "red"'),
        ("trait=mouth:wide", UsageError, "mouth cannot be"),
        ("camera=telescope", UnknownName, "telescope"),
        ("", UsageError, "cannot swap"),
        ("pose=1", UsageError, "cannot swap"),
        ("ground=own+ground=other", UsageError, "twice"),
        ("camera=museum+ground=other", UsageError, "no ground"),
    ],
)
def test_a_swap_that_cannot_be_is_refused_in_one_sentence(text, error, message):
    with pytest.raises(error, match=message) as caught:
        swap_of(text)
    assert caught.value.hint


def test_labels_of_swaps_are_fit_for_folders():
    labels = [swap_of(text).label for text in ("ground=own", "trait=hue:0.25", "pose+style=hatched")]
    assert labels == ["ground-own", "trait-hue-0.25", "style-hatched+pose"]


SWAPS = (Swap(ground="other"), Swap(trait=("hue", 0.9)))


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "thuja.job.json")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_swaps_on_disk_stand_beside_the_worlds_own_pictures(tmp_path):
    write_world(WORLD, tmp_path / "world", WriteConfig(size=32, workers=1))
    count = write_swaps(WORLD, tmp_path / "swaps", RedrawConfig(swaps=SWAPS, images=10, size=32, workers=1))
    with (tmp_path / "swaps" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count == 30
    own = {path.stem: path.read_bytes() for path in (tmp_path / "world" / "images").rglob("*.jpg")}
    for row in rows:
        image = (tmp_path / "swaps" / row["file"]).read_bytes()
        if row["swap"] == "original":
            assert row["uuid"] == row["swap_of"]
            assert own[row["uuid"]] == image
        else:
            assert row["swap_of"] in own
            assert row["swap"] != "trait-hue-0.9" or row["hue"] == "0.9"
    assert len({row["uuid"] for row in rows}) == 30


def test_workers_change_no_byte_of_swaps_and_a_resumed_run_ends_alike(tmp_path):
    for name, workers in (("one", 1), ("two", 2)):
        write_swaps(WORLD, tmp_path / name, RedrawConfig(swaps=SWAPS, images=20, size=32, workers=workers))
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    (tmp_path / "one" / "table.csv").unlink()
    lost = next((tmp_path / "one" / "images").rglob("*.jpg"))
    lost.unlink()
    write_swaps(WORLD, tmp_path / "one", RedrawConfig(swaps=SWAPS, images=20, size=32, workers=1), resume=True)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    with pytest.raises(OutputExists):
        write_swaps(WORLD, tmp_path / "one", RedrawConfig(swaps=SWAPS, images=20, size=32))


@pytest.mark.parametrize("knobs", [{"swaps": ()}, {"swaps": (SWAPS[0], SWAPS[0])}, {"swaps": SWAPS, "images": -1}])
def test_impossible_redraws_are_refused(knobs):
    with pytest.raises(UsageError) as caught:
        RedrawConfig(**knobs)
    assert caught.value.hint
