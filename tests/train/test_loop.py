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

from thuja.errors import EmptyInput, OutputExists, ThujaError, TrainingDiverged, UnknownName, UsageError
from thuja.jobs import require_complete
from thuja.model import Model
from thuja.train import Corpus, Machine, Recipe, TrainOptions, read_recipe, train
from thuja.train.loop import _Run
from thuja.train.opening import open_sources
from thuja.train.parallel import Fleet
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
    model = start_model(tiny_recipe, open_sources(tiny_recipe, small_world))
    names = {record.taxon.species for record in unseen.records} - {taxon.species for taxon in corpus.taxa}
    assert names
    pieces = set(model.tokenizer._vocab)
    assert not {f"{name}</w>" for name in names} & pieces


def test_a_resumed_run_must_have_its_own_recipe_and_data(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=1))
    epochs = rf"another recipe \(epochs: {tiny_recipe.epochs:.1f} there, 9 here\)"
    with pytest.raises(UsageError, match=epochs):
        train(replace(tiny_recipe, epochs=9), small_world, tmp_path / "run", options=TrainOptions(resume=True))
    assert require_complete(tmp_path / "run", verb="train"), "a refusal marked a whole run as unfinished"
    facts = json.loads((tmp_path / "run" / "data.json").read_text())
    facts["life"] |= {"data": "other", "images": 7}
    (tmp_path / "run" / "data.json").write_text(json.dumps(facts))
    resumed = TrainOptions(resume=True)
    with pytest.raises(UsageError, match=r"begun on other data \(life: 7 images there, 66 here\)"):
        train(tiny_recipe, small_world, tmp_path / "run", options=resumed)
    smaller = tiny_recipe.with_settings({"batch_size": "8", "texts": '{"sci": 1}'})
    both = r"on other data \(.*\) and with another recipe \(streams.life.batch_size: 16 there, 8 here; .*texts: "
    with pytest.raises(UsageError, match=both):
        train(smaller, small_world, tmp_path / "run", options=resumed)


def test_a_run_that_another_process_writes_is_refused_and_left_as_it_is(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    def intrude(model: Model) -> dict[str, float]:
        for how in ({"force": True}, {"resume": True}):
            with pytest.raises(OutputExists, match="run is being written by another process"):
                train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(**how))
        return {"zero_shot_top1": 0.5}

    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=1, evaluate=intrude))
    assert require_complete(tmp_path / "run", verb="train")


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
    assert len(kept["uuids"]["life"]) == tiny_recipe.batch_size
    assert set(kept["uuids"]["life"]) <= {record.uuid for record in Corpus.open(small_world, "train").records}
    assert not (tmp_path / "run" / "model").exists()


def test_a_batch_larger_than_the_data_is_refused_before_any_time_is_spent(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="larger than"):
        train(tiny_recipe.with_settings({"batch_size": "4096"}), small_world, tmp_path / "run")
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
        return {"zero_shot_top1": 0.5}

    finished: list[Path] = []
    options = TrainOptions(
        steps=5, evaluate=evaluate, evaluate_every=2, finish=lambda model, folder: finished.append(folder)
    )
    train(tiny_recipe, small_world, tmp_path / "run", options=options)
    assert asked == [False, False, False]
    assert [row.get("val_zero_shot_top1") for row in metrics(tmp_path / "run")] == [None, 0.5, None, 0.5, 0.5]
    assert finished == [tmp_path / "run" / "model"]


def test_a_best_metric_that_no_check_finds_is_refused_at_the_first(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """No best model was ever kept, and with patience the run ended with its last."""
    options = TrainOptions(steps=4, evaluate=lambda model: {"zero_shot_top1": 0.5}, evaluate_every=2, patience=3)
    with pytest.raises(UnknownName, match='"speices"') as raised:
        train(replace(tiny_recipe, best="speices"), small_world, tmp_path / "run", options=options)
    assert raised.value.hint == "one of zero_shot_top1"


def test_a_run_that_patience_ends_killed_before_its_first_checkpoint_begins_its_log_once(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """The row of step 0 stayed, and the resumed run wrote it again."""
    asked: list[int] = []

    def evaluate(model: Model) -> dict[str, float]:
        asked.append(1)
        if len(asked) == 2:
            raise EmptyInput("cut off here")
        return {"zero_shot_top1": 0.5}

    options = TrainOptions(steps=2, evaluate=evaluate, evaluate_every=1, patience=9)
    with pytest.raises(EmptyInput, match="cut off"):
        train(tiny_recipe, small_world, tmp_path / "run", options=options)
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, resume=True))
    assert [row["step"] for row in metrics(tmp_path / "run")] == [0, 1, 2]


