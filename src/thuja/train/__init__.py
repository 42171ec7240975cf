"""Recipe types, batches, losses, optimiser, loop and checkpoints: a model from shards."""

from thuja.train.corpus import Corpus
from thuja.train.loop import TrainOptions, read_recipe, train
from thuja.train.recipe import Augmentation, ImageTower, Optimizer, Recipe, TextTower

__all__ = [
    "Augmentation",
    "Corpus",
    "ImageTower",
    "Optimizer",
    "Recipe",
    "TextTower",
    "TrainOptions",
    "read_recipe",
    "train",
]
