"""`thuja curate leaks build` as a user calls it."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.curate.leaks.planted import frame_of, painted, training_row

from thuja.cli.curate_leaks import build
from thuja.curate.leaks import LeakSettings, leaks_step, read_leak_index
from thuja.encode.embedder import Embedder
from thuja.errors import OutputExists, UsageError


def run(*words: object) -> Result:
    return CliRunner().invoke(build, [*map(str, words)], catch_exceptions=False)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "newt").mkdir()
    for number in range(3):
        painted(number).save(tmp_path / "newt" / f"{number}.jpg")
    return tmp_path / "newt"


def test_an_index_of_a_folder_is_built_and_not_overwritten(tmp_path: Path, photos: Path) -> None:
    out = tmp_path / "newt.parquet"
    lines = run(photos, "--name", "newt", "--out", out).stdout.splitlines()
    assert lines == ["3 images, 3 of them known by some key, 3 hashed", "0 files could not be read", f"index: {out}"]
    assert read_leak_index(out).images["emb"].count() == 0
    with pytest.raises(OutputExists, match="exists already"):
        run(photos, "--name", "newt", "--out", out)


def test_an_index_with_vectors_is_what_the_key_embedding_asks_for(
    tmp_path: Path, photos: Path, tiny_model: Any
) -> None:
    """The gate's hint said `--model`, which the command did not have."""
    tiny_model.save(tmp_path / "model", name="tiny")
    out = tmp_path / "newt.parquet"
    plain = tmp_path / "plain.parquet"
    run(photos, "--name", "newt", "--out", plain)
    embed = Embedder(model=str(tmp_path / "model"))
    with pytest.raises(UsageError, match="has no embeddings") as refused:
        leaks_step(LeakSettings(indexes=(plain,), keys=("embedding",)), embed)
    assert "--model" in str(refused.value.hint)
    said = run(photos, "--name", "newt", "--model", tmp_path / "model", "--out", out).stdout
    assert f"3 embedded by {tmp_path / 'model'}\n" in said
    asked = LeakSettings(indexes=(out,), keys=("embedding",), cosine=0.999)
    row = training_row(0, photos / "1.jpg")
    assert leaks_step(asked, embed).applied(frame_of([row])).to_pydict()["leak_of"] == ["newt:embedding"]


def test_a_model_that_is_not_there_is_told_before_anything_is_written(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(UsageError):
        run(photos, "--name", "newt", "--model", tmp_path / "none", "--out", tmp_path / "newt.parquet")
    assert not (tmp_path / "newt.parquet").exists()
