"""Several tasks under one heading: each of them, and the mean over them, as the papers report five camera-trap sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from thuja.errors import EmptyInput, ThujaError
from thuja.evaluate.task import Images, Measure, Opened, Outcome, View, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Tasks by name, below one folder; their images stand in the order of the tasks."""

    tasks: Mapping[str, Opened]

    def __post_init__(self) -> None:
        if not self.tasks:
            raise EmptyInput("there is no task to take the mean over")
        if len({task.images.folder for task in self.tasks.values()}) > 1:
            raise ThujaError("tasks under one heading must lie below one folder")

    @property
    def images(self) -> Images:
        """Those of all tasks, one task after the other."""
        each = [task.images for task in self.tasks.values()]
        return Images(folder=each[0].folder, paths=tuple(path for images in each for path in images.paths))

    @property
    def head(self) -> str:
        """That of the first task."""
        return next(iter(self.tasks.values())).head

    def select(self, rows: Sequence[int]) -> "Several":
        """Each task about its images among these, in the order of the tasks."""
        kept = np.sort(np.asarray(rows, dtype=np.int64))
        if (kept != np.asarray(rows)).any():
            raise ThujaError("images of several tasks are selected in their order")
        tasks, start = {}, 0
        for name, task in self.tasks.items():
            stop = start + len(task.images)
            inside = kept[(kept >= start) & (kept < stop)] - start
            if len(inside):
                tasks[name] = task.select(inside.tolist())
            start = stop
        return Several(tasks=tasks)

    def measure(self, view: View, ways: Sequence[Way], *, seed: int = 0) -> Outcome:
        """What each task makes of its images, its name before the part; and of what all measured, the mean."""
        measured: dict[str, Sequence[Measure]] = {}
        tables, start = [], 0
        for name, task in self.tasks.items():
            stop = start + len(task.images)
            outcome = task.measure(view.part(start, stop), ways, seed=seed)
            measured[name] = outcome.measures
            tables.append(outcome.answers.append_column("task", pa.array([name] * len(outcome.answers), pa.string())))
            start = stop
        named = [
            replace(measure, part=", ".join(filter(None, (name, measure.part))))
            for name, measures in measured.items()
            for measure in measures
        ]
        return Outcome(
            measures=[*_means(measured), *named], answers=pa.concat_tables(tables, promote_options="default")
        )


def _means(measured: Mapping[str, Sequence[Measure]]) -> list[Measure]:
    """The mean over tasks of each measure that all of them have."""
    by_key: dict[tuple[str, Way, str], list[Measure]] = {}
    for measures in measured.values():
        for measure in measures:
            by_key.setdefault((measure.part, measure.way, measure.name), []).append(measure)
    return [mean_of(group) for group in by_key.values() if len(group) == len(measured)]


def mean_of(measures: Sequence[Measure]) -> Measure:
    """The mean of one measure of several independent tasks.

    Its interval has the distances of the tasks' ends from their values, squared, summed, and brought to the mean's
    scale ("MOVER", Zou and Donner, doi:10.1002/sim.3095): draws of one task say nothing of another's.
    """
    values = np.array([measure.value for measure in measures])
    value = float(values.mean())
    low = high = None
    if all(measure.low is not None and measure.high is not None for measure in measures):
        below = values - np.array([measure.low for measure in measures], dtype=np.float64)
        above = np.array([measure.high for measure in measures], dtype=np.float64) - values
        low = value - float(np.sqrt((below**2).sum())) / len(values)
        high = value + float(np.sqrt((above**2).sum())) / len(values)
    first = measures[0]
    return Measure(
        part=first.part,
        way=first.way,
        name=first.name,
        value=value,
        low=low,
        high=high,
        units=sum(measure.units for measure in measures),
        clusters=sum(measure.clusters or 0 for measure in measures) or None,
        note=f"the mean over {len(measures)} sets",
    )
