"""`thuja labels` as a user calls it, killed and shared among processes too."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from thuja.cli.main import cli
from thuja.encode import build_labels
from thuja.errors import OutputExists, UnknownName, UsageError
from thuja.labels import LabelSpace
from thuja.model import Model

THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()"]
FILES = ("labels.parquet", "embeddings.npy", "labels.json")


@pytest.fixture
def model(tiny_model: Model, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def taxa(tmp_path: Path) -> Path:
    lines = ["family,genus,species", *(f"Corvidae,Corvus,c{number:03}" for number in range(400))]
    (tmp_path / "taxa.csv").write_text("\n".join([*lines, lines[-1]]))
    return tmp_path / "taxa.csv"


def command(*words: object) -> list[str]:
    return [*THUJA, "labels", *map(str, words)]


def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, env={**os.environ, **environment})


def same(first: Path, second: Path) -> bool:
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in FILES)


def test_a_label_space_is_built_shown_and_answers_predict(model: Path, taxa: Path, tmp_path: Path) -> None:
    from PIL import Image

    built = run("build", taxa, "--model", model, "--out", tmp_path / "out", "--precision", "fp32")
    assert built.returncode == 0, built.stderr
    assert built.stdout == f"{tmp_path / 'out'}: 400 labels\n"
    assert "400 labels, 1 duplicate rows merged" in built.stderr
    space = LabelSpace.load(tmp_path / "out")
    again = build_labels(Model.load(model), space.taxa)
    assert np.abs(space.vectors - again.vectors).max() < 1e-3
    shown = run("show", tmp_path / "out").stdout.splitlines()
    assert shown[:5] == ["labels\t400", f"model\t{space.model}", "dim\t8", "text_type\ttaxon_com", "prompts\t0"]
    assert shown[5] == "precision\tfp32"
    assert shown[-3:] == ["family\t1", "genus\t1", "species\t400"]
    Image.new("RGB", (16, 16)).save(tmp_path / "x.png")
    asked = [str(tmp_path / "x.png"), "--model", str(model), "--labels", str(tmp_path / "out"), "--rank", "genus"]
    said = subprocess.run([*THUJA, "predict", *asked], capture_output=True, text=True)
    assert said.stdout.splitlines()[1].split(",")[5:7] == ["Corvidae", "Corvus"], said.stderr


@pytest.mark.slow
def test_a_build_killed_again_and_again_ends_as_one_that_was_not(model: Path, taxa: Path, tmp_path: Path) -> None:
    options = ["--model", model, "--prompts", "openai", "--unit-size", 8, "--precision", "fp32"]
    assert run("build", taxa, *options, "--out", tmp_path / "calm").returncode == 0
    words = command("build", taxa, *options, "--out", tmp_path / "killed")
    kept = []
    for more in (1, 6, 12):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before, deadline = len(units(tmp_path)), time.monotonic() + 60
        while len(units(tmp_path)) < before + more and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        kept.append(len(units(tmp_path)))
    assert 0 < kept[0] < kept[1] < kept[2] < 50
    assert not (tmp_path / "killed" / "labels.json").exists()
    ended = run("build", taxa, *options, "--out", tmp_path / "killed")
    assert f"{kept[2]} of 50 units are done" in ended.stderr
    assert same(tmp_path / "calm", tmp_path / "killed")
    assert not (tmp_path / "killed.parts").exists()


def units(folder: Path) -> list[Path]:
    return list((folder / "killed.parts").glob("unit-??????"))


@pytest.mark.slow
def test_workers_and_torchruns_processes_make_what_one_process_makes(model: Path, taxa: Path, tmp_path: Path) -> None:
    options = ["--model", model, "--unit-size", 50, "--precision", "fp32"]
    assert run("build", taxa, *options, "--out", tmp_path / "one").returncode == 0
    two = run("build", taxa, *options, "--out", tmp_path / "two", "--workers", 2)
    assert two.returncode == 0, two.stderr
    shares = [
        subprocess.Popen(
            command("build", taxa, *options, "--out", tmp_path / "shared"),
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "2"},
            stdout=subprocess.DEVNULL,
        )
        for rank in (0, 1)
    ]
    assert [share.wait() for share in shares] == [0, 0]
    assert same(tmp_path / "one", tmp_path / "two")
    assert same(tmp_path / "one", tmp_path / "shared")


def test_a_wrong_call_is_refused_before_anything_is_made(model: Path, taxa: Path, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("a photo\n")
    (tmp_path / "none.txt").write_text("\n")
    wrong = [
        (["--rank", "genera"], "unknown rank"),
        (["--prompts", tmp_path / "prompts.txt"], "in place of"),
        (["--prompts", tmp_path / "none.txt"], "holds no prompt"),
        (["--prompts", "openaj"], "cannot read the prompts"),
        (["--within", "Nobody"], "lies within"),
        (["--text-type", "latin"], "unknown text type"),
        (["--precision", "fp8"], "unknown precision"),
        (["--device", "cuda:9"], "no device cuda:9"),
    ]
    for options, said in wrong:
        words = ["labels", "build", taxa, "--model", model, "--out", tmp_path / "out", *options]
        with pytest.raises(UsageError, match=said):
            cli.main(list(map(str, words)), standalone_mode=False)
    assert not (tmp_path / "out").exists()
    answer = run("show", tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"thuja: {tmp_path} is not a label space")


def test_published_files_are_imported_once_and_named_by_their_model(model: Path, tmp_path: Path) -> None:
    lineage = ["Animalia", "Chordata", "Aves", "Passeriformes", "Corvidae", "Corvus"]
    rows = [[[*lineage, name], ""] for name in ("corax", "corone", "cornix")]
    (tmp_path / "names.json").write_text(json.dumps(rows))
    np.save(tmp_path / "matrix.npy", np.eye(8, 3, dtype=np.float32))
    pair = [str(tmp_path / "matrix.npy"), str(tmp_path / "names.json")]
    asked = ["labels", "import", *pair, "--out", str(tmp_path / "out"), "--model"]
    done = CliRunner().invoke(cli, [*asked, str(model)], catch_exceptions=False)
    assert done.stdout == f"{tmp_path / 'out'}: 3 labels\n"
    labels = LabelSpace.load(tmp_path / "out")
    assert (labels.model, list(labels.texts)[1]) == (Model.load(model).id, "Corvus cornix")
    np.testing.assert_array_equal(labels.vectors, np.eye(3, 8)[[0, 2, 1]])
    with pytest.raises(OutputExists, match="holds another label space"):
        CliRunner().invoke(cli, [*asked, "an-id"], catch_exceptions=False)
    with pytest.raises(UnknownName, match="int8"):
        CliRunner().invoke(cli, [*asked, "an-id", "--force", "--dtype", "int8"], catch_exceptions=False)
    CliRunner().invoke(cli, [*asked, "an-id", "--force", "--dtype", "float32", "--keep-order"], catch_exceptions=False)
    labels = LabelSpace.load(tmp_path / "out")
    np.testing.assert_array_equal(labels.vectors, np.eye(3, 8))
    assert (labels.model, labels.vectors.dtype) == ("an-id", np.float32)
