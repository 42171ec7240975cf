"""Files of weights: what runs no code, what is told from what, in which number format."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from thuja.model import Model
from thuja.model.weights import hash_of, sample_of


def test_weights_load_straight_into_bfloat16_but_for_the_temperatures(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    half, whole = Model.load(tmp_path, dtype=torch.bfloat16), Model.load(tmp_path)
    kinds = {name: weight.dtype for name, weight in half.named_parameters()}
    kept = {name for name, kind in kinds.items() if kind == torch.float32}
    assert kept == {"logit_scale", "heads.caption.logit_scale"}
    assert set(kinds.values()) == {torch.float32, torch.bfloat16}
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert (half.encode_image(images.bfloat16()).float() - whole.encode_image(images)).abs().max() < 0.05
    assert half.id == whole.id


def test_an_id_that_other_weights_left_behind_is_not_believed(
    tmp_path: Path, tiny_model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    identity = tiny_model.save(tmp_path / "model", name="tiny", facts={"recipe": "small"})
    path = tmp_path / "model" / "open_clip_model.safetensors"
    weights = load_file(path)
    weights["ln_final.bias"] = weights["ln_final.bias"] + 1
    save_file(weights, path, metadata={"format": "pt"})
    changed = Model.load(tmp_path / "model")
    assert changed.id.startswith("model-")
    assert changed.id.split("-")[-1] != identity.split("-")[-1]
    assert changed.facts == {}
    assert f"not those that its thuja.json tells of ({identity})" in caplog.text


def test_an_id_told_without_a_sample_is_checked_by_the_hash(tmp_path: Path, tiny_model: Model) -> None:
    identity = tiny_model.save(tmp_path, facts={"recipe": "small"})
    facts = json.loads((tmp_path / "thuja.json").read_text(encoding="utf-8"))
    del facts["samples"]
    (tmp_path / "thuja.json").write_text(json.dumps(facts), encoding="utf-8")
    assert (Model.load(tmp_path).id, Model.load(tmp_path).facts) == (identity, {"recipe": "small"})
    (tmp_path / "thuja.json").write_text(json.dumps(facts | {"id": "tiny-0123456789ab"}), encoding="utf-8")
    assert Model.load(tmp_path).id == f"{tmp_path.name}-{identity.split('-')[-1]}"


@pytest.mark.parametrize("change", ["value", "name", "shape"])
def test_a_sample_tells_any_tensor_changed_at_its_beginning(tmp_path: Path, change: str) -> None:
    weights = {"a": torch.zeros(100, 100), "b": torch.zeros(()), "c": torch.zeros(5, dtype=torch.int64)}
    path = tmp_path / "w.safetensors"
    save_file(weights, path)
    before = sample_of(path)
    save_file(weights, path)
    assert sample_of(path) == before
    if change == "value":
        weights["b"] = torch.tensor(1e-30)
    elif change == "name":
        weights["d"] = weights.pop("b")
    else:
        weights["a"] = torch.zeros(50, 200)
    save_file(weights, path)
    assert sample_of(path) != before


def test_in_a_hub_cache_the_hash_is_the_blobs_name_and_nothing_is_read(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshots").mkdir()
    blob = tmp_path / "blobs" / ("ab" * 32)
    blob.write_bytes(b"anything")
    link = tmp_path / "snapshots" / "open_clip_model.safetensors"
    link.symlink_to(blob)
    assert hash_of(link) == bytes.fromhex("ab" * 32)
    assert hash_of(blob) != hash_of(link)
