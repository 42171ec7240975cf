"""Which share of this machine's bfloat16 matrix rate an image tower reaches, measured in turns.

python benchmarks/encode_share.py MODEL_FOLDER (torch|openvino)
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from thuja.encode import Encoder, Hardware
from thuja.model import Model, ModelConfig, VisionConfig
from thuja.model.cost import image_flops

BATCH, ROUNDS = 16, 7


def flops_done(config: ModelConfig) -> float:
    """Of an image: `image_flops` less what the last block leaves out for all but the class token."""
    vision = config.vision
    assert isinstance(vision, VisionConfig)
    T, W = vision.grid**2 + 1, vision.width
    spared = 2 * (1 + 2 * vision.mlp_ratio) * W**2 + 4 * T * W
    return image_flops(config) - (T - 1) * spared


def matrix_rate(rows: int, width: int) -> float:
    """GFLOP/s of bfloat16 products by torch, the best of three shapes, two of them the tower's own."""
    best = 0.0
    for m, k, n in ((rows, width, 4 * width), (rows, 4 * width, width), (3072, 3072, 3072)):
        left, right = torch.rand(m, k).bfloat16(), torch.rand(k, n).bfloat16()
        left @ right
        best = max(best, 2 * m * k * n / seconds_of(partial(torch.matmul, left, right)) / 1e9)
    return best


def seconds_of(work: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    folder, engine = Path(sys.argv[1]), sys.argv[2]
    model = Model.load(folder)
    config = model.config
    assert isinstance(config.vision, VisionConfig)
    nominal, gflop = image_flops(config) / 1e9, flops_done(config) / 1e9
    encoder = Encoder.prepare(model, Hardware(device="cpu", precision="bf16", engine=engine))
    run_tower = partial(
        encoder.image_features, torch.rand(BATCH, 3, config.vision.image_size, config.vision.image_size)
    )
    towers, products = [], []
    with torch.inference_mode():
        run_tower()
        for _ in range(ROUNDS):
            towers.append(BATCH / seconds_of(run_tower))
            products.append(matrix_rate(BATCH * (config.vision.grid**2 + 1), config.vision.width))
    rate, limit = statistics.median(towers), statistics.median(products)
    print(f"{folder.name} {engine} bf16: {rate:.2f} images/s (best {max(towers):.2f}), medians of {ROUNDS}")
    print(f"  {gflop:.1f} GFLOP done an image: {rate * gflop:.0f} GFLOP/s, {rate * gflop / limit:.0%} of {limit:.0f}")
    print(f"  by the nominal {nominal:.1f} GFLOP: {rate * nominal / limit:.0%}")


if __name__ == "__main__":
    main()
