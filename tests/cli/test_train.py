"""`thuja train` as a user runs it: what it prints, what a dry run says, what it refuses before any time is spent."""

import json
import os
import shlex
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from thuja.cli.train import train
from thuja.errors import EmptyInput, ThujaError, UnknownName, UsageError
from thuja.model import Model
from thuja.recipes import NAMES
from thuja.shards.writer import write_shard
from thuja.taxonomy import Rank, Taxon
from thuja.train import Corpus, Recipe, read_recipe


@pytest.fixture
def recipe(tiny_recipe: Recipe, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.json"
    path.write_text(tiny_recipe.to_json())
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(train, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.stdout


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 80 GiB of memory and as much disk as a run wants."""
    monkeypatch.setattr("thuja.train.placing.free_memory", lambda device: 80 * 2**30)
    monkeypatch.setattr("thuja.train.plan.free_memory", lambda device: 80 * 2**30)
    monkeypatch.setattr("thuja.train.checks._free", lambda path: 10**13)


def test_a_recipe_is_taken_from_a_file_and_a_run_is_taken_up_by_its_folder(
    small_world: Path, recipe: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    said = run(recipe, small_world, "--out", out, "--steps", 2, "--set", "epochs=5", "--device", "cpu", "--keep", 1)
    assert said == f"model: {out / 'model'}\nnext:  thuja evaluate {out} {small_world} --out report\n"
    assert read_recipe(out) == replace(tiny_recipe, epochs=5)
    run(out, small_world, "--out", out, "--resume", "--steps", 3, "--keep", 1)
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 3
    assert [path.name for path in (out / "checkpoints").iterdir()] == ["step-000000003.pt"]


def test_the_recipe_file_of_the_page_is_a_recipe(small_world: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "train.md").read_text(encoding="utf-8")
    shown = next(block for block in page.split("```python\n") if block.startswith("# mine.py"))
    (tmp_path / "mine.py").write_text(shown.partition("```")[0])
    said = run(tmp_path / "mine.py", small_world, "--out", tmp_path / "run", "--dry-run")
    assert "mine, from scratch" in said
    assert "; sigmoid on taxonomy by sci" in said


def test_a_python_file_is_a_recipe_and_its_slips_are_said(small_world: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import replace\nfrom thuja.recipes.small import RECIPE as SMALL\n"
        "RECIPE = replace(SMALL, name='mine', epochs=1)\n"
    )
    assert "mine, from scratch" in run(path, small_world, "--out", tmp_path / "run", "--dry-run")
    path.write_text("from thuja.recipes.small import RECIPES\n")
    with pytest.raises(UsageError, match=r"mine\.py failed: ImportError"):
        run(path, small_world, "--out", tmp_path / "run")
    path.write_text("RECIPE = 7\n")
    with pytest.raises(UsageError, match="says no RECIPE"):
        run(path, small_world, "--out", tmp_path / "run")


def test_shards_without_curation_train_and_the_next_command_makes_names(
    small_world: Path, recipe: Path, tmp_path: Path
) -> None:
    pattern = small_world / "shards" / "train-{00000..00000}.tar"
    said = run(recipe, pattern, "--out", tmp_path / "run", "--steps", 1)
    assert "thuja labels build TAXA" in said
    assert Model.load(tmp_path / "run").config.embed_dim == 8


def test_shards_are_checked_on_other_shards_and_the_best_model_is_kept(
    small_world: Path, recipe: Path, tmp_path: Path
) -> None:
    shards = small_world / "shards"
    train, test = (sorted(shards.glob(f"{split}-*.tar")) for split in ("train", "test"))
    run(recipe, train[0], "--val", test[0], "--out", tmp_path / "run", "--steps", 4, "--evaluate-every", 2)
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "val_zero_shot_top1" in row] == [2, 4]
    best = max(row["val_zero_shot_top1"] for row in rows if "val_zero_shot_top1" in row)
    assert Model.load(tmp_path / "run" / "best").facts["metrics"]["val_zero_shot_top1"] == best
    run(recipe, small_world, "--out", tmp_path / "curated", "--steps", 4, "--evaluate-every", 2)
    curated = [json.loads(line) for line in (tmp_path / "curated" / "metrics.jsonl").read_text().splitlines()]
    assert [row["loss"] for row in curated] == [row["loss"] for row in rows]


def test_images_that_are_named_to_their_genus_are_no_answers_of_a_check(
    small_world: Path, recipe: Path, tmp_path: Path
) -> None:
    corpus = Corpus.open(small_world, "test")
    named, *others = corpus.records
    whole = (named, *(replace(one, taxon=one.taxon.at(Rank.GENUS)) for one in others))
    write_shard(tmp_path / "val-00000.tar", [(one, corpus.read(row)) for row, one in enumerate(whole)])
    run(recipe, small_world, "--val", tmp_path, "--out", tmp_path / "run", "--steps", 1)
    assert Model.load(tmp_path / "run" / "best").facts["metrics"]["val_zero_shot_top1"] == 1, "one species to choose"


def test_shards_without_names_are_no_check(small_world: Path, recipe: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(small_world, "test")
    write_shard(tmp_path / "val-00000.tar", [(replace(corpus.records[0], taxon=Taxon()), corpus.read(0))])
    with pytest.raises(EmptyInput, match=r"no image in .* is named, and a run is checked by names"):
        run(recipe, small_world, "--val", tmp_path, "--out", tmp_path / "run", "--dry-run")


class TestDryRun:
    def test_it_says_what_would_be_trained_and_writes_nothing(
        self, small_world: Path, recipe: Path, tmp_path: Path
    ) -> None:
        before = sorted(tmp_path.rglob("*"))
        said = run(recipe, small_world, "--out", tmp_path / "run", "--dry-run", "--steps", 7)
        assert sorted(tmp_path.rglob("*")) == before
        lines = [line.split(maxsplit=1) for line in said.splitlines()]
        facts = {name: text for name, text in lines if name != "memory"}  # "at once" is told as "at"
        assert facts["recipe"].startswith("tiny, from scratch: ")
        assert facts["stream"].startswith("life: 16 images a step, 16 a process, of 66; multi_positive on taxonomy")
        assert facts["steps"] == "7 of the schedule's 12 of 16 images, 1.697 epochs"
        assert facts["schedule"].startswith("warm-up ")
        assert facts["processes"] == "1 on cpu, fp32, whole model"
        assert facts["at"].endswith("16 images in each process, all")
        assert "to plan with: fits" in said

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.usefixtures("roomy")
    def test_every_recipe_is_planned_without_its_start_weights(
        self, name: str, small_world: Path, tmp_path: Path
    ) -> None:
        settings = ["--set", "batch_size=16"]
        streams = []
        if name in ("bioclip2", "bioclip25"):
            settings += ["--set", "streams.replay.batch_size=8"]
            streams = ["--stream", f"replay={small_world / 'shards' / 'train-*.tar'}"]
        said = run(name, small_world, "--out", tmp_path / "run", "--dry-run", *settings, *streams)
        parameters = {"bioclip": 149_620_737, "bioclip2": 428_402_945, "bioclip25": 987_420_161}
        if name in parameters:
            assert f"{parameters[name]:,} parameters" in said
        if name not in ("small", "small-captions", "small-pretrained"):
            assert "are not on this machine: all is counted from shapes" in said

    def test_it_goes_on_with_a_run_only_where_the_run_would(
        self, small_world: Path, recipe: Path, tmp_path: Path
    ) -> None:
        run(recipe, small_world, "--out", tmp_path / "run", "--steps", 1)
        run(recipe, small_world, "--out", tmp_path / "run", "--dry-run", "--resume")
        with pytest.raises(UsageError, match="not empty"):
            run(recipe, small_world, "--out", tmp_path / "run", "--dry-run")
        with pytest.raises(UsageError, match="another recipe"):
            run(recipe, small_world, "--out", tmp_path / "run", "--dry-run", "--resume", "--set", "seed=2")


class TestRefusals:
    """One sentence before any time is spent; the run folder is not begun."""

    @pytest.fixture(autouse=True)
    def untouched(self, tmp_path: Path):
        yield
        assert not (tmp_path / "run").exists()

    def test_a_typo_in_a_field_names_the_nearest(self, small_world: Path, tmp_path: Path) -> None:
        for typo, nearest in (
            ("batchsize", "batch_size"),
            ("optimizer.learning", "lr"),
            ("streams.lif.window", "life"),
        ):
            with pytest.raises(UnknownName, match=f'unknown recipe field: "{typo}"') as raised:
                run("small", small_world, "--out", tmp_path / "run", "--set", f"{typo}=7")
            assert nearest in raised.value.hint
        with pytest.raises(UsageError, match='--set takes NAME=VALUE, got "seed"'):
            run("small", small_world, "--out", tmp_path / "run", "--set", "seed")

    def test_a_typo_in_a_recipe_file(self, small_world: Path, recipe: Path, tmp_path: Path) -> None:
        recipe.write_text(recipe.read_text().replace('"warmup_steps"', '"warmup_step"'))
        with pytest.raises(UnknownName) as raised:
            run(recipe, small_world, "--out", tmp_path / "run")
        assert "did you mean warmup_steps?" in raised.value.hint
        assert "tiny.json: unknown recipe field" in raised.value.message

    def test_a_recipe_that_is_not_there(self, small_world: Path, tmp_path: Path) -> None:
        with pytest.raises(UnknownName, match='unknown recipe: "bioclipp"') as raised:
            run("bioclipp", small_world, "--out", tmp_path / "run")
        assert raised.value.hint.startswith("did you mean bioclip? one of small, ")
        assert raised.value.hint.endswith("; or a run's folder, its recipe.json, or a .py file")
        with pytest.raises(UsageError, match=r"nofile\.py is not there"):
            run("nofile.py", small_world, "--out", tmp_path / "run")
        with pytest.raises(UsageError, match="is not a run folder"):
            run(tmp_path, small_world, "--out", tmp_path / "run")

    def test_a_file_that_is_no_recipe_is_named(self, small_world: Path, recipe: Path, tmp_path: Path) -> None:
        recipe.write_text("[]")
        with pytest.raises(UsageError, match=r"tiny\.json is not a recipe") as raised:
            run(recipe, small_world, "--out", tmp_path / "run")
        assert raised.value.exit_code == 2

    def test_a_gpu_that_is_not_there(self, small_world: Path, recipe: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="no device cuda:99"):
            run(recipe, small_world, "--out", tmp_path / "run", "--device", "cuda:99")

    def test_a_batch_larger_than_the_data(self, small_world: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="the batch of 32,768 is larger than the 66 images of life"):
            run("bioclip", small_world, "--out", tmp_path / "run", "--dry-run")

    def test_a_stream_without_data_and_data_without_a_stream(
        self, small_world: Path, recipe: Path, tmp_path: Path
    ) -> None:
        with pytest.raises(UsageError, match="has a stream replay, and no data is given") as raised:
            run("bioclip2", small_world, "--out", tmp_path / "run", "--dry-run", "--set", "batch_size=16")
        assert "--stream replay=" in raised.value.hint
        with pytest.raises(UnknownName, match='unknown stream: "reply"'):
            run(recipe, small_world, "--out", tmp_path / "run", "--stream", f"reply={small_world}")

    def test_an_empty_stream(self, small_world: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        arguments = ["--set", "batch_size=16", "--stream", f"replay={tmp_path / 'empty'}"]
        with pytest.raises(EmptyInput, match="no train shard in"):
            run("bioclip2", small_world, "--out", tmp_path / "run", "--dry-run", *arguments)

    def test_shards_without_text_of_the_wanted_kind(self, small_world: Path, recipe: Path, tmp_path: Path) -> None:
        corpus = Corpus.open(small_world, "train")
        kinds = {"captions": {"caption": ""}, "taxa": {"taxon": Taxon()}}
        for what, without in kinds.items():
            records = [replace(record, **without) for record in corpus.records]
            samples = [(record, corpus.read(row)) for row, record in enumerate(records)]
            write_shard(tmp_path / what / "00000.tar", samples)
        with pytest.raises(
            EmptyInput, match="the stream life has no captions, which its objective caption is taught by"
        ):
            run("biocap", tmp_path / "captions", "--out", tmp_path / "run", "--dry-run", "--set", "batch_size=16")
        with pytest.raises(EmptyInput, match="no taxa, which its objective taxonomy is taught by") as raised:
            run(recipe, tmp_path / "taxa", "--out", tmp_path / "run")
        said = shlex.split(raised.value.hint.removeprefix("it has captions: "))
        del raised  # its frames hold the shards, which are to be closed here and not by the garbage collector
        assert "1 on cpu" in run(recipe, tmp_path / "taxa", "--out", tmp_path / "run", "--dry-run", *said[:2])

    def test_a_micro_batch_that_does_not_fit_names_one_that_does(
        self, small_world: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("thuja.train.placing.free_memory", lambda device: 20 * 2**20)
        larger = [f"--set=image.{name}={size}" for name, size in (("image_size", 64), ("width", 64), ("layers", 4))]
        arguments = [recipe, small_world, "--out", tmp_path / "run", "--dry-run", *larger]
        with pytest.raises(UsageError, match="a micro-batch of 16 images takes about") as raised:
            run(*arguments, "--micro-batch", 16)
        assert raised.value.hint == "--micro-batch 8 fits"
        assert "at once    8 images" in run(*arguments, "--micro-batch", 8)
        said = run(*arguments)
        assert "at once    8 images in each process, of 16: all at once would take" in said
        assert " MiB at most, " in said

    def test_a_disk_that_is_too_small(
        self, small_world: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("thuja.train.checks._free", lambda path: 10_000)
        with pytest.raises(ThujaError, match="MiB are free"):
            run(recipe, small_world, "--out", tmp_path / "run")


@pytest.mark.slow
def test_processes_with_different_data_are_refused_in_each_of_them_and_told_by_the_first(
    small_world: Path, recipe: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.tar").write_bytes((small_world / "shards" / "test-00000.tar").read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = []
    for rank, data in enumerate((small_world / "shards" / "train-*.tar", tmp_path / "other" / "a.tar")):
        place = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        command = [sys.executable, "-m", "thuja", "train", recipe, data, "--out", tmp_path / "run"]
        arguments = [*map(str, command), "--set", "batch_size=2"]
        both.append(subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env={**os.environ, **place}))
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [2, 2], said
    assert "the processes have different data" in said[0]
    assert "thuja: " not in said[1], "what all meet is told once"
    assert not (tmp_path / "run").exists()
