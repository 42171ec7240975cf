"""What folders of other models tell, against transformers' own reading of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from thuja.images import Preparation
from thuja.model.foreign import HALF, IMAGENET_MEAN, IMAGENET_STD, Sizes, read_preparation


@pytest.mark.parametrize(
    ("name", "told", "most"),
    [
        ("SiglipImageProcessorPil", {}, 0.0),
        ("SiglipImageProcessorPil", {"size": {"height": 96, "width": 96}}, 0.0),
        ("BitImageProcessorPil", {
            "size": {"shortest_edge": 64}, "crop_size": {"height": 56, "width": 56}, "image_mean": IMAGENET_MEAN,
            "image_std": IMAGENET_STD,
        }, 0.0),
        ("ViTImageProcessorPil", {}, 1.0),  # transformers rounds to whole grey levels where thuja keeps fractions
        ("DINOv3ViTImageProcessor", {}, 0.01),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_images_are_prepared_as_by_transformers(tmp_path: Path, name: str, told: dict[str, Any], most: float) -> None:
    import transformers

    processor = getattr(transformers, name)(**told)
    processor.save_pretrained(tmp_path)
    preparation = read_preparation(tmp_path, Preparation(size=224, mean=HALF, std=HALF))
    small = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((300, 200), Image.Resampling.BICUBIC)
    theirs = np.asarray(processor(images=image, return_tensors="np")["pixel_values"])[0]
    grey_levels = np.abs(theirs - preparation(image)) * np.array(preparation.std)[:, None, None] * 255
    assert grey_levels.max() <= most


def test_the_hidden_channels_of_a_block_are_whole_whatever_the_ratio() -> None:
    """61 / 7 times 7 is 60.99999999999999, and a block once had 60 channels then."""
    for width, hidden in ((7, 61), (11, 15), (1152, 4304), (1408, 6144)):
        sizes = Sizes(width=width, layers=1, heads=1, hidden=hidden, act="gelu", eps=1e-6)
        with torch.device("meta"):
            transformer = sizes.transformer()
        assert transformer.state_dict()["resblocks.0.mlp.c_fc.weight"].shape == (hidden, width)
