"""The model that a run starts from: a tokenizer learnt from the training names, weights by seed."""

from collections.abc import Iterator

import torch

from thuja.images import Preparation
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, TrunkConfig, VisionConfig
from thuja.model.efficientnet import MEAN, STD
from thuja.phrasing import CAPTION, phrase
from thuja.train.corpus import Corpus
from thuja.train.recipe import ImageTower, Recipe


def start_model(recipe: Recipe, corpus: Corpus) -> Model:
    """A model of the recipe's shape, its weights drawn from the recipe's seed.

    The tokenizer sees the texts of the training split only: no name of a held-out species shapes
    it. A trunk comes with its ImageNet weights.
    """
    text = recipe.text
    tokenizer = Tokenizer.train(_training_texts(recipe, corpus), text.vocab_size)
    config = ModelConfig(
        embed_dim=recipe.embed_dim,
        vision=_vision(recipe.image),
        text=TextConfig(
            context_length=text.context_length,
            vocab_size=tokenizer.vocab_size,
            width=text.width,
            heads=text.heads,
            layers=text.layers,
        ),
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    model = Model.create(config, tokenizer, _preparation(recipe.image), generator=generator)
    if recipe.image.trunk:
        model.load_imagenet()
    with torch.no_grad():
        model.logit_scale.fill_(-torch.log(torch.tensor(recipe.initial_temperature)))
    return model


def _training_texts(recipe: Recipe, corpus: Corpus) -> Iterator[str]:
    """Every sentence that the run may draw: each taxon in each type, and each caption."""
    for taxon in corpus.taxa:
        for kind in recipe.texts.weights:
            if kind != CAPTION:
                yield phrase(taxon, kind)
    if CAPTION in recipe.texts.weights:
        yield from (record.caption for record in corpus.records if record.caption)


def _vision(tower: ImageTower) -> VisionConfig | TrunkConfig:
    if tower.trunk:
        return TrunkConfig(trunk=tower.trunk, image_size=tower.image_size)
    return VisionConfig(
        image_size=tower.image_size,
        patch_size=tower.patch_size,
        width=tower.width,
        layers=tower.layers,
        head_width=tower.head_width,
        pool=tower.pool,
    )


def _preparation(tower: ImageTower) -> Preparation:
    if tower.trunk:
        # The trunk's own scale and interpolation, but the whole shorter side, where ImageNet's test
        # crops 87.5 % of it: organisms reach the edge, and open_clip has no word for the fraction.
        return Preparation(size=tower.image_size, mode="crop", mean=(MEAN,) * 3, std=(STD,) * 3)
    return Preparation(size=tower.image_size, mode="squash")
