"""A grid's runs: trained in a folder that goes again, of which the curve is kept."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from thuja.model import Model
from thuja.phrasing import Wording, phrase
from thuja.train import Machine, TrainOptions, train
from thuja.train.checks import total_steps
from thuja.train.recipe import Recipe
from thuja.train.sources import Source

SELDOM: Final = 10**9
"""Steps between checkpoints of a run that is not gone on with."""


def trained(
    out: Path,
    key: str,
    recipe: Recipe,
    sources: Mapping[str, Source],
    *,
    device: str,
    wording: Wording = phrase,
) -> Model:
    """The model that a cell of that key trains; its curve stays in `out/curves`."""
    run = out / "runs" / key
    if run.exists():  # of a grid that was killed, at whatever moment
        shutil.rmtree(run)
    options = TrainOptions(checkpoint_every=SELDOM, wording=wording, machine=Machine(device=device))
    model = train(recipe, sources, run, options=options)
    curves = out / "curves"
    curves.mkdir(parents=True, exist_ok=True)
    (run / "metrics.jsonl").replace(curves / f"{key}.jsonl")
    shutil.rmtree(run)
    return model


def warmed_up(recipe: Recipe, images: int) -> Recipe:
    """The recipe with a warm-up that is a quarter of its steps over so many images at most."""
    return replace(recipe, warmup_steps=min(recipe.warmup_steps, total_steps(recipe, images) // 4))
