"""A predictor with the one question that it is asked: what a job of predictions stands on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from thuja.classify.examples.columns import TargetKind as ExampleKind
from thuja.classify.priors.ranges import Occasion
from thuja.embeddings import Vectors
from thuja.encode import Encoder
from thuja.predict.among_taxa import AmongTaxa
from thuja.predict.among_texts import AmongTexts
from thuja.predict.answers import Judgement, Question
from thuja.predict.examples.learnt import Examples
from thuja.predict.inputs.queries import Query
from thuja.predict.inputs.seeing import Note
from thuja.predict.outputs.exports import About
from thuja.predict.outputs.layout import Layout, TargetKind
from thuja.predict.places.occasions import occasion_of
from thuja.taxonomy import Rank

_NOTED: Final = ("thuja:latitude", "thuja:longitude", "thuja:day_of_year")
"""The cells that a photo's place and date are noted in while its content is at hand."""

_KINDS: Final[dict[ExampleKind, TargetKind]] = {
    ExampleKind.CATEGORY: "category", ExampleKind.SEVERAL: "labels", ExampleKind.NUMBER: "number"
}  # fmt: skip
_NOWHERE: Final = Occasion()


class Asked:
    """Answers one question of every image; raises UsageError for a question that it cannot answer."""

    def __init__(
        self,
        encoder: Encoder,
        among: AmongTaxa | AmongTexts,
        question: Question,
        *,
        examples: Examples | None = None,
        name: str | None = None,
    ) -> None:
        among.check(question)
        self._examples = examples
        self.encoder, self.among, self.question = encoder, among, question
        self._name = name or encoder.model.id
        self._has_places = isinstance(among, AmongTaxa) and among.weighing.prior is not None

    @property
    def layout(self) -> Layout:
        """The columns of its answers."""
        taught = self._examples.targets if self._examples else {}
        targets = {name: _KINDS[target.kind] for name, target in taught.items()}
        if not isinstance(self.among, AmongTaxa):
            return Layout(rank=None, question=self.question, targets=targets)
        # The kingdom is rank 0: labels by themselves are shown as species are.
        rank = Rank.SPECIES if self.question.rank is None else self.question.rank
        unseen = self.among.weighing.unseen
        return Layout(
            rank=rank,
            question=self.question,
            has_places=self._has_places,
            targets=targets,
            unseen=() if unseen is None else tuple(unseen.ranks),
        )

    @property
    def about(self) -> About:
        """How exports call it."""
        is_calibrated = isinstance(self.among, AmongTaxa) and self.among.weighing.calibration is not None
        return About(model=self._name, question=self.question, is_calibrated=is_calibrated)

    @property
    def note(self) -> Note | None:
        """Where and when a photo was taken, where that weighs."""
        return _noted if self._has_places else None

    def plan(self) -> Mapping[str, object]:
        """All that decides an answer and is not in the vectors."""
        asked = self.question
        return {
            **self.among.identity,
            "targets": None if self._examples is None else self._examples.digest,
            "rank": None if asked.rank is None else asked.rank.label,
            "k": asked.k,
            "confidence": asked.confidence,
            "coverage": asked.coverage,
            "allows_none": asked.allows_none,
        }

    def judge(self, queries: Sequence[Query], vectors: Vectors) -> Sequence[Judgement]:
        """A Judgement for each of N queries and their vectors (N, D), in their order."""
        occasions = [occasion_told(query) if self._has_places else _NOWHERE for query in queries]
        return self.judged(vectors, occasions)

    def judged(self, vectors: Vectors, occasions: Sequence[Occasion]) -> list[Judgement]:
        """A Judgement for each of (N, D) vectors, with what examples say of other columns."""
        found = list(self.among.judge(vectors, occasions, self.question))
        if self._examples is None or not self._examples.targets:
            return found
        guesses = self._examples.guesses(vectors)
        return [
            replace(one, targets={name: told[row] for name, told in guesses.items()}) for row, one in enumerate(found)
        ]


def _noted(query: Query) -> Query:
    content = query.content if isinstance(query.content, bytes | Path) else None
    occasion = occasion_of(content, query.cells)
    told = dict(zip(_NOTED, (occasion.latitude, occasion.longitude, occasion.day), strict=True))
    return replace(query, cells={**query.cells, **told})


def occasion_told(query: Query) -> Occasion:
    """The occasion that was noted, or else that the row of a vector made already tells."""
    if _NOTED[0] not in query.cells:  # a vector that was made already: its row may say
        return occasion_of(None, query.cells)
    latitude, longitude, day = (_number(query.cells[name]) for name in _NOTED)
    return Occasion(latitude=latitude, longitude=longitude, day=None if day is None else int(day))


def _number(cell: object) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
