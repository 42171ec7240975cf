"""What varies within species, and where it lies: first measures of structure on the pictures of an evaluation."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from thuja.embeddings import Vectors
from thuja.errors import EmptyInput
from thuja.evaluate.chapter import Chapter, Shown, skipped
from thuja.evaluate.data import UNSEEN
from thuja.evaluate.grid import Grid
from thuja.evaluate.task import Measure, Way
from thuja.metrics.bootstrap import Interval
from thuja.structure import (
    FACTORS,
    Row,
    Structure,
    StructureSettings,
    measure_structure,
    read_specimens,
)
from thuja.structure.decoding import MEASURE, DecodingSettings
from thuja.structure.variation import Draws

NAME, TITLE = "structure", "What varies within species"
ABOUT = (
    "A picture less its species' mean is what varies within the species. Its share inside the span of the species' "
    "means stands beside that of a random subspace of as many dimensions (random) and of subspaces drawn from the "
    "spectrum of all variance (null). The Fisher ratio of two levels of a factor is told with its numerator and "
    "denominator apart. Decoding, in balanced accuracy, is learnt on some species and asked on others: .5 is chance, "
    "and the null deals the levels anew within each species. The untrained tower stands beside the model on the same "
    "pictures."
)
_COLUMNS = ("measure", "model", "random", "null", "p", "untrained", "model less untrained")
DRAWS = Draws(halves=5, subspaces=20)
PERMUTATIONS = 9
"""Fewer draws than the analysis of its own takes: an evaluation waits for them. The least p-value is .1."""


def measure_structure_of(shown: Mapping[str, Shown], catalog: Path, *, seed: int) -> Chapter:
    """On new pictures of trained species, or where there are too few of them, on species never met."""
    settings = StructureSettings(draws=DRAWS, decoding=DecodingSettings(permutations=PERMUTATIONS), seed=seed)
    reasons = []
    for split, one in shown.items():
        try:
            specimens = read_specimens(catalog, one.pictures.ids)
            found = measure_structure(one.vectors, specimens, untrained=_varying(one.untrained), settings=settings)
        except EmptyInput as error:
            reasons.append(f"{split}: {error.message}")
            continue
        return _chapter(split, found)
    return skipped(NAME, TITLE, f"Nothing can be said of structure within species ({'; '.join(reasons)}).")


def _varying(vectors: Vectors | None) -> Vectors | None:
    """The untrained tower's vectors; None where it sees one and the same in every picture."""
    return None if vectors is None or not (vectors != vectors[:1]).any() else vectors


def _chapter(split: str, found: Structure) -> Chapter:
    where = "species never met" if split == UNSEEN else "new pictures of trained species"
    missing = [factor for factor in FACTORS if factor not in {contrast.factor for contrast, _ in found.contrasts}]
    notes = [*found.sentences()]
    if missing:
        names = " and ".join(name.replace("_", " ") for name in missing)
        notes.append(f"Of {names} the data says too little to compare: no two levels that two species share.")
    notes += [f"{_named(row.part)}, {row.measure}: {row.note}." for row in found.rows if row.note]
    grids = [
        _grid(f"{_named(part)}, {where}", [row for row in found.rows if row.part == part])
        for part in dict.fromkeys(row.part for row in found.rows)
    ]
    measures = [one for row in found.rows for one in _measures(row, found)]
    return Chapter(name=NAME, title=TITLE, about=ABOUT, grids=grids, notes=notes, measures={split: measures})


def _grid(title: str, rows: Sequence[Row]) -> Grid:
    cells = [
        (
            row.measure.replace(MEASURE, "decoding"),
            _told(row.model),
            _told(row.random, has_ends=False),
            _told(row.null, has_ends=False),
            "" if row.p_value is None else f"{row.p_value:.1f}",
            _told(row.untrained),
            _told(row.difference),
        )
        for row in rows
    ]
    return Grid(title=title, columns=_COLUMNS, rows=tuple(cells))


def _named(part: str) -> str:
    return part.replace("_", " ").capitalize()


_ROUNDING = 1e-9
"""Differences below it are the arithmetic's own."""


def _told(one: Interval | None, *, has_ends: bool = True) -> str:
    if one is None or not np.isfinite(one.value):
        return ""
    value, low, high = (0.0 if abs(number) < _ROUNDING else number for number in (one.value, one.low, one.high))
    return f"{value:.3g} ({low:.2g} to {high:.2g})" if has_ends and low != high else f"{value:.3g}"


def _measures(row: Row, found: Structure) -> list[Measure]:
    """The model's number, the untrained tower's, their difference, and what chance gives, as far as they are known."""
    columns = {
        "": row.model,
        ", random": row.random,
        ", null": row.null,
        ", untrained": row.untrained,
        ", untrained null": row.untrained_null,
        ", model less untrained": row.difference,
    }
    return [
        Measure(
            part=row.part,
            way=Way.CORRECTED,
            name=f"{row.measure}{suffix}",
            value=one.value,
            low=one.low,
            high=one.high,
            units=found.images,
            clusters=found.species,
            note=row.note,
        )
        for suffix, one in columns.items()
        if one is not None
    ]
