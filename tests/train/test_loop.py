"""The training loop: what a run leaves, what an interrupted one becomes, what is refused."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from thuja.errors import BadFile, EmptyInput, OutputExists, TrainingDiverged, UsageError
from thuja.jobs import require_complete
from thuja.model import Model
from thuja.train import Corpus, Recipe, TrainOptions, read_recipe, train
from thuja.train.checkpoint import list_checkpoints, load_newest, save_checkpoint
from thuja.train.corpus import FeatureSource, PictureSource
from thuja.train.start import start_model

OFTEN = TrainOptions(checkpoint_every=2)


def metrics(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def weights(run: Path) -> bytes:
    return (run / "model" / "open_clip_model.safetensors").read_bytes()


def test_a_run_leaves_a_model_that_loads_and_a_log_that_falls(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    tiny_recipe = replace(tiny_recipe, epochs=15)
    trained = train(tiny_recipe, small_world, tmp_path / "run")
    loaded = Model.load(tmp_path / "run" / "model")
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(loaded.encode_image(images), trained.eval().encode_image(images))
    losses = [row["loss"] for row in metrics(tmp_path / "run")]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.2
    assert read_recipe(tmp_path / "run") == tiny_recipe


def test_interrupted_and_resumed_is_bit_for_bit_a_run_left_alone(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, small_world, tmp_path / "whole", options=OFTEN)
    train(tiny_recipe, small_world, tmp_path / "parts", options=replace(OFTEN, steps=5))
    train(tiny_recipe, small_world, tmp_path / "parts", options=replace(OFTEN, resume=True))
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")
    steps = [row["step"] for row in metrics(tmp_path / "parts")]
    assert steps == list(range(1, len(steps) + 1))
    assert [row["loss"] for row in metrics(tmp_path / "parts")] == [row["loss"] for row in metrics(tmp_path / "whole")]


@pytest.mark.slow
def test_killed_at_random_moments_and_resumed_is_bit_for_bit_a_run_left_alone(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    tiny_recipe = replace(tiny_recipe, epochs=40)
    train(tiny_recipe, small_world, tmp_path / "whole", options=OFTEN)
    generator = random.Random(0)
    script = (
        "import sys; from pathlib import Path; from thuja.train import *; run = Path(sys.argv[2]);"
        "resume = (run / 'thuja.job.json').exists();"
        "train(Recipe.from_json(sys.argv[3]), Path(sys.argv[1]), run,"
        " options=TrainOptions(checkpoint_every=2, resume=resume))"
    )
    command = [sys.executable, "-c", script, str(small_world), str(tmp_path / "killed"), tiny_recipe.to_json()]
    kills = 0
    for _ in range(40):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        begun = len(metrics_so_far(tmp_path / "killed"))
        while process.poll() is None and len(metrics_so_far(tmp_path / "killed")) < begun + 4:
            time.sleep(0.01)
        time.sleep(generator.random() * 0.3)
        if kills < 4 and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        if process.wait() == 0:
            break
    assert kills == 4
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")


def metrics_so_far(run: Path) -> list[str]:
    path = run / "metrics.jsonl"
    return path.read_text().splitlines() if path.exists() else []


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    short = TrainOptions(steps=2)
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        train(replace(tiny_recipe, seed=seed), small_world, tmp_path / name, options=short)
    assert weights(tmp_path / "one") == weights(tmp_path / "again") != weights(tmp_path / "other")


def test_no_name_of_a_held_out_species_shapes_the_tokenizer(small_world: Path, tiny_recipe: Recipe) -> None:
    unseen = Corpus.open(small_world, "unseen")
    corpus = Corpus.open(small_world, "train")
    assert not set(unseen.taxa) & set(corpus.taxa)
    model = start_model(tiny_recipe, corpus)
    names = {record.taxon.species for record in unseen.records} - {taxon.species for taxon in corpus.taxa}
    assert names
    pieces = set(model.tokenizer._vocab)
    assert not {f"{name}</w>" for name in names} & pieces


def test_a_resumed_run_must_have_its_own_recipe_and_data(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=1))
    with pytest.raises(UsageError, match="another recipe"):
        train(replace(tiny_recipe, epochs=9), small_world, tmp_path / "run", options=TrainOptions(resume=True))
    assert require_complete(tmp_path / "run", verb="train"), "a refusal marked a whole run as unfinished"
    facts = json.loads((tmp_path / "run" / "data.json").read_text())
    (tmp_path / "run" / "data.json").write_text(json.dumps(facts | {"data": "other"}))
    with pytest.raises(UsageError, match="other data"):
        train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(resume=True))


def test_an_existing_run_is_refused_without_force(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=1))
    with pytest.raises(OutputExists):
        train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=1))
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=2, force=True))
    assert len(metrics(tmp_path / "run")) == 2


def test_a_loss_that_is_no_number_stops_and_keeps_the_batch(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    wild = replace(tiny_recipe, optimizer=replace(tiny_recipe.optimizer, lr=1e30, grad_clip=None), warmup_steps=0)
    with pytest.raises(TrainingDiverged):
        train(wild, small_world, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "diverged.json").read_text())
    assert len(kept["uuids"]) == tiny_recipe.batch_size
    assert set(kept["uuids"]) <= {record.uuid for record in Corpus.open(small_world, "train").records}
    assert not (tmp_path / "run" / "model").exists()


def test_a_batch_larger_than_the_data_is_refused_before_any_time_is_spent(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="larger than"):
        train(replace(tiny_recipe, batch_size=4096), small_world, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_curate_did_not_make_is_refused(tiny_recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="curate"):
        train(tiny_recipe, tmp_path, tmp_path / "run")


def test_the_model_is_checked_and_finished_by_the_functions_handed_in(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    asked: list[bool] = []

    def evaluate(model: Model) -> dict[str, float]:
        asked.append(model.training)
        return {"score": 0.5}

    finished: list[Path] = []
    options = TrainOptions(
        steps=5, evaluate=evaluate, evaluate_every=2, finish=lambda model, folder: finished.append(folder)
    )
    train(tiny_recipe, small_world, tmp_path / "run", options=options)
    assert asked == [False, False, False]
    assert [row.get("val_score") for row in metrics(tmp_path / "run")] == [None, 0.5, None, 0.5, 0.5]
    assert finished == [tmp_path / "run" / "model"]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, step, {"step": step, "weight": torch.tensor([step])}, keep=2)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000000002.pt", "step-000000003.pt"]
    newest = tmp_path / "step-000000003.pt"
    newest.write_bytes(newest.read_bytes()[:200])
    state = load_newest(tmp_path)
    assert state is not None
    assert state["step"] == 2
    (tmp_path / "step-000000002.pt").write_bytes(b"")
    with pytest.raises(BadFile, match="no checkpoint"):
        load_newest(tmp_path)


def test_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"step": 1, "payload": Payload()}, tmp_path / "step-000000001.pt")
    with pytest.raises(BadFile):
        load_newest(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_picture_drawn_without_crop_is_the_prepared_picture(small_world: Path, tiny_recipe: Recipe) -> None:
    """The random crop at its widest, unmirrored, differs from the plain preparation by resampling only."""
    from thuja.images import decode

    corpus = Corpus.open(small_world, "train")
    preparation = start_model(tiny_recipe, corpus).preparation
    source = PictureSource(corpus, preparation, replace(tiny_recipe.augmentation, scale=(1.0, 1.0)))
    batch = source.batch(np.arange(8), np.random.default_rng(0)).numpy()
    plain = np.stack([preparation(decode(corpus.read(row))) for row in range(8)])
    assert batch.shape == plain.shape
    deviation = np.abs(batch - plain).mean() / np.abs(plain - plain.mean()).mean()
    assert deviation < 0.15


def test_feature_noise_has_the_share_asked_for() -> None:
    features = np.random.default_rng(0).standard_normal((500, 6)).astype(np.float32) * np.arange(1, 7, dtype=np.float32)
    source = FeatureSource(features, noise=0.5)
    rows = np.arange(500)
    noise = source.batch(rows, np.random.default_rng(1)).numpy() - features
    np.testing.assert_allclose(noise.std(axis=0) / features.std(axis=0), 0.5, atol=0.05)
    quiet = FeatureSource(features).batch(rows, np.random.default_rng(1)).numpy()
    np.testing.assert_array_equal(quiet, features)
