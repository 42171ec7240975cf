"""Image towers without texts against transformers' own, on folders that transformers wrote."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from thuja.errors import BadFile, WeightsMismatch
from thuja.images import CLIP_MEAN, Preparation
from thuja.model.dino import load_dino
from thuja.model.foreign import HALF, IMAGENET_MEAN, IMAGENET_STD

pytestmark = pytest.mark.filterwarnings("ignore")
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "patch_size": 8}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "vit": ("ViT", {"intermediate_size": 43, "image_size": 32}),
    "vit without biases": ("ViT", {"intermediate_size": 64, "image_size": 32, "qkv_bias": False}),
    "dinov2": ("Dinov2", {"image_size": 48}),
    "dinov2 with gates": ("Dinov2", {"image_size": 32, "use_swiglu_ffn": True}),
    "dinov2 with registers": ("Dinov2WithRegisters", {"image_size": 48, "num_register_tokens": 3}),
    "dinov3": ("DINOv3ViT", {"intermediate_size": 64, "num_register_tokens": 4, "rope_theta": 50.0}),
    "dinov3 with gates": (
        "DINOv3ViT",
        {"intermediate_size": 40, "use_gated_mlp": True, "hidden_act": "silu", "key_bias": True, "mlp_bias": False},
    ),
}


def save(folder: Path, kind: str) -> Any:
    """Write a folder as transformers does, its weights drawn; returns transformers' model."""
    import transformers

    name, sizes = KINDS[kind]
    config = getattr(transformers, f"{name}Config")(**SIZES, **sizes)
    torch.manual_seed(0)
    model = getattr(transformers, f"{name}Model")(config)
    with torch.no_grad():
        for weight in model.parameters():  # fresh biases are zero and layer scales one, which would hide a swap
            weight.add_(0.1 * torch.randn_like(weight))
    model.save_pretrained(folder)
    told = {"size": {"height": 32, "width": 32}, "do_center_crop": False, "image_mean": HALF, "image_std": HALF}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return model.eval()


def images() -> torch.Tensor:
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_token_is_transformers(tmp_path: Path, kind: str) -> None:
    reference = save(tmp_path, kind)
    loaded = load_dino(tmp_path)
    with torch.inference_mode():
        theirs = reference(pixel_values=images()).last_hidden_state[:, 0]
        ours = loaded.module(images())
    assert (theirs - ours).abs().max() < 1e-5
    assert ours.std(dim=0).max() > 0.01  # and the images are not all one to it
    assert loaded.id.startswith(f"{tmp_path.name}-")


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("vit", {"layers.": "encoder.layer.", "attention.q_proj": "attention.attention.query",
                 "attention.k_proj": "attention.attention.key", "attention.v_proj": "attention.attention.value",
                 "attention.o_proj": "attention.output.dense", "mlp.fc1": "intermediate.dense",
                 "mlp.fc2": "output.dense"}),
        ("dinov2", {"attention.q_proj": "attention.attention.query", "attention.k_proj": "attention.attention.key",
                    "attention.v_proj": "attention.attention.value", "attention.o_proj": "attention.output.dense"}),
        ("dinov3", {"model.layer.": "layer."}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_old", [False, True])
def test_names_of_old_and_new_checkpoints_load(
    tmp_path: Path, kind: str, rules: dict[str, str], *, is_old: bool
) -> None:
    """transformers 5 renamed a ViT's parts; published checkpoints have the names of transformers 4, and a prefix."""
    from safetensors.torch import save_file

    reference = save(tmp_path, kind)
    state = {name: weight.clone() for name, weight in reference.state_dict().items()}
    if is_old:
        for new, old in rules.items():
            state = {name.replace(new, old): weight for name, weight in state.items()}
        if kind != "dinov3":
            prefix = "vit." if kind == "vit" else "dinov2."
            state = {prefix + name: weight for name, weight in state.items()} | {
                "classifier.weight": torch.zeros(2, 32)
            }
    save_file(state, tmp_path / "model.safetensors")
    with torch.inference_mode():
        theirs = reference(pixel_values=images()).last_hidden_state[:, 0]
        assert (theirs - load_dino(tmp_path).module(images())).abs().max() < 1e-5


def test_gates_that_lie_in_one_matrix_load(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    reference = save(tmp_path, "dinov2 with gates")
    state = dict(reference.state_dict())
    for layer in range(2):
        for part in ("weight", "bias"):
            gate, up, down = (f"encoder.layer.{layer}.mlp.{name}_proj.{part}" for name in ("gate", "up", "down"))
            state[f"encoder.layer.{layer}.mlp.weights_in.{part}"] = torch.cat([state.pop(gate), state.pop(up)])
            state[f"encoder.layer.{layer}.mlp.weights_out.{part}"] = state.pop(down)
    save_file(state, tmp_path / "model.safetensors")
    with torch.inference_mode():
        theirs = reference(pixel_values=images()).last_hidden_state[:, 0]
        assert (theirs - load_dino(tmp_path).module(images())).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("vit", Preparation(size=32, mode="squash", interpolation="bilinear", mean=HALF, std=HALF)),
        (
            "dinov2",
            Preparation(size=224, mode="crop", crop_fraction=0.875, mean=IMAGENET_MEAN, std=IMAGENET_STD),
        ),
        (
            "dinov3",
            Preparation(size=224, mode="squash", interpolation="bilinear", mean=IMAGENET_MEAN, std=IMAGENET_STD),
        ),
    ],
)
def test_a_folder_that_does_not_say_is_prepared_as_transformers_does(
    tmp_path: Path, kind: str, expected: Preparation
) -> None:
    save(tmp_path, kind)
    (tmp_path / "preprocessor_config.json").unlink()
    loaded = load_dino(tmp_path)
    assert loaded.preparation == expected
    with torch.inference_mode():
        assert loaded.module(torch.zeros(1, 3, expected.size, expected.size)).shape == (1, 32)


