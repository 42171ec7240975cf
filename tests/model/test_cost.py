"""Parameters and operations, counted by hand, by the model itself, and by hooks on its layers."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from thuja.images import Preparation
from thuja.model import SHAPES, HeadConfig, Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig, VisionConfig
from thuja.model.cost import count_parameters, image_flops, text_flops

TOKENIZER = Tokenizer.train(["a photo of a raven."], 520)
SMALL = TextConfig(width=32, heads=2, layers=2)
CONFIGS = {
    **SHAPES,
    "mlp ratio": ModelConfig(
        vision=VisionConfig(width=128, layers=2, mlp_ratio=2.5), text=replace(SMALL, mlp_ratio=3.0)
    ),
    "linear trunk": ModelConfig(embed_dim=64, vision=TrunkConfig(), text=SMALL),
    "mlp trunk": ModelConfig(embed_dim=64, vision=TrunkConfig(projection="mlp"), text=SMALL),
    "heads": ModelConfig(
        embed_dim=64,
        vision=TrunkConfig(projection="mlp"),
        text=SMALL,
        heads=(HeadConfig(name="replay"), HeadConfig(name="caption", has_own_temperature=True)),
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_those_of_the_model(name: str) -> None:
    with torch.device("meta"):
        model = Model(CONFIGS[name], TOKENIZER, Preparation())
    assert count_parameters(CONFIGS[name]) == sum(parameter.numel() for parameter in model.parameters())


def test_vit_b_16_is_35_gigaflops_by_hand() -> None:
    T, W, D = 197, 768, 512
    patches = 196 * (3 * 16 * 16) * W
    block = T * W * 3 * W + T * T * W + T * T * W + T * W * W + T * W * 4 * W + T * 4 * W * W
    by_hand = 2 * (patches + 12 * block + W * D)
    assert image_flops(SHAPES["ViT-B-16"]) == by_hand
    assert by_hand / 1e9 == pytest.approx(35.1, abs=0.05)


def test_a_text_costs_by_its_length() -> None:
    W = 512
    for T in (1, 30, 77):
        block = T * W * 3 * W + 2 * T * T * W + T * W * W + 2 * T * W * 4 * W
        assert text_flops(SHAPES["ViT-B-16"], T) == 2 * (12 * block + W * W)
    assert text_flops(SHAPES["ViT-B-16"]) == text_flops(SHAPES["ViT-B-16"], 77)


@pytest.mark.parametrize("projection", ["linear", "mlp"])
@pytest.mark.parametrize("size", [224, 225, 63])
def test_a_trunks_operations_are_those_its_layers_do(projection: str, size: int) -> None:
    vision = TrunkConfig(projection="mlp" if projection == "mlp" else "linear", image_size=size)
    config = ModelConfig(embed_dim=64, vision=vision, text=SMALL)
    seen: list[int] = []

    def convolved(module: nn.Module, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        seen.append(2 * module.weight.numel() * out.shape[-1] * out.shape[-2])

    with torch.device("meta"):
        model = Model(config, TOKENIZER, Preparation(size=size))
        model.train()  # a frozen norm is folded into the weights, and then no layer is called
        model.visual.trunk.is_norm_frozen = False
        model.train()
        for module in model.visual.trunk.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(convolved)
        model.encode_image(torch.empty(1, 3, size, size))
    head = sum(2 * module.weight.numel() for module in model.visual.head.modules() if isinstance(module, nn.Linear))
    assert image_flops(config) == sum(seen) + head
