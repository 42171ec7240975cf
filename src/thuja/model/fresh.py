"""A model as it was before training: the baseline that shows what was learnt."""

import torch

from thuja.model.config import TrunkConfig
from thuja.model.model import Model


def fresh_model(like: Model, *, seed: int) -> Model:
    """The same architecture, tokenizer and preparation with weights drawn from `seed`.

    A convolutional trunk comes with its ImageNet weights, as it does at the start of training.
    """
    generator = torch.Generator().manual_seed(seed)
    model = Model.create(like.config, like.tokenizer, like.preparation, generator=generator)
    model.id = f"untrained-{seed}"
    return model.load_imagenet() if isinstance(like.config.vision, TrunkConfig) else model
