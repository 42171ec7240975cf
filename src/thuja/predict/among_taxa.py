"""Judging among taxa: the best of them, the path down the tree, how deep it can be trusted, and what else it may be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from thuja.classify import Marginals, Tree, marginals
from thuja.classify.calibrate.backing import Paths, paths_of, settled_ranks
from thuja.classify.calibrate.calibration import Calibration
from thuja.classify.calibrate.subtrees import DEPTH, Subtree
from thuja.classify.priors.clade_size import cooled, sum_biases
from thuja.classify.priors.placed import Placed, Placer
from thuja.classify.priors.ranges import Occasion, RangePrior
from thuja.classify.tiled import Bias
from thuja.classify.unseen.probabilities import Unseen
from thuja.embeddings import Vectors
from thuja.errors import UsageError
from thuja.labels import LabelSpace
from thuja.predict.answers import Answer, Judgement, Question
from thuja.predict.none_of_these import with_none
from thuja.taxonomy import RANKS, Rank, Taxon

Floats = npt.NDArray[np.floating]

_ANSWERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What scores are weighed by, each part where it is at hand: all belong to one label space.

    `counts` (L,) are how often each label's taxon was seen in training, where the calibration asks for that. `bias`
    hangs on the label alone, `prior` on the place and date of an image, `voice` on its vector: what examples say of it,
    which the temperature divides as it does cosines.
    `facts` say, as JSON, what all of it is.
    """

    calibration: Calibration | None = None
    counts: npt.NDArray[np.int64] | None = None
    unseen: Unseen | None = None
    bias: Bias | None = None
    prior: RangePrior | None = None
    voice: Callable[[Vectors], Bias] | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


