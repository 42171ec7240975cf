"""Why a picture was given an answer, as a work of the model's thread."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from thuja.classify.priors.ranges import Occasion
from thuja.errors import ImageError, UnknownName
from thuja.images import encode_jpeg
from thuja.model.attribution import Attribution
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.answers import Answer, Judgement, Prediction, Question
from thuja.predict.asked import Asked
from thuja.predict.why.explanations import Explanation, share
from thuja.predict.why.overlay import overlaid
from thuja.predict.why.watching import explainer_of
from thuja.report import data_uri
from thuja.web.works import Choice, Vector

_MANY = 50
"""Among how many of the best answers the one to be explained is sought."""
_CLOSE = 0.02
"""Probabilities no farther apart are as good as equal: what speaks for either cancels out."""


class Attributions:
    """The plain copy of a model's tower that maps are made by: made when it is first asked for."""

    def __init__(self) -> None:
        self._made: Attribution | None = None

    def of(self, asked: Asked) -> Attribution:
        """The one of the model that is asked."""
        if self._made is None:
            self._made = Attribution(asked.encoder.model)
        return self._made


@dataclass(frozen=True, slots=True, kw_only=True)
class ToExplain:
    """A picture's bytes and unit vector (D,), the box "x,y,width,height" in shares or none, and the answer's text."""

    data: bytes
    vector: Vector
    box: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain:
    """Explains one answer at a time."""

    choice: Choice
    question: Question
    attributions: Attributions
    most: int = 1
    name: str = "why"

    def __call__(self, items: Sequence[ToExplain]) -> list[Explanation | ImageError]:
        """An Explanation for each; raises UnknownName for a text that is no answer."""
        return [self._explained(item) for item in items]

    def _explained(self, item: ToExplain) -> Explanation | ImageError:
        asked, judgement = self._found(item)
        prediction = Prediction(file_name="picture", judgement=judgement, box=item.box)
        among = asked.among
        bias = among.bias_of(item.vector[None]) if isinstance(among, AmongTaxa) else None
        explainer = explainer_of(asked, self.attributions.of(asked))
        try:
            return explainer.explain(item.data, item.vector, prediction, bias=bias)
        except ImageError as error:
            return error

    def _found(self, item: ToExplain) -> tuple[Asked, Judgement]:
        """The question at the rank of the answer that is wanted, and its judgement with that answer first."""
        question = replace(self.question, k=None, confidence=None, coverage=None, allows_none=False)
        asked = self.choice.asked(replace(question, k=self._k(question)))
        judgement = _judged(asked, item.vector)
        if not item.text:
            return asked, judgement
        on_path = {one.text: one for one in judgement.path}
        wanted = on_path.get(item.text)
        if all(one.text != item.text for one in judgement.answers) and wanted is not None and wanted.taxon is not None:
            question = replace(question, rank=wanted.taxon.rank)
            asked = self.choice.asked(replace(question, k=self._k(question)))
            judgement = _judged(asked, item.vector)
        first = next((one for one in judgement.answers if one.text == item.text), None)
        if first is None:
            known = [one.text for one in (*judgement.answers, *judgement.path)]
            raise UnknownName.of("answer", item.text, known)
        others = tuple(one for one in judgement.answers if one is not first)
        return asked, replace(judgement, answers=(first, *others))

    def _k(self, question: Question) -> int:
        among = self.choice.opened.among
        if not isinstance(among, AmongTaxa):
            return min(_MANY, len(among.names))
        rank = question.rank
        return min(_MANY, len(among.labels) if rank is None else len(among.tree.taxa[rank]))


def _judged(asked: Asked, vector: Vector) -> Judgement:
    (judgement,) = asked.judged(vector[None], [Occasion()])
    return judgement


def sentence_of(told: Explanation) -> str:
    """What the explanation says, in one sentence."""
    best = f"{told.answer.text} ({share(told.answer.score)})"
    if told.rival is None:
        return f"{best} stands alone: there is nothing else that it could be among these labels"
    rival = f"{told.rival.text} ({share(told.rival.score)})"
    if told.heat is None:
        return f"{best} was weighed against {rival}"
    return f"orange is where the picture speaks for {best}, blue where for {rival}"


def doubt_of(told: Explanation) -> str:
    """Why there is no map, or why it says little; the empty string where it does."""
    if told.rival is None:
        return "a map shows what tells two answers apart, and there is one alone"
    if told.heat is None or not np.abs(told.heat).max() > 0:
        return "one of the two answers has no vector of its own to hold the picture against"
    if abs(told.answer.score - told.rival.score) < _CLOSE:
        return "the two are about as likely, so what speaks for either nearly cancels out"
    return ""


def overlay_of(told: Explanation) -> str | None:
    """The picture under its map as a data URI; None without a map."""
    if told.heat is None or not np.abs(told.heat).max() > 0:
        return None
    buffer = io.BytesIO()
    overlaid(told.image, told.heat, told.seen).save(buffer, "PNG")
    return data_uri(buffer.getvalue())


def picture_of(image: Image.Image) -> str:
    """A picture as a data URI, without metadata."""
    return data_uri(encode_jpeg(image, 85))


def rivals_of(told: Explanation) -> tuple[Answer, ...]:
    """What the answer was weighed against, best first."""
    others = {one.text: one for one in (*((told.rival,) if told.rival else ()), *told.siblings)}
    return tuple(sorted(others.values(), key=lambda one: -one.score))
