"""What a recipe says of a start model's weights: which of them learn, and what keeps them near where they were."""

from dataclasses import dataclass
from typing import Literal

from thuja.errors import UnknownName, UsageError
from thuja.train.shape import require_positive

Method = Literal["full", "lora", "last"]
Towers = Literal["both", "image"]
Distilled = Literal["embeddings", "labels"]

METHODS: tuple[str, ...] = Method.__args__  # type: ignore[attr-defined]
TOWERS: tuple[str, ...] = Towers.__args__  # type: ignore[attr-defined]
DISTILLED: tuple[str, ...] = Distilled.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tune:
    """Which weights learn: all of them, low-rank additions to them, or the last ones.

    `lora` (arXiv:2106.09685) adds to each matrix of the blocks a product of rank `rank`, times
    `alpha / rank`. `last` trains the last `layers` blocks with the norm and projection behind them,
    of a convolutional trunk the projection alone. Either leaves the temperature as it is and trains
    further heads whole. With `towers` image, the text tower stays as it is whatever the method: the
    embeddings of names then stay true.
    """

    method: Method = "full"
    towers: Towers = "both"
    rank: int = 8
    alpha: float = 16.0
    layers: int = 2

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName.of("tune.method", self.method, METHODS)
        if self.towers not in TOWERS:
            raise UnknownName.of("tune.towers", self.towers, TOWERS)
        require_positive(self, "rank", "alpha", "layers")

    @property
    def is_whole(self) -> bool:
        """Whether every weight learns, as in training from scratch."""
        return self.method == "full" and self.towers == "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distill:
    """How the model is held near the one it starts from, on the pictures it learns from (weight 0: not at all).

    `embeddings` adds `weight` times 1 - cosine of each picture's embedding with the start model's;
    `labels` adds `weight` times the divergence of its answers among old labels from the start model's
    own answers (learning without forgetting, arXiv:1606.09282). With `names`, so many old names in each
    step are held near where they stood, too. The old labels are those beside the start model, or of
    the folder `labels`.
    """

    of: Distilled = "embeddings"
    weight: float = 0.0
    names: int = 0
    labels: str = ""

    def __post_init__(self) -> None:
        if self.of not in DISTILLED:
            raise UnknownName.of("distill.of", self.of, DISTILLED)
        if not 0 <= self.weight < float("inf") or self.names < 0:
            raise UsageError(f"distill's weight and names must be at least 0, got {self.weight} and {self.names}")