class AmongTaxa:
    """Says which of a label space's taxa an organism is.

    `scale` is the model's. Raises UsageError for what the question asks and nothing at hand can answer.
    """

    def __init__(
        self, labels: LabelSpace, *, scale: float, weighing: Weighing | None = None, tree: Tree | None = None
    ) -> None:
        self.labels, self.tree = labels, tree or Tree.of(labels)
        self.weighing = weighing or Weighing()
        calibration = self.weighing.calibration
        self.scale = scale / calibration.temperature if calibration else scale
        prior = self.weighing.prior
        if prior is not None and self.weighing.voice is not None:
            raise UsageError("a prior of places and examples exclude each other", hint="leave out one of the two")
        self._placer = (
            Placer(labels, prior, scale=self.scale, tree=self.tree, bias=self.weighing.bias) if prior else None
        )

    def check(self, question: Question) -> None:
        """Raise UsageError for what cannot be answered here."""
        count = len(self._taxa(question.rank))
        if question.k is not None and question.k > count:
            thing = "labels" if question.rank is None else "taxa at that rank"
            raise UsageError(
                f"cannot give the best {question.k} of {count} {thing}", hint=f"choose k between 1 and {count}"
            )
        if question.coverage is not None and self.weighing.calibration is None:
            raise UsageError(
                "a set that holds the truth so often needs a calibration for these labels",
                hint="make one from labelled images: thuja calibrate MODEL IMAGES",
            )

        if question.allows_none:
            self._require_unseen(question.rank)

    def _require_unseen(self, rank: Rank | None) -> None:
        """Raise UsageError where nothing tells whether an organism is none of the taxa at a rank."""
        if self.weighing.unseen is None:
            raise UsageError(
                f'"none of these" {self._why_not_told()}',
                hint="make one from labelled images: thuja calibrate MODEL IMAGES"
                if self.weighing.calibration is None
                else "leave out clade size and examples, or label images of more species",
            )
        at = Rank.SPECIES if rank is None else rank
        if at not in self.weighing.unseen.ranks:
            known = ", ".join(each.label for each in self.weighing.unseen.ranks)
            raise UsageError(f'"none of these" is not told for the rank {at.label}', hint=f"of these labels: {known}")

    def _why_not_told(self) -> str:
        if self.weighing.calibration is None:
            return "needs a calibration for these labels, which says what known organisms look like"
        if self.weighing.calibration.options:
            return "is told by the image alone, and here something else is weighed in"
        return "is not told among these labels: nothing is left of them without an image's own"

    @property
    def identity(self) -> Mapping[str, object]:
        """What decides its answers, as JSON."""
        return {"labels": self.labels.id, "scale": self.scale, **self.weighing.facts}

    def bias_of(self, vectors: Vectors) -> Bias | None:
        """What is added to the logits of these images, but for the prior."""
        voice, calibration = self.weighing.voice, self.weighing.calibration
        if voice is None:
            return self.weighing.bias
        said = voice(vectors) if calibration is None else cooled(voice(vectors), calibration.temperature)
        return sum_biases(self.weighing.bias, said)

    def judge(self, vectors: Vectors, occasions: Sequence[Occasion], question: Question) -> Iterator[Judgement]:
        """A Judgement for each of (N, D) vectors of length one, in order."""
        k = min(question.k or _ANSWERS, len(self.labels))
        depth = min(max(k, DEPTH if question.coverage is not None else _ANSWERS), len(self.labels))
        bias, done = self.bias_of(vectors), 0
        for block in marginals(vectors, self.labels, scale=self.scale, k=depth, tree=self.tree, bias=bias):
            images = slice(done, done + len(block.peak))
            done = images.stop
            here = occasions[images]
            placed = self._placed(block, vectors[images], here)
            told = placed.placed if placed else block
            yield from self._judged(told, placed, vectors[images], question=question, occasions=here)

    def _placed(self, block: Marginals, vectors: Vectors, occasions: Sequence[Occasion]) -> Placed | None:
        """The block with place and date, where any image has them."""
        if self._placer is None or not any(occasion.is_placed for occasion in occasions):
            return None
        return self._placer.place(block, vectors, occasions)

    def _judged(
        self,
        block: Marginals,
        placed: Placed | None,
        vectors: Vectors,
        *,
        question: Question,
        occasions: Sequence[Occasion],
    ) -> Iterator[Judgement]:
        plain = block if placed is None else placed.plain
        unseen = self.weighing.unseen.probabilities(plain, vectors) if self.weighing.unseen else {}
        paths = paths_of(block, self.tree)
        told = self._path_scores(paths)
        if question.allows_none:  # falling up the tree, what is left for the labels keeps the path's order
            told = np.array(told, dtype=np.float64)
            for rank, shares in unseen.items():
                told[:, rank] *= 1 - shares
        settled: npt.NDArray[np.int64] | None = None
        if question.confidence is not None:
            settled = settled_ranks(paths, told, self.tree, confidence=question.confidence)
        sets = self._sets(block, question)
        at_rank = Rank.SPECIES if question.rank is None else question.rank
        for row, answers in enumerate(self._answers(block, placed, question)):
            if not occasions[row].is_placed:  # beside images that are
                answers = tuple(replace(one, unplaced=None) for one in answers)
            if question.allows_none:
                answers = with_none(answers, float(unseen[at_rank][row]), k=question.k)
            path = self._path(paths, told, row)
            at = -1 if settled is None else int(settled[row])
            yield Judgement(
                answers=answers,
                path=tuple(path.values()),
                settled=path.get(Rank(at)) if at >= 0 else None,
                within=None if sets is None else tuple(self._answer_of(subtree) for subtree in sets[row]),
                unseen={rank: float(shares[row]) for rank, shares in unseen.items()},
            )

    def _answers(self, block: Marginals, placed: Placed | None, question: Question) -> Iterator[tuple[Answer, ...]]:
        rank = question.rank
        top = block.labels if rank is None else block.clades[rank]
        calibration = self.weighing.calibration
        scores = top.scores if calibration is None else calibration.scores(block, rank)
        plain = None
        if placed is not None:
            plain = placed.labels if rank is None else placed.clades[rank]
        taxa = self._taxa(rank)
        wanted = min(question.k or _ANSWERS, len(taxa))
        for row in range(len(scores)):
            answers = []
            for place, index in enumerate(top.indices[row, :wanted].tolist()):
                taxon = taxa[index]
                answers.append(
                    Answer(
                        text=self.labels.texts[index] if rank is None else taxon.scientific_name,
                        taxon=taxon,
                        score=float(scores[row, place]),
                        unplaced=None if plain is None else float(plain[row, place]),
                    )
                )
            yield tuple(answers)

    def _taxa(self, rank: Rank | None) -> Sequence[Taxon]:
        return self.labels.taxa if rank is None else self.tree.taxa[rank]

    def _path_scores(self, paths: Paths) -> Floats:
        calibration = self.weighing.calibration
        return paths.probabilities if calibration is None else calibration.path_scores(paths)

    def _path(self, paths: Paths, told: Floats, row: int) -> Mapping[Rank, Answer]:
        """The named taxa of a path."""
        found: dict[Rank, Answer] = {}
        for rank in RANKS:
            index = int(paths.indices[row, rank])
            if index < 0:
                break
            taxon = self.tree.taxa[rank][index]
            if taxon[rank]:
                found[rank] = Answer(text=taxon.scientific_name, taxon=taxon, score=float(told[row, rank]))
        return found

    def _sets(self, block: Marginals, question: Question) -> list[list[Subtree]] | None:
        if question.coverage is None:
            return None
        calibration = self.weighing.calibration
        assert calibration is not None, "check asks for one"
        return calibration.subtrees(block, self.tree, coverage=question.coverage, counts=self.weighing.counts)

    def _answer_of(self, subtree: Subtree) -> Answer:
        taxon = self.tree.taxa[subtree.rank][subtree.index]
        return Answer(text=taxon.scientific_name, taxon=taxon, score=subtree.mass)
