"""A run's figures: metrics.jsonl whole and cut back, the further logs read back, what was replaced said at the end."""

import io
import json
import shutil
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from thuja.errors import UnknownName, UsageError
from thuja.train import Recipe, TrainOptions, train
from thuja.train.metrics import MetricsLog, cut_back, last_metrics, require_logs, warn_of_replaced


def rows(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_the_log_is_cut_back_to_the_step_where_a_run_goes_on_and_half_a_line_counts_as_none(tmp_path: Path) -> None:
    lines = [json.dumps({"step": step, "loss": 1 / step}) for step in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 4, "lo')
    cut_back(tmp_path, 5)
    assert [row["step"] for row in rows(tmp_path)] == [1, 2, 3]
    cut_back(tmp_path, 2)
    assert last_metrics(tmp_path) == {"step": 2, "loss": 0.5}


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    with MetricsLog(tmp_path, ("tensorboard",), is_main=False) as log:
        log.write({"step": 1, "loss": 2.0})
        log.flush()
    assert list(tmp_path.iterdir()) == []


def test_tensorboard_shows_each_step_once_though_some_were_taken_twice(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    """Steps after the last checkpoint are lost with a killed run, and taken again by the one that goes on."""
    options = TrainOptions(checkpoint_every=2, steps=3, logs=("tensorboard",))
    train(tiny_recipe, small_world, tmp_path / "run", options=options)
    (tmp_path / "run" / "checkpoints" / "step-000000003.pt").unlink()
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, resume=True, steps=5))
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    shown = [(event.step, event.value) for event in events.Scalars("loss")]
    assert shown == [(row["step"], pytest.approx(row["loss"], rel=1e-6)) for row in rows(tmp_path / "run")]
    assert {"lr", "grad_norm", "images_per_s", "data_wait_s", "replaced"} <= set(events.Tags()["scalars"])


class Recorder(ModuleType):
    """What thuja asks of the package wandb, kept."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.begun: list[dict[str, object]] = []
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.ends = 0

    def init(self, **said: object) -> "Recorder":
        self.begun.append(said)
        return self

    def log(self, numbers: dict[str, float], step: int) -> None:
        self.logged.append((step, numbers))

    def finish(self) -> None:
        self.ends += 1


def test_weights_and_biases_gets_every_number_and_a_resumed_run_goes_on_under_the_same_id(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a stand-in for the package, which is large and is not installed for tests."""
    package = Recorder()
    monkeypatch.setitem(sys.modules, "wandb", package)
    monkeypatch.setattr("thuja.train.metrics.importlib.util.find_spec", lambda name: package)
    options = TrainOptions(steps=2, logs=("wandb",))
    train(tiny_recipe, small_world, tmp_path / "run", options=options)
    train(tiny_recipe, small_world, tmp_path / "run", options=replace(options, steps=3, resume=True))
    train(tiny_recipe, small_world, tmp_path / "other" / "run", options=options)
    ids = [said["id"] for said in package.begun]
    assert ids[0] == ids[1] != ids[2]
    assert package.begun[0] | {"id": None} == {
        "project": "thuja",
        "id": None,
        "name": "run",
        "resume": "allow",
        "dir": str(tmp_path / "run"),
        "config": json.loads(tiny_recipe.to_json()),
    }
    assert [step for step, _ in package.logged] == [1, 2, 3, 1, 2]
    assert package.logged[0][1]["loss"] == rows(tmp_path / "run")[0]["loss"]
    assert package.ends == 3


def test_a_log_whose_package_is_absent_is_said_before_the_run_begins(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thuja.train.metrics.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match="the log wandb needs the package wandb") as raised:
        train(tiny_recipe, small_world, tmp_path / "run", options=TrainOptions(logs=("wandb",)))
    assert raised.value.hint == "pip install 'thuja[wandb]'"
    assert not (tmp_path / "run").exists()
    with pytest.raises(UnknownName, match='unknown log: "mlflow"'):
        require_logs(["mlflow"])


def test_nothing_is_said_of_a_run_that_could_read_everything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "replaced": 0}\n')
    warn_of_replaced(tmp_path)
    assert caplog.text == ""


def broken_shards(data: Path, out: Path) -> Path:
    """The training shards twice over: one with a garbled image in its middle, one cut short."""
    out.mkdir()
    (source,) = sorted((data / "shards").glob("train-*.tar"))
    with tarfile.open(source) as archive, tarfile.open(out / "garbled.tar", "w") as garbled:
        for number, member in enumerate(archive.getmembers()):
            content = archive.extractfile(member)
            assert content is not None
            body = content.read()
            if member.name.endswith(".jpg") and 20 <= number < 40:
                body = bytes(len(body))
            garbled.addfile(member, io.BytesIO(body))
    shutil.copy(source, out / "short.tar")
    (out / "short.tar").write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    return out


def test_a_garbled_image_and_a_shard_cut_short_are_stood_in_for_counted_and_said(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shards = broken_shards(small_world, tmp_path / "shards")
    options = TrainOptions(checkpoint_every=2)
    train(tiny_recipe, shards, tmp_path / "whole", options=options)
    found = rows(tmp_path / "whole")
    total = sum(row["replaced"] for row in found)
    met = {name: sum(row.get(f"replaced_{name}", 0) for row in found) for name in ("cut_short", "unsupported")}
    assert total == 3 * (10 + 1), "ten images and the last of the cut shard come up in each of three epochs"
    assert met["cut_short"] == 3
    assert met["unsupported"] >= 30, "a stand-in that is bad as well counts too"
    said = f"met were 3 cut_short, {met['unsupported']} unsupported"
    assert f"33 images could not be read, and others stood in for them; {said}" in caplog.text
    train(tiny_recipe, shards, tmp_path / "parts", options=replace(options, steps=3))
    train(tiny_recipe, shards, tmp_path / "parts", options=replace(options, resume=True))
    kept = ("loss", "replaced", "order")
    assert [[row[name] for name in kept] for row in rows(tmp_path / "parts")] == [
        [row[name] for name in kept] for row in found
    ]
