"""How a Predictor chooses among its labels and weighs them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from thuja.classify.bins import Bins
from thuja.errors import UsageError
from thuja.phrasing import PROMPTS
from thuja.predict.examples.learnt import Examples, LearnOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorOptions:
    """Everything beside the model and its labels.

    `checklist` is a file of names at any rank, or the names, of which `adds` makes labels where there are none.
    `occurrences` is a table that says what lives in a `country` or `polygon` (GeoJSON); a label needs `least_records`
    there. `prior` is such a table too: it weighs labels by place and season, and rules none out. `clade_size` makes up
    for the size of clades, 0 not at all, 1 wholly. `calibration` is the folder that `thuja calibrate` made, None the
    one beside the model, if any; without `keeps_fits` what is fitted for other labels is not written there. Without
    `is_calibrated` scores stay as the model gives them. `bins` gathers custom labels, which are put into `prompts`.
    `examples` are photos to learn from, as `learning` says, or what was learnt and saved; `blend` is their weight
    against the labels' texts, `auto` the one that fits them best, `none` for examples alone. Large JPEGs are decoded
    in full when `is_exact`; `batch_size` images run through the model together.
    """

    checklist: Path | tuple[str, ...] | None = None
    adds: bool = False
    occurrences: Path | None = None
    country: str | Sequence[str] | None = None
    polygon: Path | None = None
    least_records: int = 1
    prior: Path | None = None
    clade_size: float = 0.0
    calibration: Path | None = None
    is_calibrated: bool = True
    keeps_fits: bool = True
    bins: Bins | None = None
    examples: Examples | Path | None = None
    learning: LearnOptions = field(default_factory=LearnOptions)
    blend: float | Literal["auto", "none"] = "auto"
    prompts: Sequence[str] = PROMPTS
    is_exact: bool = False
    batch_size: int = 16

    def __post_init__(self) -> None:
        if self.occurrences is None and (self.country or self.polygon):
            raise UsageError("a country or polygon needs a table that says what lives there", hint="occurrences=TABLE")
        if not self.is_calibrated and self.calibration is not None:
            raise UsageError("scores are to be calibrated, and not to be", hint="leave out one of the two")

    @property
    def is_of_taxa(self) -> str:
        """The first option at hand that only labels that are taxa can have; the empty string for none."""
        given = {
            "checklist": self.checklist,
            "occurrences": self.occurrences,
            "prior": self.prior,
            "clade_size": self.clade_size,
            "calibration": self.calibration,
        }
        return next((name for name, value in given.items() if value), "")
