"""Scores by what the model met in training: how many images of the species, and the highest rank that is new."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from thuja.errors import EmptyInput
from thuja.evaluate.chapter import Chapter, Shown, skipped
from thuja.evaluate.grid import Grid, percent
from thuja.evaluate.novelty import read_training_taxa
from thuja.evaluate.novelty_scores import Asked, Band, score_by_novelty
from thuja.evaluate.task import Measure, Way

NAME, TITLE = "exposure", "What was met in training"
ABOUT = (
    "The species among all names there are, those never met included, by the number of training pictures of the "
    "species and by the highest rank of it that was not met in training. The ceiling is what knowing the genus of "
    "every picture gives on species never met: an epithet is given for reasons that no picture shows, and cannot be "
    "told from others of the genus. The second ceiling rules out the species of the genus that were met."
)
_COLUMNS = ("by", "band", "species", "pictures", "right", "95 %", "ceiling", "met ruled out")


def measure_exposure(shown: Mapping[str, Shown], catalog: Path, *, seed: int) -> Chapter:
    """The splits' pictures together; the training images are those of the same catalog."""
    asked = {split: one.everything for split, one in shown.items() if one.everything is not None}
    if not asked:
        return skipped(NAME, TITLE, "There are fewer than two names to tell apart, so nothing to tell by exposure.")
    try:
        training = read_training_taxa(catalog)
    except EmptyInput:
        return skipped(NAME, TITLE, "The data holds no training picture, so what was met in training is not known.")
    taxa = [taxon for split in asked for taxon in shown[split].pictures.taxa]
    right = [top.indices[:, 0] == question.truth for question, top in asked.values()]
    candidates = [taxon for question, _ in asked.values() for taxon in question.candidates]
    told = Asked.of(taxa, list(dict.fromkeys(candidates)), training)
    bands = score_by_novelty(np.concatenate(right).astype(float), told, np.random.default_rng(seed))
    return Chapter(
        name=NAME,
        title=TITLE,
        about=ABOUT,
        grids=[_grid(bands)],
        measures={"": [measure for band in bands for measure in _measures(band)]},
        columns=_by_split(told.columns(), {split: len(shown[split].pictures) for split in asked}),
    )


def _grid(bands: tuple[Band, ...]) -> Grid:
    rows = [
        (
            band.by,
            band.band,
            f"{band.species:,}",
            f"{band.images:,}",
            percent(band.score.value),
            f"{percent(band.score.low)} to {percent(band.score.high)}" if band.score.low != band.score.high else "",
            percent(band.ceiling),
            percent(band.ruled_out),
        )
        for band in bands
    ]
    return Grid(title="Species named right, in per cent", columns=_COLUMNS, rows=tuple(rows))


def _measures(band: Band) -> list[Measure]:
    part = band.band if band.by == "all" else f"{band.by}: {band.band}"
    score = Measure(
        part=part,
        way=Way.CORRECTED,
        name="accuracy",
        value=band.score.value,
        low=band.score.low,
        high=band.score.high,
        units=band.images,
        clusters=band.species,
    )
    ceilings = {"ceiling": band.ceiling, "ceiling, met species ruled out": band.ruled_out}
    return [score] + [
        Measure(part=part, way=Way.CORRECTED, name=name, value=value, units=band.images, clusters=band.species)
        for name, value in ceilings.items()
    ]


def _by_split(columns: pa.Table, counts: Mapping[str, int]) -> dict[str, pa.Table]:
    cut, start = {}, 0
    for split, count in counts.items():
        cut[split] = columns.slice(start, count)
        start += count
    return cut
