"""The same weights in other people's layouts: Hugging Face's, OpenAI's, training checkpoints."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from thuja.errors import BadFile, WeightsMismatch
from thuja.images import Preparation
from thuja.model import SHAPES, Model, ModelConfig, TextConfig, Tokenizer, VisionConfig
from thuja.model.layouts import infer_config
from thuja.model.published import find_model

TOKENIZER = Tokenizer.train(["a photo of a raven.", "Corvus corax"], 540)


def made(width: int = 64, *, act: str = "gelu") -> Model:
    """A model whose sizes can be told from shapes alone."""
    config = ModelConfig(
        embed_dim=8,
        vision=VisionConfig(image_size=24, patch_size=8, width=width, layers=2),
        text=TextConfig(context_length=20, vocab_size=TOKENIZER.vocab_size, width=64, heads=1, layers=3),
        act="quick_gelu" if act == "quick_gelu" else "gelu",
    )
    generator = torch.Generator().manual_seed(0)
    return Model.create(config, TOKENIZER, Preparation(size=24, mode="crop"), generator=generator)


def state_of(model: Model) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def encoded(model: Model, head: str = "taxonomy") -> Tensor:
    size = model.config.vision.image_size
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return torch.cat([model.encode_image(images, head), model.encode_text(["Corvus corax", ""])])


def lay_out(folder: Path, state: object, name: str = "epoch_30.pt") -> Path:
    folder.mkdir(exist_ok=True)
    TOKENIZER.save(folder / "tokenizer.json")
    torch.save(state, folder / name)
    return folder / name


@pytest.fixture
def hugging_face(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder as transformers' CLIPModel saves it, with our tokenizer."""

    def make(**text: object) -> Path:
        from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

        config = CLIPConfig(
            text_config={
                "hidden_size": 16, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
                "vocab_size": TOKENIZER.vocab_size, "max_position_embeddings": 20, "eos_token_id": TOKENIZER.end,
                "bos_token_id": TOKENIZER.start, **text,
            },
            vision_config={
                "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4,
                "image_size": 24, "patch_size": 8,
                "hidden_act": text.get("hidden_act", "quick_gelu"),
            },
            projection_dim=8,
        )  # fmt: skip
        torch.manual_seed(0)
        model = CLIPModel(config)
        model.save_pretrained(tmp_path)
        CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 24, "width": 24}).save_pretrained(tmp_path)
        TOKENIZER.save(tmp_path / "tokenizer.json")
        return tmp_path

    return make


@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
@pytest.mark.filterwarnings("ignore")
def test_hugging_faces_folder_gives_hugging_faces_embeddings(hugging_face: Callable[..., Path], act: str) -> None:
    from transformers import CLIPModel

    folder = hugging_face(hidden_act=act)
    model, reference = Model.load(folder), CLIPModel.from_pretrained(folder).eval()
    images = torch.randn(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    tokens = model.tokenizer.pad(model.tokenizer.encode(["Corvus corax", "a raven"], 20), 20)
    with torch.inference_mode():
        theirs = reference(input_ids=tokens, pixel_values=images)
        assert (theirs.image_embeds - model.encode_image(images)).abs().max() < 1e-5
        assert (theirs.text_embeds - model.encode_text(tokens)).abs().max() < 1e-5
    assert model.scale().item() == pytest.approx(reference.logit_scale.exp().item())
    assert model.preparation == Preparation(size=24, mode="crop", crop_fraction=0.75)
    assert model.config.act == act
    assert model.id.startswith(f"{folder.name}-")


@pytest.mark.filterwarnings("ignore")
def test_hugging_faces_pickle_and_older_names_load(hugging_face: Callable[..., Path]) -> None:
    """Checkpoints of transformers 4 hold the positions' numbers beside the weights."""
    from safetensors.torch import load_file

    folder = hugging_face()
    state = load_file(folder / "model.safetensors")
    expected = encoded(Model.load(folder))
    (folder / "model.safetensors").unlink()
    state |= {f"{part}_model.embeddings.position_ids": torch.arange(10)[None] for part in ("text", "vision")}
    torch.save(state, folder / "pytorch_model.bin")
    assert torch.equal(encoded(Model.load(folder)), expected)
    (folder / "preprocessor_config.json").unlink()
    assert Model.load(folder).preparation == Preparation(size=24, mode="crop")


@pytest.mark.filterwarnings("ignore")
def test_what_is_missing_from_hugging_faces_weights_is_named(hugging_face: Callable[..., Path]) -> None:
    from safetensors.torch import load_file, save_file

    folder = hugging_face()
    state = load_file(folder / "model.safetensors")
    del state["vision_model.encoder.layers.0.self_attn.v_proj.weight"]
    state["text_model.extra"] = torch.zeros(1)
    save_file(state, folder / "model.safetensors")
    with pytest.raises(WeightsMismatch) as caught:
        Model.load(folder)
    assert "missing: visual.transformer.resblocks.0.attn.in_proj_weight" in caught.value.message
    assert "left over: text_model.extra" in caught.value.message


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("config.json", {"model_type": "siglip"}, 'of type "siglip"'),
        ("config.json", {"text_config": {"hidden_act": "relu"}}, "quick_gelu, relu"),
        ("config.json", {"projection_dim": "wide"}, "does not build|not a config.json"),
        ("preprocessor_config.json", {"resample": 1}, "a preparation that thuja has not"),
        ("preprocessor_config.json", {"crop_size": {"height": 20, "width": 24}}, "not square"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_another_architecture_of_hugging_faces_is_refused(
    hugging_face: Callable[..., Path], file: str, change: dict[str, object], said: str
) -> None:
    folder = hugging_face()
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    (folder / file).write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(BadFile, match=said):
        Model.load(folder)


def test_a_training_checkpoint_alone_is_read_by_its_shapes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = made()
    state = {f"module._orig_mod.{name}": weight for name, weight in state_of(model).items()}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(4)}}, "param_groups": [{"lr": 1e-4}]}
    path = lay_out(tmp_path, {"epoch": 30, "name": "run", "state_dict": state, "optimizer": optimizer})
    loaded = Model.load(find_model(str(path)))
    assert torch.equal(encoded(loaded), encoded(model))
    assert (loaded.config, loaded.preparation) == (model.config, model.preparation)
    assert loaded.id.startswith("epoch_30-")
    for said in ("activation (taken: gelu)", "head (taken: 64)", "taken: the class token", "taken: crop-24-bicubic"):
        assert said in caplog.text


