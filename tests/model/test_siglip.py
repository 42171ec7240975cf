"""SigLIP against transformers' own, on folders that transformers wrote."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from thuja.errors import BadFile, WeightsMismatch
from thuja.images import Preparation
from thuja.model.padded_tokens import PaddedTokenizer
from thuja.model.siglip import load_siglip

pytestmark = pytest.mark.filterwarnings("ignore")
TEXTS = ["a photo of a raven.", "Corvus corax", "", "raven " * 40]


def save_tokenizer(folder: Path, *, pad_token: str = "</s>", **told: object) -> None:
    """A tokenizer.json like SigLIP's: pieces of words, an end-of-text token behind them, which pads as well."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    pipeline = Tokenizer(models.Unigram([("<unk>", 0.0)], unk_id=0))
    pipeline.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=40, special_tokens=["<unk>", "</s>", "<pad>"], unk_token="<unk>")
    pipeline.train_from_iterator(
        ["a photo of a raven", "a photo of a magpie", "corvus corax", "pica pica"] * 3, trainer
    )
    end = pipeline.token_to_id("</s>")
    pipeline.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    pipeline.save(str(folder / "tokenizer.json"))
    facts = {"tokenizer_class": "SiglipTokenizer", "eos_token": "</s>", "pad_token": pad_token, **told}
    (folder / "tokenizer_config.json").write_text(json.dumps(facts))


