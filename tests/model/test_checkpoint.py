"""Model folders: written here and read here, by open_clip, and written by others."""

import json
import pickle
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from thuja.errors import BadFile, UsageError, WeightsMismatch
from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig
from thuja.model.weights import read_weights


def trunk_model() -> Model:
    tokenizer = Tokenizer.train(["a photo of a raven."], 520)
    config = ModelConfig(
        embed_dim=8,
        vision=TrunkConfig(projection="mlp", image_size=64),
        text=TextConfig(context_length=16, vocab_size=520, width=16, heads=2, layers=1),
    )
    generator = torch.Generator().manual_seed(0)
    return Model.create(config, tokenizer, Preparation(size=64, mode="crop", crop_fraction=0.875), generator=generator)


def test_a_saved_model_loads_the_same(tmp_path: Path, tiny_model: Model) -> None:
    with torch.no_grad():
        tiny_model.heads["caption"].proj.mul_(0.5)
        tiny_model.heads["caption"].logit_scale.fill_(1.0)
    identity = tiny_model.save(tmp_path, name="tiny", facts={"recipe": "small"})
    loaded = Model.load(tmp_path)
    assert loaded.id == identity == tiny_model.id
    assert identity.startswith("tiny-")
    assert loaded.facts == {"recipe": "small"}
    assert loaded.config == tiny_model.config
    assert loaded.preparation == tiny_model.preparation
    expected = tiny_model.state_dict()
    assert {name: weight.tolist() for name, weight in loaded.state_dict().items()} == {
        name: weight.tolist() for name, weight in expected.items()
    }
    assert not loaded.training
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_the_id_follows_the_weights(tmp_path: Path, tiny_model: Model) -> None:
    first, again = tiny_model.save(tmp_path / "a"), tiny_model.save(tmp_path / "b")
    with torch.no_grad():
        tiny_model.heads["caption"].proj[0, 0] += 1
    other = tiny_model.save(tmp_path / "c")
    assert first == again
    assert other != first


def test_saving_again_leaves_no_head_of_the_model_before(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    trunk_model().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "open_clip_config.json",
        "open_clip_model.safetensors",
        "thuja.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert Model.load(tmp_path).config.heads == ()


@pytest.mark.parametrize("kind", ["vit", "trunk"])
@pytest.mark.filterwarnings("ignore")
def test_open_clip_loads_what_is_saved(tmp_path: Path, tiny_model: Model, kind: str) -> None:
    import open_clip

    model = tiny_model if kind == "vit" else trunk_model()
    model.save(tmp_path)
    reference, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{tmp_path}")
    tokenize = open_clip.get_tokenizer(f"local-dir:{tmp_path}")
    texts = ["A photo of Corvus corax.", "Steller&#39;s jay"]
    size = model.preparation.size
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    reference.eval()
    with torch.inference_mode():
        assert (reference.encode_image(images, normalize=True) - model.encode_image(images)).abs().max() < 1e-5
        text_gap = reference.encode_text(tokenize(texts), normalize=True) - model.encode_text(texts)
        assert text_gap.abs().max() < 1e-5
    assert preprocess.transforms[0].size in (size, (size, size))


@pytest.mark.parametrize("kind", ["vit", "trunk"])
@pytest.mark.filterwarnings("ignore")
def test_pybioclip_answers_from_what_is_saved_as_thuja_does(tmp_path: Path, tiny_model: Model, kind: str) -> None:
    from bioclip import CustomLabelsClassifier

    from thuja.encode import Hardware
    from thuja.predict import Predictor

    # What it has no word for is left out, so that both see the same image.
    model = tiny_model if kind == "vit" else trunk_model()
    model.preparation = replace(model.preparation, mode="squash", crop_fraction=1.0)
    model.save(tmp_path / "model")
    image = Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 90).convert("RGB")
    image.save(tmp_path / "image.png")
    labels = ["a raven", "Pica pica", "a photo"]
    classifier = CustomLabelsClassifier(labels, model_str=f"local-dir:{tmp_path / 'model'}")
    if kind == "trunk":
        # It leaves models in training mode, where batch norm goes by the batch; the card says so.
        classifier.model.eval()
    theirs = classifier.predict([str(tmp_path / "image.png")])
    predictor = Predictor(tmp_path / "model", labels=labels, hardware=Hardware(device="cpu", precision="fp32"))
    (ours,) = predictor.predict([tmp_path / "image.png"])
    assert [row["classification"] for row in theirs] == [answer.text for answer in ours.answers]
    assert [row["score"] for row in theirs] == pytest.approx([answer.score for answer in ours.answers], abs=1e-5)


