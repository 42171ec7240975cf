"""Several tasks under one heading: each sees its own images, by every head of the model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from thuja.evaluate.protocols.several import Several, mean_of
from thuja.evaluate.task import Images, Measure, Outcome, View, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A task whose figure is the sum of what the further head made of its images."""

    images: Images
    head: str = "caption"

    def measure(self, view: View, ways, *, seed: int = 0) -> Outcome:
        assert len(view.vectors) == len(self.images)
        value = float(view.by(self.head).vectors.sum())
        return Outcome(measures=[Measure(way=ways[0], name="sum", value=value, units=len(self.images))])


def test_each_task_sees_its_own_images_by_the_further_heads_too() -> None:
    """The further heads' vectors were handed on whole, and did not fit the first head's."""
    tasks = {
        name: Sums(images=Images(folder=Path(), paths=paths)) for name, paths in (("a", ("1",)), ("b", ("2", "3")))
    }
    further = View(vectors=np.array([[1.0], [10.0], [100.0]], np.float32))
    view = View(vectors=np.zeros((3, 4), np.float32), heads={"caption": further})
    measures = Several(tasks=tasks).measure(view, [Way.CORRECTED]).measures
    assert {measure.part: measure.value for measure in measures} == {"": 55.5, "a": 1.0, "b": 110.0}


def test_either_end_of_a_means_interval_comes_of_the_same_ends_of_its_parts() -> None:
    parts = [(0.9, 0.5, 0.95), (0.5, 0.4, 0.8)]
    found = mean_of([Measure(way=Way.PUBLIC, name="a", value=v, low=low, high=high, units=1) for v, low, high in parts])
    assert found.value == pytest.approx(0.7)
    assert found.low == pytest.approx(0.7 - np.sqrt(0.4**2 + 0.1**2) / 2)
    assert found.high == pytest.approx(0.7 + np.sqrt(0.05**2 + 0.3**2) / 2)