@pytest.fixture
def siglip(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder as transformers' SiglipModel saves it, its weights drawn."""

    def make(**vision: object) -> Path:
        from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

        save_tokenizer(tmp_path)
        sizes = {"intermediate_size": 43, "num_hidden_layers": 2, "num_attention_heads": 4}
        config = SiglipConfig(
            text_config={
                "hidden_size": 16, **sizes, "vocab_size": 40, "max_position_embeddings": 12, "projection_size": 32,
            },
            vision_config={"hidden_size": 32, **sizes, "image_size": 26, "patch_size": 8, **vision},
        )  # fmt: skip
        torch.manual_seed(0)
        model = SiglipModel(config)
        with torch.no_grad():
            for weight in model.parameters():  # a fresh model's biases are zero, which would hide a swap
                weight.add_(0.1 * torch.randn_like(weight))
        model.save_pretrained(tmp_path)
        SiglipImageProcessor(size={"height": 26, "width": 26}).save_pretrained(tmp_path)
        return tmp_path

    return make


def test_both_towers_are_transformers(siglip: Callable[..., Path]) -> None:
    from transformers import SiglipModel

    folder = siglip()
    loaded, reference = load_siglip(folder), SiglipModel.from_pretrained(folder).eval()
    images = torch.randn(3, 3, 26, 26, generator=torch.Generator().manual_seed(0))
    tokens = loaded.tokenizer(TEXTS)
    with torch.inference_mode():
        theirs = reference(input_ids=tokens, pixel_values=images)
        seen = torch.nn.functional.normalize(loaded.module.visual(images), dim=-1)
        read = torch.nn.functional.normalize(loaded.module.text(tokens), dim=-1)
    assert (theirs.image_embeds - seen).abs().max() < 1e-5
    assert (theirs.text_embeds - read).abs().max() < 1e-5
    assert seen.std(dim=0).max() > 0.01  # and the images are not all one to it
    scale, bias = loaded.module.logit_scale.exp().item(), loaded.module.logit_bias.item()
    assert (theirs.logits_per_image - (scale * seen @ read.T + bias)).abs().max() < 1e-4
    assert loaded.preparation == Preparation(size=26, mode="squash", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    assert loaded.id.startswith(f"{folder.name}-")


def test_an_exact_gelu_and_half_precision_weights_load(siglip: Callable[..., Path]) -> None:
    from safetensors.torch import load_file, save_file
    from transformers import SiglipModel

    folder = siglip(hidden_act="gelu")
    state = load_file(folder / "model.safetensors")
    save_file({name: weight.half() for name, weight in state.items()}, folder / "model.safetensors")
    loaded, reference = load_siglip(folder), SiglipModel.from_pretrained(folder, dtype=torch.float32).eval()
    images = torch.randn(2, 3, 26, 26, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        theirs = reference.get_image_features(pixel_values=images).pooler_output
        assert (theirs - loaded.module.visual(images)).abs().max() < 1e-5


def test_tokens_are_those_of_transformers_with_the_words_that_it_cleans_in_python(tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    save_tokenizer(tmp_path, pad_token="<pad>")
    tokenizer = PaddedTokenizer.load(tmp_path, length=24, pad_id=1)
    reference = PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "tokenizer.json"), eos_token="</s>", pad_token="<pad>", model_max_length=24
    )
    cleaned = ["a photo of a raven", "corvus corax", "", "raven " * 40]
    expected = reference(cleaned, padding="max_length", truncation=True, return_tensors="pt").input_ids
    assert torch.equal(tokenizer(TEXTS), expected)
    assert torch.equal(tokenizer(["A Photo\tof a,  RAVEN!"]), tokenizer(["a photo of a raven"]))
    assert tokenizer(TEXTS)[:, -1].tolist() == [2, 2, 2, 1]  # padding, but for the text that was cut: its end


def test_siglip_2_keeps_punctuation_and_lowers_the_case(tmp_path: Path) -> None:
    save_tokenizer(tmp_path, tokenizer_class="GemmaTokenizer", pad_token={"content": "<pad>", "lstrip": False})
    tokenizer = PaddedTokenizer.load(tmp_path, length=12, pad_id=0)
    assert torch.equal(tokenizer(["Corvus Corax"]), tokenizer(["corvus corax"]))
    assert not torch.equal(tokenizer(["corvus, corax"]), tokenizer(["corvus corax"]))
    assert tokenizer(["raven"])[0, -1] == 2


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("config.json", {"vision_config": {"vision_use_head": False}}, "no pooling head"),
        ("config.json", {"vision_config": {"hidden_act": "relu"}}, 'not with "relu"'),
        ("config.json", {"vision_config": {"num_attention_heads": 5}}, "not the sizes of a transformer"),
        ("config.json", {"vision_config": {"image_size": [26, 28]}}, "square"),
        ("config.json", {"text_config": {"projection_size": 8}}, "do not meet"),
        ("config.json", {"text_config": {"vocab_size": "many"}}, "not the sizes of a SigLIP"),
        ("preprocessor_config.json", {"size": {"height": 32, "width": 32}}, "takes 26 pixels"),
        ("preprocessor_config.json", {"do_normalize": False}, "do_normalize is off"),
        ("preprocessor_config.json", {"rescale_factor": 1.0}, "rescales by 1.0"),
        ("tokenizer.json", {"model": {"type": "none"}}, "is not a tokenizer"),
    ],
)
def test_what_is_not_built_is_refused_in_one_sentence(
    siglip: Callable[..., Path], file: str, change: dict[str, object], said: str
) -> None:
    folder = siglip()
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    for key, value in change.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) and key != "size" else value
    (folder / file).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BadFile, match=said):
        load_siglip(folder)


def test_weights_that_do_not_fit_are_named(siglip: Callable[..., Path]) -> None:
    from safetensors.torch import load_file, save_file

    folder = siglip()
    state = load_file(folder / "model.safetensors")
    del state["vision_model.encoder.layers.1.self_attn.k_proj.bias"], state["vision_model.head.probe"]
    save_file(state, folder / "model.safetensors")
    with pytest.raises(WeightsMismatch) as caught:
        load_siglip(folder)
    assert "visual.pool.probe" in caught.value.message
    assert "visual.transformer.resblocks.1.attn.in_proj_bias" in caught.value.message


def test_a_folder_without_a_tokenizer_says_how_to_make_one(siglip: Callable[..., Path]) -> None:
    folder = siglip()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(BadFile, match="has no tokenizer") as caught:
        load_siglip(folder)
    assert "AutoTokenizer" in caught.value.hint
