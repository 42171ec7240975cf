"""`thuja embed` as a user runs it."""

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from thuja.cli.embed import embed
from thuja.embeddings import Embeddings
from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.model import Model


@pytest.fixture
def model_folder(tiny_model: Model, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "model", name="tiny")
    return tmp_path / "model"


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path)
    return path


def run(*arguments: object) -> str:
    result = CliRunner().invoke(embed, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.output


def test_images_go_in_and_a_parquet_file_comes_out(tmp_path: Path, model_folder: Path) -> None:
    files = [picture(tmp_path / "in" / f"{seed}.png", seed) for seed in range(3)]
    (tmp_path / "in" / "bad.jpg").write_bytes(b"no image")
    out, errors = tmp_path / "out.parquet", tmp_path / "errors.csv"
    said = run(tmp_path / "in", "--model", model_folder, "--out", out, "--errors", errors)
    embeddings = Embeddings.load(out)
    assert embeddings.ids == [str(path) for path in files]
    assert embeddings.model.startswith("tiny-")
    assert np.allclose(np.linalg.norm(embeddings.vectors, axis=1), 1, atol=1e-5)
    assert "1 of 4 images could not be read" in said
    assert f"{out}: 3 embeddings of 8 dimensions" in said
    with errors.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file_name"], row["reason"]) for row in rows] == [(str(tmp_path / "in" / "bad.jpg"), "unsupported")]


def test_when_no_image_can_be_read_it_fails_and_writes_nothing(tmp_path: Path, model_folder: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    with pytest.raises(ThujaError, match="none of 1 images") as caught:
        run(bad, "--model", model_folder, "--out", tmp_path / "out.parquet")
    assert caught.value.exit_code == 1
    assert not (tmp_path / "out.parquet").exists()


def test_an_output_that_is_there_is_refused_without_force(tmp_path: Path, model_folder: Path) -> None:
    image, out = picture(tmp_path / "in" / "a.png", 0), tmp_path / "out.parquet"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExists):
        run(image, "--model", model_folder, "--out", out)
    assert out.read_text(encoding="utf-8") == "mine"
    run(image, "--model", model_folder, "--out", out, "--force")
    assert len(Embeddings.load(out)) == 1


def test_a_wrong_model_or_path_is_a_usage_error(tmp_path: Path, model_folder: Path) -> None:
    image = picture(tmp_path / "in" / "a.png", 0)
    with pytest.raises(UsageError, match="not a model"):
        run(image, "--model", tmp_path / "in", "--out", tmp_path / "out.parquet")
    with pytest.raises(UsageError, match="no such file"):
        run(tmp_path / "gone", "--model", model_folder, "--out", tmp_path / "out.parquet")


def test_the_caption_head_gives_other_vectors_once_it_has_parted(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.heads["caption"].proj.data.neg_()
    tiny_model.save(tmp_path / "model")
    image = picture(tmp_path / "in" / "a.png", 0)
    for head in ("taxonomy", "caption"):
        run(image, "--model", tmp_path / "model", "--out", tmp_path / f"{head}.parquet", "--head", head)
    taxonomy, caption = (Embeddings.load(tmp_path / f"{head}.parquet") for head in ("taxonomy", "caption"))
    assert np.allclose(taxonomy.vectors, -caption.vectors, atol=1e-6)