@pytest.mark.parametrize("kind", ["safetensors", "bin", "training"])
def test_a_published_layout_loads(tmp_path: Path, tiny_model: Model, kind: str) -> None:
    """open_clip's own folders have no thuja.json, other file names, and sometimes pickles."""
    tiny_model.save(tmp_path)
    weights = load_file(tmp_path / "open_clip_model.safetensors")
    for name in ("open_clip_model.safetensors", "thuja.json", "thuja_heads.safetensors"):
        (tmp_path / name).unlink()
    if kind == "safetensors":
        save_file(weights, tmp_path / "open_clip_pytorch_model.safetensors")
    elif kind == "bin":
        torch.save(weights, tmp_path / "open_clip_pytorch_model.bin")
    else:
        state = {f"module._orig_mod.{name}": weight.half() for name, weight in weights.items()}
        state["module._orig_mod.logit_scale"] = state["module._orig_mod.logit_scale"].reshape(1)
        torch.save({"epoch": 3, "state_dict": state}, tmp_path / "open_clip_pytorch_model.bin")
    loaded = Model.load(tmp_path)
    assert loaded.id.startswith(f"{tmp_path.name}-")
    assert loaded.visual.conv1.weight.dtype == torch.float32
    texts = ["Corvus corax"]
    gap = loaded.encode_text(texts) - tiny_model.encode_text(texts)
    assert gap.abs().max() < (5e-3 if kind == "training" else 1e-6)


@pytest.mark.parametrize(
    ("name", "projection", "temperature"),
    [("replay", "visual.continual_proj", None), ("caption", "visual.caption_proj", "logit_scale_caption")],
)
def test_the_second_projection_of_a_published_training_checkpoint_is_a_head(
    tmp_path: Path, tiny_model: Model, name: str, projection: str, temperature: str | None
) -> None:
    tiny_model.save(tmp_path)
    weights = load_file(tmp_path / "open_clip_model.safetensors")
    for left in ("open_clip_model.safetensors", "thuja.json", "thuja_heads.safetensors"):
        (tmp_path / left).unlink()
    weights[projection] = -weights["visual.proj"]
    if temperature:
        weights[temperature] = torch.tensor(0.0)
    torch.save({"state_dict": weights}, tmp_path / "open_clip_pytorch_model.bin")
    loaded = Model.load(tmp_path)
    images = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(loaded.encode_image(images, name), -loaded.encode_image(images))
    assert loaded.scale(name).item() == (1.0 if temperature else loaded.scale().item())


