"""The tables of the variation within species, with every number in full."""

from collections.abc import Mapping, Sequence

import numpy as np

from thuja.analyze.finding import Table
from thuja.analyze.within.reading import Read
from thuja.metrics.bootstrap import Interval
from thuja.metrics.ratios import interval, redrawn
from thuja.report import Cell
from thuja.structure.breadth import Breadth
from thuja.structure.consistency import CONSISTENCY
from thuja.structure.span import Floats

MODEL = "the model"
_MOST = 100
"""Directions of a spectrum that are written out."""


def reading_table(model: Read, controls: Mapping[str, Read], *, seed: int, flips: int) -> Table:
    """Every measure of the model with its nulls, and of each control, on the same redrawn species."""
    columns = ["of", "measure", "value", "low", "high", "random", "null", "null low", "null high", "p", "note"]
    for name in controls:
        columns += [name, f"{name} low", f"{name} high", "difference", "difference low", "difference high"]
    others = {name: {one.key: one.ratio for one in read.readings} for name, read in controls.items()}
    rows: list[list[Cell]] = []
    for reading in model.readings:
        own = redrawn([reading.ratio], np.random.default_rng(seed))[:, 0]
        p_value = reading.p_value if reading.below is None else reading.below
        row: list[Cell] = [reading.part, reading.measure, *_ends(interval(own))]
        row += [_number(reading.random.value) if reading.random else None, *_ends(reading.null), p_value, reading.note]
        for theirs in others.values():
            ratio = theirs.get(reading.key)
            row += _against(own, None if ratio is None else redrawn([ratio], np.random.default_rng(seed))[:, 0])
        rows.append(row)
    for part, consistency in model.consistency.items():
        own = consistency.redrawn(np.random.default_rng(seed))
        null, p_value = consistency.flipped(np.random.default_rng([seed, 1]), flips=flips)
        row = [part, CONSISTENCY, *_ends(interval(own)), 0.0, *_ends(null), p_value, ""]
        for read in controls.values():
            other = read.consistency.get(part)
            row += _against(own, None if other is None else other.redrawn(np.random.default_rng(seed)))
        rows.append(row)
    caption = "Every measure with its nulls; intervals draw species, and differences to controls are paired."
    return Table(name="within", caption=caption, columns=columns, rows=rows)


def breadth_table(model: Read, controls: Mapping[str, Read]) -> Table:
    """Participation ratios and the energy of class means, of the model and the controls."""
    rows: list[list[Cell]] = [
        [name, *map(_number, (breadth.within_ratio, breadth.between_ratio, breadth.energy)), len(breadth.within)]
        for name, breadth in _breadths(model, controls).items()
    ]
    return Table(
        name="within-breadth",
        caption="In how many directions images vary within species and species differ (participation ratios), and the "
        "share of all variance that is between species.",
        columns=["space", "within: directions", "between: directions", "energy of class means", "dimensions"],
        rows=rows,
    )


def spectra_table(model: Read, controls: Mapping[str, Read]) -> Table:
    """The shares of variance along the widest directions within and between, of the model and the controls."""
    breadths = _breadths(model, controls)
    columns = ["direction"] + [f"{name}: {which}" for name in breadths for which in ("within", "between")]
    most = min(_MOST, max(len(breadth.within) for breadth in breadths.values()))
    spectra = [spectrum for breadth in breadths.values() for spectrum in (breadth.within, breadth.between)]
    rows: list[Sequence[Cell]] = [
        [1 + place, *(float(one[place]) if place < len(one) else None for one in spectra)] for place in range(most)
    ]
    return Table(
        name="within-spectra",
        caption="The share of variance along each direction of its own, the widest first.",
        columns=columns,
        rows=rows,
    )


def _breadths(model: Read, controls: Mapping[str, Read]) -> dict[str, Breadth]:
    return {MODEL: model.breadth} | {name: read.breadth for name, read in controls.items()}


def _against(own: Floats, theirs: Floats | None) -> list[Cell]:
    if theirs is None:
        return [None] * 6
    return [*_ends(interval(theirs)), *_ends(interval(own - theirs))]


def _ends(one: Interval | None) -> list[Cell]:
    return [None] * 3 if one is None else [_number(one.value), _number(one.low), _number(one.high)]


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
