"""Records of labels by cell of the globe and month, in a form that is asked by place."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thuja.errors import UsageError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_EARTH_KM = 6371.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """How often each of `labels` labels was recorded in each cell and month, sorted by cell.

    `label` (R,), `month` (R,) from 1 to 12 or 0 where it is not known, `count` (R,). `cells` (C,) are the cells that
    have records, `edges` (C + 1,) where the records of each begin and end. Cells are squares of `degrees`, numbered
    from the south pole and 180 degrees west, row by row.
    """

    label: npt.NDArray[np.int32]
    month: npt.NDArray[np.int8]
    count: Floats
    cells: npt.NDArray[np.int32]
    edges: Indices
    labels: int
    degrees: float

    @classmethod
    def of(
        cls,
        label: npt.ArrayLike,
        cell: npt.ArrayLike,
        *,
        labels: int,
        month: npt.ArrayLike | None = None,
        count: npt.ArrayLike | None = None,
        degrees: float = 1.0,
    ) -> Self:
        """From a label and a cell a row, in any order; negative cells (no place) are left out.

        Without `month` none is known; without `count` each row is one record.
        """
        which, where = np.asarray(label, dtype=np.int32), np.asarray(cell, dtype=np.int32)
        if len(which) and not 0 <= which.min() <= which.max() < labels:
            raise UsageError(f"a record of label {which.max()} of {labels}")
        months = np.zeros(len(which), np.int8) if month is None else np.asarray(month, dtype=np.int8)
        if len(months) and not 0 <= months.min() <= months.max() <= 12:
            raise UsageError(f"months go from 1 to 12, 0 for unknown, got {months.min()} to {months.max()}")
        counts = np.ones(len(which), np.float32) if count is None else np.asarray(count, dtype=np.float32)
        require_degrees(degrees)
        order = np.lexsort((months, which, where))
        order = order[np.searchsorted(where[order], 0) :]
        cells, starts = np.unique(where[order], return_index=True)
        return cls(
            label=which[order],
            month=months[order],
            count=counts[order],
            cells=cells,
            edges=np.append(starts, len(order)).astype(np.int64),
            labels=labels,
            degrees=degrees,
        )

    @property
    def centres(self) -> Doubles:
        """Latitude and longitude of the middle of each cell that has records: (C, 2) degrees."""
        columns = round(360 / self.degrees)
        rows, column = np.divmod(self.cells.astype(np.float64), columns)
        return np.stack([(rows + 0.5) * self.degrees - 90, (column + 0.5) * self.degrees - 180], axis=1)

    def subset(self, rows: Indices) -> "Records":
        """The records of these labels, numbered anew in their order; a label may stand there once."""
        place = np.full(self.labels, -1, dtype=np.int32)
        place[rows] = np.arange(len(rows))
        kept = place[self.label] >= 0
        cell = np.repeat(self.cells, np.diff(self.edges))
        return Records.of(
            place[self.label[kept]],
            cell[kept],
            labels=len(rows),
            month=self.month[kept],
            count=self.count[kept],
            degrees=self.degrees,
        )


def require_degrees(degrees: float) -> None:
    """Raise UsageError unless cells of that side tile the globe."""
    whole = 180 / degrees if degrees > 0 else 0.5
    if abs(whole - round(whole)) > 1e-9 or not 1 <= whole <= 18_000:
        raise UsageError(
            f"cells of {degrees:g} degrees do not tile the globe", hint="a part of 180 of at least 0.01: 0.5, 1, 2"
        )


def cell_of(latitude: Any, longitude: Any, *, degrees: float = 1.0) -> npt.NDArray[np.int32]:
    """The cell of each place: two (N,) arrays of degrees to (N,); -1 where a place is none (NaN, out of bounds).

    Longitudes may go on past 180, to 360.
    """
    require_degrees(degrees)
    north, east = np.asarray(latitude, dtype=np.float64), np.asarray(longitude, dtype=np.float64)
    is_place = (np.abs(north) <= 90) & (np.abs(east) <= 360)  # false for NaN
    north, east = np.where(is_place, north, 0), np.where(is_place, east, 0)
    rows, columns = round(180 / degrees), round(360 / degrees)
    row = np.minimum(np.floor((north + 90) / degrees), rows - 1)
    column = np.floor((east + 180) / degrees) % columns
    return np.where(is_place, row * columns + column, -1).astype(np.int32)


def distance_km(place: tuple[float, float], others: Doubles) -> Doubles:
    """Along the great circle from one place to (C, 2) others, in degrees of latitude and longitude."""
    latitude, longitude = np.deg2rad(place)
    north, east = np.deg2rad(others[:, 0]), np.deg2rad(others[:, 1])
    half = np.sin((north - latitude) / 2) ** 2 + np.cos(latitude) * np.cos(north) * np.sin((east - longitude) / 2) ** 2
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1))))
