"""Both towers against open_clip's, with the same random weights."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import UnknownName
from thuja.images import Preparation
from thuja.model import SHAPES, HeadConfig, Model, ModelConfig, TextConfig, Tokenizer, VisionConfig

TOKENIZER = Tokenizer.train(["a photo of a raven."], 520)
SMALL = ModelConfig(
    embed_dim=24,
    vision=VisionConfig(image_size=48, patch_size=16, width=32, layers=2, head_width=16, mlp_ratio=3.0),
    text=TextConfig(context_length=32, vocab_size=520, width=32, heads=4, layers=2),
)
CONFIGS = {
    "token": SMALL,
    "mean": replace(
        SMALL, vision=VisionConfig(image_size=40, patch_size=8, width=32, layers=1, head_width=16, pool="mean")
    ),
    "quick_gelu": replace(SMALL, act="quick_gelu"),
    "vit-b-32": replace(
        SHAPES["ViT-B-32"],
        vision=replace(SHAPES["ViT-B-32"].vision, layers=2),
        text=replace(SHAPES["ViT-B-32"].text, layers=2),
    ),
}


def made(config: ModelConfig, seed: int = 0) -> Model:
    size = config.vision.image_size
    generator = torch.Generator().manual_seed(seed)
    return Model.create(config, TOKENIZER, Preparation(size=size), generator=generator)


def tokens_of(config: ModelConfig, generator: torch.Generator) -> torch.Tensor:
    """Rows of random tokens that end, at different places, in the highest id."""
    length = config.text.context_length
    tokens = torch.randint(1, config.text.vocab_size - 1, (4, length), generator=generator)
    for row, end in enumerate((3, 10, length - 2, length - 1)):
        tokens[row, end] = config.text.vocab_size - 1
        tokens[row, end + 1 :] = 0
    return tokens


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_towers_equal_open_clips(name: str) -> None:
    import open_clip

    config = CONFIGS[name]
    model = made(config)
    reference = open_clip.CLIP(**config.to_open_clip(own_tokenizer=False)).eval()
    reference.load_state_dict(model.state_dict())  # strict: the names are the same, all of them
    generator = torch.Generator().manual_seed(1)
    size = config.vision.image_size
    images = torch.randn(3, 3, size, size, generator=generator)
    tokens = tokens_of(config, generator)
    with torch.inference_mode():
        image_gap = reference.encode_image(images, normalize=True) - model.encode_image(images)
        text_gap = reference.encode_text(tokens, normalize=True) - model.encode_text(tokens)
    assert image_gap.abs().max() < 1e-5
    assert text_gap.abs().max() < 1e-5


@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_padding_a_text_changes_nothing(texts: list[str]) -> None:
    model = made(SMALL)
    ids = TOKENIZER.encode(texts, 32)
    with torch.inference_mode():
        short = model.encode_text(TOKENIZER.pad(ids))
        long = model.encode_text(TOKENIZER.pad(ids, 32))
        alone = torch.cat([model.encode_text([text]) for text in texts])
    assert (short - long).abs().max() < 1e-5
    assert (short - alone).abs().max() < 1e-5


def test_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second, other = made(SMALL, 3), made(SMALL, 3), made(SMALL, 4)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.visual.conv1.weight, other.visual.conv1.weight)


def test_every_weight_is_drawn() -> None:
    """`to_empty` leaves memory as it is: a weight that `create` forgets would be whatever lay there."""
    weights = dict(made(SMALL).named_parameters())
    for name, weight in weights.items():
        expected = 1.0 if ".ln_" in f".{name}" and name.endswith("weight") else None
        if expected is not None:
            assert torch.equal(weight, torch.ones_like(weight)), name
        elif name.endswith("bias"):
            assert not weight.any(), name
        elif name != "logit_scale":
            assert 0.001 < float(weight.detach().std()) < 0.5, name
    assert weights["logit_scale"].item() == pytest.approx(2.6593, abs=1e-4)


def test_a_further_head_starts_where_taxonomy_stands_and_parts_from_it() -> None:
    config = replace(SMALL, heads=(HeadConfig(name="replay"), HeadConfig(name="caption", has_own_temperature=True)))
    model = made(config)
    images = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    for head in ("replay", "caption"):
        assert torch.equal(model.encode_image(images, head), model.encode_image(images))
    with torch.no_grad():
        model.heads["caption"].proj.neg_()
        model.heads["caption"].logit_scale.zero_()
    assert torch.equal(model.encode_image(images, "caption"), -model.encode_image(images))
    assert model.scale("caption").item() == 1.0
    assert model.scale("replay").item() == model.scale().item() == pytest.approx(1 / 0.07, rel=1e-5)
    with pytest.raises(UnknownName, match="unknown head"):
        model.encode_image(images, "sound")


def test_scales_are_kept_between_one_and_a_hundred() -> None:
    model = made(replace(SMALL, heads=(HeadConfig(name="caption", has_own_temperature=True),)))
    with torch.no_grad():
        model.logit_scale.fill_(9.0)
        model.heads["caption"].logit_scale.fill_(-2.0)
    model.clamp_scales()
    assert model.scale().item() == pytest.approx(100.0)
    assert model.scale("caption").item() == 1.0


def test_features_projected_are_the_embedding() -> None:
    model = made(SMALL)
    images = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    features = model.image_features(images)
    assert features.shape == (2, model.visual.feature_dim) == (2, 32)
    assert torch.equal(model.project(features), model.encode_image(images))
    raw = model.encode_image(images, normalize=False)
    assert torch.allclose(raw / raw.norm(dim=1, keepdim=True), model.encode_image(images))


def test_a_frozen_trunk_leaves_the_projection_and_the_text_tower_to_learn() -> None:
    model = made(SMALL)
    model.freeze_trunk()
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert "visual.proj" in learning
    assert "token_embedding.weight" in learning
    assert not any(name.startswith("visual.") for name in learning - {"visual.proj"})
    model.freeze_trunk(is_frozen=False)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_patch_dropout_keeps_its_share_while_training_and_all_patches_after() -> None:
    model = made(replace(SMALL, vision=replace(SMALL.vision, patch_dropout=0.5)))
    seen: list[int] = []
    model.visual.transformer.resblocks[0].register_forward_pre_hook(lambda _, args: seen.append(args[0].shape[1]))
    images = torch.zeros(2, 3, 48, 48)
    model.train().encode_image(images)
    model.eval().encode_image(images)
    assert seen == [1 + 4, 1 + 9]


def test_patch_dropout_keeps_the_patches_of_the_smallest_lots_handed_in() -> None:
    model = made(replace(SMALL, vision=replace(SMALL.vision, patch_dropout=0.5))).train()
    images = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    others = images.clone()
    others[..., 32:, :] = 0  # the last row of patches, three of nine
    lots = torch.arange(9.0).expand(2, -1)
    results = []
    for looked_at in (images, others):
        model.visual.lots = lots
        results.append(model.encode_image(looked_at))
        assert model.visual.lots is None
    assert torch.equal(*results)
    model.visual.lots = 9 - lots
    assert not torch.allclose(model.encode_image(images), results[0], atol=1e-3)
