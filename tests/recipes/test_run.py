"""A recipe run as the command runs it: checks in the log, labels beside the model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from thuja.encode import encode_texts
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.phrasing import phrase
from thuja.predict import Predictor
from thuja.recipes.curated import catalog_taxa
from thuja.recipes.run import plan_recipe, run_recipe
from thuja.train import Corpus, Recipe, TrainOptions, read_recipe


def test_a_model_comes_with_the_names_of_every_species_the_held_out_ones_among_them(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    run_recipe(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=3))
    labels = LabelSpace.load(tmp_path / "run" / "model" / "labels")
    model = Model.load(tmp_path / "run" / "model")
    unseen = Corpus.open(small_world, "unseen").taxa
    assert len(labels) == 8
    assert set(unseen) < set(labels.taxa) == set(catalog_taxa(small_world))
    expected = encode_texts(model, [phrase(taxon, tiny_recipe.label_text) for taxon in labels.taxa])
    np.testing.assert_allclose(labels.vectors, expected, atol=1e-3)
    assert labels.model == model.id


def test_a_run_leaves_a_card_with_its_own_figures(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    run_recipe(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=3))
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    facts = Model.load(tmp_path / "run" / "model").facts
    images = len(Corpus.open(small_world, "train"))
    assert facts["metrics"]["val_zero_shot_top1"] == rows[-1]["val_zero_shot_top1"]
    assert facts["image_licences"] == {"no licence told": images}
    assert facts["settings"]["optimizer"]["lr"] == tiny_recipe.optimizer.lr
    card = (tmp_path / "run" / "model" / "README.md").read_text(encoding="utf-8")
    assert f"| training images | {images} |" in card
    assert "| optimizer.lr | `0.003` |" in card
    assert f"| validation | zero shot top1 | accuracy | {rows[-1]['val_zero_shot_top1']:.1%} |" in card


def test_the_log_holds_checks_between_nought_and_one_and_the_model_answers(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    options = TrainOptions(steps=4, evaluate_every=2)
    run_recipe(tiny_recipe.with_settings({"ancestor_share": "0.5"}), small_world, tmp_path / "run", options=options)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    checked = [row["step"] for row in rows if 0 <= row.get("val_zero_shot_top1", -1) <= 1]
    assert checked == [2, 4]
    image = tmp_path / "picture.jpg"
    image.write_bytes(Corpus.open(small_world, "test").read(0))
    (prediction,) = Predictor(tmp_path / "run").predict([image], k=8)
    assert sum(answer.score for answer in prediction.answers) == pytest.approx(1, abs=1e-5)


def test_a_batch_is_fitted_to_a_small_data_set_and_said(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`small-pretrained` has batches of 256, and many users have fewer photos than that."""
    images = len(Corpus.open(small_world, "train"))
    large = tiny_recipe.with_settings({"batch_size": "4096"})
    run_recipe(large, small_world, tmp_path / "run", options=TrainOptions(steps=1))
    assert read_recipe(tmp_path / "run").batch_size == images // 4
    assert f"there are {images} training images" in caplog.text
    bare = tmp_path / "shards"
    shutil.copytree(small_world / "shards", bare, ignore=lambda _, names: [n for n in names if "train" not in n])
    assert plan_recipe(large, bare, tmp_path / "other").recipe.batch_size == images // 4
