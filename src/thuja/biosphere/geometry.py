"""How much of what varies within species lies inside the span of what parts species: the truth behind that claim.

For steps d along an axis within species (a juvenile less an adult, a male less a female) and an orthonormal basis
V of the differences between species, the share inside is sum |V' d|^2 / sum |d|^2. It is said of a world's
liabilities, where the overlap knob sets it, and of what is drawn, where thresholds and curves bend it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from thuja.biosphere.scene import SEASONS, SEXES, STAGES
from thuja.biosphere.seen import Seen, ailing
from thuja.biosphere.sighting import specimen_of
from thuja.biosphere.within import AILMENTS, AXES, Condition
from thuja.biosphere.world import World

Floats = npt.NDArray[np.float64]

CONTRASTS: Final[Mapping[str, Condition]] = dict(
    zip(
        AXES,
        (
            Condition(stage=STAGES[0]),
            Condition(sex=SEXES[1]),
            Condition(season=SEASONS[1]),
            Condition(ailment=AILMENTS[0], severity=1.0),
        ),
        strict=True,
    )
)
"""The far end of each axis; the near end is an adult female in summer and in health."""
TOGETHER: Final = "all four"
INDIVIDUAL: Final = "individual"
_NULLS = 20
_APART = 1_000_000
"""Individuals from this number on are in no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The share of one axis' variance inside the species' span, and what spans that know nothing would hold.

    `random`: any subspace of as many dimensions. `matched`: one drawn from the spectrum of all variance,
    so that it leans to where much varies, as the species' own does.
    """

    axis: str
    share: float
    random: float
    matched: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """The shares of all axes in one space of `width` dimensions, of which the species span `span`."""

    width: int
    span: int
    axes: tuple[Inside, ...]

    def __getitem__(self, axis: str) -> Inside:
        return next(inside for inside in self.axes if inside.axis == axis)


def expected_geometry(world: World, generator: np.random.Generator) -> Geometry:
    """The geometry of expected liabilities: exact, without individuals' chance.

    Ailments are drawn beside all traits; they count as one more dimension, as long as the way to the partner.
    """
    liabilities, variation = world.liabilities, world.variation
    species = len(liabilities)
    between = np.column_stack([liabilities - liabilities.mean(axis=0), np.zeros(species)])
    _, sizes, axes = np.linalg.svd(between, full_matrices=False)
    basis = axes[sizes > 1e-9 * max(sizes[0], 1e-9)].T  # (L + 1, k)
    steps: dict[str, Floats] = {}
    for axis, condition in CONTRASTS.items():
        moved = [variation.shift(liabilities, number, condition) for number in range(species)]
        steps[axis] = np.column_stack([np.array(moved), np.full(species, _ailing(world, condition))])
    own = np.diag(np.append(variation.spread**2, 0.0))
    within = sum(rows.T @ rows / species for rows in steps.values())
    total = np.asarray(between.T @ between / species + within + own)
    squares = {axis: np.asarray(rows.T @ rows) for axis, rows in steps.items()}
    return _geometry(squares | {INDIVIDUAL: own}, basis, total, generator=generator)


def sampled_geometry(
    world: World, generator: np.random.Generator, *, individuals: int = 6, species: int = 200
) -> Geometry:
    """The geometry of drawn values: of `individuals` a species, condition and half, none of them in a picture.

    It is of that many `species` at the most, drawn at random.

    Each half's means carry chance of their own, so products of one half with the other are free of it. A
    species' span is of those axes that stand out of what chance alone gives.
    """
    numbers = np.sort(generator.permutation(len(world.species))[:species]).tolist()
    cells = {"": Condition(), "reference": Condition(), **CONTRASTS}
    means: dict[str, Floats] = {}
    own = np.zeros((0, 0))
    for place, (name, condition) in enumerate(cells.items()):
        first = _APART + 2 * individuals * place
        values = _drawn(world, numbers, condition, individuals=range(first, first + 2 * individuals))  # (S, 2 * I, F)
        halves = values.reshape(len(values), 2, individuals, -1)
        means[name] = halves.mean(axis=2)  # (S, 2, F)
        if not name:
            gaps = (halves - means[name][:, :, None]).reshape(-1, values.shape[2])
            own = np.asarray(gaps.T @ gaps / (len(values) * 2 * (individuals - 1)))
    between = _crossed(means[""] - means[""].mean(axis=0))
    sizes, axes = np.linalg.eigh(between)
    # Chance is as often below 0 as above: what stands well above its lowest is no chance.
    basis = axes[:, sizes > max(-1.5 * sizes[0], 1e-9)]
    squares = {axis: _crossed(means[axis] - means["reference"]) for axis in AXES}
    total = between + sum(squares.values()) + own
    return _geometry(squares | {INDIVIDUAL: own}, basis, np.asarray(total), generator=generator)


def _drawn(world: World, numbers: Sequence[int], condition: Condition, *, individuals: range) -> Floats:
    """Drawn values (S, I, F) of individuals of some species in a condition."""
    looks = [
        specimen_of(world, species, individual, condition=condition).looks
        for species in numbers
        for individual in individuals
    ]
    traits = Seen.wholly(looks).features()
    features = np.column_stack([traits, np.full(len(traits), _ailing(world, condition))])
    return features.reshape(len(numbers), len(individuals), -1)


def _ailing(world: World, condition: Condition) -> float:
    """How far along the dimension of ailments a condition lies, in the traits' measure."""
    return float(world.variation.reach[AXES.index("health")]) * ailing(world.variation.ailments(condition))


def _crossed(halves: Floats) -> Floats:
    """The mean product (F, F) of the two halves of (S, 2, F): a covariance without the variance of the means."""
    product = halves[:, 0].T @ halves[:, 1] / len(halves)
    return np.asarray((product + product.T) / 2)


def _geometry(
    squares: Mapping[str, Floats], basis: Floats, total: Floats, *, generator: np.random.Generator
) -> Geometry:
    """The shares inside a basis (F, k) of each axis' sums of squares (F, F); `total` is the spectrum to match."""
    width, span = basis.shape
    everything = dict(squares)
    everything[TOGETHER] = np.asarray(sum(squares[axis] for axis in AXES))
    nulls = [_matched(total, span, generator) for _ in range(_NULLS)]
    axes = [
        Inside(
            axis=axis,
            share=_share(square, basis),
            random=span / width,
            matched=float(np.mean([_share(square, null) for null in nulls])),
        )
        for axis, square in everything.items()
    ]
    return Geometry(width=width, span=span, axes=tuple(axes))


def _share(square: Floats, basis: Floats) -> float:
    whole = float(np.trace(square))
    return float(np.trace(basis.T @ square @ basis)) / whole if abs(whole) > 1e-12 else float("nan")


def _matched(total: Floats, span: int, generator: np.random.Generator) -> Floats:
    """A basis (F, k) of k vectors drawn from a spectrum."""
    sizes, axes = np.linalg.eigh(total)
    drawn = (axes * np.sqrt(np.maximum(sizes, 0))) @ generator.standard_normal((len(total), span))
    return np.asarray(np.linalg.qr(drawn)[0])
