"""The patterns and textures of coats: where in body coordinates colour 2 shows, and how the surface rises."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from thuja.biosphere.traits import Looks

Field = npt.NDArray[np.float32]


def coat(looks: Looks, x: Field, y: Field, *, seed: int) -> Field:
    """The pattern at body coordinates x and y: colour 2 shows where it is above some level, to be set by area."""
    generator = np.random.default_rng(seed)
    frequency = np.float32(2.3 + 5.2 * (1 - looks.pattern_scale))
    shift = generator.random(2, dtype=np.float32) * np.float32(0.25)
    phases = generator.random(3, dtype=np.float32) * np.float32(2 * np.pi)
    # Even the most regular coat is a little uneven, or it would look printed.
    sway = np.float32(0.008 + 0.075 * looks.pattern_wobble)
    long_wave = np.sin(8 * y + 6 * x + phases[0])
    warp_x = x + (shift[0] + sway * (long_wave + np.float32(0.6) * np.sin(17 * y - 11 * x + phases[1])))
    warp_y = y + (shift[1] + sway * np.sin(12 * x - 7 * y + phases[2]))
    return _PATTERNS[looks.pattern](warp_x, warp_y, frequency)


def relief(texture: str, x: Field, y: Field) -> Field:
    """What a texture adds to the heights at body coordinates x and y, in the units of `Part.height`."""
    return _TEXTURES[texture](x, y)


def _bands(x: Field, y: Field, frequency: np.float32) -> Field:
    return _wave(x * frequency)


def _stripes(x: Field, y: Field, frequency: np.float32) -> Field:
    return _wave(y * (frequency * np.float32(1.5)))


def _spots(x: Field, y: Field, frequency: np.float32) -> Field:
    return -2 * _lattice(x, y, frequency)


def _blotches(x: Field, y: Field, frequency: np.float32) -> Field:
    u, v = x * (frequency * np.float32(3.2)), y * (frequency * np.float32(3.2))
    level: Field = 0.55 * (np.sin(u + 1.3 * np.sin(v)) + np.sin(0.8 * v + 1.7 * np.sin(0.9 * u + 1)))
    return level


def _rings(x: Field, y: Field, frequency: np.float32) -> Field:
    return _wave(_lattice(x, y, frequency * np.float32(0.75)) * 2.6 + 0.25)


def _checks(x: Field, y: Field, frequency: np.float32) -> Field:
    return 1.5 * _wave(x * (frequency * np.float32(0.8))) * _wave(y * (frequency * np.float32(0.8)))


def _net(x: Field, y: Field, frequency: np.float32) -> Field:
    f = frequency * np.float32(np.pi * 0.8)
    level: Field = -np.minimum(np.abs(np.sin(f * (x + y))), np.abs(np.sin(f * (x - y))))
    return level


def _chevrons(x: Field, y: Field, frequency: np.float32) -> Field:
    return _wave(frequency * (x + 1.3 * np.abs(y - 0.12)))


def _wave(turns: Field) -> Field:
    wave: Field = np.sin(np.float32(2 * np.pi) * turns)
    return wave


def _lattice(x: Field, y: Field, frequency: np.float32) -> Field:
    """The distance, in cells, to the nearest centre of a lattice whose rows are staggered."""
    down = y * frequency
    row = np.floor(down)
    across = x * frequency + 0.5 * row
    across -= np.floor(across) + 0.5
    down -= row + 0.5
    distance: Field = np.sqrt(across * across + down * down)
    return distance


def _scaly(x: Field, y: Field) -> Field:
    """Overlapping scales in staggered rows: each rises towards the rear and drops at its edge."""
    down = y * np.float32(15)
    row = np.floor(down)
    across = x * np.float32(15) + 0.5 * row
    down -= row + 0.5
    # The edge of a scale is bent like a bow.
    across += 1.6 * down * down
    across -= np.floor(across)
    steps: Field = across * np.float32(0.095)
    return steps


def _furry(x: Field, y: Field) -> Field:
    """Hairs that lie along the body, in strands of uneven length."""
    hairs: Field = np.sin(130 * y + 5 * np.sin(16 * x + 9 * y)) * np.sin(34 * x + 21 * y)
    return hairs * np.float32(0.065)


def _warty(x: Field, y: Field) -> Field:
    """Round warts, thinly sown."""
    warts: Field = np.maximum(np.float32(0.34) - _lattice(x, y + 0.3 * x, np.float32(9)), 0) * np.float32(0.75)
    return warts


_PATTERNS: dict[str, Callable[[Field, Field, np.float32], Field]] = {
    "bands": _bands,
    "stripes": _stripes,
    "spots": _spots,
    "blotches": _blotches,
    "rings": _rings,
    "checks": _checks,
    "net": _net,
    "chevrons": _chevrons,
}
_TEXTURES: dict[str, Callable[[Field, Field], Field]] = {"scaly": _scaly, "furry": _furry, "warty": _warty}
