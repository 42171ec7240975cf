"""What a direction is learnt of: a trait as numbers, or as two levels that are 0 and 1."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thuja.analyze.space import Column
from thuja.errors import ThujaError, UnknownName
from thuja.record import Value

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """A value of each of N images (N,), NaN where none is known; of two `levels` the first is 0 and the second 1."""

    name: str
    values: Floats
    levels: tuple[str, str] | None = None

    @property
    def is_known(self) -> npt.NDArray[np.bool_]:
        """Which images have a value (N,)."""
        return np.asarray(np.isfinite(self.values))


def read_trait(name: str, column: Column, levels: tuple[str, str] | None = None) -> Trait:
    """A column as a trait: numbers as they are, two levels in their order, or the two that are named of more.

    Texts that are all numbers count as numbers; blanks, None and NaN are not known. Raises ThujaError for more than two
    levels of which none is named, and for a number without end, UnknownName for a level that no image has.
    """
    cells = [_cleaned(value) for value in column]
    found = Counter(_word(cell) for cell in cells if cell is not None)
    if levels is not None:
        for level in levels:
            if level not in found:
                raise UnknownName.of(f"value of {name}", level, sorted(found))
        if levels[0] == levels[1]:
            raise ThujaError(f'a direction parts two levels of {name}, got "{levels[0]}" twice')
        return _levelled(name, cells, levels)
    numbers = _numbers(cells)
    if len(found) == 2:
        first, second = sorted(found, key=float) if numbers is not None else sorted(found)
        return _levelled(name, cells, (first, second))
    if numbers is None and len(found) <= 1:  # one word alone, or none: nothing to part, which is for others to say
        return Trait(name=name, values=np.array([np.nan if cell is None else 0.0 for cell in cells]))
    if numbers is not None:
        if np.isinf(numbers).any():
            raise ThujaError(f"{name} has numbers without end", hint="leave these cells blank")
        return Trait(name=name, values=numbers)
    known = [f"{word} ({count:,})" for word, count in found.most_common(6)]
    raise ThujaError(
        f"{name} has {len(found):,} values that are no numbers, and a direction parts two",
        hint=f"name two of them: {', '.join(known)}{' ...' if len(found) > 6 else ''}",
    )


def _cleaned(value: Value | None) -> Value | None:
    if value is None or value != value:  # NaN differs from itself
        return None
    if isinstance(value, str):
        return value.strip() or None
    return value


def _word(cell: Value) -> str:
    """A cell as it is named: `yes` and `no` of a flag, whole numbers without a point."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return f"{cell:g}" if isinstance(cell, int | float) else cell


def _numbers(cells: Sequence[Value | None]) -> Floats | None:
    """The cells as numbers, NaN for None; None where one of them is no number."""
    found = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is None:
            continue
        if isinstance(cell, bool):
            return None
        try:
            found[row] = float(cell)
        except ValueError:
            return None
    return found


def _levelled(name: str, cells: Sequence[Value | None], levels: tuple[str, str]) -> Trait:
    code = {levels[0]: 0.0, levels[1]: 1.0}
    values = [np.nan if cell is None else code.get(_word(cell), np.nan) for cell in cells]
    return Trait(name=name, values=np.array(values), levels=levels)
