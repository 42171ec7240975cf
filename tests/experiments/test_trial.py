"""A cell from end to end in a small world: trained by streams and objectives, measured, and the same each time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from thuja.errors import EmptyInput, UsageError
from thuja.experiments import Arm, Cell, Grid, run_grid
from thuja.experiments.arms import Setup, all_arms
from thuja.experiments.making import make_world
from thuja.experiments.sizes import Size
from thuja.experiments.trial import Trial
from thuja.experiments.worlds import PartOfSource, open_world, place_of
from thuja.images import Preparation
from thuja.train import Recipe

KEPT = Preparation(size=18, mode="squash")


def cell_of(folder: Path, setup: Setup, *, seed: int = 0) -> Cell:
    arm = Arm(group="g", name="a", reference="a", setup=setup)
    return Cell(arm=arm, place=place_of("w", folder), seed=seed)


def test_a_cell_gives_the_same_scores_again_and_leaves_its_curve(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    cell = cell_of(small_world.parent, Setup(recipe=tiny_recipe))
    first = Trial(out=tmp_path)(cell)
    assert {"species", "seen_5_shot", "unseen_5_shot", "caption"} <= set(first)
    assert all(value <= 1 for value in first.values())
    (tmp_path / "runs" / cell.key / "checkpoints").mkdir(parents=True)  # of a run that was killed
    assert Trial(out=tmp_path)(cell) == first
    curve = (tmp_path / "curves" / f"{cell.key}.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(curve) == round(3 * len(open_world(small_world.parent, KEPT).life) / 16)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_loss_without_texts_has_no_scores_by_text(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    arms = {arm.label: arm for arm in all_arms(tiny_recipe)}
    found = Trial(out=tmp_path)(cell_of(small_world.parent, arms["loss/cosine_cross_entropy"].setup))
    assert "seen_5_shot" in found
    assert "species" not in found


def test_the_untrained_arm_is_what_every_arm_starts_from(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """One step at no rate moves nothing: image and text tower are drawn from the cell's seed alone."""
    still = replace(tiny_recipe, optimizer=replace(tiny_recipe.optimizer, lr=1e-12), epochs=0.2)
    trial = Trial(out=tmp_path)
    untrained = trial(cell_of(small_world.parent, Setup(recipe=tiny_recipe, length="none")))
    assert trial(cell_of(small_world.parent, Setup(recipe=still))) == pytest.approx(untrained, abs=1e-6)
    other = trial(cell_of(small_world.parent, Setup(recipe=tiny_recipe, length="none"), seed=1))
    assert other != untrained


def test_what_a_world_lacks_is_the_cells_failure_and_not_the_grids(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    arms = {arm.label: arm for arm in all_arms(tiny_recipe)}
    wanted = ("replay/without", "replay/one_projector", "species/x16")
    chosen = tuple(arms[label] for label in wanted)
    grid = Grid(arms=chosen, places=(place_of("w", small_world),), seeds=(0,))
    without, replay, species = run_grid(grid, Trial(out=tmp_path), tmp_path)
    assert without.error == ""
    assert replay.error == "this world has no things to replay"
    assert species.error.startswith("scaling needs at least 16 species of 16 training pictures, got 7")


def test_a_part_of_a_source_is_its_rows(small_world: Path) -> None:
    world = open_world(small_world, KEPT)
    rows = len(world.life) - 1 - np.arange(5)
    part = PartOfSource(whole=world.life, rows=rows)
    assert len(part) == sum(part.sizes) == 5
    assert [record.uuid for record in part.fetch(rows * 0 + 2).records] == [
        world.life.records(rows)[2].uuid for _ in range(5)
    ]
    assert set(part.taxa) == {record.taxon for record in world.life.records(rows)}
    assert part.fingerprint != world.life.fingerprint


def test_a_folder_that_is_no_world_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="not a folder that thuja curate made"):
        place_of("w", tmp_path)


def test_a_sealed_world_needs_its_claim(tmp_path: Path, tiny_recipe: Recipe) -> None:
    size = Size(name="t", species=8, unseen=2, images=8, pixels=32, things=20, recipe=tiny_recipe)
    with pytest.raises(UsageError, match="the world of seed 100 is sealed"):
        make_world(tmp_path / "w", size, 100)
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_a_world_is_made_once_and_serves_replay_and_controls(tmp_path: Path, tiny_recipe: Recipe) -> None:
    size = Size(name="t", species=8, unseen=2, images=10, pixels=32, things=60, recipe=tiny_recipe)
    folder = make_world(tmp_path / "w", size, 0)
    before = place_of("w", folder)
    make_world(folder, size, 0)
    assert place_of("w", folder) == before
    arms = {arm.label: arm for arm in all_arms(tiny_recipe)}
    for label in ("replay/two_projectors", "control/shuffled"):
        found = Trial(out=tmp_path)(Cell(arm=arms[label], place=before, seed=0))
        assert {"things", "caption", "species"} <= set(found)
    with pytest.raises(UsageError, match="another world than t's of seed 1"):
        make_world(folder, size, 1)
