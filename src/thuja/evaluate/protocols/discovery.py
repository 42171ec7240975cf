"""Generalised category discovery: sort unlabelled images into classes, some of which have labelled images.

Public, as BioCLIP 2's herbarium19.py: vectors of length one; semi-supervised k-means with as many clusters as there
are classes, a number that is given; ten iterations, one start, three seeds. Clusters are named by the Hungarian
algorithm twice, once among images of classes with labels (old), once among the others (new), so that one cluster may
stand for two classes ("v1" of Vaze et al., who replaced it); accuracy over the unlabelled images.

Corrected, beside it: the clusters are named once for all unlabelled images ("v2"); a cluster that runs empty keeps
its centre; the mean over classes beside the mean over images; intervals over classes, with the names held fixed.
The number of clusters is given here too: that it is known stays an assumption.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from thuja.errors import EmptyInput
from thuja.evaluate.protocols.kmeans import Points, cluster
from thuja.evaluate.protocols.lengths import unit
from thuja.evaluate.task import Images, Indices, Measure, Outcome, View, Way
from thuja.metrics.accuracy import per_class_accuracy
from thuja.metrics.bootstrap import Interval, mean_over_clusters
from thuja.metrics.matching import name_clusters

Flags = npt.NDArray[np.bool_]

ACCURACY, MACRO = "accuracy", "macro accuracy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """N images of C classes: `truth` (N,), which classes are old (C,), which images are labelled (N,)."""

    images: Images
    classes: tuple[str, ...]
    truth: Indices
    is_old: Flags
    is_labelled: Flags
    runs: int = 3
    head: str = ""

    def select(self, rows: Sequence[int]) -> "Discovery":
        """These images alone; the number of clusters is then that of their classes."""
        kept = np.asarray(rows, dtype=np.int64)
        return replace(
            self, images=self.images.select(rows), truth=self.truth[kept], is_labelled=self.is_labelled[kept]
        )

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """Cluster `runs` times each way and score the unlabelled images; raises EmptyInput where there is none."""
        if self.is_labelled.all():
            raise EmptyInput(f"all of {len(self.images)} images are labelled, and there is nothing to discover")
        vectors = unit(view.vectors)
        points = Points(
            unlabelled=vectors[~self.is_labelled],
            labelled=vectors[self.is_labelled],
            classes=self.truth[self.is_labelled],
        )
        measures: list[Measure] = []
        tables = []
        for way in ways:
            runs = [self._cluster(points, way, seed + run) for run in range(self.runs)]
            named = [self._name(clusters, way) for clusters in runs]
            measures += self._scores(named, way, seed)
            measures += self._baselines(way, seed)
            tables += [self._table(way, run, runs[run], named=names) for run, names in enumerate(named)]
        return Outcome(measures=measures, answers=pa.concat_tables(tables) if tables else pa.table({}))

    def _cluster(self, points: Points, way: Way, seed: int) -> Indices:
        count = len(np.unique(self.truth))
        # The public code draws from NumPy's older generator: with the same seed, the same numbers.
        draws = np.random.RandomState(seed).rand(count)
        return cluster(points, count=count, draws=draws, is_emptied_kept=way == Way.CORRECTED)

    def _name(self, clusters: Indices, way: Way) -> Indices:
        """The class that each unlabelled image is taken to be of, or -1: (U,)."""
        truth = self.truth[~self.is_labelled]
        if way == Way.CORRECTED:
            return name_clusters(clusters, truth)
        named = np.full(len(truth), -1, dtype=np.int64)
        for is_part in (self.is_old[truth], ~self.is_old[truth]):
            named[is_part] = name_clusters(clusters[is_part], truth[is_part])
        return named

    def _scores(self, named: Sequence[Indices], way: Way, seed: int, *, part: str = "") -> list[Measure]:
        """Accuracy of all, of old and of new classes; corrected, the mean over classes too."""
        truth = self.truth[~self.is_labelled]
        right = np.stack([names == truth for names in named])  # (R, U)
        scores = []
        for kind, is_kept in (
            ("", np.ones(len(truth), dtype=bool)),
            ("old", self.is_old[truth]),
            ("new", ~self.is_old[truth]),
        ):
            if not is_kept.any():
                continue
            label = " ".join(word for word in (part, kind) if word)
            hits, classes = right[:, is_kept], truth[is_kept]
            interval = mean_over_clusters(hits.mean(axis=0), classes, np.random.default_rng(seed))
            scores.append(
                self._measure(way, ACCURACY, label, interval=interval, runs=hits.mean(axis=1), classes=classes)
            )
            if way == Way.CORRECTED:
                means = np.stack([per_class_accuracy(hit, classes) for hit in hits])  # (R, classes)
                interval = mean_over_clusters(
                    means.mean(axis=0), np.arange(means.shape[1]), np.random.default_rng(seed)
                )
                scores.append(
                    self._measure(way, MACRO, label, interval=interval, runs=means.mean(axis=1), classes=classes)
                )
        return scores

    def _baselines(self, way: Way, seed: int) -> list[Measure]:
        """What one cluster gives, and what clusters drawn at random give: the naming is kind to both."""
        size, count = int((~self.is_labelled).sum()), len(np.unique(self.truth))
        scores = []
        for part, clusters in (
            ("majority", np.zeros(size, dtype=np.int64)),
            ("random clusters", np.random.default_rng(seed).integers(count, size=size)),
        ):
            scores += self._scores([self._name(clusters, way)], way, seed, part=part)
        return scores

    def _measure(
        self, way: Way, name: str, part: str, *, interval: Interval, runs: npt.NDArray[np.float64], classes: Indices
    ) -> Measure:
        return Measure(
            part=part,
            way=way,
            name=name,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            units=len(classes),
            clusters=len(np.unique(classes)),
            spread=float(runs.std()) if len(runs) > 1 else None,
            note="" if part else f"{len(np.unique(self.truth))} clusters: the number of classes is given",
        )

    def _table(self, way: Way, run: int, clusters: Indices, *, named: Indices) -> pa.Table:
        """A row an unlabelled image; `answer` is the class that its cluster stands for, or empty; there is no score."""
        rows = np.flatnonzero(~self.is_labelled)
        truth = self.truth[rows]
        return pa.table(
            {
                "path": pa.array([self.images.paths[row] for row in rows], pa.string()),
                "way": pa.array([way.value] * len(rows), pa.string()),
                "part": pa.array(np.where(self.is_old[truth], "old", "new"), pa.string()),
                "truth": pa.array([self.classes[label] for label in truth], pa.string()),
                "answer": pa.array([self.classes[name] if name >= 0 else "" for name in named], pa.string()),
                "score": pa.nulls(len(rows), pa.float64()),
                "run": pa.array([run] * len(rows), pa.int64()),
                "cluster": pa.array(clusters, pa.int64()),
                "group": pa.array([self.classes[label] for label in truth], pa.string()),
            }
        )
