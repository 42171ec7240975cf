"""What a request asks of pictures, read strictly, and as the predictor takes it."""

import base64
import binascii
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from thuja.predict.answers import Question
from thuja.predict.inputs.boxes import Box
from thuja.predict.narrowing import Wish
from thuja.taxonomy import Rank
from thuja.web.problems import Invalid, TooLarge
from thuja.web.settings import RequestLimits

Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Strict(BaseModel):
    """A shape that takes no field which it does not know: a slip is told, not passed over."""

    model_config = ConfigDict(extra="forbid")


class BoxShape(Strict):
    """A part of the upright picture, in shares of its width and height."""

    x: Share
    y: Share
    width: Share
    height: Share

    def box(self) -> Box:
        """The box; raises UsageError for one without an inside."""
        return Box(x=self.x, y=self.y, width=self.width, height=self.height, is_relative=True)

    def shares(self) -> str:
        """As a Prediction says it."""
        return self.box().shares(None)


class ExampleShape(Strict):
    """A picture that somebody has named: its vector as this server gave it, in numbers or in base64."""

    label: str = Field(min_length=1, max_length=200)
    vector: list[Number] | str

    def pair(self) -> tuple[str, bytes]:
        """The label and the vector's bytes; raises Invalid."""
        return self.label, packed(self.vector)


class AskedShape(Strict):
    """A question of one or many pictures; what is left out is settled as `thuja predict` does."""

    k: int | None = Field(default=None, ge=1)
    rank: str | None = Field(default=None, max_length=100)
    confidence: float | None = None
    coverage: float | None = None
    none_of_these: bool = False
    within: list[str] = Field(default_factory=list)
    checklist: list[str] = Field(default_factory=list)
    labels: list[str] = Field(default_factory=list)
    box: BoxShape | None = None
    links: list[str] = Field(default_factory=list)
    examples: list[ExampleShape] = Field(default_factory=list)
    wants: list[Literal["vector", "siblings"]] = Field(default_factory=list)

    def question(self) -> Question:
        """What the predictor is asked; raises UsageError."""
        return Question(
            rank=Rank.parse(self.rank) if self.rank else None,
            k=self.k,
            confidence=self.confidence,
            coverage=self.coverage,
            allows_none=self.none_of_these,
        )

    def require_few(self, pictures: int, limits: RequestLimits) -> None:
        """Raise TooLarge where the answers of all pictures are more than a request may have."""
        if pictures * (self.k or 1) > limits.k:
            raise TooLarge(
                f"{self.k or 1:,} answers of each of {pictures} pictures are over the limit of {limits.k:,} in one "
                "request",
                hint="ask for a smaller k, or about fewer pictures at once",
            )

    def wish(self, limits: RequestLimits) -> Wish:
        """What it wants of the labels; raises TooLarge for more than the limits allow."""
        for name, most in (
            ("labels", limits.labels),
            ("checklist", limits.checklist),
            ("examples", limits.examples),
            ("within", limits.labels),
        ):
            if len(getattr(self, name)) > most:
                raise TooLarge(f"{len(getattr(self, name)):,} {name} are over the limit of {most:,}")
        for text in (*self.labels, *self.checklist, *self.within):
            if len(text) > limits.text:
                raise TooLarge(f"a name of {len(text):,} characters is over the limit of {limits.text:,}")
        return Wish(
            labels=tuple(self.labels),
            within=tuple(dict.fromkeys(self.within)),
            checklist=tuple(dict.fromkeys(self.checklist)),
            examples=tuple(example.pair() for example in self.examples),
        )


def packed(vector: list[float] | str) -> bytes:
    """A vector as little-endian float32; raises Invalid for what is none, or has no length."""
    try:
        told = base64.b64decode(vector, validate=True) if isinstance(vector, str) else None
        with np.errstate(over="ignore"):  # 1e300 is no float32: it is told below
            numbers = np.frombuffer(told, "<f4") if told is not None else np.asarray(vector, dtype="<f4")
    except (binascii.Error, ValueError) as error:
        raise Invalid("a vector is neither numbers nor base64 of float32") from error
    with np.errstate(over="ignore", invalid="ignore"):
        length = float(np.linalg.norm(numbers))
    if not np.isfinite(length) or length == 0:
        raise Invalid("a vector is zero or not a number")
    return (numbers / np.float32(length)).astype("<f4").tobytes()


def unpacked(vector: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> str:
    """A vector (D,) as base64 of little-endian float32."""
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()