def test_a_key_missing_or_left_over_or_of_another_shape_is_named(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    path = tmp_path / "open_clip_model.safetensors"
    weights = load_file(path)
    weights["visual.extra"] = weights.pop("ln_final.bias")
    weights["visual.proj"] = torch.zeros(16, 9)
    save_file(weights, path)
    with pytest.raises(WeightsMismatch) as caught:
        Model.load(tmp_path)
    assert "missing: ln_final.bias" in caught.value.message
    assert "left over: visual.extra" in caught.value.message
    assert "visual.proj is (16, 9), expected (16, 8)" in caught.value.message


def test_a_pickle_with_a_payload_is_refused_and_does_not_run(tmp_path: Path) -> None:
    witness = tmp_path / "ran"

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (witness,)

    torch.save({"state_dict": Payload()}, tmp_path / "new.bin")
    (tmp_path / "old.bin").write_bytes(pickle.dumps({"weight": Payload()}, protocol=2))
    for name in ("new.bin", "old.bin"):
        with pytest.raises(BadFile, match=f"{name}: it is broken, or holds other things than tensors") as caught:
            read_weights(tmp_path / name)
        assert "weights_only" not in str(caught.value)  # torch says how to switch it off
    assert not witness.exists()


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 64, b"PK\x03\x04broken"])
@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_a_corrupt_file_is_a_bad_file(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"weights.{suffix}"
    path.write_bytes(content)
    if suffix == "safetensors" and content.startswith(b"\x08"):
        assert read_weights(path) == {}  # whole, and empty: the mismatch is for the loader to name
        return
    with pytest.raises(BadFile, match="cannot read the weights"):
        read_weights(path)


def test_a_cut_safetensors_file_is_a_bad_file(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    path = tmp_path / "open_clip_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadFile, match=r"open_clip_model\.safetensors"):
        Model.load(tmp_path)


def test_what_is_no_model_folder_is_said_to_be_none(tmp_path: Path, tiny_model: Model) -> None:
    with pytest.raises(UsageError, match=r"is not a model: it has no open_clip_config\.json"):
        Model.load(tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        Model.load(tmp_path / "nothing")
    tiny_model.save(tmp_path)
    (tmp_path / "open_clip_model.safetensors").unlink()
    with pytest.raises(BadFile, match="has no weights"):
        Model.load(tmp_path)
    (tmp_path / "open_clip_config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(BadFile, match="must hold a JSON object"):
        Model.load(tmp_path)


def test_an_image_preparation_that_is_not_known_is_a_bad_file(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    path = tmp_path / "open_clip_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["preprocess_cfg"]["resize_mode"] = "stretch"
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(BadFile, match="preprocess_cfg"):
        Model.load(tmp_path)


def test_a_folder_without_preprocess_cfg_takes_the_towers_size(tmp_path: Path, tiny_model: Model) -> None:
    tiny_model.save(tmp_path)
    path = tmp_path / "open_clip_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    del config["preprocess_cfg"]
    path.write_text(json.dumps(config), encoding="utf-8")
    assert Model.load(tmp_path).preparation == Preparation(size=16, mode="crop")


def test_the_trunks_id_follows_the_trunk_and_not_the_projection() -> None:
    model = trunk_model()
    before = model.trunk_id
    assert before.startswith("tf_efficientnet_lite0-")
    with torch.no_grad():
        model.visual.head.mlp.fc1.weight.zero_()
    assert model.trunk_id == before
    model.load_imagenet()
    assert model.trunk_id != before


def test_a_tokenizer_larger_than_the_text_tower_is_refused(tiny_model: Model) -> None:
    config = replace(tiny_model.config, text=replace(tiny_model.config.text, vocab_size=520))
    with pytest.raises(UsageError, match="room for 520"):
        Model.create(config, tiny_model.tokenizer, tiny_model.preparation, generator=torch.Generator())


@pytest.mark.parametrize("suffix", ["bin", "safetensors"])
def test_no_changed_byte_gets_past_as_another_error(tmp_path: Path, suffix: str) -> None:
    """Torch's readers raise BadZipFile, IndexError, AssertionError and others on broken bytes."""
    path = tmp_path / f"w.{suffix}"
    weights = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(3)}
    if suffix == "bin":
        torch.save({"state_dict": weights, "epoch": 3}, path)
    else:
        save_file(weights, path)
    whole = path.read_bytes()
    generator, refused = random.Random(0), 0
    for _ in range(300):
        broken = bytearray(whole)
        for _ in range(generator.choice([1, 3, 20])):
            broken[generator.randrange(len(broken))] = generator.randrange(256)
        path.write_bytes(
            bytes(broken) if generator.random() < 0.8 else bytes(broken[: generator.randrange(len(broken))])
        )
        try:
            read_weights(path)
        except BadFile:
            refused += 1
    assert refused > 30
