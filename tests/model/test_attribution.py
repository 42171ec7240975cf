"""A heat map says where the score comes from: against sums written out, planted patches, and weights drawn anew."""

import numpy as np
import pytest
import torch
from torch import nn

from thuja.errors import ThujaError, UnknownName
from thuja.images import Preparation
from thuja.model import HeadConfig, Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig, VisionConfig
from thuja.model.attribution import Attribution, contrast_map
from thuja.model.packed import can_pack, cast_matrices, pack
from thuja.model.transformer import Block
from thuja.model.vit import VisionTransformer

TOKENIZER = Tokenizer.train(["a photo of a raven."], 520)
TEXT = TextConfig(context_length=8, vocab_size=520, width=16, heads=2, layers=1)
VISION = VisionConfig(image_size=40, patch_size=8, width=32, layers=3, head_width=16)
KINDS = {
    "token": VISION,
    "mean": VisionConfig(image_size=40, patch_size=8, width=32, layers=2, head_width=16, pool="mean"),
    "trunk": TrunkConfig(image_size=160),
    "mlp": TrunkConfig(image_size=160, projection="mlp"),
}


def made(vision: VisionConfig | TrunkConfig, *, seed: int = 0, heads: tuple[HeadConfig, ...] = ()) -> Model:
    config = ModelConfig(embed_dim=12, vision=vision, text=TEXT, heads=heads)
    preparation = Preparation(size=vision.image_size)
    return Model.create(config, TOKENIZER, preparation, generator=torch.Generator().manual_seed(seed))


def drawn(model: Model, count: int = 2, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    side = model.config.vision.image_size
    directions = generator.normal(size=(count, model.config.embed_dim)).astype(np.float32)
    return generator.normal(size=(count, 3, side, side)).astype(np.float32), directions


@pytest.mark.parametrize("kind", KINDS)
def test_the_map_for_the_rival_is_the_negative_of_that_for_the_answer(kind: str) -> None:
    model = made(KINDS[kind])
    pixels, directions = drawn(model)
    found = Attribution(model).maps(pixels, directions)
    assert found.shape == (2, 5, 5)
    assert np.abs(found).max() > 0
    np.testing.assert_allclose(Attribution(model).maps(pixels, -directions), -found, atol=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("pool", ["token", "mean"])
def test_the_gates_gradient_is_attention_times_its_gradient_summed_over_all(pool: str) -> None:
    model = made(KINDS[pool])
    pixels, directions = drawn(model)
    tower = model.visual
    assert isinstance(tower, VisionTransformer)
    x, attentions = tower.tokens(torch.from_numpy(pixels)), []
    for block in tower.transformer.resblocks:
        assert isinstance(block, Block)
        q, k, v = block.attn.split(block.attn.project_in(block.ln_1(x)))
        attentions.append((q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1))  # (B, H, T, T)
        x = x + block.attn.out_proj((attentions[-1] @ v).transpose(1, 2).flatten(2))
        x = x + block.mlp(block.ln_2(x))
    last = tower.ln_post(x)
    features = last[:, 0] if pool == "token" else last[:, 1:].mean(dim=1)
    embedded = model.project(features, normalize=False)
    score = (embedded / embedded.detach().norm(dim=-1, keepdim=True) * torch.from_numpy(directions)).sum()
    gradients = torch.autograd.grad(score, [*attentions, last])
    plain = sum((a * g).sum(dim=(1, 2)) for a, g in zip(attentions, gradients[:-1], strict=True))
    assert isinstance(plain, torch.Tensor)
    if pool == "mean":
        plain = plain + (last * gradients[-1]).sum(dim=-1)
    expected = plain[:, 1:].reshape(2, 5, 5).detach().numpy()
    np.testing.assert_allclose(Attribution(model).maps(pixels, directions), expected, rtol=1e-3, atol=1e-6)


def test_a_trunks_map_adds_up_to_the_difference_of_cosines() -> None:
    model = made(KINDS["trunk"])
    pixels, directions = drawn(model)
    with torch.no_grad():
        vectors = model.encode_image(torch.from_numpy(pixels)).numpy()
    found = Attribution(model).maps(pixels, directions)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), (vectors * directions).sum(axis=1), atol=1e-5)


def planted(side: int, patch: int, place: tuple[int, int]) -> np.ndarray:
    """A black image but for one patch."""
    pixels = np.zeros((1, 3, side, side), dtype=np.float32)
    row, column = (number * patch for number in place)
    pixels[:, :, row : row + patch, column : column + patch] = np.random.default_rng(5).normal(size=(3, patch, patch))
    return pixels