def test_a_config_beside_a_checkpoint_says_what_shapes_do_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    model = made(act="quick_gelu")
    model.save(tmp_path / "model")
    path = lay_out(tmp_path / "run", {"state_dict": state_of(model)})
    (tmp_path / "model" / "open_clip_config.json").rename(path.with_name("open_clip_config.json"))
    loaded = Model.load(path)
    assert loaded.config.act == "quick_gelu"
    assert torch.equal(encoded(loaded), encoded(model))
    assert not caplog.records


@pytest.mark.parametrize("head", ["replay", "caption"])
def test_the_second_projection_of_a_checkpoint_alone_is_a_head(tmp_path: Path, head: str) -> None:
    model = made()
    state = state_of(model)
    state["visual.continual_proj" if head == "replay" else "visual.caption_proj"] = -state["visual.proj"]
    if head == "caption":
        state["logit_scale_caption"] = torch.tensor([0.0])
    loaded = Model.load(lay_out(tmp_path, {"state_dict": state}))
    assert torch.equal(encoded(loaded, head)[:2], -encoded(model)[:2])
    assert loaded.scale(head).item() == (1.0 if head == "caption" else model.scale().item())


def test_openais_state_dict_has_quick_gelu_and_three_numbers_more(tmp_path: Path) -> None:
    model = made(act="quick_gelu")
    state = {name: weight.half() for name, weight in state_of(model).items()}
    state |= {"input_resolution": torch.tensor(24), "context_length": torch.tensor(20), "vocab_size": torch.tensor(540)}
    loaded = Model.load(lay_out(tmp_path, state, "ViT-Tiny.pt"))
    assert loaded.config == model.config
    assert loaded.visual.conv1.weight.dtype == torch.float32
    assert (encoded(loaded) - encoded(model)).abs().max() < 5e-3


@pytest.mark.filterwarnings("ignore")
def test_a_torchscript_archive_is_refused_and_the_safe_weights_are_named(tmp_path: Path) -> None:
    script = torch.jit.script(torch.nn.Linear(2, 2))
    script.save(str(tmp_path / "ViT-B-16.pt"))
    with pytest.raises(BadFile, match="TorchScript archive, which runs code") as caught:
        Model.load(tmp_path / "ViT-B-16.pt")
    assert "safetensors on the hub: --model openai/ViT-B-16" in caught.value.hint


def test_a_checkpoint_without_a_tokenizer_beside_it_says_what_it_needs(tmp_path: Path) -> None:
    path = lay_out(tmp_path, {"state_dict": state_of(made())})
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(BadFile, match="has no tokenizer"):
        Model.load(path)


def test_what_is_left_over_in_a_checkpoint_alone_is_named(tmp_path: Path) -> None:
    path = lay_out(tmp_path, {"state_dict": state_of(made()) | {"logit_bias": torch.zeros(())}})
    with pytest.raises(WeightsMismatch, match="left over: logit_bias"):
        Model.load(path)


def test_weights_of_another_architecture_need_their_config(tmp_path: Path) -> None:
    path = lay_out(tmp_path, {"state_dict": {"stem.weight": torch.zeros(3)}})
    with pytest.raises(WeightsMismatch, match=r"not the weights of a CLIP-ViT: visual\.conv1\.weight is missing"):
        Model.load(path)


def test_heads_that_shapes_do_not_tell_need_a_config(tmp_path: Path, tiny_model: Model) -> None:
    state = {name: weight for name, weight in state_of(tiny_model).items() if not name.startswith("heads.")}
    with pytest.raises(WeightsMismatch, match="do not tell their model: width 16 is not a multiple of head_width 64"):
        Model.load(lay_out(tmp_path, {"state_dict": state}))


@pytest.mark.parametrize("name", SHAPES)
def test_every_named_shape_is_told_from_its_weights(name: str) -> None:
    config = replace(SHAPES[name], act="quick_gelu")
    with torch.device("meta"):
        weights = Model(config, TOKENIZER, Preparation()).state_dict()
    assert infer_config(weights, is_quick_gelu=True, heads=()) == config
