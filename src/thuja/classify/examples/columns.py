"""What a column of examples holds: a category, several labels, or a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from thuja.errors import EmptyInput, UsageError

_SEPARATORS = ";|"
_FEW = 2
"""Numbers of so few values (0 and 1, say) are categories."""


class TargetKind(StrEnum):
    """What is learnt of a column."""

    CATEGORY = "category"
    SEVERAL = "several"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetColumn:
    """The cells of a column that say something: their `rows` (M,), and by kind what they say.

    `names` are the categories or labels, sorted. `codes` (M,) are places among the categories, `has` (M, L) says which
    labels a row has, `numbers` (M,) are its numbers; what is of another kind is empty. `empty` cells say nothing.
    """

    name: str
    kind: TargetKind
    rows: npt.NDArray[np.int64]
    names: Sequence[str]
    codes: npt.NDArray[np.int64]
    has: npt.NDArray[np.bool_]
    numbers: npt.NDArray[np.float64]
    empty: int


def split_target(asked: str) -> tuple[str, TargetKind | None]:
    """A column, and the kind behind its last colon where it is one.

    >>> split_target("length:number")
    ('length', <TargetKind.NUMBER: 'number'>)
    >>> split_target("dwc:sex")
    ('dwc:sex', None)
    """
    name, colon, kind = asked.rpartition(":")
    if colon and name and kind in {one.value for one in TargetKind}:
        return name, TargetKind(kind)
    return asked, None


def read_target(name: str, cells: Sequence[object], kind: TargetKind | None = None) -> TargetColumn:
    """A column's cells as what they are, or as what the user says that they are.

    Lists are several labels, and so are texts where one has a `;` or `|`; numbers of more than two values are numbers;
    all else is a category. Raises EmptyInput for a column without a value, UsageError for a text among numbers.
    """
    rows = [row for row, cell in enumerate(cells) if not _is_empty(cell)]
    if not rows:
        raise EmptyInput(f'the column "{name}" of the examples is empty')
    said = [cells[row] for row in rows]
    kind = kind or _kind_of(said)
    names: list[str] = []
    codes, has = np.zeros(0, dtype=np.int64), np.zeros((len(rows), 0), dtype=bool)
    numbers = np.zeros(0)
    if kind is TargetKind.NUMBER:
        numbers = np.array([_number(name, cell) for cell in said])
    elif kind is TargetKind.SEVERAL:
        parts = [_parts(cell) for cell in said]
        names = sorted(set().union(*parts))
        place = {label: number for number, label in enumerate(names)}
        has = np.zeros((len(rows), len(names)), dtype=bool)
        for row, labels in enumerate(parts):
            has[row, [place[label] for label in labels]] = True
    else:
        texts = [_text(cell) for cell in said]
        names = sorted(set(texts))
        codes = np.searchsorted(np.array(names), np.array(texts)).astype(np.int64)
    return TargetColumn(
        name=name,
        kind=kind,
        rows=np.array(rows, dtype=np.int64),
        names=names,
        codes=codes,
        has=has,
        numbers=numbers,
        empty=len(cells) - len(rows),
    )


def _is_empty(cell: object) -> bool:
    is_nothing = cell is None or cell != cell  # NaN differs from itself
    return is_nothing or (isinstance(cell, str) and not cell.strip())


def _kind_of(cells: Sequence[object]) -> TargetKind:
    if any(isinstance(cell, list) for cell in cells):
        return TargetKind.SEVERAL
    texts = [cell for cell in cells if isinstance(cell, str)]
    if any(mark in text for text in texts for mark in _SEPARATORS):
        return TargetKind.SEVERAL
    numbers = {_as_number(cell) for cell in cells}
    return TargetKind.NUMBER if None not in numbers and len(numbers) > _FEW else TargetKind.CATEGORY


def _as_number(cell: object) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    try:
        number = float(cell)
    except (ValueError, OverflowError):
        return None
    return number if np.isfinite(number) else None


def _number(name: str, cell: object) -> float:
    number = _as_number(cell)
    if number is None:
        raise UsageError(
            f'the column "{name}" is to be a number, and one of its cells is "{cell}"',
            hint=f"clear the cell, or ask for --target {name}:category",
        )
    return number


def _text(cell: object) -> str:
    return " ".join(str(cell).split())


def _parts(cell: object) -> set[str]:
    if isinstance(cell, list):
        return {_text(part) for part in cell if not _is_empty(part)}
    text = _text(cell).replace("|", ";")
    return {part.strip() for part in text.split(";") if part.strip()}
