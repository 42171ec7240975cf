"""What is said of a predictor before it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence on how a predictor came about; the hint is for who works in a shell, and a page leaves it out."""

    text: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.text}; {self.hint}" if self.hint else self.text
