"""EfficientNet-Lite0 as a table: what its layers are made from, and what its cost is counted from."""

from dataclasses import dataclass

STEM = 32
"""Channels of the first map."""
FEATURE_DIM = 1280
"""Channels of the last map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Blocks of one shape; the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(repeats=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(repeats=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(repeats=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(repeats=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(repeats=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(repeats=1, kernel=3, stride=1, expansion=6, channels=320),
)