def test_what_the_preprocessor_says_goes_before_what_is_usual(tmp_path: Path) -> None:
    save(tmp_path, "dinov2")
    told = {
        "size": {"shortest_edge": 64},
        "crop_size": {"height": 48, "width": 48},
        "image_mean": CLIP_MEAN,
        "resample": 2,
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(told))
    expected = Preparation(
        size=48, mode="crop", interpolation="bilinear", mean=CLIP_MEAN, std=IMAGENET_STD, crop_fraction=0.75
    )
    assert load_dino(tmp_path).preparation == expected


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("vit", {"model_type": "swin"}, 'this is of type "swin"'),
        ("vit", {"hidden_act": "relu"}, 'not with "relu"'),
        ("vit", {"patch_size": 64}, "does not fit"),
        ("vit", {"patch_size": [8, 16]}, "square"),
        ("vit", {"num_attention_heads": 0}, "not the sizes"),
        ("dinov3 with gates", {"hidden_act": "gelu"}, "gated MLPs with silu"),
    ],
)
def test_what_is_not_built_is_refused_in_one_sentence(
    tmp_path: Path, kind: str, change: dict[str, object], said: str
) -> None:
    save(tmp_path, kind)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadFile, match=said):
        load_dino(tmp_path)


def test_another_config_over_the_same_weights_is_another_model(tmp_path: Path) -> None:
    """Weights do not tell the activation: their hash alone would take one model's vectors for the other's."""
    save(tmp_path, "vit")
    before = load_dino(tmp_path).id
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden_act": "quick_gelu"}))
    assert load_dino(tmp_path).id != before


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    save(tmp_path, "dinov2")
    state = load_file(tmp_path / "model.safetensors")
    name = next(name for name in state if "layer.1" in name and name.endswith("layer_scale2.lambda1"))
    bias = next(name for name in state if "layer.0" in name and name.endswith("fc1.bias"))
    state = {key: weight for key, weight in state.items() if key != bias} | {"more": torch.zeros(1)}
    assert name in state
    save_file(state, tmp_path / "model.safetensors")
    with pytest.raises(WeightsMismatch) as caught:
        load_dino(tmp_path)
    assert "missing: transformer.resblocks.0.mlp.c_fc.bias" in caught.value.message
    assert "left over: more" in caught.value.message