@pytest.mark.parametrize("is_full", [False, True])
def test_a_resumed_run_cuts_its_batches_as_before_where_that_fits_and_says_where_it_does_not(
    is_full: bool,
    small_world: Path,
    tiny_recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The passes' memory, weights among it, had to fit beside the weights that lay on the device already."""
    cut = TrainOptions(steps=2, machine=Machine(micro_batch=6))
    train(tiny_recipe, small_world, tmp_path / "run", options=cut)
    free = iter([1] if is_full else [2**40, 1])
    monkeypatch.setattr("thuja.train.loop.free_memory", lambda device: next(free))
    monkeypatch.setattr("thuja.train.loop.settled", lambda work, fleet, **_: work)
    train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(steps=4, resume=True))
    (newest,) = (tmp_path / "run" / "checkpoints").glob("step-000000004.pt")
    assert torch.load(newest)["run"]["passes"][0] == (None if is_full else 6)
    assert ("all images go through at once, which were 6" in caplog.text) == is_full


def test_a_device_that_is_full_before_the_first_step_is_said_in_one_sentence(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was a traceback: only the steps were watched."""

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("thuja.train.loop.placed", full)
    with pytest.raises(ThujaError, match="out of memory at a micro-batch of"):
        train(tiny_recipe, small_world, tmp_path / "run")


def test_a_best_model_that_is_handed_on_lies_on_the_device(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """It stayed on the processor, which then made the labels of every species."""
    options = TrainOptions(steps=1, evaluate=lambda model: {"zero_shot_top1": 0.5}, evaluate_every=1, patience=9)
    train(tiny_recipe, small_world, tmp_path / "run", options=options)
    sources = open_sources(tiny_recipe, small_world)
    run = _Run(tiny_recipe, sources, tmp_path / "run", options=options, fleet=Fleet(device=torch.device("cpu")))
    run.fleet = Fleet(device=torch.device("meta"))  # one that every machine has
    model, _ = run.trained()
    assert {weight.device.type for weight in model.parameters()} == {"meta"}


@pytest.mark.slow
def test_shards_read_by_workers_train_the_weights_that_memory_trains_stopped_and_resumed_or_not(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Which process decodes a sample, and where a run was stopped, is not what it learns from."""
    train(tiny_recipe, small_world, tmp_path / "memory")
    shards = {"life": small_world / "shards"}
    for workers, steps in ((0, 3), (2, 7), (1, None)):
        options = TrainOptions(resume=workers > 0, steps=steps, checkpoint_every=2, machine=Machine(workers=workers))
        train(tiny_recipe, shards, tmp_path / "shards", options=options)
    assert weights(tmp_path / "shards") == weights(tmp_path / "memory")
    orders = [[row["order"] for row in metrics(tmp_path / name)] for name in ("memory", "shards")]
    assert orders[0] == orders[1]


def test_a_run_says_where_it_goes_on_and_how_it_ends(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = iter((0.25, 0.5, 0.125, 0.0))
    options = TrainOptions(steps=2, evaluate=lambda _: {"zero_shot_top1": next(scores)}, evaluate_every=1)
    recipe = replace(tiny_recipe, warmup_steps=100)

    def said(**how: object) -> list[str]:
        capsys.readouterr()
        train(recipe, small_world, tmp_path / "run", options=replace(options, **how))
        return [line for line in capsys.readouterr().err.splitlines() if ": " not in line or "step" in line]

    steps = 12
    best = "best 0.5000 at step 2 (in best/)"
    rest = "of the 12 of its schedule; --resume without --steps goes on"
    begun = said()
    assert begun[0] == f"warm-up {steps // 2} steps (the recipe: 100): half of the run at most"
    assert begun[1:] == [f"checked by zero_shot_top1: 0.5000 at step 2, {best}", f"step 2 {rest}"]
    checked = f"checked by zero_shot_top1: 0.1250 at step 3, {best}"
    assert said(resume=True, steps=3) == ["going on at step 2 of 3", checked, f"step 3 {rest}"]
    assert said(resume=True, steps=3) == ["already complete at step 3", checked, f"step 3 {rest}"]
