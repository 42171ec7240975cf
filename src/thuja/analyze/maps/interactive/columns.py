"""Columns of a map as the page holds them: words by number in a dictionary, numbers in 65,535 steps."""

import base64
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from thuja.errors import ThujaError
from thuja.record import Value

Json = Mapping[str, object]

STEPS = 65535
"""The largest number in two bytes: the last place of a point, and what stands for no number in a column."""


def packed_column(name: str, values: Sequence[Value | None]) -> Json:
    """A column for the page: numbers if all that is known are numbers (no truth values), else words.

    Numbers keep their place among 65,534 steps from the least to the most, so whole numbers over a smaller range are
    exact. Words stand from the most frequent to the least; code 0 is "not known", code k the kth word. Infinite numbers
    and NaN are not known.
    """
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        numbers = np.array([np.nan if value is None else float(value) for value in values])
        return {"name": clean(name), **_packed_numbers(numbers)}
    words = [None if value is None else _word(value) for value in values]
    ordered = sorted(Counter(word for word in words if word is not None).items(), key=lambda item: (-item[1], item[0]))
    code_of = {word: code for code, (word, _) in enumerate(ordered, start=1)}
    width = 1 if len(ordered) < 2**8 else 2 if len(ordered) < 2**16 else 4
    codes = np.array([0 if word is None else code_of[word] for word in words], dtype=f"<u{width}")
    return {
        "name": clean(name),
        "kind": "word",
        "width": width,
        "words": [word for word, _ in ordered],
        "codes": packed(codes),
    }


def packed_places(values: npt.NDArray[np.float64]) -> tuple[str, float, float]:
    """Places along an axis (N,) in 65,536 steps, and the ends of the axis."""
    low, high = float(values.min()), float(values.max())
    steps = np.rint((values - low) / ((high - low) or 1.0) * STEPS)
    return packed(steps.astype("<u2")), low, high


def packed(array: npt.NDArray[np.generic]) -> str:
    """The bytes of an array, the least first, in base 64."""
    return base64.b64encode(array.tobytes()).decode()


def clean(text: str) -> str:
    """Text that UTF-8 can hold: a file name may have bytes that are no letters."""
    return text.encode("utf-8", errors="replace").decode()


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


def _packed_numbers(numbers: npt.NDArray[np.float64]) -> Json:
    is_known = np.isfinite(numbers)
    found = numbers[is_known]
    low, high = (float(found.min()), float(found.max())) if len(found) else (0.0, 0.0)
    if not math.isfinite(high - low):
        raise ThujaError(f"the numbers of a column lie too far apart to draw: {low:g} to {high:g}")
    is_whole = bool((found == np.rint(found)).all())
    step = 1.0 if is_whole and high - low < STEPS else (high - low) / (STEPS - 1)
    codes = np.full(len(numbers), STEPS)
    codes[is_known] = np.rint((found - low) / (step or 1.0))
    return {
        "kind": "number",
        "width": 2,
        "is_whole": is_whole,
        "low": low,
        "high": high,
        "step": step,
        "codes": packed(codes.astype("<u2")),
    }
