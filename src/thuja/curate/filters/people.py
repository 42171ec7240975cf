"""Images with a person's face, guarded against the faces of animals."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image

from thuja.curate.filters import looking
from thuja.curate.handed_names import describe
from thuja.curate.steps import Frame, Step
from thuja.errors import UnknownName, UsageError

STEP = "people"
RULES = ("off", "yunet", "mtcnn")
FaceScores = Callable[[Image.Image], npt.NDArray[np.float32]]
"""A detector: from an RGB image to (F, 6) faces: left, top, right, bottom, the score, and how much of it is an
animal's, 0 to 1. Importable, or a frozen dataclass with `__call__`; `model.detectors.FaceFinder` is one."""

COLUMNS = looking.COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSettings:
    """The recipe's [people].

    `rule`: `off`; `yunet`: any face of `min_score`; `mtcnn`: the papers' two rules, faces that pass the three
    `thresholds`, and a mean of their scores over `mean_score`. `guard`: a face of which at least `max_animal`
    is an animal's does not count; the papers have no such guard.
    """

    rule: str = "off"
    min_score: float = 0.8
    proposal: float = 0.9
    refined: float = 0.95
    final: float = 0.95
    mean_score: float = 0.985
    guard: bool = True
    max_animal: float = 0.55

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise UnknownName.of("people rule", self.rule, RULES)
        for name in ("min_score", "proposal", "refined", "final", "mean_score", "max_animal"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"people.{name} must lie above 0 and be at most 1, got {getattr(self, name)}")

    @property
    def thresholds(self) -> tuple[float, float, float]:
        """MTCNN's three, in the order of its networks."""
        return self.proposal, self.refined, self.final


def person_score(faces: npt.NDArray[np.float32], settings: PeopleSettings) -> float:
    """How sure the rule is of a person: the best score of the faces that count, or their mean; 0 without any."""
    if settings.guard:
        faces = faces[faces[:, 5] < settings.max_animal]
    least = settings.min_score if settings.rule == "yunet" else settings.final
    scores = faces[faces[:, 4] >= least, 4]
    if not len(scores):
        return 0.0
    return float(scores.max() if settings.rule == "yunet" else scores.mean())


def people_reasons(batch: pl.DataFrame, settings: PeopleSettings) -> pl.Series:
    """`person`, by `person_score`; null for a row that stays, or was not looked at."""
    score = pl.col("person_score")
    is_person = score >= settings.min_score if settings.rule == "yunet" else score > settings.mean_score
    return batch.select(pl.when(is_person).then(pl.lit("person")).alias("reason")).to_series()


def _look(batch: pl.DataFrame, settings: PeopleSettings, faces: FaceScores) -> pl.DataFrame:
    images = looking.images_of(batch)
    scores = [None if image is None else person_score(faces(image), settings) for image in images]
    found = pl.DataFrame({"person_score": scores}, schema={"person_score": pl.Float64})
    return found.with_columns(people_reasons(found, settings))


def people_step(settings: PeopleSettings, faces: FaceScores | None = None) -> Step:
    """Drop images with people. `faces` is asked for unless the rule is `off`."""

    def apply(frame: Frame) -> Frame:
        if settings.rule == "off":
            return frame
        assert faces is not None, "a rule needs a detector"
        look = partial(_look, settings=settings, faces=faces)
        return looking.looked_at(frame, look, COLUMNS, step=STEP, fills=("person_score",))

    return Step(name=STEP, settings=asdict(settings) | {"detector": describe(faces)}, apply=apply, is_rowwise=True)
