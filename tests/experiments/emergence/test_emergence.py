"""The experiment on emergence: its arms, its pictures, and a cell that keeps its vectors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from thuja.biosphere import World
from thuja.errors import OutputExists, UsageError
from thuja.experiments import Cell, Grid, run_grid
from thuja.experiments.arms import arms_of
from thuja.experiments.emergence.about import ABOUT
from thuja.experiments.emergence.arms import Study, emergence_arms
from thuja.experiments.emergence.seen import Seen
from thuja.experiments.emergence.trial import VECTORS, StudyTrial
from thuja.experiments.emergence.views import Plan, conditions, held_out
from thuja.experiments.emergence.worlds import make_views, open_views, place_of_views
from thuja.experiments.grid import Arm
from thuja.experiments.measuring import Measuring
from thuja.experiments.scaling import Subset, choose
from thuja.experiments.sizes import SIZES, Size
from thuja.images import Preparation
from thuja.train import ImageTower, Objective, Recipe, Stream, TextTower

KEPT = Preparation(size=18, mode="squash")


@pytest.fixture(scope="module")
def size() -> Size:
    tiny = Recipe(
        name="tiny",
        image=ImageTower(image_size=16, patch_size=8, width=16, layers=1, head_width=8),
        text=TextTower(width=16, layers=1, heads=2, context_length=77, vocab_size=600),
        embed_dim=8,
        streams=(Stream(batch_size=16, objectives=(Objective(loss="multi_positive"),)),),
        label_text="taxon",
        epochs=0.3,
        warmup_steps=2,
    )
    return replace(
        SIZES["emergence"],
        name="toy",
        species=8,
        unseen=2,
        images=12,
        pixels=16,
        recipe=tiny,
        views=Plan(taught=8, unseen=2, pixels=16),
    )


@pytest.fixture(scope="module")
def folder(size: Size, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_views(tmp_path_factory.mktemp("views") / "toy-3", size, 3)


def cell_of(folder: Path, study: Study, *, seed: int = 0) -> Cell:
    arm = Arm(group="g", name="a", reference="a", setup=study)
    return Cell(arm=arm, place=place_of_views("w", folder), seed=seed)


def test_each_arm_is_told_and_what_two_groups_share_is_trained_once(tmp_path: Path) -> None:
    arms = emergence_arms(SIZES["emergence"].recipe)
    assert {arm.label for arm in arms} == set(ABOUT)
    assert arms == arms_of(SIZES["emergence"], {})
    named = {arm.label: arm.setup for arm in arms}
    assert named["controls/plain"] == named["scale/all"]
    assert named["scale/narrow"].recipe.embed_dim < 96 < named["emergence/plain"].recipe.embed_dim


def test_a_study_that_says_something_else_is_another_cell(folder: Path, size: Size) -> None:
    studies = [arm.setup for arm in emergence_arms(size.recipe)]
    keys = {cell_of(folder, study).key for study in studies}
    assert len(keys) == len({str(study) for study in studies})
    assert cell_of(folder, studies[0]).key != cell_of(folder, studies[0], seed=1).key


def test_subsets_nest() -> None:
    """What a small arm is taught, every larger one of the same seed is taught."""
    world = World.make(SIZES["emergence"].world(0))
    taxa = [species.taxon for species in world.species[:32] for _ in range(16)]
    rows = [set(choose(taxa, subset, seed=4)) for subset in (Subset(species=1), Subset(species=4), Subset())]
    assert rows[0] < rows[1] < rows[2]


def test_species_are_viewed_in_a_balanced_plan() -> None:
    plan = conditions()
    grown = [one for one in plan if one.stage == plan[-1].stage]
    assert len(grown) == 8
    assert len({(one.sex, one.season, bool(one.ailment)) for one in grown}) == 8
    assert sum(bool(one.ailment) for one in plan) == len(plan) / 2


def test_held_out_species_are_viewed_and_never_taught(folder: Path, size: Size) -> None:
    world = open_views(folder, KEPT)
    assert world.is_held.sum() == size.unseen
    taught = set(world.life_taxa)
    assert [taxon in taught for taxon in world.taxa] == [not held for held in world.is_held]
    assert len(world.images) == size.species * len(conditions()) * 3
    assert np.bincount(world.species).tolist() == [len(conditions()) * 3] * size.species
    assert held_out(world.world, 5)[world.is_held].all()


def test_a_folder_is_of_one_world_and_a_sealed_one_needs_its_claim(folder: Path, size: Size, tmp_path: Path) -> None:
    assert make_views(folder, size, 3) == folder  # what is there is not drawn again
    with pytest.raises(OutputExists, match="another world"):
        make_views(folder, size, 4)
    with pytest.raises(UsageError, match="sealed"):
        make_views(tmp_path / "sealed", size, 100)
    with pytest.raises(UsageError, match="no pictures for the experiment"):
        make_views(tmp_path / "tiny", SIZES["tiny"], 1)


def test_a_cell_keeps_its_vectors_and_is_not_measured_again(folder: Path, size: Size, tmp_path: Path) -> None:
    arm = replace(emergence_arms(size.recipe)[0], reference="plain")
    grid = Grid(arms=(arm,), places=(place_of_views("3", folder),), seeds=(0,))
    first = run_grid(grid, Measuring(out=tmp_path), tmp_path)[0]
    assert not first.error
    path = tmp_path / VECTORS / f"{first.cell.key}.npz"
    seen = Seen.load(path)
    assert seen.on["own"].shape == (size.species, len(conditions()), size.recipe.embed_dim)
    assert np.allclose(np.linalg.norm(seen.on["neutral"], axis=2), 1)
    assert seen.is_taught.sum() == size.species - size.unseen
    assert set(seen.texts) >= {"text", "text_plain", "text_shuffled", "text_reversed", "text_scientific"}
    assert np.array_equal(seen.texts["text"], seen.texts["text_plain"])
    path.unlink()
    assert run_grid(grid, Measuring(out=tmp_path), tmp_path) == [first]
    assert not path.exists()


def test_eyes_that_learn_nothing_see_the_same_pictures(folder: Path, size: Size, tmp_path: Path) -> None:
    for eye, width in (("pixels", 768), ("untrained", size.recipe.embed_dim)):
        cell = cell_of(folder, Study(recipe=size.recipe, eye=eye))  # type: ignore[arg-type]
        assert StudyTrial(out=tmp_path)(cell)["dimensions"] == width
        seen = Seen.load(tmp_path / VECTORS / f"{cell.key}.npz")
        assert not seen.is_taught.any()
        assert seen.on["other"].shape == (size.species, len(conditions()), width)
