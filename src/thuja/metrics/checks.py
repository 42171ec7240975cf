"""What every measure asks of its arrays: as many of each, at least one, and nothing that is not a number."""

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, ThujaError

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ROUNDING = 1e-3
"""How far a float16 soft-max may lie outside 0 and 1."""


def require_numbers(values: npt.ArrayLike, what: str, *, count: int | None = None) -> Floats:
    """The values as (N,) float64; raises EmptyInput for none, ThujaError for another shape or a NaN."""
    numbers = np.asarray(values, dtype=np.float64)
    _require_shape(numbers, what, count)
    bad = int((~np.isfinite(numbers)).sum())
    if bad:
        raise ThujaError(f"{bad} of {len(numbers)} {what} are not numbers")
    return numbers


def require_shares(values: npt.ArrayLike, what: str) -> Floats:
    """Numbers between 0 and 1, what rounding put outside brought back; raises ThujaError for others."""
    numbers = require_numbers(values, what)
    low, high = float(numbers.min()), float(numbers.max())
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ThujaError(f"{what} lie between 0 and 1, got {low if low < -ROUNDING else high:g}")
    return np.clip(numbers, 0, 1)


def require_flags(values: npt.ArrayLike, what: str, *, count: int | None = None) -> Flags:
    """The values as (N,) flags; raises ThujaError for anything but true, false, 1 and 0 (NaN is none of them)."""
    found = np.asarray(values)
    _require_shape(found, what, count)
    if found.dtype != np.bool_ and not ((found == 0) | (found == 1)).all():
        raise ThujaError(f"{what} are true or false, got values of type {found.dtype} that are neither")
    return found.astype(np.bool_)


def _require_shape(values: npt.NDArray[np.generic], what: str, count: int | None) -> None:
    if values.ndim != 1:
        raise ThujaError(f"{what} come in one row, got shape {values.shape}")
    if not len(values):
        raise EmptyInput("there is nothing to score")
    if count is not None and len(values) != count:
        raise ThujaError(f"{len(values)} {what} do not fit {count} images")
