"""What a grid is handed to measure a cell: the trial that its arm's setup is for."""

from dataclasses import dataclass
from pathlib import Path

from thuja.experiments.captions.arms import Lesson
from thuja.experiments.captions.trial import CaptionTrial
from thuja.experiments.emergence.arms import Study
from thuja.experiments.emergence.trial import StudyTrial
from thuja.experiments.grid import Cell
from thuja.experiments.scores import Scores
from thuja.experiments.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Trains and measures a cell of any arm, on that device; each run's curve is kept in `out/curves`."""

    out: Path
    device: str = "cpu"

    def __call__(self, cell: Cell) -> Scores:
        """The cell's scores; raises what training raises."""
        if isinstance(cell.arm.setup, Study):
            return StudyTrial(out=self.out, device=self.device)(cell)
        trial = CaptionTrial if isinstance(cell.arm.setup, Lesson) else Trial
        return trial(out=self.out, device=self.device)(cell)