@pytest.mark.parametrize("way", ["attention", "patches"])
@pytest.mark.parametrize("place", [(0, 0), (3, 1), (4, 4)])
def test_a_planted_patch_is_where_the_map_of_a_vit_peaks(place: tuple[int, int], way: str) -> None:
    """A tower without positions, whose patches are all alike but one, told from the image without it."""
    model = made(VISION)
    assert isinstance(model.visual, VisionTransformer)
    nn.init.zeros_(model.visual.positional_embedding)
    pixels = planted(40, 8, place)
    with torch.no_grad():
        vectors = model.encode_image(torch.from_numpy(np.concatenate([pixels, np.zeros_like(pixels)]))).numpy()
    found = Attribution(model, way=way).maps(pixels, vectors[:1] - vectors[1:])[0]  # type: ignore[arg-type]
    assert np.unravel_index(found.argmax(), found.shape) == place
    others = np.delete(found.ravel(), found.argmax())
    assert found.max() > 3 * np.abs(others).max() or way == "patches"


@pytest.mark.parametrize("kind", ["trunk", "mlp"])
def test_a_planted_patch_is_where_the_map_of_a_trunk_that_looks_nowhere_else_is_not_zero(kind: str) -> None:
    """Its kernels have nothing but their middle, so that a place of the last map sees its own pixels alone."""
    model = made(KINDS[kind])
    for module in model.visual.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size[0] > 1:
            middle = module.kernel_size[0] // 2
            centre = module.weight.detach()[..., middle, middle].clone()
            nn.init.zeros_(module.weight)
            module.weight.detach()[..., middle, middle] = centre * 4  # or little is left after fifty layers
    pixels = planted(160, 32, (3, 1))
    with torch.no_grad():
        vectors = model.encode_image(torch.from_numpy(np.concatenate([pixels, np.zeros_like(pixels)]))).numpy()
    found = contrast_map(model, pixels[0], vectors[0] - vectors[1])
    is_planted = np.zeros((5, 5), dtype=bool)
    is_planted[3, 1] = True
    np.testing.assert_array_equal(np.abs(found) > 0, is_planted)


@pytest.mark.parametrize("kind", ["token", "trunk"])
def test_weights_drawn_anew_give_another_map(kind: str) -> None:
    """The sanity check of arXiv:1810.03292: a map that stays shows the image, not the model."""
    one, other = made(KINDS[kind]), made(KINDS[kind], seed=1)
    pixels, directions = drawn(one, 6)
    found = [Attribution(model).maps(pixels, directions).reshape(6, -1) for model in (one, other)]
    likeness = [np.corrcoef(first, second)[0, 1] for first, second in zip(*found, strict=True)]
    assert abs(np.mean(likeness)) < 0.4


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_tower_that_was_made_fast_gives_the_map_of_its_plain_self(dtype: torch.dtype) -> None:
    plain, fast = made(VISION), made(VISION)
    assert isinstance(fast.visual, VisionTransformer)
    cast_matrices(fast.visual, dtype)
    if can_pack(dtype):
        pack(fast.visual.transformer)
    pixels, directions = drawn(plain)
    expected = Attribution(plain).maps(pixels, directions)
    with torch.inference_mode():  # as encoders run
        found = Attribution(fast).maps(pixels, directions)
    tolerance = 1e-6 if dtype == torch.float32 else 0.05
    np.testing.assert_allclose(found, expected, atol=tolerance * np.abs(expected).max())


def test_a_head_of_its_own_has_a_map_of_its_own() -> None:
    model = made(VISION, heads=(HeadConfig(name="caption"),))
    pixels, directions = drawn(model)
    first = Attribution(model).maps(pixels, directions)
    np.testing.assert_array_equal(Attribution(model, head="caption").maps(pixels, directions), first)
    nn.init.normal_(model.heads["caption"].proj, generator=torch.Generator().manual_seed(3))  # type: ignore[arg-type]
    assert np.abs(Attribution(model, head="caption").maps(pixels, directions) - first).max() > 1e-4


def test_shapes_that_do_not_fit_and_ways_that_are_none_are_said() -> None:
    model = made(VISION)
    pixels, directions = drawn(model)
    with pytest.raises(ThujaError, match=r"directions \(B, 12\)"):
        Attribution(model).maps(pixels, directions[:, :3])
    with pytest.raises(UnknownName, match="saliency"):
        Attribution(model, way="saliency")  # type: ignore[arg-type]
