"""Judging among labels that are texts of the user's own, by themselves or in bins."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from thuja.classify import posteriors, top_k
from thuja.classify.bins import Bins
from thuja.classify.priors.ranges import Occasion
from thuja.classify.unseen.probabilities import Prevalence
from thuja.classify.unseen.rivals import rivals_of, share_of_rivals
from thuja.classify.unseen.signs import signs
from thuja.embeddings import Vectors
from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.predict.answers import Answer, Judgement, Question
from thuja.predict.none_of_these import with_none

Posterior = Callable[[Vectors], Iterator[npt.NDArray[np.float32]]]


class AmongTexts:
    """Says which of a user's labels an image shows; all are answered where nobody says how many.

    `posterior` makes (N, D) vectors into (B, L) probabilities by block, where it is not the softmax over the labels'
    own vectors; `facts` say, as JSON, what it is. `everything` opens all that the model knows, whose other labels are
    rivals where "none of these" is asked for.
    """

    def __init__(
        self,
        labels: LabelSpace,
        *,
        scale: float,
        bins: Bins | None = None,
        posterior: Posterior | None = None,
        everything: Callable[[], LabelSpace] | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        self._everything = everything
        self._rivals: LabelSpace | None = None
        self.labels, self.scale, self._bins = labels, scale, bins
        self._posterior = posterior or partial(posteriors, labels=labels, scale=scale)
        self._facts = facts or {}
        self.names = labels.texts if bins is None else bins.names

    def check(self, question: Question) -> None:
        """Raise UsageError for what cannot be answered here."""
        if question.rank is not None:
            raise UsageError("custom labels have no ranks", hint="leave out either the rank or the labels")
        for name in ("confidence", "coverage"):
            if getattr(question, name) is not None:
                raise UsageError(
                    f"{name} is for taxa, and custom labels have no tree", hint=f"leave out either {name} or the labels"
                )
        count = len(self.names)
        if question.k is not None and question.k > count:
            raise UsageError(
                f"cannot give the best {question.k} of {count} labels", hint=f"choose k between 1 and {count}"
            )

        if question.allows_none and self._rivals is None:
            self._rivals = self._find_rivals()

    def _find_rivals(self) -> LabelSpace:
        if self._everything is None:
            raise UsageError('"none of these" is not told beside examples', hint="leave out one of the two")
        return rivals_of(self.labels, self._everything())

    @property
    def identity(self) -> Mapping[str, object]:
        """What decides its answers, as JSON."""
        bins = None if self._bins is None else [[self._bins.names[place] for place in self._bins.place.tolist()]]
        rivals = None if self._rivals is None else self._rivals.id
        return {"labels": self.labels.id, "scale": self.scale, "bins": bins, "rivals": rivals, **self._facts}

    def rows_of(self, answer: Answer) -> npt.NDArray[np.int64]:
        """The labels that an answer stands for, by their places."""
        names = np.array(self.names, dtype=object)
        own = np.arange(len(self.labels)) if self._bins is None else self._bins.place
        return np.flatnonzero(names[own] == answer.text)

    def judge(self, vectors: Vectors, occasions: Sequence[Occasion], question: Question) -> Iterator[Judgement]:
        """A Judgement for each of (N, D) vectors of length one, in order."""
        done = 0
        for block in self._posterior(vectors):
            shares = block if self._bins is None else self._bins.gather(block)
            wanted = question.k or len(self.names)
            best = top_k(shares, wanted)
            none = self._none(vectors[done : done + len(block)]) if question.allows_none else None
            done += len(block)
            for row, (indices, scores) in enumerate(zip(best.indices.tolist(), best.scores.tolist(), strict=True)):
                answers = tuple(
                    Answer(text=self.names[index], score=score) for index, score in zip(indices, scores, strict=True)
                )
                if none is not None:
                    answers = with_none(answers, float(none[row]), k=question.k)
                yield Judgement(answers=answers)

    def _none(self, vectors: Vectors) -> npt.NDArray[np.float64]:
        """How likely each image shows what none of the labels names: (B,)."""
        assert self._rivals is not None, "check finds them"
        ours, theirs = (signs(vectors, labels, scale=self.scale) for labels in (self.labels, self._rivals))
        counts = len(self.labels), len(self._rivals)
        return share_of_rivals(ours, theirs, counts=counts, prevalence=Prevalence().species)
