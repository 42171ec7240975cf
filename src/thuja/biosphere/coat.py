"""The patterns of coats: where in body coordinates colour 2 shows."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from thuja.biosphere.traits import Looks

Field = npt.NDArray[np.float32]


def coat(looks: Looks, x: Field, y: Field, seed: int) -> Field:
    """The pattern at body coordinates x and y: colour 2 shows where it is above some level, to be set by area."""
    generator = np.random.default_rng(seed)
    frequency = 2.8 + 4.2 * (1 - looks.pattern_scale)
    shift = generator.random(2, dtype=np.float32) * 0.25
    wobble = 0.02 * np.sin(9 * y + 7 * x + 6 * generator.random(dtype=np.float32))
    return _PATTERNS[looks.pattern](x + wobble + shift[0], y + wobble + shift[1], frequency)


def _bands(x: Field, y: Field, frequency: float) -> Field:
    return _wave(x * frequency)


def _stripes(x: Field, y: Field, frequency: float) -> Field:
    return _wave(y * frequency * 1.6)


def _spots(x: Field, y: Field, frequency: float) -> Field:
    return -2 * _lattice(x, y, frequency)


def _blotches(x: Field, y: Field, frequency: float) -> Field:
    f = frequency * 3.2
    level: Field = 0.55 * (np.sin(f * x + 1.3 * np.sin(f * y)) + np.sin(0.8 * f * y + 1.7 * np.sin(0.9 * f * x + 1)))
    return level


def _rings(x: Field, y: Field, frequency: float) -> Field:
    return _wave(_lattice(x, y, frequency * 0.75) * 2.6 + 0.25)


def _checks(x: Field, y: Field, frequency: float) -> Field:
    return 1.5 * _wave(x * frequency * 0.8) * _wave(y * frequency * 0.8)


def _net(x: Field, y: Field, frequency: float) -> Field:
    f = frequency * np.float32(np.pi)
    level: Field = -np.minimum(np.abs(np.sin(f * (x + y))), np.abs(np.sin(f * (x - y))))
    return level


def _chevrons(x: Field, y: Field, frequency: float) -> Field:
    return _wave(frequency * (x + 1.3 * np.abs(y - 0.12)))


def _wave(turns: Field) -> Field:
    wave: Field = np.sin(np.float32(2 * np.pi) * turns)
    return wave


def _lattice(x: Field, y: Field, frequency: float) -> Field:
    """The distance, in cells, to the nearest centre of a lattice whose rows are staggered."""
    row = np.floor(y * frequency)
    across = (x * frequency + 0.5 * (row % 2)) % 1 - 0.5
    distance: Field = np.hypot(across, y * frequency - row - 0.5)
    return distance


_PATTERNS: dict[str, Callable[[Field, Field, float], Field]] = {
    "bands": _bands,
    "stripes": _stripes,
    "spots": _spots,
    "blotches": _blotches,
    "rings": _rings,
    "checks": _checks,
    "net": _net,
    "chevrons": _chevrons,
}
