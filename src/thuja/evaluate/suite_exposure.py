"""Scores by what a model met in training: how many images of the species, and the highest rank that is new.

Beside each score stands its ceiling: nobody can tell an epithet that was never met from others of its genus.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thuja.evaluate.novelty import RARE_SPECIES, read_training_taxa
from thuja.evaluate.novelty_scores import COLUMNS, Asked, score_by_novelty
from thuja.evaluate.suite_answers import first_answers, is_right
from thuja.evaluate.suite_results import Results
from thuja.report import Cell
from thuja.taxonomy import RANKS, Taxon

ABOUT: Final = (
    "Scores by the number of training images of the species that an image shows, and by the highest rank of it that "
    "was not met in training. The ceiling is what knowing the genus of every image gives on species never met, as an "
    "epithet cannot be guessed; the second one rules out the species of the genus that were met. Intervals draw "
    "species."
)
PARTIAL: Final = (
    "Not all images of every task were asked. Ceilings are among the species of those that were, which are fewer, so "
    "they are too high."
)
HEADINGS: Final = COLUMNS
_RARE: Final = "rare-species"


def exposure_rows(
    results: Results, catalogs: Mapping[str, Path], *, seed: int = 0
) -> dict[str, list[tuple[Cell, ...]]]:
    """The rows of each model with a catalog and each task whose answers name species, by a title.

    Raises what reading a catalog raises.
    """
    found: dict[str, list[tuple[Cell, ...]]] = {}
    trained = {path: read_training_taxa(path) for path in dict.fromkeys(catalogs.values())}
    for model, path in catalogs.items():
        for task, facts in results.tasks.items():
            answers = first_answers(results, model, task, way=results.answering_way)
            named = named_species(answers) if answers is not None else None
            if named is None or not named.num_rows:
                continue
            taxa = taxa_of(named)
            asked = Asked.of(taxa, list(dict.fromkeys(taxa)), trained[path])
            bands = score_by_novelty(is_right(named).astype(float), asked, np.random.default_rng(seed))
            found[f"{facts.about.title}: {model}"] = [band.cells() for band in bands]
    return found


def notes(results: Results) -> tuple[str, ...]:
    """What is odd about the tasks whose exposure is told."""
    is_partial = any(not cell.is_whole for cell in results.cells.values() if not cell.error)
    return (*((RARE_SPECIES,) if _RARE in results.tasks else ()), *((PARTIAL,) if is_partial else ()))


def named_species(answers: pa.Table) -> pa.Table | None:
    """The answers about images whose species is known; None where the answers name no ranks."""
    if not {"genus", "species"} <= set(answers.column_names):
        return None
    return answers.filter(pc.and_(pc.is_valid(answers.column("genus")), pc.is_valid(answers.column("species"))))


def taxa_of(answers: pa.Table) -> list[Taxon]:
    """The true taxon of each answer, each lineage made once."""
    names = zip(*(answers.column(rank.label).to_pylist() for rank in RANKS), strict=True)
    made: dict[tuple[str | None, ...], Taxon] = {}
    return [made.setdefault(lineage, Taxon.from_names(lineage)) for lineage in names]
