"""Images in their order along a direction, as a table."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from thuja.analyze.directions.section import Direction
from thuja.jobs import atomic_path

RANKING = "ranking.csv"
_COLUMNS = ("place", "uuid", "species", "value")


def write_ranking(direction: Direction, ids: Sequence[str], path: Path) -> None:
    """Write a row an image, the least first: where it lies, its id, species and value.

    The place is along a direction that did not know the image; within species it is from the species' mean.
    """
    plan, scores = direction.plan, direction.learnt.image_scores
    names = [taxon.scientific_name for taxon in plan.taxa]
    values = direction.trait.values[plan.images]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        for row in np.argsort(scores, kind="stable"):
            image = ids[int(plan.images[row])]
            table.writerow((float(scores[row]), image, names[plan.species[row]], direction.word(float(values[row]))))
