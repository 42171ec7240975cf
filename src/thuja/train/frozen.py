"""Which of a start model's weights learn: the recipe's `tune` carried out on a model."""

import torch
from torch import nn

from thuja.errors import UsageError
from thuja.model import Model
from thuja.model.transformer import Transformer
from thuja.model.vit import VisionTransformer
from thuja.train.lora import add_adapters
from thuja.train.tune import Tune


def freeze(model: Model, tune: Tune, generator: torch.Generator) -> None:
    """Let learn what `tune` says and nothing else, in place; adapters are drawn from `generator`.

    Raises UsageError for LoRA on a convolutional image tower, which has no blocks.
    """
    if tune.is_whole:
        return
    is_vit = isinstance(model.visual, VisionTransformer)
    if tune.method == "lora" and not is_vit:
        raise UsageError("LoRA is for transformers, and this model's image tower is convolutional", hint="method last")
    if tune.method != "full":
        model.requires_grad_(requires_grad=False)
        model.heads.requires_grad_(requires_grad=True)
    elif tune.towers == "image":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(("visual.", "heads.")) or name == "logit_scale")
    if tune.method == "lora":
        add_adapters(model.visual, tune, generator)
        if tune.towers == "both":
            add_adapters(model.transformer, tune, generator)
    elif tune.method == "last":
        _let_last_learn(model, tune)


def _let_last_learn(model: Model, tune: Tune) -> None:
    learning: list[nn.Module] = []
    if isinstance(model.visual, VisionTransformer):
        learning += [*_last_blocks(model.visual.transformer, tune.layers), model.visual.ln_post]
        model.visual.proj.requires_grad_()
    else:
        learning.append(model.visual.head)
    if tune.towers == "both":
        learning += [*_last_blocks(model.transformer, tune.layers), model.ln_final]
        model.text_projection.requires_grad_()
    for module in learning:
        module.requires_grad_()


def _last_blocks(transformer: Transformer, count: int) -> list[nn.Module]:
    return list(transformer.resblocks)[-count:]
