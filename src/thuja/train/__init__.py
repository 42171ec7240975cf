"""Recipe types, streams, losses, optimiser, loop and checkpoints: a model from shards."""

from thuja.train.checks import read_recipe
from thuja.train.corpus import Corpus
from thuja.train.loop import train
from thuja.train.options import Machine, TrainOptions
from thuja.train.plan import Plan, plan_run
from thuja.train.recipe import Objective, Recipe, Stream
from thuja.train.shape import Augmentation, ImageTower, Optimizer, TextTower

__all__ = [
    "Augmentation",
    "Corpus",
    "ImageTower",
    "Machine",
    "Objective",
    "Optimizer",
    "Plan",
    "Recipe",
    "Stream",
    "TextTower",
    "TrainOptions",
    "plan_run",
    "read_recipe",
    "train",
]
