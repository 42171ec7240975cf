"""`thuja embed` as a user runs it."""

import csv
import http.server
import json
import re
import socketserver
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from thuja.cli.embed import embed
from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions, encode_images, encode_texts
from thuja.errors import OutputExists, ThujaError, UsageError
from thuja.model import Model
from thuja.phrasing import PROMPTS


@pytest.fixture
def model_folder(tiny_model: Model, tmp_path: Path) -> Path:
    tiny_model.save(tmp_path / "model", name="tiny")
    return tmp_path / "model"


def picture(path: Path, seed: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(path)
    return path


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


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
    assert f"1 of 4 images could not be embedded; see {errors}" in said
    assert f"{out}: 3 embeddings of 8 dimensions" in said
    with errors.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["reason"]) for row in rows] == [(str(tmp_path / "in" / "bad.jpg"), "unsupported")]


def test_errors_are_listed_beside_the_output_when_there_are_any(tmp_path: Path, model_folder: Path) -> None:
    picture(tmp_path / "in" / "a.png", 0)
    run(tmp_path / "in", "--model", model_folder, "--out", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet.errors.csv").exists()
    (tmp_path / "in" / "bad.jpg").write_bytes(b"no image")
    run(tmp_path / "in", "--model", model_folder, "--out", tmp_path / "out.parquet", "--force")
    assert (tmp_path / "out.parquet.errors.csv").read_text(encoding="utf-8").startswith("id,reason,message\n")


def test_when_no_image_can_be_read_it_fails_and_writes_no_output(tmp_path: Path, model_folder: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    with pytest.raises(ThujaError, match="none of 1 images") as caught:
        run(bad, "--model", model_folder, "--out", tmp_path / "out.parquet")
    assert caught.value.exit_code == 1
    assert not (tmp_path / "out.parquet").exists()
    assert (tmp_path / "out.parquet.errors.csv").exists()


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


def test_texts_are_averaged_over_prompts(tmp_path: Path, tiny_model: Model, model_folder: Path) -> None:
    (tmp_path / "t.txt").write_text("raven\nmagpie\n", encoding="utf-8")
    (tmp_path / "prompts.txt").write_text("a photo of a {}.\n\n{}\n", encoding="utf-8")
    for prompts, given in ((tmp_path / "prompts.txt", ("a photo of a {}.", "{}")), ("openai", PROMPTS)):
        out = tmp_path / "out.parquet"
        run(
            tmp_path / "t.txt",
            "--texts",
            "--prompts",
            prompts,
            "--precision",
            "fp32",
            "--model",
            model_folder,
            "--out",
            out,
            "--force",
        )
        made = Embeddings.load(out)
        assert made.columns.column("text").to_pylist() == made.ids == ["raven", "magpie"]
        assert np.allclose(made.vectors, encode_texts(tiny_model, ["raven", "magpie"], prompts=given), atol=1e-6)


def test_json_goes_to_stdout_without_an_output(tmp_path: Path, model_folder: Path, tiny_model: Model) -> None:
    path = picture(tmp_path / "in" / "a.png", 0)
    plain = encode_images(tiny_model, [("a", path)], EncodeOptions(normalize=False)).embeddings.vectors
    for more in ([], ["--out", "-"]):
        result = CliRunner().invoke(
            embed, [str(path), "--model", str(model_folder), "--json", "--precision", "fp32", *more]
        )
        made = json.loads(result.stdout)
        assert list(made["embeddings"]) == [str(path)]
        assert np.allclose(made["embeddings"][str(path)], plain[0], atol=1e-6)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in", "model"]


def test_no_normalize_and_dtype_are_followed(tmp_path: Path, model_folder: Path) -> None:
    path, out = picture(tmp_path / "in" / "a.png", 0), tmp_path / "out.parquet"
    run(path, "--model", model_folder, "--out", out, "--no-normalize", "--dtype", "float16")
    made = Embeddings.load(out)
    assert (made.vectors.dtype, made.is_normalized) == (np.float16, False)
    assert abs(np.linalg.norm(made.vectors.astype(np.float32)) - 1) > 1e-3


def test_urls_of_a_table_are_fetched(tmp_path: Path, model_folder: Path) -> None:
    picture(tmp_path / "web" / "a.png", 0)
    with socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path / "web"))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        table = tmp_path / "t.csv"
        table.write_text(f"species,image_url\nx,{base}/a.png\ny,{base}/gone.png\nz,{base}/\n", encoding="utf-8")
        run(table, f"{base}/a.png", "--model", model_folder, "--out", tmp_path / "out.parquet")
        server.shutdown()
    made = Embeddings.load(tmp_path / "out.parquet")
    assert made.ids == [f"{base}/a.png"] * 2
    assert made.columns.column("species").to_pylist() == ["x", None]
    with (tmp_path / "out.parquet.errors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["reason"]) for row in rows] == [
        (f"{base}/gone.png", "http_404"),
        (f"{base}/", "unsupported"),  # a page
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "no output is named"),
        (["--out", "o.csv"], "unknown format"),
        (["--out", "o.json"], "is named as json"),
        (["--out", "o.parquet", "--json"], "is named as parquet"),
        (["--out", "o", "--prompts", "openai"], "prompts are for texts"),
        (["--out", "o", "--texts", "--head", "caption"], "a head is for images"),
        (["--out", "o", "--texts", "--no-normalize"], "length one, always"),
        (["--out", "o", "--texts", "--prompts", "gone.txt"], "cannot read the prompts"),
        (["--out", "o", "--texts", "--prompts", "wrong.txt"], "in place of {}"),
        (["--out", "o", "--texts", "--prompts", "empty.txt"], "holds no prompt"),
        (["--out", "o", "--column", "x"], "for tables"),
    ],
)
def test_options_that_do_not_go_together_are_a_wrong_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    picture(tmp_path / "in" / "a.png", 0)
    Path("wrong.txt").write_text("a photo\n", encoding="utf-8")
    Path("empty.txt").touch()
    with pytest.raises(UsageError, match=re.escape(said)) as caught:
        run("in", "--model", "gone", *options)
    assert caught.value.exit_code == 2


