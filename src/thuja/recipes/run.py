"""Run a recipe on a curated folder: train, with features, checks and labels wired in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from thuja.classify import zero_shot
from thuja.encode import build_labels, cached_features, encode_images
from thuja.labels import LabelSpace
from thuja.model import Model
from thuja.taxonomy import RANKS, Taxon
from thuja.train import Corpus, Recipe, TrainOptions, train
