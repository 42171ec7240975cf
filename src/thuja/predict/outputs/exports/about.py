"""What every export says of an answer: by whom, when, which name, and how sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from uuid import UUID, uuid5

from thuja import __version__
from thuja.predict.answers import Answer, Prediction, Question
from thuja.predict.outputs.identifiers import Identifiers
from thuja.predict.places.columns import SPELLINGS, plain

_NAMESPACE = UUID("2f1f3c52-7b1d-5c0e-9d6a-7a4f1f0c8a55")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who answered: a model's id, when, what was asked, and where identifiers come from."""

    model: str
    question: Question = field(default_factory=Question)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_calibrated: bool = False
    identifiers: Identifiers | None = None

    @property
    def by(self) -> str:
        """The agent that identified: a model by its name, without the folder that it lies in here."""
        return f"{self.name} (thuja {__version__})"

    @property
    def name(self) -> str:
        """The model's name alone."""
        return PurePath(self.model).name

    @property
    def at(self) -> str:
        """When, as ISO 8601 has it, in universal time."""
        return self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def chosen(self, prediction: Prediction) -> Answer | None:
        """The name to give: with a confidence the settled one, which may be none, else the best."""
        if self.question.confidence is not None:
            return prediction.judgement.settled
        return prediction.answers[0] if prediction.answers else None

    def remarks(self, prediction: Prediction) -> str:
        """How sure, and what else it may be, in one line."""
        kind = "probability" if self.is_calibrated else "score, not calibrated"
        chosen = self.chosen(prediction)
        said = [f"{kind} {chosen.score:.4g}"] if chosen else []
        if self.question.confidence is not None:
            said.append(f"the deepest taxon of confidence {self.question.confidence:g}")
        others = [answer for answer in prediction.answers if chosen is None or answer.text != chosen.text]
        if others:
            said.append("or " + ", ".join(f"{answer.text} {answer.score:.2g}" for answer in others[:3]))
        if prediction.images != 1 or prediction.failed:
            said.append(f"from {prediction.images} images")
        return "; ".join(said)


def unique_id(*words: str) -> str:
    """An id that is the same whenever the same is said."""
    return str(uuid5(_NAMESPACE, "\n".join(words)))


def cell(cells: Mapping[str, object], names: Sequence[str]) -> str:
    """The first of these columns that a row has, in any case, with or without underscores; the empty string."""
    plainly = {plain(name): value for name, value in cells.items()}
    found = (plainly.get(plain(name)) for name in names)
    return next((str(value) for value in found if value is not None and value != ""), "")


DATE, LATITUDE, LONGITUDE = (SPELLINGS[meaning] for meaning in ("date", "latitude", "longitude"))
