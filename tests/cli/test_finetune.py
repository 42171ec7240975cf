"""`thuja finetune` as a user calls it."""

from pathlib import Path

import pytest
from click import Context
from click.testing import CliRunner

from thuja.cli.main import cli
from thuja.cli.train_options import MachineChoice
from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.model import Model
from thuja.train import Recipe, TrainOptions, train


def test_a_model_is_tuned_and_the_table_printed(small_world: Path, tiny_recipe: Recipe, tmp_path: Path) -> None:
    train(tiny_recipe, small_world, tmp_path / "start", options=TrainOptions(steps=2))
    words = ["finetune", str(tmp_path / "start"), str(small_world), "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(
        cli, [*words, "--steps", "2", "--set", "tune.rank=2", "--workers", "0", "--recompute"], catch_exceptions=False
    )
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["asked", "rank", "pictures", "names", "before", "after"]
    assert lines[1].startswith("your photos       species")
    assert f"model:  {tmp_path / 'run' / 'model'}" in lines
    assert lines[1].endswith(" %")
    assert lines[-1] == f"next:   thuja predict PICTURES --model {tmp_path / 'run'}"
    assert Model.load(tmp_path / "run").facts["recipe"] == "finetune-lora"


def test_what_would_be_tuned_is_said_and_nothing_written(
    small_world: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    train(tiny_recipe, small_world, tmp_path / "start", options=TrainOptions(steps=2))
    before = sorted(tmp_path.rglob("*"))
    words = ["finetune", str(tmp_path / "start"), str(small_world), "--out", str(tmp_path / "run"), "--dry-run"]
    result = CliRunner().invoke(cli, [*words, "--steps", "3"], catch_exceptions=False)
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if not line.startswith("memory"))
    assert lines["recipe"].startswith("finetune-lora, from ")
    assert lines["stream"].startswith("photos: 32 images a step, 32 a process, of 66; multi_positive on taxonomy")
    assert lines["steps"].startswith("3 of the schedule's 210 of 32 images")
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(UsageError, match="no steps to plan"):
        CliRunner().invoke(cli, [*words, "--method", "probe"], catch_exceptions=False)


def test_the_machine_and_the_run_are_told_as_to_train() -> None:
    """The options were declared again, and --engine, --workers, --recompute, --keep and --log were left out."""
    own, theirs = (
        {option.name: option for option in cli.get_command(Context(cli), verb).params} for verb in ("finetune", "train")
    )
    shared = {"resume", "force", "steps", "keep", "logs", *MachineChoice._fields}
    assert all(own[name].to_info_dict() == theirs[name].to_info_dict() for name in shared)
    assert not {"checkpoint_every", "evaluate_every"} & own.keys()


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (["--set", "rank"], UsageError, "--set takes NAME=VALUE"),
        (["--method", "prompt"], UnknownName, 'unknown method: "prompt"'),
        ([], EmptyInput, "thuja curate"),
    ],
)
def test_a_wrong_call_is_one_sentence(tmp_path: Path, words: list[str], error: type[UsageError], says: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "model").mkdir()
    call = ["finetune", str(tmp_path / "model"), str(tmp_path / "photos"), "--out", str(tmp_path / "run"), *words]
    with pytest.raises(error, match=says):
        CliRunner().invoke(cli, call, catch_exceptions=False)
