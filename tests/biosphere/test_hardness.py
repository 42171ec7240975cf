"""The benchmark of hardness asks for what is true, of frames that something is on."""

import numpy as np
import pytest

import biosphere_hardness
from thuja.biosphere import World, WorldConfig
from thuja.biosphere.writer import WriteConfig, write_world


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A world in which most labels are to the family, wrong or dirty, and many frames blank."""
    out = tmp_path_factory.mktemp("hardness") / "world"
    config = WorldConfig(seed=2, species=6, images=12, blank=0.2, family_only=0.3, wrong=0.3, dirty=0.3)
    write_world(World.make(config), out, WriteConfig(size=32, workers=1))
    return out


def test_classes_are_true_species_and_empty_frames_are_left_out(folder):
    """Labels as they were written, blanks among them, made more classes than there are species."""
    pictures, classes, folds = biosphere_hardness.load(folder, 16, "scientific_name")
    assert classes.max() + 1 == 6
    assert len(pictures) == len(classes) <= 6 * 12
    world = World.make(WorldConfig(seed=2, species=6, images=12))
    assert sorted(np.bincount(classes)) <= sorted(species.images for species in world.species)
    for number in range(6):
        shares = np.bincount(folds[classes == number], minlength=5)
        assert shares.max() - shares.min() <= 1


def test_families_and_habitats_are_those_of_the_true_species(folder):
    _, species, _ = biosphere_hardness.load(folder, 16, "scientific_name")
    for label in ("family", "habitat"):
        _, classes, _ = biosphere_hardness.load(folder, 16, label)
        pairs = set(zip(species.tolist(), classes.tolist(), strict=True))
        assert len(pairs) == 6, "each species has one"


def test_the_pixel_baselines_run_on_a_small_world(folder, capsys):
    biosphere_hardness.probe(*biosphere_hardness.load(folder, 16, "scientific_name"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[:2]] == ["majority class", "nearest centroid"]
    assert len(lines) == 5
