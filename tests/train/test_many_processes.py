"""Whole runs under torchrun: two processes learn what one does, whichever way they share the model."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from thuja.labels import LabelSpace
from thuja.train import Recipe, TrainOptions, train
from thuja.train.tune import Distill, Tune

SCRIPT = """
import sys
from pathlib import Path
from thuja.train import Machine, Recipe, TrainOptions, train

data, out, recipe, engine, steps, resume = sys.argv[1:]
options = TrainOptions(
    steps=int(steps) or None,
    checkpoint_every=2,
    resume=resume == "resume",
    evaluate=lambda model: {"zero_shot_top1": float(model.logit_scale)},
    evaluate_every=3,
    machine=Machine(device="cpu", engine=engine, micro_batch=6),
)
train(Recipe.from_json(recipe), Path(data), Path(out), options=options)
"""


def run(data: Path, out: Path, recipe: Recipe, *, engine: str, steps: int = 0, resume: bool = False) -> str:
    """The run under torchrun with two processes; returns what they said."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
    script = [sys.executable, "-c", SCRIPT, str(data), str(out), recipe.to_json(), engine, str(steps)]
    done = subprocess.run(
        [*command, *script, "resume" if resume else "anew"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def losses(out: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ddp", "fsdp2"])
def test_two_processes_learn_what_one_does(engine: str, small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    """The loss curve and the weights, with dropped patches, and a resumption on one process in the middle."""
    recipe = replace(tiny_recipe, epochs=2, image=replace(tiny_recipe.image, patch_dropout=0.5))
    alone = TrainOptions(evaluate=lambda model: {"zero_shot_top1": float(model.logit_scale)}, evaluate_every=3)
    train(recipe, small_world, tmp_path / "one", options=alone)
    run(small_world, tmp_path / "two", recipe, engine=engine)
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)
    theirs, ours = (load_file(tmp_path / name / "model" / "open_clip_model.safetensors") for name in ("one", "two"))
    assert theirs.keys() == ours.keys()
    for name, weight in theirs.items():
        np.testing.assert_allclose(ours[name], weight, atol=2e-4, err_msg=name)
    run(small_world, tmp_path / "parts", recipe, engine=engine, steps=4)
    train(recipe, small_world, tmp_path / "parts", options=replace(alone, resume=True))
    np.testing.assert_allclose(losses(tmp_path / "parts"), losses(tmp_path / "one"), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["ddp", "fsdp2"])
def test_two_processes_tune_adapters_as_one_does(
    engine: str, small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Frozen weights, a teacher that is the model itself with its adapters off, old names held."""
    start = train(tiny_recipe, small_world, tmp_path / "start", options=TrainOptions(steps=2))
    vectors = np.eye(4, tiny_recipe.embed_dim, dtype=np.float32)
    LabelSpace(texts=["a", "b", "c", "d"], vectors=vectors, model=start.id).save(tmp_path / "start/model/labels")
    recipe = replace(
        tiny_recipe,
        epochs=1,
        start=str(tmp_path / "start"),
        tune=Tune(method="lora", rank=2),
        distill=Distill(weight=2.0, names=3),
    )
    alone = TrainOptions(evaluate=lambda model: {"zero_shot_top1": float(model.logit_scale)}, evaluate_every=3)
    train(recipe, small_world, tmp_path / "one", options=alone)
    run(small_world, tmp_path / "two", recipe, engine=engine)
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)
    for file in ("open_clip_model.safetensors", "adapters.safetensors"):
        theirs, ours = (load_file(tmp_path / name / "model" / file) for name in ("one", "two"))
        assert theirs.keys() == ours.keys()
        for name, weight in theirs.items():
            np.testing.assert_allclose(ours[name], weight, atol=2e-4, err_msg=name)
