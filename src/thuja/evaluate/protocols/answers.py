"""Answers to one question about labelled images, the measures they make, and their rows in the table."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.classify import Top
from thuja.evaluate.protocols.classes import Classes
from thuja.evaluate.task import Measure, Way
from thuja.metrics.accuracy import Hits, is_in_top, per_class_accuracy
from thuja.metrics.bootstrap import Interval, bootstrap, mean_over_clusters
from thuja.taxonomy import RANKS

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Q answers given one way: which image was asked, in which fold, its class, and the classes answered, best first.

    `note` says what a reader of every measure made of them must know. `seed` starts each bootstrap anew, so that
    measures do not depend on which others were asked for.
    """

    part: str
    way: Way
    classes: Classes
    rows: Indices
    truth: Indices
    top: Top
    folds: Indices
    note: str
    seed: int

    def is_right(self, k: int = 1) -> Flags:
        """Whether the class is among the first k answers: (Q,)."""
        return is_in_top(self.top.indices, self.truth, k)

    def micro(self, name: str, *, k: int = 1) -> Measure:
        """The share of images that are right, over redrawn species; of several folds the mean, and its spread."""
        values = self.is_right(k).astype(np.float64)
        interval = mean_over_clusters(values, self.clusters(), self.generator())
        return self._measure(name, interval, spread=self._spread([values[rows].mean() for rows in self._by_fold()]))

    def macro(self, name: str) -> Measure:
        """The mean over classes of the share of each class's images that are right, over redrawn species."""
        is_right = self.is_right()
        _, interval = bootstrap(Hits(is_right=is_right, classes=self.truth, species=self.clusters()), self.generator())
        by_fold = [per_class_accuracy(is_right[rows], self.truth[rows]).mean() for rows in self._by_fold()]
        return self._measure(name, interval, spread=self._spread(by_fold))

    def at_levels(self) -> list[Measure]:
        """By level of the tree, whether the answer lies in the class's taxon there: over images, then over taxa.

        An image that has no name at a level is not asked there.
        """
        measures = []
        for level, taxon_of in self.classes.levels().items():
            asked = taxon_of[self.truth] >= 0
            if not asked.any():
                continue
            hits = Hits(
                is_right=taxon_of[self.top.indices[asked, 0]] == taxon_of[self.truth[asked]],
                classes=taxon_of[self.truth[asked]],
                species=self.clusters()[asked],
            )
            candidates = len(np.unique(taxon_of[taxon_of >= 0]))
            for name, interval in zip(("top-1", "macro top-1"), bootstrap(hits, self.generator()), strict=True):
                measures.append(
                    Measure(
                        part=level, way=self.way, name=name, value=interval.value, low=interval.low,
                        high=interval.high, units=len(hits.classes), clusters=len(np.unique(hits.species)),
                        note=f"the answer's taxon among {candidates}",
                    )
                )  # fmt: skip
        return measures

    def table(self, paths: tuple[str, ...]) -> pa.Table:
        """A row an answer: path, way, part, fold, truth, answer, score, group, and of several answers all as `top`.

        `group` is the species, which is what a comparison draws. Where the classes have taxa and each image is asked
        once, the names of the truth by rank as well.
        """
        names = pa.array(self.classes.names, pa.string())
        count = len(self.rows)
        columns = {
            "path": pa.array(paths, pa.string()).take(pa.array(self.rows)),
            "way": pa.array([self.way.value] * count, pa.string()),
            "part": pa.array([self.part] * count, pa.string()),
            "fold": pa.array(self.folds, pa.int16()),
            "truth": names.take(pa.array(self.truth)),
            "answer": names.take(pa.array(self.top.indices[:, 0])),
            "score": pa.array(self.top.scores[:, 0], pa.float32()),
            "group": pa.array(self.classes.groups(), pa.string()).take(pa.array(self.truth)),
        }
        depth = self.top.indices.shape[1]
        if depth > 1:
            flat = names.take(pa.array(self.top.indices.ravel()))
            starts = pa.array(np.arange(0, depth * count + 1, depth), pa.int32())
            columns["top"] = pa.ListArray.from_arrays(starts, flat)
        if self.classes.taxa and not self.folds.any():
            for rank in RANKS:
                of_class = pa.array([taxon[rank] or None for taxon in self.classes.taxa], pa.string())
                columns[rank.label] = of_class.take(pa.array(self.truth))
        return pa.table(columns)

    def _measure(self, name: str, interval: Interval, *, spread: float | None) -> Measure:
        return Measure(
            part=self.part,
            way=self.way,
            name=name,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            units=round(len(self.rows) / len(self._by_fold())),
            clusters=len(np.unique(self.clusters())),
            spread=spread,
            note=self.note,
        )

    def clusters(self) -> Indices:
        """A number for what a bootstrap draws, the species of each answer's truth: (Q,)."""
        return np.asarray(self.classes.clusters()[self.truth])

    def _by_fold(self) -> list[Indices]:
        return [np.flatnonzero(self.folds == fold) for fold in np.unique(self.folds)]

    def _spread(self, by_fold: list[float]) -> float | None:
        return float(np.std(by_fold)) if len(by_fold) > 1 else None

    def generator(self) -> np.random.Generator:
        """What a bootstrap draws from, begun anew."""
        return np.random.default_rng(self.seed)
