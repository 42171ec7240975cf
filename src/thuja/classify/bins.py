"""Custom labels in bins: what a user wants to tell apart, each described by several labels."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, UsageError
from thuja.labels import read_rows

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """L distinct labels and the bin of each: `place` (L,) into the B `names`, which stand as they were first named."""

    labels: tuple[str, ...]
    names: tuple[str, ...]
    place: Indices

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Self:
        """From pairs of a label and its bin; raises EmptyInput for none, UsageError for a label that comes twice."""
        if not pairs:
            raise EmptyInput("there is no label in any bin", hint="a label and its bin a row, below a heading")
        label, times = Counter(label for label, _ in pairs).most_common(1)[0]
        if times > 1:
            raise UsageError(f'the label "{label}" stands twice', hint="put each label into one bin")
        names = tuple(dict.fromkeys(bin_ for _, bin_ in pairs))
        place_of = {name: place for place, name in enumerate(names)}
        place = np.array([place_of[bin_] for _, bin_ in pairs], dtype=np.int64)
        return cls(labels=tuple(label for label, _ in pairs), names=names, place=place)

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a CSV with a heading: a label in its first column, its bin in the second, as pybioclip has it.

        Raises UsageError for a label without a bin or that comes twice, or where there is no heading.
        """
        heading, *rows = read_rows(path) or [[]]
        for number, row in enumerate(rows, start=1):
            if len(row) < 2 or not row[0] or not row[1]:
                what = "label" if row and not row[0] else "bin"
                raise UsageError(f"row {number} of {path} has no {what}: {row}", hint="two columns: a label, its bin")
        pairs = [(" ".join(row[0].split()), " ".join(row[1].split())) for row in rows]
        if len(heading) > 1 and heading[1] in {bin_ for _, bin_ in pairs}:
            raise UsageError(
                f'the first row of {path} is a heading, but says "{heading[0]}" and "{heading[1]}"',
                hint="write a heading above it, such as: label,bin",
            )
        return cls.of(pairs)

    def gather(self, probabilities: Floats) -> Floats:
        """Sum the labels of each bin: (N, L) to (N, B)."""
        order = np.argsort(self.place, kind="stable")
        starts = np.searchsorted(self.place[order], np.arange(len(self.names)))
        sums: Floats = np.add.reduceat(probabilities[:, order], starts, axis=1)
        return np.minimum(sums, 1, out=sums)  # a sum of many rounds a little above