def test_python_m_thuja_is_thuja() -> None:
    done = subprocess.run([sys.executable, "-m", "thuja", "--version"], capture_output=True, check=True, timeout=60)
    assert done.stdout == b"thuja, version 0.1.0\n"


def test_an_embedding_needs_no_compiler_table_or_plot(tmp_path: Path, model_folder: Path) -> None:
    """A weight laid out only to be thrown away imported torch's compiler: a second before the first embedding."""
    image = picture(tmp_path / "in" / "a.png", 0)
    code = "import sys, atexit; from thuja.cli.main import main; atexit.register(lambda: print(*sys.modules)); main()"
    words = ["embed", str(image), "--model", str(model_folder), "--out", str(tmp_path / "o.parquet")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=True, timeout=60)
    loaded = set(done.stdout.decode().split())
    assert "torch" in loaded
    assert not loaded & {"torch._dynamo", "sympy", "polars", "scipy", "sklearn", "matplotlib"}


@pytest.mark.shared
def test_of_the_hostile_images_each_is_embedded_or_listed(shared: Path, tmp_path: Path, model_folder: Path) -> None:
    out = tmp_path / "out.parquet"
    run(shared / "photos" / "robust", "--model", model_folder, "--out", out)
    with (tmp_path / "out.parquet.errors.csv").open(encoding="utf-8") as file:
        failed = [row["id"] for row in csv.DictReader(file)]
    assert (len(Embeddings.load(out)), len(failed)) == (26, 7)
    assert set(Embeddings.load(out).ids).isdisjoint(failed)


@pytest.mark.parametrize("option", [("--precision", "int8"), ("--engine", "openvino"), ("--image-size", "32")])
def test_what_says_nothing_of_texts_is_refused(tmp_path: Path, model_folder: Path, option: tuple[str, str]) -> None:
    (tmp_path / "t.txt").write_text("raven\n", encoding="utf-8")
    with pytest.raises(UsageError, match="for images"):
        run(tmp_path / "t.txt", "--texts", "--model", model_folder, "--out", tmp_path / "o.parquet", *option)


def test_the_list_of_errors_cannot_be_the_output(tmp_path: Path, model_folder: Path) -> None:
    image, out = picture(tmp_path / "in" / "a.png", 0), tmp_path / "o.parquet"
    with pytest.raises(UsageError, match="is the output"):
        run(image, "--model", model_folder, "--out", out, "--errors", out)
