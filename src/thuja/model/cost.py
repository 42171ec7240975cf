"""What a shape costs: its parameters, and its arithmetic for one image and one text.

Counted from the config alone, without torch. A multiply-add is two operations; what is not a matrix
product or a convolution (norms, activations, softmax, pooling) is left out, one per cent or less.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from thuja.model.config import ModelConfig, TrunkConfig, VisionConfig
from thuja.model.stages import FEATURE_DIM, STAGES, STEM


@dataclass(frozen=True, slots=True)
class _Conv:
    """A convolution without a bias, and the batch norm behind it; `size` is its output's side."""

    channels: int
    out: int
    kernel: int
    size: int
    groups: int = 1

    @property
    def weights(self) -> int:
        return self.channels // self.groups * self.out * self.kernel**2


def count_parameters(config: ModelConfig) -> int:
    """Every trainable number of the model, further heads and temperatures among them."""
    D, text = config.embed_dim, config.text
    projection = count_projection_parameters(config)
    W = text.width
    text_tower = (text.vocab_size + text.context_length) * W + 2 * W + W * D
    text_tower += text.layers * count_block_parameters(W, text.mlp_ratio)
    heads = sum(projection + head.has_own_temperature for head in config.heads)
    return count_trunk_parameters(config) + projection + text_tower + heads + 1


def image_flops(config: ModelConfig) -> int:
    """Operations to embed one image with one head."""
    vision = config.vision
    if isinstance(vision, TrunkConfig):
        products = sum(2 * conv.weights * conv.size**2 for conv in convs(vision.image_size))
        return products + 2 * _projection_weights(config)
    patches, W = vision.grid**2, vision.width
    embedding = 2 * patches * 3 * vision.patch_size**2 * W
    blocks = vision.layers * _block_flops(patches + 1, W, vision.mlp_ratio)
    return embedding + blocks + 2 * _projection_weights(config)


def text_flops(config: ModelConfig, tokens: int | None = None) -> int:
    """Operations to embed one text of `tokens` tokens, by default as many as the context holds."""
    text = config.text
    T = text.context_length if tokens is None else tokens
    return text.layers * _block_flops(T, text.width, text.mlp_ratio) + 2 * text.width * config.embed_dim


def _block_flops(T: int, W: int, mlp_ratio: float) -> int:
    """Queries, keys, values and output are 4 W^2 a token, the MLP 2 W H; scores and mixing 2 T W."""
    return 2 * T * (4 * W * W + 2 * W * int(W * mlp_ratio) + 2 * T * W)


def count_block_parameters(W: int, mlp_ratio: float) -> int:
    """One block of a transformer of width W."""
    hidden = int(W * mlp_ratio)
    attention = 4 * W * W + 4 * W
    mlp = 2 * W * hidden + hidden + W
    return attention + mlp + 4 * W


def count_trunk_parameters(config: ModelConfig) -> int:
    """The image tower before its projection."""
    vision = config.vision
    if isinstance(vision, TrunkConfig):
        return sum(conv.weights + 2 * conv.out for conv in convs(vision.image_size))
    W = vision.width
    embeddings = 3 * vision.patch_size**2 * W + W + (vision.grid**2 + 1) * W
    return embeddings + 4 * W + vision.layers * count_block_parameters(W, vision.mlp_ratio)


def _projection_weights(config: ModelConfig) -> int:
    D = config.embed_dim
    if isinstance(config.vision, VisionConfig):
        return config.vision.width * D
    return FEATURE_DIM * D if config.vision.projection == "linear" else FEATURE_DIM * 2 * D + 2 * D * D


def count_projection_parameters(config: ModelConfig) -> int:
    """What takes an image's features to an embedding; each further head has as many."""
    is_mlp = isinstance(config.vision, TrunkConfig) and config.vision.projection == "mlp"
    return _projection_weights(config) + (2 * config.embed_dim if is_mlp else 0)


def convs(image_size: int) -> Iterator[_Conv]:
    """The trunk's convolutions in their order; SAME padding makes a stride of two halve, rounded up."""
    size, channels = -(-image_size // 2), STEM
    yield _Conv(3, STEM, 3, size)
    for stage in STAGES:
        for place in range(stage.repeats):
            wide, before = channels * stage.expansion, size
            size = -(-size // (1 if place else stage.stride))
            if stage.expansion != 1:
                yield _Conv(channels, wide, 1, before)
            yield _Conv(wide, wide, stage.kernel, size, groups=wide)
            yield _Conv(wide, stage.channels, 1, size)
            channels = stage.channels
    yield _Conv(channels, FEATURE_DIM, 1, size)
