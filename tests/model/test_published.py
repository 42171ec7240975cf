"""Finding a model: folders, the demo's, published ones in a hub cache that the test makes."""

import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from thuja.errors import UnknownName, UsageError
from thuja.model import Model
from thuja.model.known import KNOWN
from thuja.model.published import find_cached, find_model


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty hub cache and an empty folder to stand in; returns the hub cache."""
    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "thuja"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return cache


def cached(cache: Path, repository: str, model: Model) -> Path:
    """Lay a model out as huggingface_hub keeps a downloaded one; returns the snapshot folder."""
    root = cache / f"models--{repository.replace('/', '--')}"
    snapshot = root / "snapshots" / ("0" * 40)
    model.save(snapshot)
    (snapshot / "thuja.json").unlink()
    (snapshot / "thuja_heads.safetensors").unlink(missing_ok=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("0" * 40, encoding="utf-8")
    return snapshot


@pytest.mark.parametrize(
    ("name", "repository"),
    [*((one.name, one.repository) for one in KNOWN), ("hf-hub:someone/raven", "someone/raven")],
)
def test_a_published_model_is_found_in_the_hub_cache(
    no_network: Path, tiny_model: Model, name: str, repository: str
) -> None:
    snapshot = cached(no_network, repository, tiny_model)
    assert find_model(name) == snapshot
    loaded = Model.load(snapshot)
    assert loaded.id.startswith(f"{repository.split('/')[1]}-")
    assert (loaded.encode_text(["raven"]) - tiny_model.encode_text(["raven"])).abs().max() < 1e-6


def test_vocab_and_merges_do_as_tokenizer(no_network: Path, tiny_model: Model) -> None:
    import json

    snapshot = cached(no_network, "imageomics/bioclip", tiny_model)
    model = json.loads((snapshot / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    (snapshot / "tokenizer.json").unlink()
    (snapshot / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    merges = "\n".join(pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"])
    (snapshot / "merges.txt").write_text(merges, encoding="utf-8")
    loaded = Model.load(find_model("bioclip"))
    assert loaded.tokenize(["Corvus corax"]).tolist() == tiny_model.tokenize(["Corvus corax"]).tolist()


def test_a_half_downloaded_model_does_not_count(no_network: Path, tiny_model: Model) -> None:
    snapshot = cached(no_network, "imageomics/bioclip", tiny_model)
    (snapshot / "open_clip_model.safetensors").unlink()
    with pytest.raises(UsageError, match="imageomics/bioclip is not cached"):
        find_model("bioclip")


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert find_model(tmp_path) == tmp_path
    assert find_model(str(tmp_path)) == tmp_path


def test_what_is_cached_is_told_without_a_network(no_network: Path, tiny_model: Model) -> None:
    assert [find_cached(one) for one in KNOWN] == [None] * len(KNOWN)
    snapshot = cached(no_network, "imageomics/biocap", tiny_model)
    assert {one.name: find_cached(one) for one in KNOWN if find_cached(one)} == {"biocap": snapshot}


def test_with_no_name_the_demos_model_is_taken(no_network: Path, tiny_model: Model) -> None:
    published = cached(no_network, "imageomics/bioclip-2", tiny_model)
    assert find_model(None) == published
    tiny_model.save(Path("demo/run/model"))
    assert find_model(None) == Path("demo/run/model")
    shutil.rmtree("demo")


def test_with_no_model_anywhere_the_three_ways_on_are_said() -> None:
    with pytest.raises(UsageError, match="no model is given") as caught:
        find_model(None)
    assert caught.value.exit_code == 2
    for way in ("make demo", "--model FOLDER", "open_clip_config.json", "https://huggingface.co/imageomics/bioclip-2"):
        assert way in caught.value.hint


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="bioclop") as caught:
        find_model("bioclop")
    assert "bioclip-2.5, biocap, openai/ViT-B-32" in caught.value.hint
    with pytest.raises(UsageError, match="no model folder at runs/model"):
        find_model("runs/model")


@pytest.mark.parametrize("name", ["hf-hub:a//b/c", "hf-hub:../../etc"])
def test_a_name_that_no_repository_can_have_is_one_sentence(name: str) -> None:
    with pytest.raises(UsageError, match="not the name of a hub repository"):
        find_model(name)
