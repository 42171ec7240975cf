"""What the model's thread does: look at pictures, read texts, judge vectors, explain an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from thuja.classify.priors.ranges import Occasion
from thuja.classify.siblings import rows_of, siblings
from thuja.encode import Encoder, encode_texts
from thuja.encode.images import run_batch
from thuja.model import ModelConfig, VisionConfig
from thuja.phrasing import PROMPTS
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.answers import Answer, Judgement, Question
from thuja.predict.asked import Asked
from thuja.predict.opening import Opened
from thuja.predict.predictor import Predictor
from thuja.taxonomy import Rank

Pixels = npt.NDArray[Any]
Vector = npt.NDArray[np.float32]

KIN: Final = 6
"""How many siblings of an answer are told."""
_FEWEST, _TEXTS = 16, 256
"""Texts or names of a pass: what they begin with alike is read once for all of them, so that few cost as much."""
_NAME: Final = 8
"""Tokens of a name in a prompt that it does not share with others."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What answers questions of one wish; as a part of a work it is equal to itself alone."""

    predictor: Predictor
    opened: Opened

    def asked(self, question: Question) -> Asked:
        """It with a question; raises UsageError for one that it cannot answer."""
        predictor, opened = self.predictor, self.opened
        return Asked(predictor.encoder, opened.among, question, examples=opened.examples, name=predictor.name)

    @property
    def is_calibrated(self) -> bool:
        """Whether its scores say how often they are right."""
        among = self.opened.among
        return isinstance(among, AmongTaxa) and among.weighing.calibration is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Resized pictures (S, S, 3) to unit vectors (D,)."""

    encoder: Encoder
    most: int
    name: str = "look"

    def __call__(self, items: Sequence[Pixels]) -> list[Vector]:
        """The vectors, of one pass of the image tower."""
        chunk = [(str(place), pixels) for place, pixels in enumerate(items)]
        found = run_batch(self.encoder, chunk, self.encoder.encode_image, size=self.most)
        return list(np.asarray(found.vectors, dtype=np.float32))

    def __hash__(self) -> int:
        return id(self.encoder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Texts to unit vectors (D,): as they are, or as names that are put into the usual prompts."""

    encoder: Encoder
    is_name: bool
    most: int
    name: str = "read"

    def __call__(self, items: Sequence[str]) -> list[Vector]:
        """The vectors; equal texts and beginnings are computed once."""
        prompts = PROMPTS if self.is_name else None
        return list(encode_texts(self.encoder.model, list(items), prompts=prompts))

    def __hash__(self) -> int:
        return hash((id(self.encoder), self.is_name))


def texts_of_a_pass(model: ModelConfig, pictures: int, *, are_names: bool) -> int:
    """How many texts take a model no longer than a pass of so many pictures: who sends a picture waits for one pass.

    A name is put into all prompts; what these have in common is read once.
    """
    text, vision = model.text, model.vision
    of_text = text.context_length * text.layers * text.width**2
    of_name = len(PROMPTS) * min(_NAME, text.context_length) * text.layers * text.width**2
    of_picture = of_text  # a trunk of convolutions
    if isinstance(vision, VisionConfig):
        of_picture = (vision.image_size // vision.patch_size) ** 2 * vision.layers * vision.width**2
    return max(_FEWEST, min(_TEXTS, pictures * of_picture // (of_name if are_names else of_text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is said of one picture, and whom the best answer was weighed against in its nearest clade."""

    judgement: Judgement
    kin: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Unit vectors (D,) to judgements: label vectors are read once for all of a pass."""

    choice: Choice
    question: Question
    has_kin: bool
    most: int = 64
    name: str = "judge"

    def __call__(self, items: Sequence[Vector]) -> list[Judged]:
        """A Judged for each vector."""
        asked = self.choice.asked(self.question)
        vectors = np.stack(items)
        found = asked.judged(vectors, [Occasion()] * len(vectors))
        if not self.has_kin:
            return [Judged(judgement=one) for one in found]
        return [
            Judged(judgement=one, kin=kin_of(asked, vector, one)) for one, vector in zip(found, vectors, strict=True)
        ]


def kin_of(asked: Asked, vector: Vector, judgement: Judgement) -> tuple[Answer, ...]:
    """The other taxa in the least clade around the best answer that holds any, best first; none for own labels."""
    among = asked.among
    best = next((one for one in judgement.answers if one.taxon is not None), None)
    if not isinstance(among, AmongTaxa) or best is None or best.taxon is None:
        return ()
    rank = Rank.SPECIES if asked.question.rank is None else asked.question.rank
    if len(rows_of(among.tree, best.taxon, rank)) == 0:
        return ()
    found = siblings(
        vector,
        among.labels,
        (best.taxon, best.score),
        tree=among.tree,
        rank=rank,
        scale=among.scale,
        bias=among.bias_of(vector[None]),
    )
    told = zip(found.taxa[:KIN], found.scores[:KIN], strict=True)
    return tuple(Answer(text=taxon.scientific_name, taxon=taxon, score=score) for taxon, score in told)
