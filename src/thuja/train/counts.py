"""How many numbers a run holds and how many of them learn, by what the recipe says of a start model's weights."""

from collections.abc import Iterator
from dataclasses import dataclass

from thuja.model.config import ModelConfig, VisionConfig
from thuja.model.cost import (
    count_block_parameters,
    count_parameters,
    count_projection_parameters,
    count_trunk_parameters,
)
from thuja.train.tune import Distill, Tune


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of the model and of the adapters added to it; of both those that learn; of the teacher's own copy."""

    model: int
    added: int
    learning: int
    teacher: int


def count_weights(config: ModelConfig, tune: Tune, distill: Distill, *, trains_images: bool = True) -> Counts:
    """Count as `freeze` and `Teacher` carry out; with `trains_images` false, the image tower's trunk is left alone.

    Heads are counted as learning whether or not a stream uses them.
    """
    model, added = count_parameters(config), 0
    visual = count_trunk_parameters(config) + count_projection_parameters(config)
    heads = sum(count_projection_parameters(config) + head.has_own_temperature for head in config.heads)
    if tune.method == "lora":
        added = sum(_adapters(*sizes, rank=tune.rank) for sizes in _towers(config, tune))
        learning = added + heads
    elif tune.method == "last":
        learning = _last(config, tune) + heads
    else:
        learning = model if tune.towers == "both" else visual + heads + 1
        learning -= 0 if trains_images else count_trunk_parameters(config)
    teacher = visual if distill.weight and tune.method != "lora" else 0
    return Counts(model=model, added=added, learning=learning, teacher=teacher)


def _towers(config: ModelConfig, tune: Tune) -> Iterator[tuple[int, int, float]]:
    """Width, blocks and the MLP's ratio of each transformer that learns."""
    if isinstance(config.vision, VisionConfig):
        yield config.vision.width, config.vision.layers, config.vision.mlp_ratio
    if tune.towers == "both":
        yield config.text.width, config.text.layers, config.text.mlp_ratio


def _adapters(W: int, layers: int, mlp_ratio: float, *, rank: int) -> int:
    """A product of `rank` beside a block's matrices: W to 3 W, W to W, W to H and H to W."""
    return layers * rank * (4 * W + 2 * W + 2 * (W + int(W * mlp_ratio)))


def _last(config: ModelConfig, tune: Tune) -> int:
    """The last blocks of each tower that learns, the norm and the projection behind them."""
    towers = list(_towers(config, tune))
    blocks = sum(min(layers, tune.layers) * count_block_parameters(W, ratio) + 2 * W for W, layers, ratio in towers)
    text = config.text.width * config.embed_dim if tune.towers == "both" else 0
    return blocks + count_projection_parameters(config) + text
