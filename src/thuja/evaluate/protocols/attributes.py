"""Attributes: many yes-or-no labels an image, learnt by a probe on frozen embeddings from a training part.

Public, as BioCLIP 2's fishnet.py and awa2.py: Linear(D, 512), dropout .5, Linear(512, L) without an activation;
binary cross-entropy, Adam, 50 epochs of batches of 256, the rate halved every 20; raw vectors; three runs. Three
faults of the scripts are kept: yes is a logit above .5, a probability above .62; `eval()` is never called, so
dropout blurs the answers that are scored; and awa2.py hands scikit-learn labels=[0, 1], so its macro-F1 is the mean
over the first two attributes of 85. Not settled by the code: mixed precision, which it turns on, and here is not.

Corrected, beside it: yes is a probability above .5; no dropout in answering; a tenth of the training images, whole
groups of them (species, classes), is held out, and the epoch with the least loss on it answers; exact match, macro-
and micro-F1, and average precision of each label with its prevalence; intervals over groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.embeddings import Vectors
from thuja.errors import EmptyInput, UsageError
from thuja.evaluate.protocols.attribute_scores import Answers, Headline, baselines, score_corrected, score_published
from thuja.evaluate.task import Images, Indices, Measure, Opened, Outcome, View, Way

Flags = npt.NDArray[np.bool_]

HELD = 0.1
"""The share of the training images that is held out to say when to stop."""


class FitMlp(Protocol):
    """(N, D) vectors and (N, L) labels to learn from, (A, D) vectors to answer: (A, L) logits.

    `held` are the rows to stop by, or None for the public protocol. `thuja.train.probes.fit_mlp` is one.
    """

    def __call__(
        self,
        taught: Vectors,
        labels: Flags,
        asked: Vectors,
        *,
        held: Indices | None,
        rate: float,
        epochs: int,
        seed: int,
    ) -> npt.NDArray[np.float32]:
        """Learn, and answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """A task of L labels: `truth` (N, L) of each image, `is_taught` (N,) says which are learnt from.

    `groups` (N,) names what is drawn for intervals and held out whole; `fit` is handed in by `with_fit`.
    """

    images: Images
    labels: tuple[str, ...]
    truth: Flags
    is_taught: Flags
    groups: tuple[str, ...]
    headline: Headline
    rate: float
    epochs: int = 50
    runs: int = 3
    fit: FitMlp | None = None
    head: str = ""

    def select(self, rows: Sequence[int]) -> "Attributes":
        """The same labels of these images alone, in this order."""
        kept = np.asarray(rows, dtype=np.int64)
        return replace(
            self,
            images=self.images.select(rows),
            truth=self.truth[kept],
            is_taught=self.is_taught[kept],
            groups=tuple(self.groups[row] for row in rows),
        )

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """Fit the probe `runs` times each way, and score its answers on the images that are not learnt from.

        Raises UsageError where no probe was handed in, EmptyInput where there is nothing to learn or to ask.
        """
        if self.fit is None:
            raise UsageError("attributes are asked with a probe, and none was handed in", hint="see with_fit")
        if not self.is_taught.any() or self.is_taught.all():
            count = int(self.is_taught.sum())
            raise EmptyInput(
                f"of {len(self.images)} images {count} are for training: nothing to learn or nothing to ask"
            )
        measures: list[Measure] = []
        tables = []
        for way in ways:
            answers = self._answers(self.fit, view.vectors, way, seed=seed)
            score = score_published if way == Way.PUBLIC else score_corrected
            measures += score(answers, self.headline, seed)
            measures += baselines(answers, self.truth[self.is_taught], seed)
            tables.append(self._table(answers))
        return Outcome(measures=measures, answers=pa.concat_tables(tables) if tables else pa.table({}))

    def _answers(self, fit: FitMlp, vectors: Vectors, way: Way, *, seed: int) -> Answers:
        """What `runs` probes say of the images that are asked; run n has the seed `seed` + n, as in the scripts."""
        taught, asked = np.flatnonzero(self.is_taught), np.flatnonzero(~self.is_taught)
        groups = np.array(self.groups)
        logits = []
        for run in range(seed, seed + self.runs):
            held = hold_out(groups[taught], seed=run) if way == Way.CORRECTED else None
            fitted = fit(
                vectors[taught],
                self.truth[taught],
                vectors[asked],
                held=held,
                rate=self.rate,
                epochs=self.epochs,
                seed=run,
            )
            logits.append(fitted)
        _, clusters = np.unique(groups[asked], return_inverse=True)
        return Answers(
            way=way,
            labels=self.labels,
            truth=self.truth[asked],
            logits=np.stack(logits),
            clusters=clusters,
            is_met=np.isin(groups[asked], groups[taught]),
        )

    def _table(self, answers: Answers) -> pa.Table:
        """A row an image and run; truth and answer are the labels that are yes, and `score` the share that is right.

        `value` is what the answer is worth: 1 or 0 where all labels must be right, and else that share.
        """
        asked = np.flatnonzero(~self.is_taught).tolist()
        runs = len(answers.logits)
        said = answers.said.reshape(-1, len(self.labels))
        right = (answers.said == answers.truth).mean(axis=2).ravel()
        return pa.table(
            {
                "path": pa.array([self.images.paths[row] for row in asked] * runs, pa.string()),
                "way": pa.array([answers.way.value] * len(said), pa.string()),
                "part": pa.array([""] * len(said), pa.string()),
                "truth": pa.array([self._words(row) for row in answers.truth] * runs, pa.string()),
                "answer": pa.array([self._words(row) for row in said], pa.string()),
                "score": pa.array(right, pa.float64()),
                "value": pa.array(np.floor(right) if self.headline == Headline.EXACT else right, pa.float64()),
                "run": pa.array(np.repeat(np.arange(runs), len(asked)), pa.int64()),
                "group": pa.array([self.groups[row] for row in asked] * runs, pa.string()),
            }
        )

    def _words(self, is_yes: Flags) -> str:
        return "|".join(label for label, is_it in zip(self.labels, is_yes, strict=True) if is_it)


def with_fit(opened: Opened, fit: FitMlp) -> Opened:
    """The task with this probe, where it is one that asks with a probe; else as it is."""
    return replace(opened, fit=fit) if isinstance(opened, Attributes) else opened


def hold_out(groups: npt.NDArray[np.str_], *, seed: int) -> Indices:
    """Rows of whole groups, drawn until they are a tenth of all; of one group, a tenth of its rows.

    Raises EmptyInput for fewer than two rows.
    """
    if len(groups) < 2:
        raise EmptyInput(f"a probe needs two training images or more, got {len(groups)}")
    generator = np.random.default_rng(seed)
    names, place = np.unique(groups, return_inverse=True)
    if len(names) == 1:
        place = np.arange(len(groups))
    sizes = np.bincount(place)
    order = generator.permutation(len(sizes))
    enough = int(np.searchsorted(np.cumsum(sizes[order]), HELD * len(groups))) + 1
    return np.flatnonzero(np.isin(place, order[: min(enough, len(order) - 1)]))
