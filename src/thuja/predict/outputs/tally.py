"""What came of a run, counted as it is written."""

from dataclasses import dataclass, field

from thuja.predict.answers import Prediction
from thuja.predict.inputs.detections import EMPTY


@dataclass(slots=True)
class Tally:
    """Counts of `things`: images, boxes or groups. `empty` are those where a detector saw no animal.

    `kept` is how many images an earlier run had done. `names` are those of the files, where a log lists them.
    """

    things: str = "images"
    answered: int = 0
    failed: int = 0
    empty: int = 0
    kept: int = 0
    first_error: str = ""
    lists_names: bool = False
    names: list[str] = field(default_factory=list)

    def add(self, prediction: Prediction) -> None:
        """Count one more."""
        if self.lists_names:
            self.names.append(prediction.file_name)
        if not prediction.error:
            self.answered += 1
        elif prediction.reason in EMPTY:
            self.empty += 1
        else:
            self.failed += 1
            self.first_error = self.first_error or f"{prediction.file_name}: {prediction.error}"

    def __str__(self) -> str:
        """Such as `3 images answered, 1 could not be read`."""
        empty = f", {self.empty:,} without an animal" if self.empty else ""
        things = self.things if self.answered != 1 else {"boxes": "box"}.get(self.things, self.things.removesuffix("s"))
        return f"{self.answered:,} {things} answered, {self.failed:,} could not be read{empty}"
